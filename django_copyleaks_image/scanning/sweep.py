"""What is late, lost, stuck or owed: the part of the worker that makes every scan end."""

import logging
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Q
from django.utils import timezone

from django_copyleaks_image import notify
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import AccountState, Decision, ImageScan, home_database, scans
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.transactions import atomically

from . import account, bought, certificates, duplicates, erasure, lost
from .isolation import isolated

logger = logging.getLogger(__name__)

INTERVAL = timedelta(seconds=10)
# A process that has just ended a scan is given this long to do the rest by itself.
GRACE = timedelta(seconds=30)
BATCH = 200


def sweep_if_due() -> bool:
    """Sweep unless another worker did so within :data:`INTERVAL`; return whether it was done."""
    now = timezone.now()
    account.state()
    row = AccountState.objects.using(home_database()).filter(pk=AccountState.SINGLETON)
    elected = row.exclude(swept_at__gt=now - INTERVAL).update(swept_at=now)
    if elected:
        sweep()
    return bool(elected)


def sweep() -> None:
    """End what is lost, free what is stuck, and send what is owed. Safe to run anywhere at any time."""
    now = timezone.now()
    with isolated("end the scans whose result is lost"):
        end_lost_scans(now)
    with isolated("free the pay keys of replaced scans"):
        free_pay_keys(now)
    with isolated("end the duplicates that nobody has ended"):
        duplicates.settle_orphans()
    with isolated("send the signals that are owed"):
        send_owed_signals(now)
    with isolated("erase what is known of deleted pictures"):
        erasure.erase_due(now)
    # These wait for the network, so they come last.
    with isolated("look whether the paused account works again"):
        account.probe_if_due()
    with isolated("fetch the list of client certificates"):
        certificates.refresh_if_due()


def end_lost_scans(now: datetime) -> None:
    """End the scans whose callback is overdue; their late callback would still complete them."""
    overdue = now - timedelta(seconds=conf.RESULT_DEADLINE)
    waiting = scans().filter(status=Status.SUBMITTED, submitted_at__lt=overdue)
    for scan in waiting.select_related("content_type").order_by("submitted_at")[:BATCH]:
        with isolated("end scan %s as lost", scan.scan_id):
            if atomically(partial(_end_as_lost, scan)):
                logger.error("Scan %s: no result within %s s; it counts as lost.", scan.scan_id, conf.RESULT_DEADLINE)


def _end_as_lost(scan: ImageScan) -> bool:
    if bought.is_arriving_for(scan):
        return False
    message = "Copyleaks accepted the picture, but no result came."
    return lost.end_or_resubmit(scan, "result_lost", message, may_resubmit=True)


def free_pay_keys(now: datetime) -> None:
    """Take the pay key from replaced scans whose result is overdue, so that a duplicate can pay."""
    overdue = now - timedelta(seconds=conf.RESULT_DEADLINE)
    holding = Q(pay_key__isnull=False) | Q(budget_day__isnull=False)
    stuck = scans().filter(holding, status=Status.SUPERSEDED, finished_at__lt=overdue)
    for scan in stuck.order_by("pk")[:BATCH]:
        with isolated("free the pay key of scan %s", scan.scan_id):
            if not bought.is_arriving_for(scan):
                atomically(partial(lost.give_key_up, scan))


def send_owed_signals(now: datetime) -> None:
    """Send the signals of scans and decisions whose process died between the commit and the signal."""
    owed = scans().filter(notified_at=None, finished_at__lt=now - GRACE)
    for pk, scan_id in owed.order_by("finished_at").values_list("pk", "scan_id")[:BATCH]:
        with isolated("send the signal of scan %s", scan_id):
            notify.send(pk)
    decided = Decision.objects.using(home_database()).filter(notified_at=None, decided_at__lt=now - GRACE)
    for pk in decided.order_by("decided_at").values_list("pk", flat=True)[:BATCH]:
        with isolated("send the signal of decision %s", pk):
            notify.send_decision(pk)
