"""The addresses of the desk: the page, and what its script asks for. Every answer to the script is JSON.

A stale or refused decision is no error of HTTP, which browsers would log as one: the status is 200 all the same.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from django_copyleaks_image.admin.asking import number, numbers, plain
from django_copyleaks_image.admin.base import DESK_MEDIA
from django_copyleaks_image.admin.filters import fields_to_choose
from django_copyleaks_image.admin.pictures import PictureAdmin
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import WatchedImage, decisions, images
from django_copyleaks_image.reviewing import claims, queue
from django_copyleaks_image.reviewing.blindness import tells_of_first_looks
from django_copyleaks_image.reviewing.decide import NOTE_LENGTH, Refused, Stale, leave_note, undo
from django_copyleaks_image.reviewing.history import latest_judgement
from django_copyleaks_image.reviewing.reasons import reasons_for
from django_copyleaks_image.reviewing.users import AnyUser
from django_copyleaks_image.standings import CHOICES, KINDS, Kind, Queue, choices_in, rule_of

from . import sentences
from .deciding import Replaced, Wish, decide_as_seen, version_seen
from .item import NOT_SEEN, Item, steps_of
from .queues import ORDERS, Choice, Desk, Next

# A page of the desk holds three pictures, and for a moment those whose decisions are being sent.
_MOST_WANTED = 3
_MOST_HELD = 100
_REMEMBERED_ORDER = "copyleaks_image_order"

Answer = dict[str, Any]


class DeskViews(PictureAdmin):
    """Adds the review desk to the admin of the watched images."""

    desk_template = "admin/copyleaks_image/desk/page.html"

    def get_urls(self) -> list[URLPattern]:
        return [
            self.route("review/", "review", require_safe(self.review_view)),
            self.route("review/<int:pk>/", "review_picture", require_safe(self.review_picture_view)),
            self.route("review/token/", "review_token", require_safe(self.review_token_view)),
            self.route("review/next/", "review_next", _asked_by_script(self.review_next_view)),
            self.route("review/<int:pk>/decide/", "review_decide", _asked_by_script(self.review_decide_view)),
            self.route("review/<int:pk>/note/", "review_note", _asked_by_script(self.review_note_view)),
            self.route("review/undo/<int:pk>/", "review_undo", _asked_by_script(self.review_undo_view)),
            self.route("review/claims/", "review_claims", _asked_by_script(self.review_claims_view)),
            *super().get_urls(),
        ]

    def review_view(self, request: HttpRequest) -> HttpResponse:
        """Show the desk, which its script fills."""
        parameters = request.GET.dict()
        if parameters.get("order") in ORDERS:
            request.session[_REMEMBERED_ORDER] = parameters["order"]
        else:
            parameters["order"] = request.session.get(_REMEMBERED_ORDER, "")
        desk = Desk(self, request)
        return self._desk_page(desk, desk.read_choice(parameters))

    def review_picture_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the desk with this picture in front, or else the picture's page, which says who is looking at it."""
        desk, image = Desk(self, request), self.get_object(request, str(pk))
        if image is None or not desk.open_queues:
            raise Http404 if desk.open_queues else PermissionDenied
        choice = desk.choice_of(image, order=request.session.get(_REMEMBERED_ORDER, ""))
        if choice is not None and not claims.is_held_by_another(image, request.user):
            return self._desk_page(desk, choice, picture=image)
        if choice is None:
            self.message_user(request, sentences.not_at_the_desk(), messages.INFO)
        return HttpResponseRedirect(self.url("change", pk))

    def _desk_page(self, desk: Desk, choice: Choice, *, picture: WatchedImage | None = None) -> HttpResponse:
        request = desk.request
        context = {
            **self.admin_site.each_context(request),
            "title": _("Review"),
            "is_nav_sidebar_enabled": False,
            "opts": self.opts,
            "media": DESK_MEDIA,
            "choice": choice,
            "picture": picture,
            "queue_url": desk.url(choice),
            "tabs": desk.tabs(choice),
            "orders": ORDERS.items(),
            "fields": fields_to_choose(),
            "decisions": [(kind, KINDS[kind], conf.REVIEW_KEYS[KINDS[kind].verb]) for kind in choices_in(choice.queue)],
            "keys": conf.REVIEW_KEYS,
            "reasons": [(kind, offered) for kind in choices_in(choice.queue) if (offered := reasons_for(kind))],
            "most_reasons": max(len(reasons_for(kind)) for kind in choices_in(choice.queue)),
            "is_measured": choice.queue != Queue.UNMEASURED,
            "saved_notes": conf.REVIEW_NOTES,
            "note_length": NOTE_LENGTH,
            "people": desk.access.people(),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.desk_template, context)

    def review_token_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with a new token against forged requests, and with who is logged in, after a login elsewhere."""
        return JsonResponse({"token": get_token(request), "user": str(request.user.pk)})

    def review_next_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with the next pictures, which are claimed for the user from now on."""
        desk = Desk(self, request)
        choice = desk.read_choice(request.POST)
        want = min(max(number(request.POST.get("want")) or 1, 1), _MOST_WANTED)
        held = _keys(request, "held")
        if (named := number(request.POST.get("picture"))) is None:
            found = desk.take(choice, want=want, held=held)
        elif item := desk.offer(choice, named):
            want, found = 1, Next(items=[item], is_partial=False)
        else:  # Somebody was faster since the page was opened: its address leads to who.
            return JsonResponse({"elsewhere": self.url("review_picture", named)})
        counts = _who_and_how_many(desk, choice)
        today = ""
        if len(found.items) < want:
            is_rest = desk.number_of(choice) > len(held) + len(found.items)
            today = self._summary(desk, choice, is_rest=is_rest, is_partial=found.is_partial)
        return JsonResponse({"items": found.items, **counts, "today": today})

    def review_decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Decide about one picture as it was seen."""
        desk, image = Desk(self, request), self.get_object(request, str(pk))
        if image is None:
            return self._gone(desk)
        choice, target = _named_choice(desk), self.target_of(request, image)
        wish = _wish(request)
        version = version_seen(desk, image, wish)
        if not desk.may_decide(image, target, queue=image.queue):
            # Somebody else may have moved it to a queue that is closed to the user.
            if version != NOT_SEEN or not desk.may_decide(image, target, queue=choice.queue):
                raise PermissionDenied
            return self._respond(request, _stale(desk, choice, image, is_as_seen=False), image)
        try:
            decision = decide_as_seen(desk, image, target, wish, version)
        except Replaced as replaced:
            answer: Answer = {"stale": True, "said": str(replaced), "item": None}
        except Stale as stale:
            answer = _stale(desk, choice, stale.image, is_as_seen=stale.image.version == version)
        except Refused as refused:
            answer = {"refused": True, "said": str(refused)}
        else:
            said = str(rule_of(decision.kind, decision.verdict).done) % {"picture": target.label}
            answer = {"decision": decision.pk, "said": said}
        return self._respond(request, answer, image)

    def review_note_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Leave a note about a picture without deciding, as those may who decide, whichever queue it is in."""
        desk, image = Desk(self, request), self.get_object(request, str(pk))
        if image is None:
            return self._gone(desk)
        target = self.target_of(request, image)
        if not any(desk.may_decide(image, target, queue=queue) for queue in (Queue.REVIEW, Queue.ESCALATED)):
            raise PermissionDenied
        try:
            leave_note(pk, user=request.user, acted_by=desk.access.acting_user(), note=plain(request.POST.get("note")))
        except Stale:
            answer = {"refused": True, "said": sentences.replaced()}
        except Refused as refused:
            answer = {"refused": True, "said": str(refused)}
        else:
            steps = steps_of(image, request.user, is_blind=desk.access.is_secret(image), with_notes=True)
            history = render_to_string("admin/copyleaks_image/desk/history.html", {"history": steps})
            answer = {"said": str(KINDS[Kind.NOTED].done) % {"picture": target.label}, "history": history}
        return self._respond(request, answer, image)

    def review_undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Undo a decision of the user's own, and give the picture back to them."""
        desk = Desk(self, request)
        # In one query: that there is a decision must not be told by how long it takes to say that there is none.
        told = decisions().exclude(tells_of_first_looks(desk.access.secret()))
        decision = told.select_related("image__content_type").filter(pk=pk).first()
        if decision is None:
            return self._gone(desk)
        image = decision.image
        choice, target = _named_choice(desk), self.target_of(request, image)
        if not desk.may_decide(image, target, queue=decision.queue):
            raise PermissionDenied
        try:
            undo(pk, user=request.user, acted_by=desk.access.acting_user())
        except Stale as stale:
            answer = _stale(desk, choice, stale.image, is_as_seen=latest_judgement(stale.image) == decision)
        except Refused as refused:
            answer = {"refused": True, "said": str(refused)}
        else:
            said = str(rule_of(decision.kind, decision.verdict).undone) % {"picture": target.label}
            answer = {"said": said, "item": _offer(desk, choice, image.pk)}
            if not _is_form(request):
                answer |= _who_and_how_many(desk, choice)
        return self._respond(request, answer, image)

    def review_claims_view(self, request: HttpRequest) -> HttpResponse:
        """Renew and release claims of the user."""
        desk = Desk(self, request)
        choice = desk.read_choice(request.POST)
        renewed, released = _keys(request, "renew"), _keys(request, "release")
        user: AnyUser = request.user
        claims.release(released, user)
        claims.renew(renewed, user)
        held = claims.held_among(renewed, user)
        taken = images().filter(pk__in=renewed).exclude(claims.free_for(user, timezone.now()))
        answer = {name: list(found.values_list("pk", flat=True)) for name, found in (("held", held), ("taken", taken))}
        return JsonResponse({**answer, **_who_and_how_many(desk, choice)})

    def _gone(self, desk: Desk) -> HttpResponse:
        """Say that a picture is no longer there, to those who may know what is; others learn nothing."""
        if not desk.open_queues:
            raise PermissionDenied
        return self._respond(desk.request, {"stale": True, "said": sentences.gone(), "item": None})

    def _respond(self, request: HttpRequest, answer: Answer, image: WatchedImage | None = None) -> HttpResponse:
        """Answer the script with JSON, and a form with a message and the page it came from."""
        if not _is_form(request):
            return JsonResponse(answer)
        is_done = not (answer.get("stale") or answer.get("refused"))
        self.message_user(request, answer["said"], messages.SUCCESS if is_done else messages.WARNING)
        back = request.POST.get("back", "")
        if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
            back = self.url("changelist") if image is None else self.url("change", image.pk)
        return HttpResponseRedirect(back)

    def _summary(self, desk: Desk, choice: Choice, *, is_rest: bool, is_partial: bool) -> str:
        """Return what is shown when nothing is left; ``is_rest`` says that something waits all the same."""
        held_url = ""
        if is_partial:
            headline = _("Nothing was found for you in the first part of a long queue.")
        elif is_rest and queue.is_held_by_others(desk.selection(choice), desk.request.user):
            if desk.access.may_release():
                held_url = f"{self.url('changelist')}?held=yes"
            headline = _("Others are looking at what still waits here.")
        else:
            headline = _("Nothing else waits here for you.") if is_rest else _("Nothing waits here.")
        elsewhere = [tab for tab in desk.tabs(choice) if tab.count and not tab.is_current]
        done = sentences.today(desk.request.user, sandbox=choice.sandbox, secret=desk.access.secret())
        context = {"headline": headline, "today": done, "elsewhere": elsewhere, "held_url": held_url}
        return render_to_string("admin/copyleaks_image/desk/summary.html", context)


def _asked_by_script(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Return a view that says in JSON that the user may not: a refusal without it is Django's, of the token."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except PermissionDenied:
            if _is_form(request):
                raise
            return JsonResponse({"forbidden": True}, status=403)

    return require_POST(asked)


def _named_choice(desk: Desk) -> Choice:
    """Return the choice of a request about one picture, of which alone depends what the user may do."""
    return Choice.read(desk.request.POST, otherwise=next(iter(desk.open_queues), Queue.REVIEW))


def _stale(desk: Desk, choice: Choice, image: WatchedImage, *, is_as_seen: bool) -> Answer:
    is_blind = desk.access.is_secret(image)
    said = sentences.meanwhile(image, desk.request.user, is_as_seen=is_as_seen, is_blind=is_blind)
    return {"stale": True, "said": said, "item": _offer(desk, choice, image.pk)}


def _offer(desk: Desk, choice: Choice, image_pk: int) -> Item | None:
    """Return a picture as it is now, claimed for a user at the desk; a form shows none."""
    return None if _is_form(desk.request) else desk.offer(choice, image_pk)


def _who_and_how_many(desk: Desk, choice: Choice) -> Answer:
    """Return who else is there, and how much waits: here as a phrase, in all queues by their addresses."""
    tabs = desk.tabs_beside(choice)
    current = next(tab for tab in tabs if tab.is_current)
    waiting = sentences.waiting(current.count, in_all=desk.counts_hidden)
    return {
        "waiting": sentences.with_oldest(waiting, current.since),
        "counts": {tab.url: tab.number for tab in tabs},
        "others": sentences.others(claims.others_at_the_desk(desk.request.user)),
    }


def _wish(request: HttpRequest) -> Wish:
    """Return what a form, or the script, asks to decide."""
    kind = request.POST.get("kind", "")
    return Wish(
        kind=kind,
        version=request.POST.get("version", ""),
        seen=request.POST.get("seen", ""),
        # The menu of a form names one for every decision.
        reason=request.POST.get("reason", "") if kind in CHOICES and reasons_for(Kind(kind)) else "",
        note=plain(request.POST.get("note")),
        seconds=_seconds(request.POST.get("seconds", "")),
        assigned_to=request.POST.get("assigned_to", ""),
    )


def _seconds(text: str) -> float | None:
    """Return a number of seconds that a browser has measured, None for anything else."""
    return float(text) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text, re.ASCII) else None


def _is_form(request: HttpRequest) -> bool:
    """Return whether the request comes from a page without a script; scripts ask for anything."""
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"


def _keys(request: HttpRequest, name: str) -> list[int]:
    """Return the keys of pictures in a field of the form, separated by commas."""
    return numbers(request.POST.get(name, "").split(",")[:_MOST_HELD])
