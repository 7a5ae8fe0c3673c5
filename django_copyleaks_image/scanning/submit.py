"""A queued scan is claimed, prepared and submitted, or shares what was paid before.

The id is fixed before the call and the row says that it is being sent (``sent_at``) before anything leaves, so a
worker killed between any two steps loses nothing: the lease ends, another worker takes the row and uses the same
id, and an answer of 409 then means "already submitted".
"""

import logging
import random
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeAlias

from django.db import Error as AnyDatabaseError
from django.db.models import F, Model
from django.db.models.functions import Coalesce

from django_copyleaks_image.conf import conf, is_enabled
from django_copyleaks_image.connection_pool import checked_in
from django_copyleaks_image.copyleaks.errors import CopyleaksError, RateLimitError
from django_copyleaks_image.database_errors import Trouble, trouble_of
from django_copyleaks_image.models import DetectionResult, ImageScan, home_database, images, scans
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.models.scan import ImageScanQuerySet, Lane
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.reviewing import placing
from django_copyleaks_image.sources import Picture
from django_copyleaks_image.transactions import atomically, repeated

from . import (
    account,
    arrival,
    attempts,
    backfill,
    calls,
    circuit,
    clock,
    copies,
    duplicates,
    evidence,
    file_changes,
    finishing,
    leases,
    lost_results,
    paid_results,
    paykey,
    prepare,
    probes,
    rate,
    reconcile,
    scan_requests,
    stored_files,
    unmeasured,
)
from .attempts import NotNow

logger = logging.getLogger(__name__)

BUDGET_NAP = timedelta(minutes=5)
ARRIVAL_NAP = timedelta(seconds=2)
RESULTS_NAP = timedelta(seconds=2)

Sleep: TypeAlias = Callable[[float], object]


class Stopped(Exception):
    """Whoever works is to stop, and the scan need not wait for its slot here."""


class MediaDatabaseFailed(unmeasured.SharedFailed):
    """The database that holds the object failed; that of the scans did not."""

    code = Code.DATABASE_FAILED
    cause = Cause.DATABASE


def due() -> ImageScanQuerySet:
    """Return what may be submitted now; once today's budget is used up, only scans whose credit is reserved already."""
    if not is_enabled():
        return scans().none()
    waiting = leases.due_to_others()
    if account.budget_left() == 0:
        waiting = waiting.exclude(budget_day=None)
    return circuit.admitted(waiting)


def claim(limit: int) -> list[ImageScan]:
    """Lease up to ``limit`` due scans to the caller; nobody else works on them for :data:`.leases.LEASE`."""
    return leases.take(_resubmitting_one_at_a_time(due(), limit))


def _resubmitting_one_at_a_time(
    waiting: ImageScanQuerySet, limit: int, *, room_for_backfill: Callable[[], int] = backfill.room
) -> list[int]:
    """Return the keys of up to ``limit`` scans: what was lost is paid again after a result of the one before came."""

    def in_turn(waiting: ImageScanQuerySet) -> list[tuple[int, int | None]]:
        columns = "pk", "resubmission_of_id"
        found = waiting.in_turn(limit, *columns, lanes=(Lane.UPLOAD, Lane.AGAIN))
        if len(found) < limit:
            room = min(limit - len(found), room_for_backfill())
            found += waiting.in_turn(room, *columns, lanes=(Lane.BACKFILL,))
        return found

    found = in_turn(waiting)
    again = [pk for pk, resubmits in found if resubmits is not None]
    if again and evidence.resubmission_is_out():
        return [pk for pk, _ in in_turn(waiting.filter(resubmission_of=None))]
    return [pk for pk, resubmits in found if resubmits is None or pk == again[0]]


def work_on_one(scan_id: str) -> bool:
    """Work on one scan if it is due, in this thread, and return whether it was: for dispatchers.

    Unknown and busy ones are left alone, and while submissions are held, all but the one on trial.
    """
    claimed = leases.take(_resubmitting_one_at_a_time(due().filter(scan_id=scan_id), 1, room_for_backfill=lambda: 1))
    for scan in claimed:
        work_on(scan)
    return bool(claimed)


def work_on(scan: ImageScan, *, sleep: Sleep = time.sleep) -> None:
    """Bring a claimed scan one step further; every outcome is stored, none is raised but a lost database.

    Where a race or a connection is lost it is begun again at once, from the row, as another worker would after the
    lease. What ``sleep`` raises :class:`Stopped` for is given back.
    """
    unread = [scan]

    def begin() -> None:
        _settle(unread.pop() if unread else leases.reread(scan), sleep)

    with leases.working(scan):
        try:
            repeated(begin)
        except leases.LeaseLost:
            logger.info(
                "Scan %s: no longer ours, nothing was sent.", scan.scan_id, extra=scan.event("scan_taken_meanwhile")
            )


def _settle(scan: ImageScan, sleep: Sleep) -> None:
    try:
        _work_on(scan, sleep)
    except leases.LeaseLost:
        raise
    except Stopped:
        attempts.give_back(scan)
    except unmeasured.Replaced as replaced:
        _supersede(scan, replaced.reason)
        logger.info(
            "Scan %s: superseded (%s).",
            scan.scan_id,
            replaced.reason,
            extra=scan.event("scan_superseded", code=replaced.reason),
        )
    except unmeasured.Skipped as skipped:
        attempts.skip(scan, skipped)
    except NotNow as reason:
        attempts.put_back(scan, reason)
    except unmeasured.SharedFailed as error:
        logger.warning(
            "Scan %s: %s",
            scan.scan_id,
            error,
            exc_info=error.__cause__,
            extra=scan.event("shared_failure", code=error.code, reason=str(error)),
        )
        error.note_on(scan)
        attempts.failed(scan, error.cause, error.code, error.message, lasts=error.lasts)
    except CopyleaksError as error:
        attempts.refused(scan, error)
    except Exception as error:
        if isinstance(error, AnyDatabaseError) and trouble_of(error) is not Trouble.OTHER:
            raise
        # The row must not wait for the end of its lease to be tried again.
        logger.exception("Scan %s: an unforeseen error.", scan.scan_id, extra=scan.event("scan_error"))
        _failed_unforeseen(scan, type(error).__name__)


def _failed_unforeseen(scan: ImageScan, name: str) -> None:
    """Try again after a cache that is down, or a bug."""
    if probes.cache_answers():
        attempts.try_again(scan, Code.UNFORESEEN_ERROR, Problem.SOMETHING_RAISED(error=name))
    else:
        attempts.failed(scan, Cause.CACHE, Code.CACHE_FAILED, Problem.CACHE_RAISED(error=name))


def _work_on(scan: ImageScan, sleep: Sleep) -> None:
    if scan.attempts > conf.MAX_ATTEMPTS["transient"]:
        # Workers that die over a picture cannot count their tries otherwise.
        attempts.give_up(scan, Code.GAVE_UP)
        return
    if scan.is_on_copy:  # As it was found at the last attempt: it need not be read again to wait again.
        copies.await_room()
    instance, file = _held_file(scan)
    _ask_whether_wanted(scan, instance)
    if not (scan.may_have_arrived and scan.sha256):
        # What is not paid yet is read and decided by the settings of now, however often it has waited. One that may
        # have arrived keeps what it was sent with.
        _measure(scan, file)
    if scan.forced:
        _store_facts(scan)
    elif not _becomes_payer(scan):
        return
    others = paid_results.others_exist(scan)
    if others and (result := paid_results.result_for(scan)):
        _share(scan, result)
        return
    if others and (payer := paid_results.in_vain_for(scan)):
        attempts.end_with(scan, payer)
        return
    if scan.is_on_copy:
        _prepare_copy(scan, file)
    call = calls.ready_call(scan, file)
    slot = _wait_for_slot(sleep)
    # Slots come one after the other, so what others have sent meanwhile is seen.
    _pass_the_circuit(scan)
    _ask_whether_wanted(scan)
    _mark_as_sent(scan, others=others)
    with checked_in():
        sleep(max(0.0, slot - time.monotonic()))
    try:
        call()
    except RateLimitError as error:
        rate.slow_down(error.retry_after)
        raise


def _measure(scan: ImageScan, file: Picture) -> None:
    """Read a file and note what is found; raise Skipped for one that ends before its picture does."""
    with checked_in():
        facts = prepare.measure(file)
    if facts.is_cut_off and arrival.may_still_come(scan, cut_off := facts.as_not_whole()):
        raise cut_off
    _note_facts(scan, facts)
    file_changes.notice_namesakes(scan)


def _held_file(scan: ImageScan) -> stored_files.Held:
    """Return object and file of a scan; a database of its own may fail while that of the scans works."""
    try:
        return stored_files.held_file(scan)
    except AnyDatabaseError as error:
        if scan.database == home_database():
            raise
        raise MediaDatabaseFailed(Problem.DATABASE_RAISED(error=type(error).__name__)) from error


def _ask_whether_wanted(scan: ImageScan, instance: Model | None = None) -> None:
    """Raise :class:`.unmeasured.Replaced` when the site does not want a picture any more, as one that was soft-deleted.

    The object is read anew unless it is given.
    """
    if scan_requests.is_refused_by_rule(scan, lambda: instance or _held_file(scan).instance):
        raise unmeasured.Replaced(Code.NOT_WANTED)


def _supersede(scan: ImageScan, reason: Code) -> None:
    """End a scan whose file is another by now, and see that the new one has a scan.

    Its save has queued one, and has taken earlier ones from the desk, unless its process died before that.
    """
    if not finishing.supersede(scans().filter(pk=scan.pk, lease_owner=scan.lease_owner), reason):
        return
    if scan.pay_key:
        paykey.look_after_commit(scan)
    placing.withdraw(images().same_target(scan).filter(scan__lte=scan.pk))
    if reason == Code.FILE_REPLACED and not scans().same_target(scan).filter(pk__gt=scan.pk).exists():
        reconcile.queue_current_file(scan)


def _note_facts(scan: ImageScan, facts: prepare.Facts) -> None:
    if scan.sha256 != facts.sha256:
        copies.forget(scan)
    scan.sha256 = facts.sha256
    scan.byte_size = facts.byte_size
    scan.file_state = facts.state
    unmeasured.note_picture(scan, facts.picture)
    copies.note_order(scan, facts.copy)
    paykey.decide_purchase(scan)


def _prepare_copy(scan: ImageScan, file: Picture) -> None:
    """Have the copy drawn that is sent: by whoever pays alone, since the others share the result."""
    columns = copies.prepare_copy(scan, file)
    atomically(lambda: leases.update(scan, **columns))


def _facts(scan: ImageScan) -> dict[str, object]:
    return {name: getattr(scan, name) for name in lost_results.MEASURED_FACTS}


def _store_facts(scan: ImageScan) -> None:
    atomically(lambda: leases.update(scan, **_facts(scan)))


def _becomes_payer(scan: ImageScan) -> bool:
    """Store the facts and become the payer of these bytes; return False if the scan shares a result, or is parked.

    Whoever comes to pay looks for a result once more: a payer stores its result and gives up its key in one
    transaction, so whoever holds the key sees every result that was paid before.
    """
    key_before = scan.pay_key
    try:
        if paid_results.others_exist(scan) and (result := paid_results.result_for(scan)):
            _store_facts(scan)
            _share(scan, result)
            return False
        if paykey.take(scan, **_facts(scan)):
            return True
        paykey.park(scan, **_facts(scan))
        if not paykey.is_held(scan.content_key):
            # The payer has ended meanwhile, before it could see this one.
            duplicates.settle(scan.content_key)
        return False
    finally:
        if key_before not in (None, scan.content_key):
            # Something else is bought by now: those that wait for what was decided before decide anew as well.
            while duplicates.settle(key_before):
                pass


def _share(scan: ImageScan, result: DetectionResult) -> None:
    def share() -> None:
        if finishing.complete(scan, result):
            if scan.pay_key:
                paykey.look_after_commit(scan)
            # The budget is a hard limit.
            account.settle_shared(scan, may_have_arrived=scan.may_have_arrived)
            logger.debug(
                "Scan %s: completed with a result that was paid before.", scan.scan_id, extra=scan.event("scan_shared")
            )

    atomically(share)


def _wait_for_slot(sleep: Sleep) -> float:
    """Wait until shortly before a submission slot of our own, and return its moment on the monotonic clock."""
    wait, reserved = rate.reserve_slot(within=rate.LONGEST_WAIT)
    slot = time.monotonic() + wait.total_seconds()
    if not reserved:
        # All that are turned away now would come back in the same instant.
        wait *= random.uniform(1, 2)  # noqa: S311 - jitter
        raise NotNow(Code.RATE_LIMIT, wait)
    with checked_in():
        # The row is marked as sent before the slot, so that a slow database does not shift the call.
        sleep(max(0.0, (wait - rate.HEAD_START).total_seconds()))
    return slot


def _pass_the_circuit(scan: ImageScan) -> None:
    """Raise NotNow if nothing may be submitted any more: much may have happened since the scan was claimed."""
    row = account.state()
    if row.is_on_hold:
        if row.trial_scan != scan.scan_id or row.restored_at is not None:
            raise NotNow(Code.SUBMISSIONS_PAUSED, RESULTS_NAP)
    elif evidence.window_is_full(for_backfill=scan.lane == Lane.BACKFILL):
        raise NotNow(Code.AWAITS_RESULTS, RESULTS_NAP)


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
            fetched_at=None,  # It may be fetched once more.
            budget_day=day,
        )
        # One that was sent before is asked for by its id, whatever has come for others; but not once it was answered.
        is_arriving = paid_results.own_result_arrives if scan.may_have_arrived else paid_results.exists_or_arrives_for
        if (others or scan.may_have_arrived) and is_arriving(scan):
            raise NotNow(Code.RESULT_ARRIVING, ARRIVAL_NAP)
        # A credit reserved on an earlier day says nothing about today's budget.
        if scan.budget_day == day:
            return day
        counts_on = account.reserve_credit(today, conf.DAILY_BUDGET)
        if counts_on is None:
            raise NotNow(Code.BUDGET_EXHAUSTED, BUDGET_NAP)
        if counts_on != day:
            leases.update(scan, budget_day=counts_on)
        return counts_on

    scan.budget_day = atomically(mark)
