"""What was paid for already: a result that a scan can share instead of buying its own."""

from django.db.models import Exists, OuterRef, Q

from django_copyleaks_image.models import DetectionResult, ImageScan, receipts, scans
from django_copyleaks_image.models.receipt import WebhookReceiptQuerySet
from django_copyleaks_image.models.scan import ImageScanQuerySet, Status


def others_exist(scan: ImageScan) -> bool:
    """Return whether another scan is about the same bytes; mostly there is none, and nothing else need be asked."""
    return _sources(scan).exclude(pk=scan.pk).exists()


def result_for(scan: ImageScan) -> DetectionResult | None:
    """Return the newest result that serves this scan too, without its large columns."""
    return _newest_result(_sources(scan))


def is_arriving_for(scan: ImageScan) -> bool:
    """Return whether a result that may serve this scan too has been received and is being judged."""
    return unjudged_receipts().filter(scan__in=_sources(scan)).exists()


def own_result_arrives(scan: ImageScan) -> bool:
    """Return whether this very scan has been answered, as after a process that died before it could note the call."""
    return unjudged_receipts().filter(scan=scan).exists()


def exists_or_arrives_for(scan: ImageScan) -> bool:
    """Return whether there is a result that serves this scan too, even if it is still being judged."""
    arriving = unjudged_receipts().filter(scan=OuterRef("pk"))
    return _sources(scan).filter(Q(result__isnull=False) | Exists(arriving)).exists()


def result_of(content_key: str) -> DetectionResult | None:
    """Return the newest result of this purchase, without its large columns."""
    return _newest_result(scans().filter(content_key=content_key))


def in_vain_of(content_key: str) -> ImageScan | None:
    """Return the last scan of this purchase to end that was paid, or may have been, for nothing.

    What was asked for before it ended may not pay any more. A scan that was resubmitted is left out, for its
    resubmission pays in its place.
    """
    failed = scans().filter(content_key=content_key, status=Status.FAILED, may_have_arrived=True, resubmission=None)
    return failed.order_by("-finished_at", "-pk").first()


def in_vain_for(scan: ImageScan) -> ImageScan | None:
    """Return the scan of the same bytes that was paid, or may have been, for nothing since this one was asked for.

    None for a scan that is paid again on purpose, or may have been paid itself.
    """
    if scan.forced or scan.may_have_arrived:
        return None
    payer = in_vain_of(scan.content_key)
    return payer if payer is not None and payer.finished_at and payer.finished_at >= scan.created_at else None


def unjudged_receipts() -> WebhookReceiptQuerySet:
    """Return the receipts that were stored and not judged yet."""
    return receipts().unjudged()


def _sources(scan: ImageScan) -> ImageScanQuerySet:
    """Return the scans of the same bytes; for a forced one only itself and the one that it resubmits."""
    same = scans().filter(content_key=scan.content_key)
    return same.filter(Q(pk=scan.pk) | Q(resubmission=scan)) if scan.forced else same


def _newest_result(sources: ImageScanQuerySet) -> DetectionResult | None:
    source = sources.with_result().filter(result__isnull=False).order_by("-pk").first()
    return source.result if source is not None else None
