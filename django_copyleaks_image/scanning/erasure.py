"""Erases what identifies a deleted picture. Status and numbers stay, see :mod:`.pruning` for how long.

Of one that somebody asked to erase, less stays: no mask, no places, no hash unless the site keeps it.
"""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import ImageScan, WebhookReceipt, fitted_copies, receipts, results, scans
from django_copyleaks_image.models.scan import ImageScanQuerySet
from django_copyleaks_image.renditions import copies
from django_copyleaks_image.setting_values import Kept

from . import paid_results, renditions
from .isolation import isolated

BATCH = 200
_FACTS: dict[str, Any] = {"metadata": {}, "heatmap": b"", "heatmap_url": "", "heatmap_due_at": None}
_PLACES: dict[str, Any] = {"mask": b"", "mask_runs": 0, "mask_problem": {}, "regions": None, "heatmap_problem": {}}


def erase_due(now: datetime) -> int:
    """Erase receipts' bodies and results of deleted pictures, a batch at a time; return how many scans."""
    return erase_of(scans().filter(erasure_due_at__lte=now))


def erase_of(found: ImageScanQuerySet) -> int:
    """Erase what is known of a batch of these scans; return how many. What fails stays due."""
    # A body that was not judged yet is still needed.
    awaited = Exists(paid_results.unjudged_receipts().filter(scan=OuterRef("pk")))
    due = list(found.filter(~awaited, erasure_due_at__isnull=False).order_by("erasure_due_at")[:BATCH])
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
    if scan.result_id is not None:
        users = scans().filter(result=scan.result_id)
        if not users.filter(removed_at=None).exists():
            results().filter(pk=scan.result_id).update(**_FACTS)
        if not users.filter(erased_at=None).exists():
            results().filter(pk=scan.result_id).update(**_PLACES)
    columns = {"erasure_due_at": None, "error_message": "", **(_erased(scan) if scan.erased_at else {})}
    scans().filter(pk=scan.pk, erasure_due_at=scan.erasure_due_at).update(**columns)


def _erased(scan: ImageScan) -> dict[str, Any]:
    """Remove the copies of a picture that somebody asked to erase, and return what else its scan forgets."""
    for note in fitted_copies().filter(scan=scan):
        copies.let_go(note)
    columns: dict[str, Any] = {"error_values": {}, "file_state": "", "lease_owner": "", "idempotency_key": None}
    if scan.pay_key is None:
        # Nobody shares the result of a picture that was erased, and with it what is gone of it.
        columns |= {"content_key": "", "copy_sha256": ""}
        if Kept.SHA256 not in conf.ERASE_KEEPS:
            columns["sha256"] = ""
    return columns
