"""An authentic payload is stored as received, then judged, then applied exactly once.

The receipt is committed before anything is read from it, in a transaction of its own: the webhook is the only
copy of a paid result, and whatever goes wrong afterwards can be repeated from the receipt.
"""

import logging

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from django_copyleaks_image import masks, regions
from django_copyleaks_image.copyleaks.errors import TransientError
from django_copyleaks_image.copyleaks.heatmaps import HeatmapUrl
from django_copyleaks_image.copyleaks.payloads import (
    Detection,
    Failure,
    NotJsonObject,
    PayloadError,
    parse_callback,
)
from django_copyleaks_image.models import DetectionResult, ImageScan, WebhookReceipt, home_database, scans
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import Status

from . import account, addresses, ends, lost
from .transactions import atomically

logger = logging.getLogger(__name__)

# Distinct bodies kept per scan. The vendor sends one; more than this many come from a fault or an abuse.
RECEIPTS_PER_SCAN = 20
# Regions are found by Python: this many runs take it 40 ms, and the vendor is waiting for the answer.
RUNS_SEARCHED = 20_000
# What changed a scan is never judged again; anything else may be, after a fix.
SETTLED = (Outcome.APPLIED, Outcome.SHARED, Outcome.FAILURE)


class TooManyReceipts(Exception):
    """The scan has its full number of distinct bodies; this one was not stored."""


class _AlreadyEnded(Exception):
    """Another delivery was first: roll back what this one had written."""


def deliver(scan: ImageScan, body: bytes, source: Source) -> Outcome:
    """Store a body for a scan and apply it.

    Raises :class:`TooManyReceipts`, and database errors as long as nothing is stored. What fails later is the
    receiver's own trouble: the sweep applies the receipt again.
    """
    outcome = settle(store(scan, body, source))
    # Should the picture be gone: what comes late about it is judged, and then erased like the rest.
    scans().filter(pk=scan.pk, removed_at__isnull=False).update(erasure_due_at=timezone.now())
    return outcome


def settle(receipt: WebhookReceipt) -> Outcome:
    """Apply a stored receipt, whatever goes wrong: it is stored, so its sender must not hear of our troubles."""
    try:
        return apply(receipt)
    except DatabaseError:
        logger.exception("Receipt %s could not be applied yet; the sweep will.", receipt.pk)
        return Outcome.RECEIVED
    except Exception:
        logger.exception("Receipt %s could not be applied; it is kept and can be replayed after a fix.", receipt.pk)
        return _not_understood(receipt, receipt.scan, "An unforeseen error; the log has it.")


def store(scan: ImageScan, body: bytes, source: Source) -> WebhookReceipt:
    """Store a body as received, or count another delivery of the same one. Commits by itself.

    Raises :class:`TooManyReceipts` when the scan has :data:`RECEIPTS_PER_SCAN` different ones already.
    """
    digest = WebhookReceipt.digest_of(body)
    same = _receipts().filter(scan=scan, digest=digest)

    def count_delivery() -> int:
        return same.update(deliveries=F("deliveries") + 1, last_received_at=timezone.now())

    if atomically(count_delivery):
        return same.get()
    if _receipts().filter(scan=scan).count() >= RECEIPTS_PER_SCAN:
        raise TooManyReceipts
    receipt = WebhookReceipt(
        scan=scan, source=source, body=WebhookReceipt.compress(body), byte_size=len(body), digest=digest
    )
    try:
        atomically(lambda: receipt.save(using=home_database(), force_insert=True))
    except IntegrityError:  # The same body was being stored at the same moment.
        atomically(count_delivery)
        return same.get()
    return receipt


def apply(receipt: WebhookReceipt) -> Outcome:
    """Read a receipt and let it change its scan, at most once; also replays one after a fix.

    Returns, and stores on the receipt, what became of it.
    """
    if receipt.outcome in SETTLED:
        return Outcome(receipt.outcome)
    scan = scans().select_related("content_type").get(pk=receipt.scan_id)
    body = receipt.payload()
    if receipt.byte_size and not body:  # Erased with its picture.
        return Outcome(receipt.outcome)
    try:
        payload = parse_callback(body, hide=addresses.secrets_of(scan))
    except NotJsonObject as error:
        return _conclude(receipt, Outcome.MALFORMED, str(error))
    except PayloadError as error:
        logger.error("Scan %s: the result was not understood (%s); it is kept.", scan.scan_id, error)
        return _not_understood(receipt, scan, str(error))
    if contradiction := _contradiction(scan, payload):
        logger.error("Scan %s: a result was not applied: %s", scan.scan_id, contradiction)
        return _conclude(receipt, Outcome.CONTRADICTS, contradiction)
    if isinstance(payload, Failure):
        return _apply_failure(receipt, scan, payload)
    return _apply_detection(receipt, scan, payload)


def _apply_detection(receipt: WebhookReceipt, scan: ImageScan, detection: Detection) -> Outcome:
    result = _result_of(detection, scan, receipt)

    def apply_once() -> Outcome:
        # The INSERT comes first: it takes SQLite's write lock before anything was read. The account's row, which
        # all share, comes last.
        result.save(using=home_database(), force_insert=True)
        if ends.complete(scan, result):
            outcome = Outcome.APPLIED
        elif ends.keep_for_others(scan, result):
            outcome = Outcome.SHARED
        else:
            raise _AlreadyEnded
        _conclude(receipt, outcome)
        ends.complete_twins(scan, result)
        account.settle_credit(scan, 1 if result.credits is None else result.credits)
        return outcome

    try:
        outcome = atomically(apply_once)
    except _AlreadyEnded:
        return _conclude(receipt, Outcome.REPEATED)
    logger.info("Scan %s: result received (%s).", scan.scan_id, outcome)
    return outcome


def _apply_failure(receipt: WebhookReceipt, scan: ImageScan, failure: Failure) -> Outcome:
    error = failure.error
    may_resubmit = isinstance(error, TransientError)

    def apply_once() -> Outcome:
        ended = lost.end_or_resubmit(scan, error.slug, error.message, may_resubmit=may_resubmit)
        return _conclude(receipt, Outcome.FAILURE if ended else Outcome.REPEATED, error.slug)

    outcome = atomically(apply_once)
    if outcome == Outcome.FAILURE:
        logger.warning("Scan %s: the provider reported a failure (%s).", scan.scan_id, error.slug)
    return outcome


def _not_understood(receipt: WebhookReceipt, scan: ImageScan, reason: str) -> Outcome:
    with transaction.atomic(using=home_database()):
        fail_as_unreadable(scan, reason)
        return _conclude(receipt, Outcome.UNREADABLE, reason)


def fail_as_unreadable(scan: ImageScan, reason: str) -> None:
    """End a scan whose paid answer was not understood, and its twins: nothing of it is ever paid again."""
    with transaction.atomic(using=home_database()):
        if ends.fail(scan, "unreadable_result", reason):
            ends.fail_twins(scan, "unreadable_result", reason)
            account.settle_credit(scan, 1)
        else:
            lost.give_key_up(scan)


def note_oversized(scan: ImageScan) -> None:
    """Note that a callback was refused for its size, so that it is not asked for, and paid, once more."""
    scans().filter(pk=scan.pk, status=Status.SUBMITTED).update(error_code=lost.OVERSIZED)


def _result_of(detection: Detection, scan: ImageScan, receipt: WebhookReceipt) -> DetectionResult:
    width, height = detection.width or scan.width, detection.height or scan.height
    return DetectionResult(
        is_ai_detected=detection.is_ai_detected,
        ai_ratio=detection.ai_ratio,
        human_ratio=detection.human_ratio,
        model=detection.model or scan.model,
        image_width=width,
        image_height=height,
        mask=masks.pack(detection.mask) if detection.mask else b"",
        mask_runs=len(detection.mask.starts) if detection.mask else 0,
        mask_problem=detection.mask_problem[:200],
        regions=_regions(detection.mask, width, height),
        metadata=detection.metadata,
        credits=detection.credits,
        scanned_at=detection.scanned_at,
        received_at=receipt.received_at,
        receipt=receipt,
        **_heatmap_columns(detection),
    )


def _regions(mask: masks.Mask | None, width: int | None, height: int | None) -> list[list[int]] | None:
    """Return the marked regions as stored, None when they cannot be sought or are left to the page that shows them."""
    if mask is None or not width or not height or len(mask.starts) > RUNS_SEARCHED:
        return None
    try:
        return regions.find(mask, width, height)
    except masks.MaskError:  # The page says why such a mask is not drawn.
        return None


def _heatmap_columns(detection: Detection) -> dict[str, object]:
    """Return where the provider's own gradient is: inline, or at an address that the worker fetches later."""
    heatmap = detection.heatmap
    if heatmap is None:
        return {"heatmap_problem": detection.heatmap_problem[:200]}
    if isinstance(heatmap, HeatmapUrl):
        return {"heatmap_url": heatmap.url, "heatmap_due_at": timezone.now()}
    return {"heatmap": heatmap.data}


def _contradiction(scan: ImageScan, payload: Detection | Failure) -> str:
    """Return why a body is not about this scan; the URL names the scan, a body can only confirm or contradict."""
    named = payload.scan_id
    if named is not None and named.lower() != scan.scan_id:
        return "The body names another scan."
    if payload.developer_payload not in (None, "", scan.scan_id):
        return "The body carries the developer payload of another scan."
    return ""


def _receipts() -> QuerySet[WebhookReceipt]:
    return WebhookReceipt.objects.using(home_database())


def _conclude(receipt: WebhookReceipt, outcome: Outcome, detail: str = "") -> Outcome:
    """Store what became of a receipt, unless another delivery of the same body has settled it meanwhile."""
    open_receipt = _receipts().filter(pk=receipt.pk).exclude(outcome__in=SETTLED)
    open_receipt.update(outcome=outcome, detail=detail[: ends.MESSAGE_LENGTH])
    return outcome
