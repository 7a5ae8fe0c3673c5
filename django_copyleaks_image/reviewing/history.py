"""Which scans are about the same picture, and what was decided about it."""

from django.db.models import QuerySet

from django_copyleaks_image.models import Decision, ImageScan, decisions, scans
from django_copyleaks_image.models.decision import JUDGEMENTS, Kind
from django_copyleaks_image.models.scan import ImageScanQuerySet


def same_target(scan: ImageScan) -> ImageScanQuerySet:
    """Return all scans of the same field of the same object, this one included."""
    return scans().for_target(content_type=scan.content_type, object_id=scan.object_id, field_name=scan.field_name)


def same_bytes(scan: ImageScan) -> ImageScanQuerySet:
    """Return the scans that a decision is about: those of the same bytes on the same target, this one included.

    Mock results of the sandbox are judged apart from real ones.
    """
    if not scan.sha256:
        return scans().filter(pk=scan.pk)
    return same_target(scan).filter(sha256=scan.sha256, sandbox=scan.sandbox)


def history_of(scan: ImageScan) -> QuerySet[Decision]:
    """Return the decisions about the bytes of a scan on its target, newest first."""
    about_them = decisions().filter(scan__in=same_bytes(scan).values("pk"))
    return about_them.select_related("decided_by", "reverses").order_by("-pk")


def judgements_of(scan: ImageScan) -> QuerySet[Decision]:
    """Return the decisions that count, newest first: none that was undone, and no skipping, which decides nothing."""
    return history_of(scan).filter(kind__in=JUDGEMENTS, reversal=None)


def latest_judgement(scan: ImageScan) -> Decision | None:
    """Return the last decision or reversal about a picture; skipping is neither."""
    judgements = history_of(scan).exclude(kind=Kind.SKIPPED).exclude(reverses__kind=Kind.SKIPPED)
    # With its scan, which would be read from another database than the decision where reads are routed.
    latest: Decision | None = judgements.select_related("scan__content_type").first()
    return latest
