"""The list of scans, and the page of one."""

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_copyleaks_image.models import ImageScan, WebhookReceipt, scans
from django_copyleaks_image.models.scan import ImageScanQuerySet
from django_copyleaks_image.outcomes import Code

from . import page
from .actions import ScanActions
from .addresses import scan_url
from .asking import AskedAdmin, AskedChangeList
from .desk.blind import disguise
from .desk.bulk import BulkDecisions
from .desk.choice import Choice
from .desk.media import DECISION_MEDIA
from .desk.release import ClaimRelease, holder
from .desk.standing import StandingDecision
from .desk.views import DeskViews
from .desk.words import number_waiting
from .export import ScanExport
from .filters import DecisionFilter, DeskFilter, HeldFilter, StuckFilter, WatchedFieldFilter
from .findings import finding_of
from .overview import ScanOverview
from .paginator import BoundedPaginator
from .provenance import provenance
from .reasons import reason_in_words
from .stage import Stage, stage_of
from .targets import Target, read_targets
from .waiting import why_it_waits


class ScanChangeList(AskedChangeList):
    """Reads the objects of all listed scans together."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if cast("BoundedPaginator", self.paginator).has_more:
            # The search form states how many were found unless it is all there are; the bound would be untrue.
            self.full_result_count = self.result_count
        listed = cast("Sequence[ImageScan]", self.result_list)
        disguise(listed, request, self.model_admin.admin_site)
        targets = read_targets(listed, self.model_admin.admin_site, request)
        for scan in listed:
            scan.listed_target = targets[scan.pk]  # type: ignore[attr-defined]


@admin.register(ImageScan)
class ImageScanAdmin(
    DeskViews, StandingDecision, BulkDecisions, ClaimRelease, ScanActions, ScanOverview, ScanExport, AskedAdmin
):
    """Scans to look at, to decide about and to repeat; they are evidence and cannot be edited."""

    list_display = ("thumbnail", "finding", "scanned_object", "state", "age")
    list_display_links = ("thumbnail", "finding")
    list_filter = (
        "verdict",
        DecisionFilter,
        DeskFilter,
        HeldFilter,
        "status",
        StuckFilter,
        "sandbox",
        WatchedFieldFilter,
        "created_at",
    )
    search_fields = ("^scan_id", "file_name", "=object_id", "^sha256")
    search_help_text = gettext_lazy("Scan id, file name, object id or SHA-256")
    asked = frozenset({"id", "scan_id", "content_type", "object_id", "field_name", "error_code"})
    paginator = BoundedPaginator
    ordering = ("-pk",)
    sortable_by = ("age",)
    actions = ("confirm_ai", "clear_false_alarm", "release_claims", "scan_again", "retry_failed")
    change_form_template = "admin/copyleaks_image/imagescan/change_form.html"

    def get_queryset(self, request: HttpRequest) -> ImageScanQuerySet:
        return scans().with_result().select_related("content_type", "claimed_by").order_by(*self.get_ordering(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ScanChangeList

    @admin.display(description=gettext_lazy("picture"))
    def thumbnail(self, scan: ImageScan) -> str:
        target = _listed_target(scan)
        if not (target.visible and target.holds_file):
            return format_html('<span class="copyleaks-thumbnail">{}</span>', _("no picture"))
        return format_html(
            '<img class="copyleaks-thumbnail" src="{}" width="80" height="80" loading="lazy" alt="{}">',
            scan_url(self.admin_site, "rendition", scan.pk, "thumbnail"),
            _("Scan of %(object)s") % {"object": target.label},
        )

    @admin.display(description=gettext_lazy("finding"))
    def finding(self, scan: ImageScan) -> str:
        finding = finding_of(scan)
        # Why nothing was measured stands in the column beside it.
        sentence = finding.sentence if scan.verdict else ""
        return format_html('{}<bdi class="copyleaks-line">{}</bdi>', finding.badge, sentence)

    @admin.display(description=gettext_lazy("object"))
    def scanned_object(self, scan: ImageScan) -> str:
        target = _listed_target(scan)
        if not target.visible:
            return format_html('{}<span class="copyleaks-line copyleaks-quiet">{}</span>', target.link, scan.field_name)
        return format_html(
            '{}<span class="copyleaks-line copyleaks-quiet">{}: <bdi>{}</bdi></span>',
            target.link,
            scan.field_name,
            scan.file_name,
        )

    @admin.display(description=gettext_lazy("status"))
    def state(self, scan: ImageScan) -> str:
        lines = [reason_in_words(scan.error_code)] if scan.error_code else []
        if scan.removed_at is not None and scan.error_code != Code.FILE_REMOVED:
            lines.append(reason_in_words(Code.FILE_REMOVED))
        if scan.decision:
            lines.append(_("Decision: %(decision)s") % {"decision": scan.get_decision_display()})
        if scan.desk:
            lines.append(_("Waits for: %(queue)s") % {"queue": scan.get_desk_display()})
        if held_by := holder(scan):
            lines.append(_("%(person)s is looking at it") % {"person": held_by})
        return format_html(
            "{}{}",
            scan.get_status_display(),
            format_html_join("", '<span class="copyleaks-line copyleaks-quiet">{}</span>', ((line,) for line in lines)),
        )

    @admin.display(description=gettext_lazy("age"), ordering="created_at")
    def age(self, scan: ImageScan) -> str:
        created = timezone.localtime(scan.created_at)
        return format_html(
            '<time datetime="{0}" title="{0}">{1}</time>',
            created.isoformat(" ", "seconds"),
            timesince(created, depth=1),
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        open_queues = self.queues_to_open(request)
        if not open_queues:
            return super().changelist_view(request, extra_context)
        choice = Choice(queue=open_queues[0])
        waiting = number_waiting(self.number_of(request, choice), in_all=self.counts_hidden)
        desk = {"desk_url": self.desk_url(choice), "waiting": waiting}
        return super().changelist_view(request, desk | (extra_context or {}))

    def page_context(self, request: HttpRequest, obj: ImageScan) -> dict[str, Any]:
        scan, target = obj, self.target_of(request, obj)
        # Before everything else: it may make a second look look like a first one.
        decision = self.decision_section(request, scan, target)
        return {
            "title": target.label,
            "media": self.media + DECISION_MEDIA,
            "is_nav_sidebar_enabled": False,
            "scan": scan,
            "target": target,
            "finding": finding_of(scan),
            "stage": self._stage(request, scan, target),
            "decision": decision,
            "holds": why_it_waits(scan),
            "scan_facts": page.scan_facts(scan, target),
            "timings": page.timings(scan),
            "error_facts": page.error_facts(scan),
            "provenance": provenance(scan.result),
            "relatives": [
                (heading, [(other, finding_of(other)) for other in others])
                for heading, others in page.relatives(scan, seen=partial(self._seen, request))
            ],
            "resubmission": scans().filter(resubmission_of=scan).first(),
            "receipts": page.receipts_of(scan) if self._may_view_receipts(request) else [],
            "may_scan": target.visible and self.has_scan_permission(request, scan),
        }

    def _seen(self, request: HttpRequest, listed: list[ImageScan]) -> list[ImageScan]:
        targets = read_targets(listed, self.admin_site, request)
        return [scan for scan in listed if targets[scan.pk].visible]

    def _stage(self, request: HttpRequest, scan: ImageScan, target: Target) -> Stage:
        alt = _("Scan of %(object)s") % {"object": target.label}
        if not target.visible:
            return Stage(alt=alt, picture_problem=_("You may not view the object whose picture this is."))
        return stage_of(scan, self.admin_site, alt=alt)

    def _may_view_receipts(self, request: HttpRequest) -> bool:
        if not self.admin_site.is_registered(WebhookReceipt):
            return False
        return self.admin_site.get_model_admin(WebhookReceipt).has_view_permission(request)


def _listed_target(scan: ImageScan) -> Target:
    return cast("Target", cast("Any", scan).listed_target)
