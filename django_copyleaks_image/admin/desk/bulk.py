"""What is done with many pictures of the list at once: decided, after a page that shows them, or taken from people."""

from collections import Counter
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_copyleaks_image.admin.asking import numbers, plain
from django_copyleaks_image.admin.base import DECISION_MEDIA
from django_copyleaks_image.admin.facts import finding_about, person
from django_copyleaks_image.admin.targets import Target
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.models.watched_image import WatchedImageQuerySet
from django_copyleaks_image.reviewing import claims
from django_copyleaks_image.reviewing.decide import NOTE_LENGTH, Refused, Stale, decide, is_decidable
from django_copyleaks_image.reviewing.reasons import reasons_for, why_refused
from django_copyleaks_image.scanning import file_changes
from django_copyleaks_image.standings import KINDS, Kind, Queue

from . import sentences
from .item import seal, seen_version
from .queues import Desk

if TYPE_CHECKING:
    from django_copyleaks_image.admin.pictures import PictureAdmin

Action = Callable[["PictureAdmin", HttpRequest, WatchedImageQuerySet], HttpResponse | None]


def why_not_decidable(image: WatchedImage, target: Target) -> str:
    """Return why the user can decide nothing about a picture now, in words; empty when they can.

    A second look that was not disguised is not theirs to take.
    """
    if image.removed_at is None and not is_decidable(image):
        return _("The scan is still under way.")
    if image.removed_at is not None or not target.holds_file:
        return _("The picture was replaced or removed.")
    if image.queue == Queue.SECOND_LOOK:
        return _("It waits for a second look by somebody else.")
    return ""


def holder(image: WatchedImage) -> str:
    """Return who is looking at a picture, empty when nobody is."""
    return person(image.claimed_by) if image.is_held(timezone.now()) else ""


@admin.action(description=gettext_lazy("Release what somebody looks at"), permissions=["release"])
def release_claims(model_admin: "PictureAdmin", request: HttpRequest, queryset: WatchedImageQuerySet) -> None:
    """End the claims on the chosen pictures; each release is an entry of the picture's history."""
    if model_admin.is_too_many(request, queryset):
        return
    chosen = list(queryset.order_by("-pk"))
    access = model_admin.access(request)
    targets = access.targets(chosen)
    left_out = Counter[str]()
    released = 0
    for image in chosen:
        held_by = holder(image)
        if not targets[image.pk].visible or not access.may_release(image):
            left_out[_("You may not release this picture.")] += 1
        elif not held_by or not claims.take_away(image.pk, held_by=image.claimed_by):
            left_out[_("Nobody is looking at this picture.")] += 1
        else:
            told: Any = _("Released from %(person)s.") % {"person": held_by}
            model_admin.log_change(request, image, told)
            released += 1
    if released:
        told = ngettext("%(count)s picture was released.", "%(count)s pictures were released.", released)
        model_admin.message_user(request, told % {"count": number_format(released)}, messages.SUCCESS)
    model_admin.tell_left_out(request, left_out.most_common())


def _deciding(kind: Kind) -> Action:
    """Return the action of the list that takes a decision; every row is decided by itself, as it was shown."""

    def act(model_admin: "PictureAdmin", request: HttpRequest, queryset: WatchedImageQuerySet) -> HttpResponse | None:
        return _Bulk(model_admin, request, kind).ask_or_decide(queryset)

    act.__name__ = KINDS[kind].action
    described = admin.action(description=format_lazy("{} …", _label(kind)), permissions=["decide"])
    return cast("Action", described(act))


def _label(kind: Kind) -> Any:
    rule = KINDS[kind]
    return format_lazy("{} {}", rule.button, rule.button_rest) if rule.button_rest else rule.button


DECISIONS = tuple(_deciding(kind) for kind, rule in KINDS.items() if rule.action)
ACTIONS = (*DECISIONS, release_claims)


class _Bulk:
    """One decision about many pictures."""

    def __init__(self, model_admin: "PictureAdmin", request: HttpRequest, kind: Kind) -> None:
        self.model_admin = model_admin
        self.request = request
        self.kind = kind
        self.desk = Desk(model_admin, request)
        self.left_out = Counter[str]()

    @property
    def _reason(self) -> str:
        return self.request.POST.get("reason", "") if reasons_for(self.kind) else ""

    def ask_or_decide(self, queryset: WatchedImageQuerySet) -> HttpResponse | None:
        request, access = self.request, self.desk.access
        is_answer = "confirmed" in request.POST
        if is_answer:
            # Whatever the filters of the list say by now: these were shown.
            shown = numbers(request.POST.getlist(ACTION_CHECKBOX_NAME))
            queryset = cast("WatchedImageQuerySet", self.model_admin.get_queryset(request).filter(pk__in=shown))
        if self.model_admin.is_too_many(request, queryset):
            return None
        chosen = list(queryset.order_by("-pk"))
        blind = access.disguise(chosen)
        found = access.targets(chosen)
        decidable = [image for image in chosen if not self._is_left_out(image, found[image.pk])]
        why_not = why_refused(self.kind, self._reason, request.POST.get("note", ""))
        if decidable and (not is_answer or why_not):
            return self._question(decidable, found, problem=why_not if is_answer else "")
        if decidable:
            self._decide_all(decidable, blind)
        self.model_admin.tell_left_out(request, self.left_out.most_common())
        return None

    def _is_left_out(self, image: WatchedImage, target: Target) -> bool:
        why = why_not_decidable(image, target)
        if not self.desk.may_decide(image, target, queue=image.queue):
            why = _("You may not decide about this picture.")
        if why:
            self.left_out[why] += 1
        return bool(why)

    def _question(self, decidable: list[WatchedImage], found: dict[int, Target], *, problem: str) -> HttpResponse:
        rule, model_admin = KINDS[self.kind], self.model_admin
        context = {
            **model_admin.admin_site.each_context(self.request),
            "title": rule.label,
            "is_nav_sidebar_enabled": False,
            "opts": model_admin.opts,
            "media": model_admin.media + DECISION_MEDIA,
            "rows": [
                (
                    image,
                    seal(image),
                    found[image.pk],
                    finding_about(image),
                    model_admin.url("rendition", image.scan_id, "thumbnail") if image.scan_id else "",
                )
                for image in decidable
            ],
            "left_out": self.left_out.most_common(),
            "action": rule.action,
            "question": _counted(rule.question, len(decidable)),
            "reasons": reasons_for(self.kind),
            "chosen_reason": self._reason,
            "saved_notes": conf.REVIEW_NOTES,
            "problem": problem,
            "note": self.request.POST.get("note", ""),
            "note_length": NOTE_LENGTH,
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "back_url": self.request.get_full_path(),
        }
        self.request.current_app = model_admin.admin_site.name
        return TemplateResponse(self.request, "admin/copyleaks_image/desk/decide_chosen.html", context)

    def _decide_all(self, decidable: list[WatchedImage], blind: Collection[int]) -> None:
        request = self.request
        decided = 0
        for image in decidable:
            if image.scan is not None and file_changes.noticed(image.scan):
                self.left_out[sentences.replaced()] += 1
                continue
            version = seen_version(request.POST.get(f"version_{image.pk}"), image, is_blind=image.pk in blind)
            try:
                decide(
                    image.pk,
                    user=request.user,
                    kind=self.kind,
                    version=version,
                    reason=self._reason,
                    note=plain(request.POST.get("note")),
                )
            except Stale as stale:
                is_as_seen = stale.image.version == version
                is_blind = self.desk.access.is_secret(stale.image)
                said = sentences.meanwhile(stale.image, request.user, is_as_seen=is_as_seen, is_blind=is_blind)
                self.left_out[said] += 1
            except Refused as refused:
                self.left_out[str(refused)] += 1
            else:
                decided += 1
        if decided:
            said = _counted(KINDS[self.kind].answer, decided)
            self.model_admin.message_user(request, said, messages.SUCCESS)


def _counted(sentence: Any, count: int) -> str:
    """Return a lazy sentence with a plural, whose form goes by the number itself and not by how it is written."""
    return str(sentence % {"count": count})
