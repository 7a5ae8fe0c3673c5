"""Who pays for some bytes, and which scans of the same bytes wait for that: their duplicates.

Whoever holds the pay key pays; a duplicate that meets a payer is parked by one UPDATE of its own row, and is not due
again until the key has ended. Nothing here waits for another row: the payer is looked for before the unique column
is written, and no transaction that ends a payer touches its duplicates, see :mod:`.duplicates`.
"""

import hashlib
import logging
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Min, OuterRef, Q
from django.db.models.functions import Greatest

from django_copyleaks_image import tenants
from django_copyleaks_image.conf import conf
from django_copyleaks_image.dispatch import wake_elsewhere_after_commit
from django_copyleaks_image.models import ImageScan, home_database, scans
from django_copyleaks_image.models.scan import ImageScanQuerySet, Lane, Status, reason_columns
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.transactions import atomically, repeated

from . import clock, leases

logger = logging.getLogger(__name__)

# How long a parked scan is not due. The end of its key makes it due, and if need be the sweep does.
PARKED = timedelta(days=1)


def purchase_of_now() -> dict[str, object]:
    """Return the columns that say, beside the bytes, what would be bought by the settings of now."""
    return {"model": conf.MODEL, "mask_type": conf.MASK_TYPE, "sandbox": conf.SANDBOX}


def decide_purchase(scan: ImageScan) -> None:
    """Note on a measured scan what is bought if it is sent now."""
    for name, value in purchase_of_now().items():
        setattr(scan, name, value)
    parts = [scan.sha256, scan.model, scan.mask_type, str(scan.sandbox)]
    if scan.is_on_copy:
        # By its sides: the same copy has other bytes once another Pillow draws it, but tells the same.
        parts.append(f"copy of {scan.copy_width}x{scan.copy_height}")
    purchase = "\n".join(parts)
    scan.content_key = hashlib.sha256(purchase.encode()).hexdigest()


def is_held(content_key: str) -> bool:
    """Return whether somebody pays for these bytes, or is about to."""
    return scans().filter(pay_key=content_key).exists()


def take(scan: ImageScan, **columns: object) -> bool:
    """Become the payer of a claimed scan's bytes and store the columns; return False while another is.

    Raises :class:`.leases.LeaseLost`.
    """
    # Whoever writes the column at once would wait, holding its own row, for the other's transaction to end.
    if scan.pay_key != scan.content_key and is_held(scan.content_key):
        return False
    try:
        repeated(lambda: leases.update(scan, pay_key=scan.content_key, **columns))
    except IntegrityError:
        return False
    scan.pay_key = scan.content_key
    if scan.lane != Lane.UPLOAD:
        _hurry(scan.content_key, waiting_for(scan.content_key).aggregate(lane=Min("lane"))["lane"])
    return True


def park(scan: ImageScan, **columns: object) -> None:
    """Store the columns, and let a claimed scan wait for the payer of its bytes; its attempt does not count."""

    def release() -> None:
        leases.release(
            scan,
            **columns,
            pay_key=None,
            # One that was refused for certain is as if it was never sent.
            sent_at=None,
            attempts=Greatest(F("attempts"), 1) - 1,
            next_attempt_at=clock.now() + PARKED,
            **reason_columns(Code.WAITS_FOR_DUPLICATE),
        )

    atomically(release)
    _hurry(scan.content_key, scan.lane)
    scan.pay_key = None
    logger.debug("Scan %s: waits for the result of the same bytes.", scan.scan_id, extra=scan.event("scan_parked"))


def _hurry(content_key: str, lane: int | None) -> None:
    """Have the payer of some bytes go as soon as the first of those that wait for it would: it may be of a backfill.

    A statement of its own, which holds no other row. One that has been sent already passes its lane to whoever pays in
    its place.
    """
    if lane is None:
        return
    later = scans().filter(pay_key=content_key, lane__gt=lane)
    if later.exists():
        atomically(lambda: later.update(lane=lane))


def duplicates_of(content_key: str) -> ImageScanQuerySet:
    """Return the scans that a result of these bytes would end: not sent themselves, waiting or failed.

    One that was sent is being paid for and gets a result of its own.
    """
    open_to_all = scans().filter(status__in=(Status.QUEUED, Status.FAILED), forced=False, sent_at=None)
    return open_to_all.filter(content_key=content_key).exclude(content_key="")


def waiting_for(content_key: str) -> ImageScanQuerySet:
    """Return the duplicates that still wait."""
    return duplicates_of(content_key).filter(status=Status.QUEUED, pay_key=None)


def promote(content_key: str) -> bool:
    """Make one duplicate due, the oldest of the first lane, in the place of a payer that is gone.

    Returns False when none is parked, when another has the key, or is due or worked on and will see to it.
    """
    now = clock.now()
    parked = waiting_for(content_key).filter(_is_parked(now))
    oldest = parked.order_by("lane", "pk").only("scan_id", "created_at", "lane").first()
    if oldest is None or is_held(content_key):
        return False
    # One that is awake but of a later lane, as of a backfill, would let it wait.
    if waiting_for(content_key).filter(_is_awake(now), lane__lte=oldest.lane).exists():
        return False
    # It takes the place in the queue that it had.
    its_turn = min(oldest.created_at, now)
    with transaction.atomic(using=home_database()):
        promoted = parked.filter(pk=oldest.pk).update(next_attempt_at=its_turn)
        if promoted:
            wake_elsewhere_after_commit(oldest.scan_id, using=home_database())
    return bool(promoted)


def look_after_commit(scan: ImageScan) -> None:
    """Note, once the end of a scan is committed, that something is to be done about its duplicates, if it has any.

    Not before: one that is just being parked would not be seen, nor see that the payer has ended. A process that
    dies in between leaves it to the sweep.
    """
    key = scan.content_key

    def look() -> None:
        if duplicates_of(key).exclude(pk=scan.pk).exists():
            scans().filter(pk=scan.pk).update(duplicates_due_at=clock.now())

    if key:
        tenants.after_commit(look, using=home_database())


def orphaned(limit: int) -> list[str]:
    """Return keys for which scans are parked although nobody holds them, nor is about to."""
    now = clock.now()
    held = scans().filter(pay_key=OuterRef("content_key"))
    parked = _first_lanes(scans().queued().filter(_is_parked(now), ~Exists(held)), limit)
    awake = _first_lanes(
        scans().filter(_is_awake(now), status=Status.QUEUED, forced=False, sent_at=None, content_key__in=parked)
    )
    return sorted(key for key, lane in parked.items() if key not in awake or lane < awake[key])


def _first_lanes(rows: ImageScanQuerySet, limit: int | None = None) -> dict[str, int]:
    """Return the first lane in which there is a scan, by content key."""
    return dict(rows.order_by().values_list("content_key").annotate(Min("lane"))[:limit])


def _is_parked(now: datetime) -> Q:
    return Q(error_code=Code.WAITS_FOR_DUPLICATE, next_attempt_at__gt=now)


def _is_awake(now: datetime) -> Q:
    # Whoever is worked on was due.
    return Q(next_attempt_at__lte=now)
