"""What stands beside the picture on a scan's page, as sections of labelled facts."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import localize, number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _

from django_copyleaks_image.models import ImageScan, WebhookReceipt, home_database, scans
from django_copyleaks_image.models.scan import ImageScanQuerySet
from django_copyleaks_image.outcomes import Code, advice
from django_copyleaks_image.reviewing.history import same_target

from .reasons import message_of, reason_in_words
from .targets import Target

Facts = list[tuple[str, object]]

_SHOWN_RELATIVES = 10


def scan_facts(scan: ImageScan, target: Target) -> Facts:
    """Return what was scanned, and with what."""
    result = scan.result
    picture = f"{scan.width} × {scan.height} px" if scan.width and scan.height else ""
    measured = ""
    if result is not None and (result.image_width, result.image_height) != (scan.width, scan.height):
        measured = f"{result.image_width} × {result.image_height} px"
    facts: Facts = [
        (_("Object"), target.link),
        # A reason has a section of its own, which names the status.
        (_("Status"), "" if scan.error_code else scan.get_status_display()),
        (_("Scan id"), format_html("<code>{}</code>", scan.scan_id)),
        (_("Field"), scan.field_name),
        (_("File"), scan.file_name if target.visible else ""),
        (_("Picture"), ", ".join(filter(None, (picture, scan.image_format)))),
        (_("Measured by the provider"), measured),
        (_("Size"), "" if scan.byte_size is None else filesizeformat(scan.byte_size)),
        ("SHA-256", format_html("<code>{}</code>", scan.sha256) if scan.sha256 and target.visible else ""),
        (_("Model"), (result and result.model) or scan.model),
        (_("Measured at"), moment(None if result is None else result.scanned_at)),
        (_("Credits"), "" if result is None or result.credits is None else number_format(result.credits)),
        (_("Sandbox"), _("yes: a mock result, no evidence") if scan.sandbox else ""),
        (_("Review"), scan.get_review_display() if scan.review else ""),
    ]
    return [(label, value) for label, value in facts if value]


def timings(scan: ImageScan) -> Facts:
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
    if scan.removed_at is not None:
        facts.append((_("Picture deleted"), moment(scan.removed_at)))
    if scan.attempts:
        facts.append((_("Attempts"), number_format(scan.attempts)))
    if not scan.is_finished and scan.next_attempt_at is not None and scan.error_code != Code.WAITS_FOR_TWIN:
        facts.append((_("Next attempt"), moment(scan.next_attempt_at)))
    return facts


def error_facts(scan: ImageScan) -> Facts:
    """Return why a scan has no result, in words and in code, what else is known, and what a person can do about it."""
    if not scan.error_code:
        return []
    facts: Facts = [
        (_("Reason"), reason_in_words(scan.error_code)),
        (_("Code"), format_html("<code>{}</code>", scan.error_code)),
        (_("Message"), message_of(scan)),
        (_("What to do"), advice(scan.error_code)),
    ]
    return [(label, value) for label, value in facts if value]


def relatives(
    scan: ImageScan, *, seen: Callable[[list[ImageScan]], list[ImageScan]]
) -> Iterator[tuple[str, list[ImageScan]]]:
    """Yield headings with other scans: of the same field of the same object, and of the same bytes elsewhere.

    That two pictures are the same is told to those who may see both: ``seen`` returns the scans of those.
    """
    of_object = same_target(scan)
    yield _("Other scans of this object"), _listed(of_object.exclude(pk=scan.pk))
    if scan.content_key and seen([scan]):
        same_bytes = scans().filter(content_key=scan.content_key).exclude(pk__in=of_object.values("pk"))
        yield _("Scans of the same bytes elsewhere"), seen(_listed(same_bytes))


def _listed(others: ImageScanQuerySet) -> list[ImageScan]:
    return list(others.with_result().select_related("content_type").order_by("-pk")[:_SHOWN_RELATIVES])


def receipts_of(scan: ImageScan) -> list[WebhookReceipt]:
    """Return the receipts without their bodies, newest first; there are few, since they are capped per scan."""
    receipts = WebhookReceipt.objects.using(home_database()).filter(scan=scan)
    return list(receipts.defer("body").order_by("-pk"))


def person(user: Any) -> str:
    return _("a deleted user") if user is None else str(user.get_username())


def moment(value: datetime | None) -> object:
    """Return a moment in the reader's time zone, as a ``time`` element; empty for None."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), localize(local))


def duration_in_words(duration: timedelta) -> str:
    """Return a duration such as ``3.2 s`` or ``4 min``."""
    seconds = max(0.0, duration.total_seconds())
    if seconds < 10:
        return _("%(number)s s") % {"number": number_format(round(seconds, 1), 1)}
    if seconds < 120:
        return _("%(number)s s") % {"number": number_format(round(seconds))}
    if seconds < 7200:
        return _("%(number)s min") % {"number": number_format(round(seconds / 60))}
    return _("%(number)s h") % {"number": number_format(round(seconds / 3600))}


def _with_duration(at: datetime, before: datetime | None) -> object:
    if before is None:
        return moment(at)
    later = _("%(duration)s later") % {"duration": duration_in_words(at - before)}
    return format_html('{}<span class="copyleaks-line copyleaks-quiet">{}</span>', moment(at), later)
