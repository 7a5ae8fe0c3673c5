"""Deciding about many pictures of the list at once, after a page that shows them."""

from collections import Counter
from collections.abc import Collection
from typing import cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_copyleaks_image.admin.addresses import scan_url
from django_copyleaks_image.admin.findings import finding_of
from django_copyleaks_image.admin.parsing import numbers, plain
from django_copyleaks_image.admin.targets import Target, read_targets
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.decision import Kind
from django_copyleaks_image.models.scan import ImageScanQuerySet
from django_copyleaks_image.reviewing.decide import NOTE_LENGTH, Refused, Stale, decide, needs_reason

from . import words
from .blind import disguise, is_secret
from .media import DECISION_MEDIA
from .queues import DeskQueues
from .seals import seal, seen_version
from .standing import why_not_decidable

# The names of the methods below, by which the list calls them.
_ACTIONS = {Kind.CONFIRMED: "confirm_ai", Kind.CLEARED: "clear_false_alarm"}


class BulkDecisions(DeskQueues):
    """Adds actions to the list of scans: every row is decided by itself, as it was shown on the page in between."""

    @admin.action(description=gettext_lazy("Confirm AI …"), permissions=["decide"])
    def confirm_ai(self, request: HttpRequest, queryset: ImageScanQuerySet) -> HttpResponse | None:
        """Confirm the chosen pictures as AI."""
        return self._ask_or_decide(request, queryset, Kind.CONFIRMED)

    @admin.action(description=gettext_lazy("Clear (false alarm) …"), permissions=["decide"])
    def clear_false_alarm(self, request: HttpRequest, queryset: ImageScanQuerySet) -> HttpResponse | None:
        """Clear the chosen pictures."""
        return self._ask_or_decide(request, queryset, Kind.CLEARED)

    def _ask_or_decide(self, request: HttpRequest, queryset: ImageScanQuerySet, kind: Kind) -> HttpResponse | None:
        is_answer = "confirmed" in request.POST
        if is_answer:
            # Whatever the filters of the list say by now: these were shown.
            shown = numbers(request.POST.getlist(ACTION_CHECKBOX_NAME))
            queryset = cast("ImageScanQuerySet", self.get_queryset(request).filter(pk__in=shown))
        if self.is_too_many(request, queryset):
            return None
        chosen = list(queryset.order_by("-pk"))
        blind = disguise(chosen, request, self.admin_site)
        left_out = Counter[str]()
        found = read_targets(chosen, self.admin_site, request)
        decidable = [scan for scan in chosen if not self._is_left_out(request, scan, found[scan.pk], left_out)]
        lacks_reason = needs_reason(kind) and request.POST.get("reason") not in conf.REVIEW_REASONS
        if decidable and (not is_answer or lacks_reason):
            return self._question(request, kind, decidable, found, left_out, lacks_reason=is_answer)
        if decidable:
            self._decide_all(request, kind, decidable, blind, left_out)
        self.tell_left_out(request, left_out.most_common())
        return None

    def _is_left_out(self, request: HttpRequest, scan: ImageScan, target: Target, left_out: Counter[str]) -> bool:
        why = why_not_decidable(scan, target)
        if not self.may_decide(request, scan, target, desk=scan.desk):
            why = _("You may not decide about this picture.")
        if why:
            left_out[why] += 1
        return bool(why)

    def _question(
        self,
        request: HttpRequest,
        kind: Kind,
        decidable: list[ImageScan],
        found: dict[int, Target],
        left_out: Counter[str],
        *,
        lacks_reason: bool,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Confirm AI") if kind == Kind.CONFIRMED else _("Clear (false alarm)"),
            "is_nav_sidebar_enabled": False,
            "opts": self.opts,
            "media": self.media + DECISION_MEDIA,
            "rows": [
                (
                    scan,
                    seal(scan),
                    found[scan.pk],
                    finding_of(scan),
                    scan_url(self.admin_site, "rendition", scan.pk, "thumbnail"),
                )
                for scan in decidable
            ],
            "left_out": left_out.most_common(),
            "action": _ACTIONS[kind],
            "question": _question(kind, len(decidable)),
            "reasons": conf.REVIEW_REASONS,
            "lacks_reason": lacks_reason,
            "note": request.POST.get("note", ""),
            "note_length": NOTE_LENGTH,
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "back_url": request.get_full_path(),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/copyleaks_image/imagescan/decide_chosen.html", context)

    def _decide_all(
        self,
        request: HttpRequest,
        kind: Kind,
        decidable: list[ImageScan],
        blind: Collection[int],
        left_out: Counter[str],
    ) -> None:
        decided = 0
        for scan in decidable:
            version = seen_version(request.POST.get(f"version_{scan.pk}"), scan, is_blind=scan.pk in blind)
            try:
                decide(
                    scan.pk,
                    user=request.user,
                    kind=kind,
                    version=version,
                    reason=request.POST.get("reason", "") if needs_reason(kind) else "",
                    note=plain(request.POST.get("note")),
                )
            except Stale as stale:
                is_as_seen = stale.scan.review_version == version
                is_blind = is_secret(stale.scan, request, self.admin_site)
                left_out[words.meanwhile(stale.scan, request.user, is_as_seen=is_as_seen, is_blind=is_blind)] += 1
            except Refused as refused:
                left_out[str(refused)] += 1
            else:
                decided += 1
        if decided:
            self.message_user(request, _answer(kind, decided), messages.SUCCESS)


def _question(kind: Kind, count: int) -> str:
    if kind == Kind.CONFIRMED:
        words = ngettext("Confirm %(count)s picture as AI?", "Confirm %(count)s pictures as AI?", count)
    else:
        words = ngettext("Clear %(count)s picture?", "Clear %(count)s pictures?", count)
    return words % {"count": number_format(count)}


def _answer(kind: Kind, count: int) -> str:
    if kind == Kind.CONFIRMED:
        words = ngettext("%(count)s picture was confirmed as AI.", "%(count)s pictures were confirmed as AI.", count)
    else:
        words = ngettext("%(count)s picture was cleared.", "%(count)s pictures were cleared.", count)
    return words % {"count": number_format(count)}
