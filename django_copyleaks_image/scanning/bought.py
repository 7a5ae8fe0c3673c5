"""What was paid for already: a result that a scan can share instead of buying its own."""

from django.db.models import Exists, OuterRef, Q

from django_copyleaks_image.models import DetectionResult, ImageScan, WebhookReceipt, home_database, scans
from django_copyleaks_image.models.receipt import WebhookReceiptQuerySet
from django_copyleaks_image.models.scan import ImageScanQuerySet, Status

from . import clock


def others_exist(scan: ImageScan) -> bool:
    """Return whether another scan is about the same bytes; mostly there is none, and nothing else need be asked."""
    return _sources(scan).exclude(pk=scan.pk).exists()


def result_for(scan: ImageScan) -> DetectionResult | None:
    """Return the newest result that serves this scan too, without its large columns."""
    source = _sources(scan).with_result().filter(result__isnull=False).order_by("-pk").first()
    return source.result if source is not None else None


def is_arriving_for(scan: ImageScan) -> bool:
    """Return whether a result that may serve this scan too has been received and is being judged."""
    return unjudged_receipts().filter(scan__in=_sources(scan)).exists()


def exists_or_arrives_for(scan: ImageScan) -> bool:
    """Return whether there is a result that serves this scan too, even if it is still being judged."""
    arriving = unjudged_receipts().filter(scan=OuterRef("pk"))
    return _sources(scan).filter(Q(result__isnull=False) | Exists(arriving)).exists()


def in_vain_for(scan: ImageScan) -> ImageScan | None:
    """Return the scan of the same bytes that was paid, or may have been, for nothing since this one was asked for.

    This one may not pay then; what is asked for later may. A scan that was resubmitted is left out, for its
    resubmission pays in its place. None for a scan that is paid again on purpose, or may have been paid itself.
    """
    if scan.forced or scan.may_have_arrived:
        return None
    failed = _sources(scan).filter(status=Status.FAILED, may_have_arrived=True, resubmission=None)
    return failed.filter(finished_at__gte=scan.created_at).exclude(pk=scan.pk).order_by("-pk").first()


def unjudged_receipts() -> WebhookReceiptQuerySet:
    """Return the receipts that were stored and not judged yet."""
    return WebhookReceipt.objects.using(home_database()).unjudged(clock.now())


def _sources(scan: ImageScan) -> ImageScanQuerySet:
    """Return the scans of the same bytes; for a forced one only itself and the one that it resubmits."""
    if scan.forced:
        return scans().filter(Q(pk=scan.pk) | Q(resubmission=scan))
    return scans().filter(content_key=scan.content_key)
