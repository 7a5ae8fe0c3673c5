"""The addresses of the desk: the page, and what its script asks for. Every answer to the script is JSON.

A stale or refused decision is no error of HTTP, which browsers would log as one: the status is 200 all the same.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from django_copyleaks_image.admin.addresses import scan_url
from django_copyleaks_image.admin.fields import fields_to_choose
from django_copyleaks_image.admin.parsing import number, numbers, plain
from django_copyleaks_image.admin.waiting import pause_for_moderators
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import Decision, ImageScan, decisions, scans
from django_copyleaks_image.models.decision import Kind
from django_copyleaks_image.models.scan import Desk
from django_copyleaks_image.reviewing import claims, queue, standing
from django_copyleaks_image.reviewing.blindness import tells_of_first_looks
from django_copyleaks_image.reviewing.decide import CHOICES, NOTE_LENGTH, Refused, Stale, decide, needs_reason, undo
from django_copyleaks_image.reviewing.history import latest_judgement
from django_copyleaks_image.scanning import account

from . import words
from .blind import is_secret, secret_from
from .choice import ORDERS, Choice
from .item import Item
from .media import DESK_MEDIA
from .queues import DeskQueues
from .seals import NOT_SEEN, seen_version
from .summary import today

# A page of the desk holds three pictures, and for a moment those whose decisions are being sent.
_MOST_WANTED = 3
_MOST_HELD = 100
_REMEMBERED_ORDER = "copyleaks_image_order"

Answer = dict[str, Any]


class DeskViews(DeskQueues):
    """Adds the review desk to the admin of the scans."""

    def get_urls(self) -> list[URLPattern]:
        def view(name: str, route: str, answer: Callable[..., HttpResponse]) -> URLPattern:
            return path(route, self.admin_site.admin_view(answer), name=f"copyleaks_image_imagescan_{name}")

        return [
            view("review", "review/", require_safe(self.review_view)),
            view("review_next", "review/next/", require_POST(self.review_next_view)),
            view("review_decide", "review/<int:pk>/decide/", require_POST(self.review_decide_view)),
            view("review_undo", "review/undo/<int:pk>/", require_POST(self.review_undo_view)),
            view("review_claims", "review/claims/", require_POST(self.review_claims_view)),
            *super().get_urls(),
        ]

    def review_view(self, request: HttpRequest) -> HttpResponse:
        """Show the desk, which its script fills."""
        parameters = request.GET.dict()
        if parameters.get("order") in ORDERS:
            request.session[_REMEMBERED_ORDER] = parameters["order"]
        else:
            parameters["order"] = request.session.get(_REMEMBERED_ORDER, "")
        choice = self.read_choice(request, parameters)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Review"),
            "is_nav_sidebar_enabled": False,
            "opts": self.opts,
            "media": DESK_MEDIA,
            "choice": choice,
            "tabs": self.tabs(request, choice),
            "orders": ORDERS.items(),
            "fields": fields_to_choose(),
            "reasons": conf.REVIEW_REASONS,
            "note_length": NOTE_LENGTH,
            "may_escalate": choice.queue != Desk.ESCALATED,
            "pause": pause_for_moderators(account.state()),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/copyleaks_image/desk/page.html", context)

    def review_next_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with the next pictures, which are claimed for the user from now on."""
        choice = self.read_choice(request, request.POST)
        want = min(max(number(request.POST.get("want")) or 1, 1), _MOST_WANTED)
        held = _keys(request, "held")
        found = self.take(request, choice, want=want, held=held)
        count = self.number_of(request, choice)
        today = ""
        if len(found.items) < want:
            is_rest = count > len(held) + len(found.items)
            today = self._summary(request, choice, is_rest=is_rest, is_partial=found.is_partial)
        return JsonResponse({"items": found.items, **self._who_and_how_many(request, count), "today": today})

    def review_decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Decide about one picture as it was seen."""
        scan = self.get_object(request, str(pk))
        if scan is None:
            return self._gone(request)
        choice, target = self._named_choice(request), self.target_of(request, scan)
        kind, sealed = request.POST.get("kind"), request.POST.get("version")
        version = seen_version(sealed, scan, is_blind=is_secret(scan, request, self.admin_site))
        if not self.may_decide(request, scan, target, desk=scan.desk):
            # Somebody else may have moved it to a queue that is closed to the user.
            if version != NOT_SEEN or not self.may_decide(request, scan, target, desk=choice.queue):
                raise PermissionDenied
            return self._respond(request, self._stale(request, choice, scan, is_as_seen=False), scan)
        if not target.holds_file:
            standing.withdraw(scans().filter(pk=pk))
            return self._respond(request, {"stale": True, "said": words.replaced(), "item": None}, scan)
        if kind not in CHOICES or not sealed:
            return self._respond(request, {"refused": True, "said": _("The request was not understood.")}, scan)
        try:
            decision = _decide(request, scan, Kind(kind), version)
        except Stale as stale:
            answer = self._stale(request, choice, stale.scan, is_as_seen=stale.scan.review_version == version)
        except Refused as refused:
            answer = {"refused": True, "said": str(refused)}
        else:
            answer = {"decision": decision.pk, "said": words.done(Kind(decision.kind), target.label)}
        return self._respond(request, answer, scan)

    def review_undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Undo a decision of the user's own, and give the picture back to them."""
        # In one query: that there is a decision must not be told by how long it takes to say that there is none.
        secret = tells_of_first_looks(secret_from(request, self.admin_site))
        decision = decisions().exclude(secret).filter(pk=pk).select_related("scan__content_type").first()
        if decision is None:
            return self._gone(request)
        scan = decision.scan
        choice, target = self._named_choice(request), self.target_of(request, scan)
        if not self.may_decide(request, scan, target, desk=decision.desk):
            raise PermissionDenied
        try:
            reversal = undo(pk, user=request.user)
        except Stale as stale:
            answer = self._stale(request, choice, stale.scan, is_as_seen=latest_judgement(stale.scan) == decision)
        except Refused as refused:
            answer = {"refused": True, "said": str(refused)}
        else:
            said = words.undone(Kind(decision.kind), target.label)
            answer = {"said": said, "item": self._offer(request, choice, reversal.scan_id)}
        return self._respond(request, answer, scan)

    def review_claims_view(self, request: HttpRequest) -> HttpResponse:
        """Renew and release claims of the user."""
        choice = self.read_choice(request, request.POST)
        renewed, released = _keys(request, "renew"), _keys(request, "release")
        claims.release(released, request.user)
        claims.renew(renewed, request.user)
        held = claims.held_among(renewed, request.user)
        taken = scans().filter(pk__in=renewed).exclude(claims.free_for(request.user, timezone.now()))
        answer = {name: list(found.values_list("pk", flat=True)) for name, found in (("held", held), ("taken", taken))}
        return JsonResponse({**answer, **self._who_and_how_many(request, self.number_of(request, choice))})

    def _named_choice(self, request: HttpRequest) -> Choice:
        """Return the choice of a request about one picture, of which alone depends what the user may do."""
        open_queues = self.queues_to_open(request)
        return Choice.read(request.POST, otherwise=open_queues[0] if open_queues else Desk.REVIEW)

    def _gone(self, request: HttpRequest) -> HttpResponse:
        """Say that a picture is no longer there, to those who may know what is; others learn nothing."""
        if not self.queues_to_open(request):
            raise PermissionDenied
        return self._respond(request, {"stale": True, "said": words.gone(), "item": None})

    def _stale(self, request: HttpRequest, choice: Choice, scan: ImageScan, *, is_as_seen: bool) -> Answer:
        is_blind = is_secret(scan, request, self.admin_site)
        said = words.meanwhile(scan, request.user, is_as_seen=is_as_seen, is_blind=is_blind)
        return {"stale": True, "said": said, "item": self._offer(request, choice, scan.pk)}

    def _offer(self, request: HttpRequest, choice: Choice, scan_pk: int) -> Item | None:
        """Return a picture as it is now, claimed for a user at the desk; a form shows none."""
        return None if _is_form(request) else self.offer(request, choice, scan_pk)

    def _respond(self, request: HttpRequest, answer: Answer, scan: ImageScan | None = None) -> HttpResponse:
        """Answer the script with JSON, and a form with a message and the page it came from."""
        if not _is_form(request):
            return JsonResponse(answer)
        is_done = not (answer.get("stale") or answer.get("refused"))
        self.message_user(request, answer["said"], messages.SUCCESS if is_done else messages.WARNING)
        back = request.POST.get("back", "")
        if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
            named = ("changelist",) if scan is None else ("change", scan.pk)
            back = scan_url(self.admin_site, *named)
        return HttpResponseRedirect(back)

    def _who_and_how_many(self, request: HttpRequest, count: int) -> Answer:
        others = words.others(claims.others_at_the_desk(request.user))
        return {"waiting": words.waiting(count, in_all=self.counts_hidden), "others": others}

    def _summary(self, request: HttpRequest, choice: Choice, *, is_rest: bool, is_partial: bool) -> str:
        """Return what is shown when nothing is left; ``is_rest`` says that something waits all the same."""
        held_url = ""
        if is_partial:
            headline = _("Nothing was found for you in the first part of a long queue.")
        elif is_rest and queue.is_held_by_others(self.selection(request, choice), request.user):
            if self.has_release_permission(request):
                held_url = f"{scan_url(self.admin_site, 'changelist')}?held=yes"
            headline = _("Others are looking at what still waits here.")
        else:
            headline = _("Nothing else waits here for you.") if is_rest else _("Nothing waits here.")
        elsewhere = [tab for tab in self.tabs(request, choice) if tab.count and not tab.is_current]
        done = today(request.user, sandbox=choice.sandbox, secret=secret_from(request, self.admin_site))
        context = {"headline": headline, "today": done, "elsewhere": elsewhere, "held_url": held_url}
        return render_to_string("admin/copyleaks_image/desk/summary.html", context)


def _decide(request: HttpRequest, scan: ImageScan, kind: Kind, version: int) -> Decision:
    return decide(
        scan.pk,
        user=request.user,
        kind=kind,
        version=version,
        # The menu of a form names one for every decision.
        reason=request.POST.get("reason", "") if needs_reason(kind) else "",
        note=plain(request.POST.get("note")),
    )


def _is_form(request: HttpRequest) -> bool:
    """Return whether the request comes from a page without a script; scripts ask for anything."""
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"


def _keys(request: HttpRequest, name: str) -> list[int]:
    """Return the keys of scans in a field of the form, separated by commas."""
    return numbers(request.POST.get(name, "").split(",")[:_MOST_HELD])
