"""Erases what identifies a deleted picture. Status and numbers stay, see :mod:`.pruning` for how long."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from django_copyleaks_image.models import ImageScan, WebhookReceipt, receipts, results, scans

from . import paid_results, renditions
from .isolation import isolated

BATCH = 200


def erase_due(now: datetime) -> int:
    """Erase receipts' bodies and results of deleted pictures, a batch at a time; return how many scans."""
    # A body that was not judged yet is still needed.
    awaited = Exists(paid_results.unjudged_receipts().filter(scan=OuterRef("pk")))
    due = list(scans().filter(~awaited, erasure_due_at__lte=now).order_by("erasure_due_at")[:BATCH])
    for scan in due:
        with isolated("erase what is known of scan %s", scan.scan_id):
            _erase(scan)
    return len(due)


def _erase(scan: ImageScan) -> None:
    renditions.forget(scan)
    # Chosen by their keys: one that arrives at this moment is judged first.
    unjudged = paid_results.unjudged_receipts().filter(scan=scan).values("pk")
    judged = list(receipts().filter(scan=scan).exclude(pk__in=unjudged).values_list("pk", flat=True))
    receipts().filter(pk__in=judged).update(body=WebhookReceipt.compress(b""), detail={})
    if scan.result_id is not None and not _has_living_user(scan.result_id):
        results().filter(pk=scan.result_id).update(metadata={}, heatmap=b"", heatmap_url="", heatmap_due_at=None)
    scans().filter(pk=scan.pk, erasure_due_at=scan.erasure_due_at).update(erasure_due_at=None, error_message="")


def _has_living_user(result_pk: int) -> bool:
    return scans().filter(result=result_pk, removed_at=None).exists()
