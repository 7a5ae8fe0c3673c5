"""A queued scan is claimed, prepared and submitted, or shares what was paid before.

The id is fixed before the call and the row says that it is being sent (``sent_at``) before anything leaves, so a
worker killed between any two steps loses nothing: the lease ends, another worker takes the row and uses the same
id, and an answer of 409 then means "already submitted".
"""

import hashlib
import logging
import random
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeAlias

from django.db import Error as AnyDatabaseError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks.errors import CopyleaksError, RateLimitError
from django_copyleaks_image.models import DetectionResult, ImageScan, home_database, scans
from django_copyleaks_image.models.scan import ImageScanQuerySet
from django_copyleaks_image.reviewing import standing
from django_copyleaks_image.reviewing.history import same_target
from django_copyleaks_image.transactions import atomically

from . import account, attempts, bought, calls, clock, ends, leases, lost, prepare, rate, reconcile
from .attempts import NotNow

logger = logging.getLogger(__name__)

# A submission slot further away than this is not waited for: the row goes back instead of outliving its lease.
LONGEST_SLOT_WAIT = timedelta(seconds=20)
# Seconds before the slot in which the row is marked as sent, so that a slow database does not shift the call.
SLOT_HEAD_START = 0.25
BUDGET_NAP = timedelta(minutes=5)
ARRIVAL_NAP = timedelta(seconds=2)

Sleep: TypeAlias = Callable[[float], object]


def claim(limit: int) -> list[ImageScan]:
    """Lease up to ``limit`` due scans to the caller; nobody else works on them for :data:`.leases.LEASE`."""
    return leases.take(list(claimable().values_list("pk", flat=True)[:limit]))


def work_on_one(scan_id: str) -> bool:
    """Work on one scan if it is due, in this thread, and return whether it was: for dispatchers.

    Unknown and busy ones are left alone, and while the account is paused, all.
    """
    if account.is_on_hold():
        return False
    claimed = leases.take(list(claimable().filter(scan_id=scan_id).values_list("pk", flat=True)))
    for scan in claimed:
        work_on(scan)
    return bool(claimed)


def claimable() -> ImageScanQuerySet:
    """Return what may be submitted now; once today's budget is used up, only scans whose credit is reserved."""
    due = scans().due(clock.now())
    return due.exclude(budget_day=None) if account.budget_left() == 0 else due


def work_on(scan: ImageScan, *, sleep: Sleep = time.sleep) -> None:
    """Bring a claimed scan one step further; every outcome is stored, none is raised but a lost database."""
    try:
        _work_on(scan, sleep)
    except leases.LeaseLost:
        logger.info("Scan %s: no longer ours, nothing was sent.", scan.scan_id)
    except prepare.Replaced as replaced:
        _supersede(scan, replaced.reason)
        logger.info("Scan %s: superseded (%s).", scan.scan_id, replaced.reason)
    except prepare.Skipped as skipped:
        attempts.skip(scan, skipped)
    except NotNow as reason:
        attempts.put_back(scan, reason)
    except prepare.StorageFailed as error:
        logger.warning("Scan %s: %s", scan.scan_id, error, exc_info=error.__cause__)
        attempts.try_again(scan, "storage_failed", str(error))
    except CopyleaksError as error:
        attempts.refused(scan, error)
    except AnyDatabaseError:
        raise
    except Exception as error:
        # A cache that is down, or a bug: the row must not wait for the end of its lease to be tried again.
        logger.exception("Scan %s: an unforeseen error.", scan.scan_id)
        attempts.try_again(scan, "unforeseen_error", type(error).__name__)


def _work_on(scan: ImageScan, sleep: Sleep) -> None:
    if scan.attempts > conf.MAX_ATTEMPTS["transient"]:
        # Workers that die over a picture cannot count their tries otherwise.
        attempts.give_up(scan, "gave_up", "No worker finished with this scan.")
        return
    file = prepare.stored_file(scan)
    if not scan.sha256:
        _note_facts(scan, prepare.measure(file))
    if scan.forced:
        _store_facts(scan)
    else:
        _take_pay_key(scan)
    others = bought.others_exist(scan)
    if others and (result := bought.result_for(scan)):
        _share(scan, result)
        return
    if others and (payer := bought.in_vain_for(scan)):
        attempts.end_with(scan, payer)
        return
    call = calls.ready_call(scan, file)
    slot = _wait_for_slot(sleep)
    _mark_as_sent(scan, others=others)
    sleep(max(0.0, slot - time.monotonic()))
    try:
        call()
    except RateLimitError as error:
        rate.slow_down(error.retry_after)
        raise


def _supersede(scan: ImageScan, reason: str) -> None:
    """End a scan whose file is another by now, and see that the new one has a scan.

    Its save has queued one, and has taken earlier ones from the desk, unless its process died before that.
    """
    ends.supersede(scans().filter(pk=scan.pk, lease_owner=scan.lease_owner), reason)
    standing.withdraw(same_target(scan).filter(pk__lt=scan.pk))
    if reason == "file_replaced" and not same_target(scan).filter(pk__gt=scan.pk).exists():
        reconcile.queue_current_file(scan)


def _note_facts(scan: ImageScan, facts: prepare.Facts) -> None:
    scan.sha256 = facts.sha256
    scan.byte_size = facts.byte_size
    scan.width, scan.height = facts.picture.width, facts.picture.height
    scan.model, scan.mask_type, scan.sandbox = conf.MODEL, conf.MASK_TYPE, conf.SANDBOX
    purchase = "\n".join((scan.sha256, scan.model, scan.mask_type, str(scan.sandbox)))
    scan.content_key = hashlib.sha256(purchase.encode()).hexdigest()
    scan.image_format, scan.orientation = facts.picture.format, facts.picture.orientation


def _store_facts(scan: ImageScan, **changes: object) -> None:
    leases.update(scan, **{name: getattr(scan, name) for name in lost.MEASURED_FACTS}, **changes)


def _take_pay_key(scan: ImageScan) -> None:
    """Store the facts and become the payer of these bytes; raise NotNow while a twin is.

    The key is taken first and a result looked for second: a payer stores its result and gives up its key in one
    transaction, so whoever holds the key sees every result that was paid before.
    """
    try:
        with transaction.atomic(using=home_database()):
            _store_facts(scan, pay_key=scan.content_key)
    except IntegrityError:
        _store_facts(scan)
        raise NotNow(
            "waits_for_twin",
            "The same bytes are being scanned already; their result is shared.",
            ends.TWIN_NAP,
        ) from None


def _share(scan: ImageScan, result: DetectionResult) -> None:
    def share() -> None:
        if ends.complete(scan, result):
            ends.wake_twins(scan.content_key)
            # A try that may have arrived may have been charged as well; the budget is a hard limit.
            account.settle_credit(scan, int(scan.may_have_arrived))
            logger.info("Scan %s: completed with a result that was paid before.", scan.scan_id)

    atomically(share)


def _wait_for_slot(sleep: Sleep) -> float:
    """Wait until shortly before a submission slot of our own, and return its moment on the monotonic clock."""
    wait, reserved = rate.reserve_slot(within=LONGEST_SLOT_WAIT)
    slot = time.monotonic() + wait.total_seconds()
    if not reserved:
        # All that are turned away now would come back in the same instant.
        wait *= random.uniform(1, 2)  # noqa: S311 - jitter
        raise NotNow("rate_limit", "The submissions of this account are queued.", wait)
    sleep(max(0.0, wait.total_seconds() - SLOT_HEAD_START))
    return slot


def _mark_as_sent(scan: ImageScan, *, others: bool) -> None:
    """Reserve the credit, check the lease once more, and write down that the call is about to be made.

    If there are others of the same bytes, a result that was given up as lost may have come since; raise NotNow, and
    the next attempt shares it.
    """
    now = clock.now()
    today = now.date()
    day = max(scan.budget_day or today, today)

    def mark() -> date:
        leases.update(
            scan,
            lease_until=now + leases.LEASE,
            sent_at=Coalesce(F("sent_at"), now),
            may_have_arrived=True,
            budget_day=day,
        )
        if others and not scan.may_have_arrived and bought.exists_or_arrives_for(scan):
            raise NotNow("result_arriving", "A result for the same bytes is just being stored.", ARRIVAL_NAP)
        # A credit reserved on an earlier day says nothing about today's budget.
        if scan.budget_day == day:
            return day
        counts_on = account.reserve_credit(today, conf.DAILY_BUDGET)
        if counts_on is None:
            raise NotNow("budget_exhausted", "Today's budget is used up.", BUDGET_NAP)
        if counts_on != day:
            leases.update(scan, budget_day=counts_on)
        return counts_on

    scan.budget_day = atomically(mark)
