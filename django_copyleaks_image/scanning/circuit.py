"""The circuit breaker: whether anything may be submitted, for errors of the account and of all that pictures share.

Closed, everything may be; open, nothing; half-open, one picture at a time, whose fate shows whether the cause is gone.
The state is columns of the account's row, changed by compare-and-set, and what opens and closes it is evidence in the
rows (:mod:`.evidence`) or an answer of what is asked (:mod:`.probes`), never the error of a single picture that other
pictures contradict.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.functions import Coalesce

from django_copyleaks_image.models import AccountState, ImageScan, account_row
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.models.scan import ImageScanQuerySet
from django_copyleaks_image.problems import stored

from . import account, clock, evidence, probes

logger = logging.getLogger(__name__)

# Each probe of a refused account logs in anew, and 12 logins are allowed in 15 minutes.
PROBE_INTERVAL = timedelta(seconds=90)
# From one probe to the next: at first, twice as long after each in vain, and at most. A trial is paid where it is
# results that do not come.
INTERVALS = dict.fromkeys(Cause, (timedelta(seconds=10), timedelta(minutes=5))) | {
    Cause.ACCOUNT: (PROBE_INTERVAL, PROBE_INTERVAL),
    Cause.REFUSALS: (timedelta(minutes=1), timedelta(minutes=15)),
    Cause.RESULTS: (timedelta(minutes=5), timedelta(hours=6)),
}
# Failures in a row for which something shared may be at fault; the account is asked at once.
FAILURES = 3
# What works for one picture works for all, while an API that answers may refuse every one of them.
_PROVEN_BY_ASKING = frozenset({Cause.STORAGE, Cause.DATABASE, Cause.DECODER})


def hold(code: str, message: str, *, probes: bool = False) -> None:
    """Hold every submission for a reason that the workers cannot see; without ``probes`` only a person ends it."""
    now = clock.now()
    account.state()
    account_row().update(
        paused_at=Coalesce(F("paused_at"), now),
        pause_cause=Cause.REFUSALS if probes else Cause.PERSON,
        **_reason(code, message),
        probe_at=now + interval(Cause.REFUSALS, 0) if probes else None,
        trial_scan="",
        trials=0,
    )
    logger.error("Submissions are held (%s): %s", code, message, extra={"event": "pause_set", "code": code})


def resume() -> bool:
    """End a pause, whatever its cause; return False when there was none. What was found before counts no more."""
    ended = account_row().exclude(paused_at=None).update(**_closed())
    if ended:
        logger.info("The pause has ended: submissions go on.", extra={"event": "pause_ended"})
    return bool(ended)


def is_open() -> bool:
    """Return whether submissions are held; a picture on trial may be let through all the same."""
    return account.state().is_on_hold


def waits_for_results() -> bool:
    """Return whether nothing is submitted for a moment, until the first results of what was sent have come."""
    return not is_open() and evidence.window_is_full()


def admitted(due: ImageScanQuerySet) -> ImageScanQuerySet:
    """Return those of the due scans that may be submitted now."""
    row = account.state()
    if row.restored_at is not None:
        return due.none()
    if row.paused_at is None:
        return due.none() if evidence.window_is_full() else due
    # Put back, it is due anew: one trial is one attempt.
    return due.filter(scan_id=row.trial_scan, next_attempt_at__lte=row.trial_at) if row.trial_scan else due.none()


def failed(scan: ImageScan, cause: Cause, code: str, message: str, *, is_shared: bool = False) -> bool:
    """Note a failure for which something shared may be at fault; return whether evidence says that the scan is.

    If nothing says so, or ``is_shared`` rules it out, the failure is not the scan's, and enough of them open the
    circuit.
    """
    state = _noted(scan, cause)
    if not is_shared and scan.error_code and evidence.accepted_since(scan.next_attempt_at, but=scan):
        return True  # Others went through since it failed before.
    if state.paused_at is not None:
        return False
    works = not is_shared and _works(cause, scan)
    if works and (cause in _PROVEN_BY_ASKING or state.failing_scan == scan.scan_id or state.failures < FAILURES):
        return True
    if works and cause == Cause.ACCOUNT:
        cause = Cause.REFUSALS  # Whatever it says of its credits, it refuses one picture after the other.
    if cause == Cause.ACCOUNT or state.failures >= FAILURES:
        open_for(cause, code, message)
    return False


def refuses_all_alike(code: str) -> bool:
    """Return whether submissions are held because all were refused with this code."""
    row = account.state()
    return row.paused_at is not None and row.pause_cause == Cause.REFUSALS and row.pause_reason == code


def open_for(cause: Cause, code: str, message: str) -> None:
    """Hold every submission; a probe or a trial ends that."""
    now = clock.now()
    account.state()
    # One UPDATE: a process that dies in between would leave a pause that no probe ends.
    opened = (
        account_row()
        .filter(paused_at=None)
        .update(
            paused_at=now,
            pause_cause=cause,
            **_reason(code, message),
            probe_at=now + interval(cause, 0),
            trial_scan="",
            trial_at=None,
            trials=0,
        )
    )
    if opened:
        logger.error(
            "Submissions are paused (%s): %s All scans wait; none fails.",
            code,
            message,
            extra={"event": "pause_begun", "code": code, "cause": cause.value},
        )


def close(row: AccountState) -> None:
    """End the pause that was read, unless it is another by now."""
    if same(row).update(**_closed()):
        logger.info(
            "The pause has ended (%s): submissions go on.",
            row.pause_reason,
            extra={"event": "pause_ended", "code": row.pause_reason},
        )


def _closed() -> dict[str, object]:
    return {
        "paused_at": None,
        "pause_cause": "",
        **_reason("", ""),
        "probe_at": None,
        "trial_scan": "",
        "trial_at": None,
        "trials": 0,
        "resumed_at": clock.now(),
        "failing_cause": "",
        "failing_scan": "",
        "failing_since": None,
        "failures": 0,
    }


def _reason(code: str, message: str) -> dict[str, object]:
    return {"pause_reason": code, "pause_message": message, "pause_values": stored(message)}


def same(row: AccountState) -> QuerySet[AccountState]:
    """Return the row as it was read: the same pause, and the same trial."""
    return account_row().filter(paused_at=row.paused_at, pause_cause=row.pause_cause, trial_scan=row.trial_scan)


def let_through(scan_id: str, now: datetime) -> None:
    """Name the one scan that is let through, while there is a pause and no other is on trial."""
    account_row().exclude(paused_at=None).filter(trial_scan="").update(trial_scan=scan_id, trial_at=now)


def interval(cause: str, in_vain: int) -> timedelta:
    """Return how long after a probe the next one comes."""
    first, longest = INTERVALS[Cause(cause)]
    return min(longest, first * (1 << min(in_vain, 20)))


def _noted(scan: ImageScan, cause: Cause) -> AccountState:
    """Count a failure, anew if another cause failed last, or a picture was accepted meanwhile; return the row."""
    state = account.state()
    if state.failing_cause == cause and not evidence.accepted_since(state.failing_since):
        same = Case(When(failing_scan=scan.scan_id, then=F("failing_scan")), default=Value(""))
        account_row().update(failures=F("failures") + 1, failing_scan=same)
    else:
        account_row().update(failing_cause=cause, failing_scan=scan.scan_id, failing_since=clock.now(), failures=1)
    return account.state()


def _works(cause: Cause, scan: ImageScan) -> bool:
    """Ask what is shared whether it works, where that costs nothing."""
    if cause == Cause.STORAGE:
        return probes.another_file_opens(scan)
    if cause == Cause.DATABASE:
        return probes.database_answers(scan.database)
    if cause == Cause.DECODER:
        return probes.decoder_answers()
    if cause == Cause.API:
        return probes.api_answers()
    return cause == Cause.ACCOUNT and probes.account_answers()
