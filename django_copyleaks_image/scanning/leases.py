"""Who works on a queued scan: one owner at a time, and for a limited time."""

import logging
from socket import gethostname
from uuid import uuid4

from django.db.models import F

from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.models.scan import LONGEST_LEASE, Status
from django_copyleaks_image.transactions import atomically

from . import clock

logger = logging.getLogger(__name__)

LEASE = LONGEST_LEASE


class LeaseLost(Exception):
    """The scan was superseded, completed or taken by another worker: nothing is left to do."""


def take(pks: list[int]) -> list[ImageScan]:
    """Lease those of the scans that are due and free to the caller, and count the attempt."""
    if not pks:
        return []
    now = clock.now()
    owner = f"{gethostname()[:60]}:{uuid4().hex}"
    due = scans().due(now).order_by().filter(pk__in=pks)

    def lease() -> int:
        return due.update(lease_owner=owner, lease_until=now + LEASE, attempts=F("attempts") + 1)

    # Several rows at once: another process that changes the same ones in another order would be a deadlock.
    if not atomically(lease):
        return []
    return list(scans().filter(pk__in=pks, lease_owner=owner).select_related("content_type").order_by("pk"))


def update(scan: ImageScan, **changes: object) -> None:
    """Update a queued scan while the lease is ours; raise :class:`LeaseLost` when it is not."""
    ours = scans().filter(pk=scan.pk, status=Status.QUEUED, lease_owner=scan.lease_owner)
    if not ours.update(**changes):
        raise LeaseLost


def release(scan: ImageScan, **changes: object) -> None:
    """Change a scan for the last time and let others have it, unless it has ended or was taken meanwhile."""
    try:
        update(scan, lease_owner="", lease_until=None, **changes)
    except LeaseLost:
        logger.info("Scan %s: ended or taken meanwhile.", scan.scan_id)
