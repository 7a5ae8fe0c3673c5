"""The addresses of what is decided at once: all copies of a picture, and what was, to undo it."""

from collections import Counter
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from django_copyleaks_image.admin.asking import numbers
from django_copyleaks_image.admin.base import DECISION_MEDIA
from django_copyleaks_image.admin.facts import decider, moment
from django_copyleaks_image.models import Decision, WatchedImage, decisions
from django_copyleaks_image.reviewing.blindness import tells_of_first_looks
from django_copyleaks_image.reviewing.decide import Refused, Stale, undo
from django_copyleaks_image.reviewing.reasons import label_of
from django_copyleaks_image.standings import JUDGEMENTS, Kind, Queue, choices_in

from . import sentences
from .batch import Batch
from .copies import copies_of
from .item import what_was_decided
from .queues import Choice, Desk
from .views import DeskViews


class _Step(NamedTuple):
    """One decision of a batch."""

    label: str
    url: str
    thumbnail: str
    what: str
    reason: str
    is_undone: bool


class BatchViews(DeskViews):
    """Adds what is decided and undone at once to the admin of the watched images."""

    def get_urls(self) -> list[URLPattern]:
        both = require_http_methods(["GET", "HEAD", "POST"])
        return [
            self.route("review/<int:pk>/copies/", "copies", both(self.copies_view)),
            self.route("review/batch/<uuid:batch>/", "batch", both(self.batch_view)),
            *super().get_urls(),
        ]

    def copies_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show a picture with its copies that wait, and decide about those that are chosen."""
        desk, image = Desk(self, request), self.get_object(request, str(pk))
        if image is None:
            raise Http404
        is_blind = desk.access.is_secret(image)
        if not desk.may_decide(image, self.target_of(request, image), queue=image.queue):
            raise PermissionDenied
        back = desk.url(Choice(queue=_queue_of(image), sandbox=image.sandbox))
        chosen = [image, *copies_of(desk, image, is_blind=is_blind).waiting]
        if request.method == "POST":
            named = numbers(request.POST.getlist(ACTION_CHECKBOX_NAME))
            chosen = [it for it in chosen if it.pk in named]
        # The copies were disguised: as they are stored, they are disguised together, and decided as what they are.
        stored = {it.pk: it for it in self.get_queryset(request).filter(pk__in=[it.pk for it in chosen])}
        kinds = [kind for kind in choices_in(image.queue) if kind in JUDGEMENTS]
        batch = Batch(self, request, kinds)
        answer = batch.ask_or_decide([stored[it.pk] for it in chosen if it.pk in stored], back=back)
        return answer or redirect(back)

    def batch_view(self, request: HttpRequest, batch: UUID) -> HttpResponse:
        """Show what was decided at once, and undo what of it is the user's own."""
        taken = self._taken(request, batch)
        if not taken:
            raise Http404
        if request.method == "POST":
            self._undo(request, taken)
            return redirect(request.get_full_path())
        targets = self.access(request).targets(decision.image for decision in taken)
        undoable = sum(_is_undoable(decision, request) for decision in taken)
        label = ngettext("Undo %(count)s decision", "Undo %(count)s decisions", undoable) % {"count": undoable}
        context = {
            **self.admin_site.each_context(request),
            "title": _("Decided at once"),
            "is_nav_sidebar_enabled": False,
            "opts": self.opts,
            "media": self.media + DECISION_MEDIA,
            "by": _by(taken[0]),
            "undoable": undoable,
            "undo_label": label,
            "steps": [self._step(decision, targets[decision.image_id]) for decision in taken],
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/copyleaks_image/desk/batch.html", context)

    def _taken(self, request: HttpRequest, batch: UUID) -> list[Decision]:
        """Return the decisions of a batch of which the user may hear: all if they may see the log, else theirs."""
        found: QuerySet[Decision] = (
            decisions().filter(batch=batch).exclude(tells_of_first_looks(self.access(request).secret()))
        )
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not self.access(request).may_view(Decision):
            found = found.filter(decided_by=request.user.pk)
        return list(
            found.select_related(
                "image__content_type", "image__scan", "decided_by", "acted_by", "assigned_to", "reversal"
            ).order_by("pk")
        )

    def _undo(self, request: HttpRequest, taken: list[Decision]) -> None:
        """Undo the decisions one by one; each of which something stands in the way of is left out and said."""
        desk = Desk(self, request)
        targets = desk.access.targets(decision.image for decision in taken)
        left_out = Counter[str]()
        undone = 0
        for decision in taken:
            image = decision.image
            if not _is_undoable(decision, request):
                continue
            if not desk.may_decide(image, targets[image.pk], queue=decision.queue):
                left_out[_("You may not decide about this picture.")] += 1
                continue
            try:
                undo(decision.pk, user=request.user, acted_by=desk.access.acting_user())
            except Stale as stale:
                is_blind = desk.access.is_secret(stale.image)
                left_out[sentences.meanwhile(stale.image, request.user, is_as_seen=False, is_blind=is_blind)] += 1
            except Refused as refused:
                left_out[str(refused)] += 1
            else:
                undone += 1
        if undone:
            words = ngettext("%(count)s decision was undone.", "%(count)s decisions were undone.", undone)
            self.message_user(request, words % {"count": undone}, messages.SUCCESS)
        self.tell_left_out(request, left_out.most_common())

    def _step(self, decision: Decision, target: Any) -> _Step:
        image: WatchedImage = decision.image
        is_shown = target.visible and target.holds_file and image.scan_id is not None
        return _Step(
            label=target.label,
            url=self.url("change", image.pk),
            thumbnail=self.url("rendition", image.scan_id, "thumbnail") if is_shown else "",
            what=what_was_decided(decision),
            reason=label_of(decision.reason),
            is_undone=hasattr(decision, "reversal"),
        )


def _queue_of(image: WatchedImage) -> Queue:
    """Return the queue of the desk to which the user goes back; a second look is among the reviews."""
    return Queue(image.queue) if image.queue not in (Queue.NONE, Queue.SECOND_LOOK) else Queue.REVIEW


def _by(decision: Decision) -> SafeString:
    return format_html("{}, {}", decider(decision), moment(decision.decided_at))


def _is_undoable(decision: Decision, request: HttpRequest) -> bool:
    is_own = decision.decided_by_id is not None and decision.decided_by_id == request.user.pk
    return is_own and decision.kind != Kind.UNDONE and not hasattr(decision, "reversal")
