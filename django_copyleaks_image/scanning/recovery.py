"""How a pause begins by what the rows say, and how it ends by itself: something answers, or one picture gets through.

Half-open, the circuit lets one scan through, which is named in the account's row. What has become of it is read from
its own row, so that whoever works on it need not know that it is on trial.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import F, Q

from django_copyleaks_image import clock_skew
from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks.errors import CopyleaksError
from django_copyleaks_image.models import AccountState, ImageScan, scans
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.outcomes import Code, Follows, follows
from django_copyleaks_image.problems import Problem

from . import account, circuit, clock, evidence, probes

logger = logging.getLogger(__name__)

# How long a full window may wait for its first result until that is called a silence.
PATIENCE = timedelta(minutes=2)
# Of the scans that are due, how many are looked at for a trial.
_CANDIDATES = 200


def step() -> None:
    """Open on evidence, or look after what is open: judge the trial, ask, and let the next picture through."""
    row = account.state()
    if row.paused_at is None:
        open_on_evidence()
    elif row.pause_cause != Cause.PERSON:
        _look_after(row)


def _look_after(row: AccountState) -> None:
    now = clock.now()
    if row.pause_cause == Cause.RESULTS and _results_come_again(row, now):
        circuit.close(row)
        return
    if row.trial_scan:
        if not _judge_trial(row, now):
            return
        row = account.state()
    longest = circuit.interval(row.pause_cause, row.trials + 1)
    is_due = clock_skew.has_passed("probe_at", now, longest=longest) | Q(probe_at=None)
    elected = (
        circuit.same(row)
        .filter(is_due)
        .update(probe_at=now + circuit.interval(row.pause_cause, row.trials + 1), trials=F("trials") + 1)
    )
    if not elected:
        return
    if row.pause_cause == Cause.ACCOUNT:
        if not _has_settled_by_asking(row):
            _let_one_through(now)
    elif not _let_one_through(now):
        # The next picture that comes need not wait for its trial.
        circuit.same(row).update(probe_at=now, trials=row.trials)


def _results_come_again(row: AccountState, now: datetime) -> bool:
    paused_at = min(row.paused_at or now, now)
    if row.pause_reason in (Code.NO_RESULTS, Code.RESULT_LOST):
        return evidence.answered_since(paused_at)
    return evidence.measured_since(paused_at)


def _has_settled_by_asking(row: AccountState) -> bool:
    """Ask for the credits; return whether that makes a trial needless for now."""
    try:
        has_credits = probes.has_credits()
    except CopyleaksError as error:
        # A login that is refused would be refused to a trial as well, and logins are counted. But what is told of the
        # credits alone may not hold for pictures, so every other time one of them asks.
        return error.may_be_the_token and row.trials % 2 == 0
    if has_credits:
        circuit.close(row)
    return has_credits


def _judge_trial(row: AccountState, now: datetime) -> bool:
    """Close the circuit if the picture on trial went through; return whether there is to be another one."""
    scan = scans().filter(scan_id=row.trial_scan).first()
    if scan is not None and _went_through(scan, row.pause_cause):
        circuit.close(row)
        return False
    longest = circuit.interval(row.pause_cause, row.trials + 1)
    is_overdue = row.probe_at is None or row.probe_at <= now or clock_skew.is_ahead(row.probe_at, now, longest=longest)
    if scan is not None and not is_overdue:
        was_tried = scan.next_attempt_at is None or row.trial_at is None or scan.next_attempt_at > row.trial_at
        if scan.status == Status.SUBMITTED or (scan.status == Status.QUEUED and not was_tried):
            return False
        if row.trials and _says_nothing(scan, row):
            # Another one may be let through at once.
            circuit.same(row).update(trial_scan="", probe_at=now, trials=row.trials - 1)
            return True
    circuit.same(row).update(trial_scan="")
    return True


def _went_through(scan: ImageScan, cause: str) -> bool:
    """Return whether a trial got past what the pause is about."""
    if scan.status == Status.COMPLETED or cause == Cause.RESULTS:
        return scan.status == Status.COMPLETED
    if scan.submitted_at is not None:
        return True
    if cause in (Cause.ACCOUNT, Cause.REFUSALS):
        return False
    # The provider has said something about it; or its file was read, and need not be sent.
    was_answered = scan.status == Status.FAILED and scan.sent_at is not None
    return was_answered or (scan.status == Status.SKIPPED and cause in (Cause.STORAGE, Cause.DATABASE, Cause.DECODER))


def _says_nothing(scan: ImageScan, row: AccountState) -> bool:
    """Return whether the fate of a trial tells nothing about the cause of the pause."""
    if scan.status == Status.QUEUED:
        return follows(scan.error_code) is Follows.TURN
    return scan.submitted_at is None and scan.error_code != row.pause_reason


def _let_one_through(now: datetime) -> bool:
    """Name the scan that is let through: one that was not paid before and did not fail, if there is one."""
    due = scans().due(now)
    if account.budget_left() == 0:
        due = due.exclude(budget_day=None)
    columns = "resubmission_of_id", "error_code", "lane", "next_attempt_at", "pk", "scan_id"
    found = due.in_turn(_CANDIDATES, *columns)
    if not found:
        return False
    best = min(found, key=lambda each: (each[0] is not None, _has_failed(each[1]), *each[2:]))
    circuit.let_through(best[-1], now)
    logger.info(
        "Scan %s: let through to find out whether submissions can go on.",
        best[-1],
        extra={"event": "trial_begun", "scan_id": best[-1]},
    )
    return True


def _has_failed(code: str) -> bool:
    return code != "" and follows(code) is not Follows.TURN


def open_on_evidence() -> None:
    """Hold submissions if no result comes, or the last scans all ended alike."""
    silent_since = evidence.silent_since()
    patience = min(PATIENCE, timedelta(seconds=conf.RESULT_DEADLINE))
    if silent_since is not None and silent_since < clock.now() - patience:
        circuit.open_for(
            Cause.RESULTS,
            Code.NO_RESULTS,
            Problem.NO_RESULT_OF_MANY(count=conf.RESULT_WINDOW, since=f"{silent_since:%Y-%m-%d %H:%M}"),
        )
        return
    last = evidence.alike(account.state())
    if last is not None:
        cause = Cause.REFUSALS if last.submitted_at is None else Cause.RESULTS
        why = last.message or last.error_code
        circuit.open_for(cause, last.error_code, Problem.ENDED_ALIKE(count=evidence.ALIKE, why=why))
