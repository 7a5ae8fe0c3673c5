"""The scans: what was asked of the provider, what became of it and why, and the overview."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from django_copyleaks_image.models import ImageScan, WatchedImage, WebhookReceipt, home_database, images, scans
from django_copyleaks_image.models.scan import ImageScanQuerySet
from django_copyleaks_image.outcomes import Code, advice

from . import again, export
from .facts import Facts, Finding, about_copy, duration_in_words, finding_of, moment, provenance, without_empty
from .filters import StuckFilter, WatchedFieldFilter
from .pictures import PictureAdmin, age_since, page_url
from .reasons import message_of, reason_in_words
from .targets import Target

_SHOWN_RELATIVES = 10


@admin.register(ImageScan)
class ImageScanAdmin(PictureAdmin):
    """Scans to look at and to repeat; they are evidence and cannot be edited."""

    list_display: Any = ("thumbnail", "finding", "object_with_file", "state", "age")
    list_filter = ("verdict", "status", StuckFilter, "sandbox", WatchedFieldFilter, "created_at")
    search_fields = ("^scan_id", "file_name", "=object_id", "^sha256")
    search_help_text = gettext_lazy("Scan id, file name, object id or SHA-256")
    asked = frozenset({"id", "scan_id", "content_type", "object_id", "field_name", "error_code"})
    sortable_by = ("age",)
    actions = again.ACTIONS
    change_form_template = "admin/copyleaks_image/imagescan/change_form.html"
    export_columns: ClassVar[dict[str, export.Cell]] = {**export.OF_THE_SCAN, **export.OF_THE_PICTURE}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: ImageScanQuerySet = self.model._default_manager.using(home_database())
        return found.with_result().select_related("content_type").order_by(*self.get_ordering(request))

    def get_urls(self) -> list[URLPattern]:
        return [self.route("overview/", "overview", require_safe(self.overview_view)), *super().get_urls()]

    def overview_view(self, request: HttpRequest) -> HttpResponse:
        from . import overview  # noqa: PLC0415 - cards and charts, for which no command and no worker should wait

        return overview.answer(self, request)

    def scan_of(self, row: ImageScan) -> ImageScan:
        return row

    def finding_of(self, row: ImageScan) -> Finding:
        return finding_of(row)

    @admin.display(description=gettext_lazy("status"))
    def state(self, scan: ImageScan) -> str:
        lines = [reason_in_words(scan.error_code)] if scan.error_code else []
        if scan.removed_at is not None and scan.error_code != Code.FILE_REMOVED:
            lines.append(reason_in_words(Code.FILE_REMOVED))
        return format_html(
            "{}{}",
            scan.get_status_display(),
            format_html_join("", '<span class="copyleaks-line copyleaks-quiet">{}</span>', ((line,) for line in lines)),
        )

    @admin.display(description=gettext_lazy("age"), ordering="created_at")
    def age(self, scan: ImageScan) -> str:
        return age_since(scan.created_at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        links = {"overview_url": self.url("overview")}
        return super().changelist_view(request, links | (extra_context or {}))

    def page_context(self, request: HttpRequest, obj: ImageScan) -> dict[str, Any]:
        from .waiting import why_it_waits  # noqa: PLC0415 - asks much of what may hold scans

        scan, target = obj, self.target_of(request, obj)
        return {
            "title": target.label,
            "is_nav_sidebar_enabled": False,
            "scan": scan,
            "target": target,
            "finding": finding_of(scan),
            "stage": self.stage(scan, target),
            "picture": self._picture(request, scan),
            "holds": why_it_waits(scan),
            "scan_facts": [*_scan_facts(scan, target), *without_empty(*self.get_facts(request, scan))],
            "timings": _timings(scan),
            "error_facts": _error_facts(scan),
            "provenance": provenance(scan.result),
            "relatives": [
                (heading, [(other, finding_of(other)) for other in others])
                for heading, others in self._relatives(request, scan)
            ],
            "resubmission": scans().filter(resubmission_of=scan).first(),
            "receipts": [(it, page_url(self.admin_site, it)) for it in self._receipts(request, scan)],
            "may_scan": target.visible and self.has_scan_permission(request, scan),
        }

    def _picture(self, request: HttpRequest, scan: ImageScan) -> dict[str, object] | None:
        """Return where the picture of a scan is decided about, and whether this scan is the one that counts for it."""
        image = images().same_target(scan).first()
        if image is None or not self.access(request).may_view(WatchedImage, image):
            return None
        return {"url": page_url(self.admin_site, image), "counts": image.scan_id == scan.pk}

    def _relatives(self, request: HttpRequest, scan: ImageScan) -> Iterator[tuple[str, list[ImageScan]]]:
        """Yield headings with other scans: of the same field of the same object, and of the same bytes elsewhere.

        That two pictures are the same is told to those who may see both.
        """
        of_object = scans().same_target(scan)
        yield _("Other scans of this object"), _listed(of_object.exclude(pk=scan.pk))
        if scan.content_key and self._seen(request, [scan]):
            same_bytes = scans().filter(content_key=scan.content_key).exclude(pk__in=of_object.values("pk"))
            yield _("Scans of the same bytes elsewhere"), self._seen(request, _listed(same_bytes))

    def _seen(self, request: HttpRequest, listed: list[ImageScan]) -> list[ImageScan]:
        targets = self.access(request).targets(listed)
        return [scan for scan in listed if targets[scan.pk].visible]

    def _receipts(self, request: HttpRequest, scan: ImageScan) -> list[WebhookReceipt]:
        """Return the receipts without their bodies, newest first; there are few, since they are capped per scan."""
        if not self.access(request).may_view(WebhookReceipt):
            return []
        receipts = WebhookReceipt.objects.using(home_database()).filter(scan=scan)
        return list(receipts.defer("body").order_by("-pk"))


def _listed(others: ImageScanQuerySet) -> list[ImageScan]:
    return list(others.with_result().select_related("content_type").order_by("-pk")[:_SHOWN_RELATIVES])


def _scan_facts(scan: ImageScan, target: Target) -> Facts:
    """Return what was scanned, and with what."""
    result = scan.result
    picture = f"{scan.width} × {scan.height} px" if scan.width and scan.height else ""
    measured = ""
    sent = (scan.copy_width, scan.copy_height) if scan.is_on_copy else (scan.width, scan.height)
    if result is not None and (result.image_width, result.image_height) != sent:
        measured = f"{result.image_width} × {result.image_height} px"
    return without_empty(
        (_("Object"), target.link),
        # A reason has a section of its own, which names the status.
        (_("Status"), "" if scan.error_code else scan.get_status_display()),
        (_("Scan id"), format_html("<code>{}</code>", scan.scan_id)),
        (_("Field"), scan.field_name),
        (_("File"), scan.file_name if target.visible else ""),
        (_("Picture"), ", ".join(filter(None, (picture, scan.image_format)))),
        *about_copy(scan),
        (_("Measured by the provider"), measured),
        (_("Size"), "" if scan.byte_size is None else filesizeformat(scan.byte_size)),
        ("SHA-256", format_html("<code>{}</code>", scan.sha256) if scan.sha256 and target.visible else ""),
        (_("Model"), (result and result.model) or scan.model),
        (_("Measured at"), moment(None if result is None else result.scanned_at)),
        (_("Credits"), "" if result is None or result.credits is None else number_format(result.credits)),
        (_("Sandbox"), _("yes: a mock result, no evidence") if scan.sandbox else ""),
    )


def _timings(scan: ImageScan) -> Facts:
    """Return when things happened, each with the time since the step before."""
    steps = [
        (_("Created"), scan.created_at),
        (_("First sent"), scan.sent_at),
        (_("Accepted"), scan.submitted_at),
        (_("Finished"), scan.finished_at),
    ]
    facts: Facts = []
    before: datetime | None = None
    for label, at in steps:
        if at is None:
            continue
        facts.append((label, _with_duration(at, before)))
        before = at
    if scan.fetched_at is not None:  # It may be before the answer that accepts.
        facts.append((_("Picture fetched"), moment(scan.fetched_at)))
    if scan.removed_at is not None:
        facts.append((_("Picture deleted"), moment(scan.removed_at)))
    if scan.attempts:
        facts.append((_("Attempts"), number_format(scan.attempts)))
    if not scan.is_finished and scan.next_attempt_at is not None and scan.error_code != Code.WAITS_FOR_DUPLICATE:
        facts.append((_("Next attempt"), moment(scan.next_attempt_at)))
        facts.append((_("Lane"), scan.get_lane_display()))
    return facts


def _with_duration(at: datetime, before: datetime | None) -> object:
    if before is None:
        return moment(at)
    later = _("%(duration)s later") % {"duration": duration_in_words(at - before)}
    return format_html('{}<span class="copyleaks-line copyleaks-quiet">{}</span>', moment(at), later)


def _error_facts(scan: ImageScan) -> Facts:
    """Return why a scan has no result, in words and in code, what else is known, and what a person can do about it."""
    if not scan.error_code:
        return []
    return without_empty(
        (_("Reason"), reason_in_words(scan.error_code)),
        (_("Code"), format_html("<code>{}</code>", scan.error_code)),
        (_("Message"), message_of(scan)),
        (_("What to do"), advice(scan.error_code)),
    )
