"""The receipts that wait to be judged, each leased to one process at a time."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Coalesce

from django_copyleaks_image.models import WebhookReceipt, receipts
from django_copyleaks_image.models.receipt import JUDGED_WITHIN
from django_copyleaks_image.transactions import atomically

from . import clock

# Longer than the largest body takes. A process that dies while judging holds its receipt no longer than this.
LEASE = timedelta(seconds=30)
BATCH = 200


def claimed() -> Iterator[WebhookReceipt]:
    """Yield receipts that are due with their scans, at most a batch, each leased to the caller when its turn comes."""
    for pk in list(receipts().due(clock.now()).values_list("pk", flat=True)[:BATCH]):
        if lease(pk):
            # Read after it was leased: what another process has changed before is seen.
            yield from receipts().filter(pk=pk).select_related("scan__content_type")


def lease(pk: int) -> bool:
    """Lease a receipt to the caller for :data:`LEASE`; return False when it is judged, or another has it."""
    now = clock.now()
    due = receipts().due(now).order_by().filter(pk=pk)
    since = Coalesce(F("judged_since"), now)
    # Repeated, since MariaDB breaks off one of two processes that lease receipts at the same moment.
    return bool(atomically(lambda: due.update(judging_due_at=now + LEASE, judged_since=since)))


def could_not_judge(receipt: WebhookReceipt) -> bool:
    """Note that judging has failed; return whether it was for the last time, :data:`.JUDGED_WITHIN` after the first.

    Otherwise it is due again when its lease ends, as it is after a process that died, however often that happens.
    """
    unjudged = receipts().unjudged().filter(pk=receipt.pk)
    return bool(unjudged.filter(judged_since__lt=clock.now() - JUDGED_WITHIN).update(judging_due_at=None))
