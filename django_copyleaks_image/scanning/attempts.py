"""What comes of an attempt that brought no answer: another one later, or the end of the scan."""

import logging
import random
from datetime import timedelta

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest

from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks.errors import CopyleaksError
from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.models.scan import Lane, Status, reason_columns
from django_copyleaks_image.outcomes import Code, Follows
from django_copyleaks_image.problems import Problem, SentenceError
from django_copyleaks_image.transactions import atomically

from . import account, arrival, circuit, clock, finishing, leases, lost_results, recovery, tallies, unmeasured

logger = logging.getLogger(__name__)

LONGEST_WAIT = 600.0
# Seconds until a scan is tried again that failed because of something shared, at least.
SHARED_WAIT = 2.0
# Tries of a picture that the account is refused for although the account works.
CONTRADICTED_TRIES = 3
# For ``attempts``: takes back the one that the claim has counted.
_NOT_COUNTED = Greatest(F("attempts"), 1) - 1


class NotNow(SentenceError):
    """The scan must wait for something that is not its fault: the budget, the account or a slot."""

    def __init__(self, code: str, wait: timedelta, message: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.wait = wait


def give_back(scan: ImageScan) -> None:
    """Release a claimed scan that was not begun: it stays as due as it was, and the attempt does not count."""
    leases.release(scan, attempts=_NOT_COUNTED)


def put_back(scan: ImageScan, reason: NotNow, **columns: object) -> None:
    """Release a scan that waits through no fault of its own, with more columns: the attempt does not count."""
    logger.info("Scan %s: waits (%s).", scan.scan_id, reason.code, extra=scan.event("scan_waits", code=reason.code))
    # What was refused for certain is as if it was never sent.
    sent_at = Case(When(may_have_arrived=True, then=F("sent_at")), default=Value(None))
    _postpone(scan, reason.code, reason.message, reason.wait, attempts=_NOT_COUNTED, sent_at=sent_at, **columns)


def refused(scan: ImageScan, error: CopyleaksError) -> None:
    """Do what an error of the API asks for: wait for the account, try again, or end the scan."""
    tallies.failed(scan, error.slug)
    if not error.uncertain and not scan.may_have_arrived:
        _note_that_it_did_not_arrive(scan)
    if error.pauses_account:
        if not _may_have_arrived(scan):
            account.release_credit(scan)
        # Nobody's picture was refused by a login that failed.
        failed(scan, Cause.ACCOUNT, error.slug, error.message, cause=error, is_shared=error.is_of_login)
    elif error.wants_new_token:
        put_back(scan, NotNow(error.slug, timedelta(seconds=error.retry_after or 0), error.message))
    elif error.is_outage:
        failed(scan, Cause.API, error.slug, error.message, cause=error)
    elif error.is_final:
        _refused_for_good(scan, error)
    else:
        try_again(scan, error.slug, error.message, cause=error)


def _refused_for_good(scan: ImageScan, error: CopyleaksError) -> None:
    if circuit.refuses_all_alike(error.slug) and not _may_have_arrived(scan):
        # It was let through to find out whether all are still refused, and need not end for it.
        account.release_credit(scan)
        put_back(scan, NotNow(error.slug, timedelta(seconds=SHARED_WAIT), error.message))
        return
    logger.warning(
        "Scan %s: refused (%s).", scan.scan_id, error.slug, extra=scan.event("scan_refused", code=error.slug)
    )
    give_up(scan, error.slug, error.message, may_resubmit=False)
    if not error.is_about_the_picture:
        recovery.open_on_evidence()


def failed(
    scan: ImageScan,
    shared: Cause,
    code: str,
    message: str,
    *,
    cause: CopyleaksError | None = None,
    is_shared: bool = False,
    lasts: bool = False,
) -> None:
    """Put back a scan that failed because of something shared; that does not count, unless evidence says otherwise.

    With ``is_shared`` there is no doubt about it. What is the scan's own and ``lasts`` is allowed few tries.
    """
    if cause is None:  # An error of the API is counted already.
        tallies.failed(scan, code)
    if circuit.failed(scan, shared, code, message, is_shared=is_shared):
        try_again(scan, code, message, cause=cause, lasts=lasts)
        return
    wait = SHARED_WAIT * random.uniform(1, 2)  # noqa: S311 - jitter
    wait = min(LONGEST_WAIT, max(wait, (cause and cause.retry_after) or 0))
    put_back(scan, NotNow(code, timedelta(seconds=wait), message))


def try_again(
    scan: ImageScan, code: str, message: str, *, cause: CopyleaksError | None = None, lasts: bool = False
) -> None:
    """Release a scan for a later attempt, or end it when there were enough.

    An error that is of no known class, or ``lasts``, is allowed fewer, whatever other errors came before it.
    """
    is_unclassified = lasts or (cause is not None and not cause.passes)
    unclassified = scan.unclassified_attempts + is_unclassified
    tries = conf.MAX_ATTEMPTS
    is_contradicted = lasts or (cause is not None and cause.pauses_account)
    few = min(tries["unknown"], CONTRADICTED_TRIES) if is_contradicted else tries["unknown"]
    if scan.attempts >= tries["transient"] or (is_unclassified and unclassified >= few):
        logger.error(
            "Scan %s: given up after %s attempts (%s).",
            scan.scan_id,
            scan.attempts,
            code,
            extra=scan.event("scan_given_up", code=code, attempts=scan.attempts),
        )
        give_up(scan, code, message)
        return
    wait = min(LONGEST_WAIT, max(_backoff(scan.attempts), (cause and cause.retry_after) or 0))
    logger.warning(
        "Scan %s: attempt %s failed (%s); next in %.0f s.",
        scan.scan_id,
        scan.attempts,
        code,
        wait,
        extra=scan.event("scan_attempt_failed", code=code, attempts=scan.attempts, seconds=round(wait)),
    )
    # Not before what is tried for the first time.
    lane = Greatest(F("lane"), Lane.AGAIN.value)
    _postpone(scan, code, message, timedelta(seconds=wait), unclassified_attempts=unclassified, lane=lane)


def _backoff(attempts: int) -> float:
    # The exponent is bounded, since a project may allow more attempts than a float has powers of two.
    return min(LONGEST_WAIT, 2.0 ** min(attempts - 1, 10) * random.uniform(1, 2))  # noqa: S311 - jitter


def give_up(scan: ImageScan, code: str, message: str = "", *, may_resubmit: bool = True) -> None:
    """End a scan without a result; one that may have been paid all the same is treated as lost."""
    owner = scan.lease_owner
    if _may_have_arrived(scan):
        atomically(lambda: lost_results.end_or_resubmit(scan, code, message, may_resubmit=may_resubmit, owner=owner))
        return

    def end() -> None:
        if finishing.fail(scan, code, message, owner=owner):
            account.release_credit(scan)

    atomically(end)


def end_with(scan: ImageScan, payer: ImageScan) -> None:
    """End a scan for whose bytes another was paid in vain."""

    def end() -> None:
        if finishing.fail(scan, payer.error_code, payer.message, owner=scan.lease_owner):
            account.release_credit(scan)

    atomically(end)
    logger.warning(
        "Scan %s: the same bytes were paid in vain (%s).",
        scan.scan_id,
        payer.error_code,
        extra=scan.event("scan_paid_in_vain", code=payer.error_code),
    )


def skip(scan: ImageScan, skipped: unmeasured.Skipped) -> None:
    """End a scan that the vendor need not see, unless it may have seen it already: then its answer is lost.

    A file that may still come is looked at again. One that is missing is another matter while nothing says that the
    storage itself is there.
    """
    is_shared = skipped.code.follows is Follows.SHARED
    may_still_come = arrival.may_still_come(scan, skipped)
    if may_still_come and (not is_shared or arrival.is_new(scan)):
        _look_again(scan, skipped)
        return
    if is_shared and not circuit.failed(scan, Cause.STORAGE, skipped.code, skipped.message):
        put_back(scan, NotNow(skipped.code, timedelta(seconds=SHARED_WAIT), skipped.message))
        return
    if may_still_come:
        _look_again(scan, skipped)
        return
    # Facts are stored before anything is sent. A scan of a backup without them was not sent since, if its picture
    # would have been skipped; one whose file is missing now may have been.
    was_measured = bool(scan.sha256) or is_shared
    if was_measured and _may_have_arrived(scan):
        give_up(scan, Code.RESULT_LOST, Problem.EARLIER_ANSWER_LOST())
        return

    skipped.note_on(scan)

    def end() -> None:
        if finishing.skip(scan, skipped.code, arrival.reason_of(scan, skipped), owner=scan.lease_owner):
            account.release_credit(scan)

    atomically(end)
    logger.info(
        "Scan %s: skipped (%s).", scan.scan_id, skipped.code, extra=scan.event("scan_skipped", code=skipped.code)
    )


def _look_again(scan: ImageScan, skipped: unmeasured.Skipped) -> None:
    reason = NotNow(Code.AWAITS_FILE, arrival.wait_for(scan, skipped), skipped.message)
    put_back(scan, reason, sha256=skipped.sha256, byte_size=skipped.byte_size, file_state=skipped.state)


def _note_that_it_did_not_arrive(scan: ImageScan) -> None:
    """Note a refusal that leaves no doubt; a scan that was replaced meanwhile then has no result to wait for."""
    # Who supersedes a scan takes the lease from it. Another worker that has sent it since has counted an attempt.
    replaced = Q(status=Status.SUPERSEDED, attempts=scan.attempts)

    def note() -> None:
        ours = scans().filter(Q(lease_owner=scan.lease_owner) | replaced, pk=scan.pk)
        if ours.update(may_have_arrived=False) and finishing.free(scan):
            account.release_credit(scan)

    atomically(note)


def _may_have_arrived(scan: ImageScan) -> bool:
    """Return whether some try, this one included, may have been taken by the vendor; the row knows."""
    return scans().filter(pk=scan.pk, may_have_arrived=True).exists()


def _postpone(scan: ImageScan, code: str, message: str, wait: timedelta, **changes: object) -> None:
    leases.release(
        scan,
        next_attempt_at=clock.now() + wait,
        # A callback that was refused for its size may have come meanwhile: its mark keeps the scan from being repaid.
        **reason_columns(code, message) | {"error_code": lost_results.unless_oversized(code)},
        **changes,
    )
