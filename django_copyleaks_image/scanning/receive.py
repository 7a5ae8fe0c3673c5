"""An authentic payload is stored as received, then judged, then applied exactly once.

The receipt is committed before anything is read from it, in a transaction of its own: the webhook is the only
copy of a paid result, and whatever goes wrong afterwards can be repeated from the receipt. Where a worker polls, it
is the worker that judges, so that nothing of a project's own runs while the vendor waits for an answer.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from django.db import DatabaseError, IntegrityError
from django.db.models import Count, F, Q
from django.utils.functional import SimpleLazyObject

from django_copyleaks_image.copyleaks.bodies import NotJsonObject, PayloadError, check_object
from django_copyleaks_image.copyleaks.contract import unknown_keys_of
from django_copyleaks_image.copyleaks.payloads import Detection, Failure, parse_callback
from django_copyleaks_image.models import DetectionResult, ImageScan, WebhookReceipt, home_database, receipts, scans
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import UNFINISHED, Spent, reason_columns
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.problems import Problem, stored
from django_copyleaks_image.setting_values import Secret
from django_copyleaks_image.transactions import atomically

from . import (
    account,
    addresses,
    clock,
    duplicates,
    file_changes,
    finishing,
    inbox,
    lost_results,
    paykey,
    tallies,
    unknown_keys,
)
from .results import result_of

logger = logging.getLogger(__name__)

# Distinct bodies kept per scan. The vendor sends one; more than this many come from a fault or an abuse.
RECEIPTS_PER_SCAN = 20
# And of what is no JSON object, as what was cut short: it takes no room from a result, and the oldest of it goes.
RUBBISH_PER_SCAN = 5
# What changed a scan is never judged again; anything else may be, after a fix.
SETTLED = (Outcome.APPLIED, Outcome.SHARED, Outcome.FAILURE)


class TooManyReceipts(Exception):
    """The scan has its full number of distinct bodies; this one was not stored."""


class _Contradicts(PayloadError):
    """A body is about another scan than the one that the address names."""


class _AlreadyEnded(Exception):
    """Another delivery was first: roll back what this one had written."""


def keep(scan: ImageScan, body: bytes) -> Outcome:
    """Store a callback for the worker to judge; only whether it is a JSON object is found out at once.

    Raises what :func:`store` raises.
    """
    return Outcome(_stored(scan, body, Source.WEBHOOK).outcome)


def deliver(scan: ImageScan, body: bytes, source: Source) -> Outcome:
    """Store a body for a scan, judge it at once unless another process is doing so, and end the first duplicates.

    Raises what :func:`store` raises. What fails later is the receiver's own trouble: the receipt is judged again.
    """
    now = clock.now()
    receipt = _stored(scan, body, source, judging_due_at=now + inbox.LEASE, judged_since=now)
    is_judged_elsewhere = receipt.deliveries > 1 and not inbox.lease(receipt.pk)
    if is_judged_elsewhere or receipt.outcome != Outcome.RECEIVED:
        return Outcome(receipt.outcome)
    outcome = settle(receipt, body=body)
    try:
        duplicates.settle_due(of=scan)
    except Exception:
        logger.exception(
            "The duplicates of scan %s could not be ended; the worker will do so.",
            scan.scan_id,
            extra=scan.event("duplicates_not_settled"),
        )
    return outcome


def _stored(scan: ImageScan, body: bytes, source: Source, **columns: object) -> WebhookReceipt:
    """Store a body; one that is no JSON object is judged by that."""
    try:
        check_object(body)
    except NotJsonObject as error:
        receipt = store(scan, body, source, outcome=Outcome.MALFORMED, detail=stored(error.message))
        tallies.judged(Outcome.MALFORMED, sandbox=scan.sandbox)
        _drop_the_oldest_rubbish(scan)
        _erase_with_the_picture(scan)
        return receipt
    except PayloadError:
        pass  # It is too large to be decoded, which is for whoever judges it to say.
    return store(scan, body, source, **columns)


def judge_due(*, until: Callable[[], bool] = lambda: False) -> int:
    """Judge the receipts that are due, at most a batch and only ``until`` it says so; return how many."""
    judged = 0
    for receipt in inbox.claimed():
        settle(receipt, scan=receipt.scan)
        judged += 1
        if until():
            break
    return judged


def settle(receipt: WebhookReceipt, *, scan: ImageScan | None = None, body: bytes | None = None) -> Outcome:
    """Judge a stored receipt, whatever goes wrong: it is stored, so its sender must not hear of our troubles.

    A failure that is not the body's leaves the receipt as it is, to be judged again. ``scan``, read since the receipt
    was stored, and ``body`` save reading them once more.
    """
    try:
        scan = scan or _scan_of(receipt)
        try:
            outcome = apply(receipt, scan=scan, body=body)
            tallies.judged(outcome, sandbox=scan.sandbox)
            return outcome
        finally:
            if scan.removed_at is not None:
                _erase_with_the_picture(scan)
    except Exception:
        logger.exception(
            "Receipt %s could not be judged; it is kept.",
            receipt.pk,
            extra={"event": "receipt_not_judged", "receipt_id": receipt.pk},
        )
        # A lost database cannot note it either; then it is tried again.
        with suppress(DatabaseError):
            if inbox.could_not_judge(receipt):
                logger.error(
                    "Receipt %s is left to a person, who may replay it in the admin.",
                    receipt.pk,
                    extra={"event": "receipt_left", "receipt_id": receipt.pk},
                )
        return Outcome(receipt.outcome)


def addressed(scan_id: str) -> ImageScan | None:
    """Return the scan that a callback is for: its key, and how many whole bodies it has, all that storing needs."""
    whole = Count("receipts", filter=~Q(receipts__outcome=Outcome.MALFORMED))
    return scans().filter(scan_id=scan_id).only("scan_id").annotate(bodies=whole).first()


def store(scan: ImageScan, body: bytes, source: Source, **columns: object) -> WebhookReceipt:
    """Store a body as received, or count another delivery of the same one. Commits by itself.

    ``columns`` are those of a body that is new. Raises :class:`TooManyReceipts` when the scan has
    :data:`RECEIPTS_PER_SCAN` different ones already, and database errors as long as nothing is stored.
    """
    digest = WebhookReceipt.digest_of(body)
    if columns.get("outcome") == Outcome.MALFORMED or _bodies_of(scan) < RECEIPTS_PER_SCAN:
        compressed = WebhookReceipt.compress(body)
        receipt = WebhookReceipt(
            scan=scan, source=source, body=compressed, byte_size=len(body), digest=digest, **columns
        )
        try:
            atomically(lambda: receipt.save(using=home_database(), force_insert=True))
        except IntegrityError:
            if not receipts().filter(scan=scan, digest=digest).exists():
                raise
        else:
            return receipt
    same = receipts().filter(scan=scan, digest=digest)
    if not atomically(lambda: same.update(deliveries=F("deliveries") + 1, last_received_at=clock.now())):
        raise TooManyReceipts
    return same.get()


def _bodies_of(scan: ImageScan) -> int:
    counted = vars(scan).get("bodies")
    return receipts().whole().filter(scan=scan).count() if counted is None else counted


def _drop_the_oldest_rubbish(scan: ImageScan) -> None:
    rubbish = receipts().filter(scan=scan, outcome=Outcome.MALFORMED).order_by("-pk").values_list("pk", flat=True)
    if oldest := list(rubbish[RUBBISH_PER_SCAN:]):
        receipts().filter(pk__in=oldest).delete()


def apply(receipt: WebhookReceipt, *, scan: ImageScan | None = None, body: bytes | None = None) -> Outcome:
    """Read a receipt and let it change its scan, at most once; also replays one after a fix.

    Returns, and stores on the receipt, what became of it.
    """
    if receipt.outcome in SETTLED:
        return Outcome(receipt.outcome)
    scan = scan or _scan_of(receipt)
    if body is None:
        body = receipt.payload()
    if receipt.byte_size and not body:  # Erased with its picture.
        return Outcome(receipt.outcome)
    try:
        found = _understood(receipt, scan, body)
    except NotJsonObject as error:
        return _conclude(receipt, Outcome.MALFORMED, error.message)
    except _Contradicts as contradiction:
        logger.error(
            "Scan %s: a result was not applied: %s",
            scan.scan_id,
            contradiction,
            extra=scan.event("result_contradicts", receipt_id=receipt.pk, reason=str(contradiction)),
        )
        return _conclude(receipt, Outcome.CONTRADICTS, contradiction.message)
    except PayloadError as error:
        logger.error(
            "Scan %s: the result was not understood (%s); it is kept.",
            scan.scan_id,
            error,
            extra=scan.event("result_not_understood", receipt_id=receipt.pk, reason=str(error)),
        )
        return _not_understood(receipt, scan, body, error.message)
    except Exception as error:
        logger.exception(
            "Receipt %s could not be read; it is kept and can be replayed after a fix.",
            receipt.pk,
            extra=scan.event("receipt_not_read", receipt_id=receipt.pk),
        )
        return _not_understood(receipt, scan, body, Problem.SOMETHING_RAISED(error=type(error).__name__))
    if isinstance(found, Failure):
        return _apply_failure(receipt, scan, found)
    return _apply_result(receipt, scan, found)


def _understood(receipt: WebhookReceipt, scan: ImageScan, body: bytes) -> Failure | DetectionResult:
    """Return what a body states; nothing but the body itself can make this fail."""
    # Only the message of a failure may quote a secret: without need the project's own code is not asked for them.
    secrets = cast("list[Secret]", SimpleLazyObject(lambda: addresses.secrets_of(scan)))
    payload = parse_callback(body, hide=secrets)
    receipt.unknown_keys = unknown_keys.joined(payload.unknown_keys)
    if contradiction := _contradiction(scan, payload):
        raise _Contradicts(contradiction)
    return payload if isinstance(payload, Failure) else result_of(payload, scan, receipt)


def _apply_result(receipt: WebhookReceipt, scan: ImageScan, result: DetectionResult) -> Outcome:
    if not scan.is_finished:  # About other bytes than the object holds by now, it is kept for their duplicates alone.
        file_changes.noticed(scan)

    def apply_once() -> Outcome:
        # The INSERT comes first: it takes SQLite's write lock before anything was read. The account's row, which
        # all share, comes last.
        result.save(using=home_database(), force_insert=True)
        if finishing.complete(scan, result):
            outcome = Outcome.APPLIED
        elif finishing.keep_for_others(scan, result):
            outcome = Outcome.SHARED
        else:
            raise _AlreadyEnded
        _conclude(receipt, outcome)
        paykey.look_after_commit(scan)
        account.settle_credit(scan, 1 if result.credits is None else result.credits, Spent.RESULT)
        return outcome

    try:
        outcome = atomically(apply_once)
    except _AlreadyEnded:
        return _conclude(receipt, Outcome.REPEATED)
    logger.info(
        "Scan %s: result received (%s).", scan.scan_id, outcome, extra=scan.event("result_received", outcome=outcome)
    )
    return outcome


def _apply_failure(receipt: WebhookReceipt, scan: ImageScan, failure: Failure) -> Outcome:
    error = failure.error

    def apply_once() -> Outcome:
        ended = lost_results.end_or_resubmit(
            scan, error.slug, error.message, may_resubmit=error.passes, spent_as=Spent.IN_VAIN
        )
        return _conclude(receipt, Outcome.FAILURE if ended else Outcome.REPEATED, code=error.slug)

    outcome = atomically(apply_once)
    if outcome == Outcome.FAILURE:
        logger.warning(
            "Scan %s: the provider reported a failure (%s).",
            scan.scan_id,
            error.slug,
            extra=scan.event("scan_failed_there", code=error.slug),
        )
    return outcome


def _not_understood(receipt: WebhookReceipt, scan: ImageScan, body: bytes, reason: str) -> Outcome:
    # They may say why: what is missing has got another name.
    receipt.unknown_keys = unknown_keys.joined(unknown_keys_of(body))

    def fail() -> Outcome:
        fail_as_unreadable(scan, reason)
        return _conclude(receipt, Outcome.UNREADABLE, reason)

    return atomically(fail)


def fail_as_unreadable(scan: ImageScan, reason: str) -> None:
    """End a scan whose paid answer was not understood, and with it its duplicates: it is never paid again."""

    def fail() -> None:
        if finishing.fail(scan, Code.UNREADABLE_RESULT, reason):
            account.settle_credit(scan, 1, Spent.IN_VAIN)
        else:
            lost_results.give_key_up(scan, spent_as=Spent.IN_VAIN)

    atomically(fail)


def note_oversized(scan: ImageScan) -> None:
    """Note that a callback was refused for its size, so that it is not asked for, and paid, once more."""
    scans().filter(pk=scan.pk, status__in=UNFINISHED).update(**reason_columns(lost_results.OVERSIZED))


def _erase_with_the_picture(scan: ImageScan) -> None:
    """Have what came about a deleted picture erased like the rest, once it is judged."""
    scans().filter(pk=scan.pk, removed_at__isnull=False).update(erasure_due_at=clock.now())


def _scan_of(receipt: WebhookReceipt) -> ImageScan:
    return scans().select_related("content_type").get(pk=receipt.scan_id)


def _contradiction(scan: ImageScan, payload: Detection | Failure) -> str:
    """Return why a body is not about this scan; the URL names the scan, a body can only confirm or contradict."""
    named = payload.scan_id
    if named is not None and named.lower() != scan.scan_id:
        return Problem.BODY_OF_OTHER_SCAN()
    if payload.developer_payload not in (None, "", scan.scan_id):
        return Problem.BODY_OF_OTHER_PAYLOAD()
    return ""


def _conclude(receipt: WebhookReceipt, outcome: Outcome, detail: str = "", *, code: str = "") -> Outcome:
    """Store what became of a receipt, unless another delivery of the same body has settled it meanwhile."""
    open_receipt = receipts().filter(pk=receipt.pk).exclude(outcome__in=SETTLED)
    open_receipt.update(
        outcome=outcome, detail={"code": code} if code else stored(detail), unknown_keys=receipt.unknown_keys
    )
    return outcome
