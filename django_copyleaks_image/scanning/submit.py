"""A queued scan is claimed, prepared and submitted, retried later, or ended.

The id is fixed before the call and the row says that it is being sent (``sent_at``) before anything leaves, so a
worker killed between any two steps loses nothing: the lease ends, another worker takes the row and uses the same
id, and an answer of 409 then means "already submitted".
"""

import hashlib
import logging
import random
import time
from collections.abc import Callable
from datetime import timedelta
from socket import gethostname
from typing import TypeAlias
from uuid import uuid4

from django.db import Error as AnyDatabaseError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks.errors import (
    AuthenticationError,
    CopyleaksError,
    PaymentError,
    PermanentError,
    RateLimitError,
    TransientError,
)
from django_copyleaks_image.models import DetectionResult, ImageScan, home_database, scans
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.reviewing import standing
from django_copyleaks_image.reviewing.history import same_target

from . import account, bought, calls, ends, lost, prepare, reconcile
from .transactions import atomically

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
LONGEST_WAIT = 600.0
# A submission slot further away than this is not waited for: the row goes back instead of outliving its lease.
LONGEST_SLOT_WAIT = timedelta(seconds=20)
# Seconds before the slot in which the row is marked as sent, so that a slow database does not shift the call.
SLOT_HEAD_START = 0.05
BUDGET_NAP = timedelta(minutes=5)
ARRIVAL_NAP = timedelta(seconds=2)
# For ``attempts``: takes back the one that the claim has counted.
_NOT_COUNTED = Greatest(F("attempts"), 1) - 1

Sleep: TypeAlias = Callable[[float], object]


class LeaseLost(Exception):
    """The scan was superseded, completed or taken by another worker: nothing is left to do."""


class NotNow(Exception):
    """The scan must wait for something that is not its fault: a twin, the budget, the account or a slot."""

    def __init__(self, code: str, message: str, wait: timedelta) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.wait = wait


def claim(limit: int) -> list[ImageScan]:
    """Lease up to ``limit`` due scans to the caller; nobody else works on them for :data:`LEASE`.

    Once today's budget is used up, only scans whose credit is reserved already.
    """
    due = scans().due(timezone.now())
    if account.budget_left() == 0:
        due = due.exclude(budget_day=None)
    return _lease(list(due.values_list("pk", flat=True)[:limit]))


def work_on_one(scan_id: str) -> None:
    """Work on one scan if it is due, in this thread: for dispatchers. Unknown or busy ones are left alone."""
    for scan in _lease(list(scans().due(timezone.now()).filter(scan_id=scan_id).values_list("pk", flat=True))):
        work_on(scan)


def _lease(pks: list[int]) -> list[ImageScan]:
    if not pks:
        return []
    now = timezone.now()
    owner = f"{gethostname()[:60]}:{uuid4().hex}"
    due = scans().due(now).order_by().filter(pk__in=pks)

    def lease() -> int:
        return due.update(lease_owner=owner, lease_until=now + LEASE, attempts=F("attempts") + 1)

    # Several rows at once: another process that changes the same ones in another order would be a deadlock.
    if not atomically(lease):
        return []
    return list(scans().filter(pk__in=pks, lease_owner=owner).select_related("content_type").order_by("pk"))


def work_on(scan: ImageScan, *, sleep: Sleep = time.sleep) -> None:
    """Bring a claimed scan one step further; every outcome is stored, none is raised but a lost database."""
    try:
        _work_on(scan, sleep)
    except LeaseLost:
        logger.info("Scan %s: no longer ours, nothing was sent.", scan.scan_id)
    except prepare.Replaced as replaced:
        _supersede(scan, replaced.reason)
        logger.info("Scan %s: superseded (%s).", scan.scan_id, replaced.reason)
    except prepare.Skipped as skipped:
        ends.skip(scan, skipped.code, skipped.message, owner=scan.lease_owner)
        logger.info("Scan %s: skipped (%s).", scan.scan_id, skipped.code)
    except NotNow as reason:
        _put_back(scan, reason)
    except prepare.StorageFailed as error:
        logger.warning("Scan %s: %s", scan.scan_id, error, exc_info=error.__cause__)
        _try_again(scan, "storage_failed", str(error))
    except CopyleaksError as error:
        _refused(scan, error)
    except AnyDatabaseError:
        raise
    except Exception as error:
        # A cache that is down, or a bug: the row must not wait for the end of its lease to be tried again.
        logger.exception("Scan %s: an unforeseen error.", scan.scan_id)
        _try_again(scan, "unforeseen_error", type(error).__name__)


def _work_on(scan: ImageScan, sleep: Sleep) -> None:
    if scan.attempts > conf.MAX_ATTEMPTS["transient"]:
        # Workers that die over a picture cannot count their tries otherwise.
        _give_up(scan, "gave_up", "No worker finished with this scan.", charged=scan.may_have_arrived)
        return
    if not scan.sha256:
        _store_facts(scan, prepare.measure(scan))
    file = prepare.stored_file(scan)
    if not scan.forced:
        _take_pay_key(scan)
    if result := bought.result_for(scan):
        _share(scan, result)
        return
    call = calls.ready_call(scan, file)
    slot = _wait_for_slot(sleep)
    _mark_as_sent(scan)
    sleep(max(0.0, slot - time.monotonic()))
    call()


def _supersede(scan: ImageScan, reason: str) -> None:
    """End a scan whose file is another by now, and see that the new one has a scan.

    Its save has queued one, and has taken earlier ones from the desk, unless its process died before that.
    """
    ends.supersede(scans().filter(pk=scan.pk, lease_owner=scan.lease_owner), reason)
    standing.withdraw(same_target(scan).filter(pk__lt=scan.pk))
    if reason == "file_replaced" and not same_target(scan).filter(pk__gt=scan.pk).exists():
        reconcile.queue_current_file(scan)


def _store_facts(scan: ImageScan, facts: prepare.Facts) -> None:
    scan.sha256 = facts.sha256
    scan.byte_size = facts.byte_size
    scan.width, scan.height = facts.picture.width, facts.picture.height
    scan.model, scan.mask_type, scan.sandbox = conf.MODEL, conf.MASK_TYPE, conf.SANDBOX
    bought = "\n".join((scan.sha256, scan.model, scan.mask_type, str(scan.sandbox)))
    scan.content_key = hashlib.sha256(bought.encode()).hexdigest()
    scan.image_format, scan.orientation = facts.picture.format, facts.picture.orientation
    _update_leased(scan, **{name: getattr(scan, name) for name in lost.MEASURED_FACTS})


def _take_pay_key(scan: ImageScan) -> None:
    """Become the payer of these bytes; raise NotNow while a twin is.

    The key is taken first and a result looked for second: a payer stores its result and gives up its key in one
    transaction, so whoever holds the key sees every result that was paid before.
    """
    try:
        with transaction.atomic(using=home_database()):
            _update_leased(scan, pay_key=scan.content_key)
    except IntegrityError:
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
    wait, reserved = account.reserve_slot(within=LONGEST_SLOT_WAIT)
    slot = time.monotonic() + wait.total_seconds()
    if not reserved:
        # All that are turned away now would come back in the same instant.
        wait *= random.uniform(1, 2)  # noqa: S311 - jitter
        raise NotNow("rate_limit", "The submissions of this account are queued.", wait)
    sleep(max(0.0, wait.total_seconds() - SLOT_HEAD_START))
    return slot


def _mark_as_sent(scan: ImageScan) -> None:
    """Reserve the credit, check the lease once more, and write down that the call is about to be made.

    A result that was given up as lost may have come since; raise NotNow, and the next attempt shares it.
    """
    now = timezone.now()
    today = now.date()

    def mark() -> None:
        _update_leased(
            scan,
            lease_until=now + LEASE,
            sent_at=Coalesce(F("sent_at"), now),
            may_have_arrived=True,
            budget_day=today,
        )
        if not scan.may_have_arrived and bought.exists_or_arrives_for(scan):
            raise NotNow("result_arriving", "A result for the same bytes is just being stored.", ARRIVAL_NAP)
        # A credit reserved on an earlier day says nothing about today's budget.
        if scan.budget_day != today and not account.reserve_credit(today, conf.DAILY_BUDGET):
            raise NotNow("budget_exhausted", "Today's budget is used up.", BUDGET_NAP)

    atomically(mark)
    scan.budget_day = today


def _refused(scan: ImageScan, error: CopyleaksError) -> None:
    if not error.uncertain and not scan.may_have_arrived:
        scans().filter(pk=scan.pk, lease_owner=scan.lease_owner).update(may_have_arrived=False)
    if isinstance(error, AuthenticationError | PaymentError):
        account.pause(error)
        account.release_credit(scan)
        _put_back(scan, NotNow(error.slug, error.message, timedelta(0)))
    elif isinstance(error, PermanentError):
        logger.warning("Scan %s: refused (%s).", scan.scan_id, error.slug)
        _give_up(scan, error.slug, error.message, charged=error.uncertain)
    else:
        _try_again(scan, error.slug, error.message, cause=error)


def _try_again(scan: ImageScan, code: str, message: str, *, cause: CopyleaksError | None = None) -> None:
    """Release a scan for a later attempt, or end it when there were enough.

    An error that is of no known class is allowed fewer, whatever other errors came before it.
    """
    is_unclassified = cause is not None and not isinstance(cause, RateLimitError | TransientError)
    unclassified = scan.unclassified_attempts + is_unclassified
    tries = conf.MAX_ATTEMPTS
    if scan.attempts >= tries["transient"] or (is_unclassified and unclassified >= tries["unknown"]):
        logger.error("Scan %s: given up after %s attempts (%s).", scan.scan_id, scan.attempts, code)
        _give_up(scan, code, message, charged=cause is not None and cause.uncertain)
        return
    backoff = min(LONGEST_WAIT, 2 ** (scan.attempts - 1) * random.uniform(1, 2))  # noqa: S311 - jitter
    asked_for = cause.retry_after if cause is not None else None
    wait = min(LONGEST_WAIT, max(backoff, asked_for or 0))
    logger.warning("Scan %s: attempt %s failed (%s); next in %.0f s.", scan.scan_id, scan.attempts, code, wait)
    _postpone(scan, code, message, timedelta(seconds=wait), unclassified_attempts=unclassified)


def _give_up(scan: ImageScan, code: str, message: str, *, charged: bool) -> None:
    """End a scan; whether an uncertain try was charged is not known, and the budget is a hard limit."""

    def end() -> None:
        if ends.fail(scan, code, message, owner=scan.lease_owner):
            account.settle_credit(scan, int(charged or scan.may_have_arrived))

    atomically(end)


def give_back(scan: ImageScan) -> None:
    """Release a claimed scan that was not begun: it stays as due as it was, and the attempt does not count."""
    _release(scan, attempts=_NOT_COUNTED)


def _put_back(scan: ImageScan, reason: NotNow) -> None:
    """Release a scan that waits through no fault of its own: the attempt does not count."""
    logger.info("Scan %s: waits (%s).", scan.scan_id, reason.code)
    _postpone(scan, reason.code, reason.message, reason.wait, attempts=_NOT_COUNTED)


def _postpone(scan: ImageScan, code: str, message: str, wait: timedelta, **changes: object) -> None:
    _release(
        scan,
        next_attempt_at=timezone.now() + wait,
        error_code=code,
        error_message=message[: ends.MESSAGE_LENGTH],
        **changes,
    )


def _release(scan: ImageScan, **changes: object) -> None:
    try:
        _update_leased(scan, lease_owner="", lease_until=None, **changes)
    except LeaseLost:
        logger.info("Scan %s: ended or taken meanwhile.", scan.scan_id)


def _update_leased(scan: ImageScan, **changes: object) -> None:
    """Update a queued scan while the lease is ours; raise :class:`LeaseLost` when it is not."""
    ours = scans().filter(pk=scan.pk, status=Status.QUEUED, lease_owner=scan.lease_owner)
    if not ours.update(**changes):
        raise LeaseLost
