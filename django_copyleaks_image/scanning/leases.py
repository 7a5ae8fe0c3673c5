"""Who works on a queued scan: one owner at a time, and for a limited time.

A lease is as short as it can be, since the scans of a process that died wait for its end. Whoever works longer has it
renewed by a thread of the process, the keeper, which therefore knows what the process holds: that is never claimed by
the same process again, whatever became of the lease.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from socket import gethostname
from uuid import uuid4

from django.db import Error as AnyDatabaseError
from django.db import connections
from django.db.models import F

from django_copyleaks_image import tenants
from django_copyleaks_image.database_errors import told
from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.models.scan import LONGEST_LEASE, ImageScanQuerySet, Status
from django_copyleaks_image.transactions import atomically, repeated

from . import clock

logger = logging.getLogger(__name__)

LEASE = LONGEST_LEASE
# After this long the work on one scan counts as hanging: nobody renews its lease any more.
LONGEST_WORK = timedelta(minutes=10)


class LeaseLost(Exception):
    """The scan was superseded, completed or taken by another worker: nothing is left to do."""


@dataclass(frozen=True, slots=True)
class _Held:
    scan_id: str
    owner: str
    since: float = field(default_factory=time.monotonic)


class _Keeper:
    """What this process holds, and the thread that renews the leases of what takes long."""

    def __init__(self) -> None:
        self._held: dict[int, _Held] = {}
        self._abandoned: dict[int, _Held] = {}
        self._hanging: set[int] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def hold(self, taken: list[ImageScan]) -> None:
        with self._changed:
            self._held.update({scan.pk: _Held(scan.scan_id, scan.lease_owner) for scan in taken})
            if taken and self._thread is None:
                self._start()

    def drop(self, pk: int) -> None:
        with self._changed:
            self._held.pop(pk, None)
            self._hanging.discard(pk)

    def abandon(self, pk: int) -> None:
        """Drop a scan whose lease could not be given back, for want of a database."""
        with self._changed:
            held = self._held.pop(pk, None)
            if held is not None:
                self._abandoned[pk] = held

    def held(self) -> list[int]:
        with self._changed:
            return list(self._held)

    def give_back_abandoned(self) -> None:
        with self._changed:
            abandoned = dict(self._abandoned)
        if abandoned:
            atomically(lambda: _of(abandoned).update(lease_owner="", lease_until=None))
            with self._changed:
                for pk in abandoned:
                    self._abandoned.pop(pk, None)

    def renew(self) -> None:
        """Renew the leases of what is worked on, each up to :data:`LONGEST_WORK`."""
        with self._changed:
            since = time.monotonic() - LONGEST_WORK.total_seconds()
            working = {pk: held for pk, held in self._held.items() if held.since > since}
            others = self._held.keys() - working.keys() - self._hanging
            hanging = [self._held[pk].scan_id for pk in others]
            self._hanging |= others
        for scan_id in hanging:
            logger.error(
                "Scan %s: the work on it hangs; its lease is renewed no more.",
                scan_id,
                extra={"event": "scan_hangs", "scan_id": scan_id},
            )
        if working:
            atomically(lambda: _of(working).update(lease_until=clock.now() + LEASE))

    def end(self) -> None:
        """Let the thread end, where there is one; takes no lock, which may have been held at a fork."""
        self._held = {}

    def _start(self) -> None:
        thread = threading.Thread(target=tenants.carried(self._keep), name="leases", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            # The system has no more threads. A lease outlasts most work all the same.
            logger.error("Leases are not renewed in this process: %s.", error, extra={"event": "leases_not_kept"})
        else:
            self._thread = thread

    def _keep(self) -> None:
        """Renew three times in a lease, and end when there was nothing to hold for that long."""
        while True:
            time.sleep(LEASE.total_seconds() / 3)
            with self._changed:
                if not self._held:
                    self._thread = None
                    return
            try:
                self.renew()
            except AnyDatabaseError as error:
                logger.error(
                    "Leases could not be renewed (%s); trying again.",
                    told(error),
                    extra={"event": "leases_not_renewed", "error": type(error).__name__},
                )
            except Exception:
                logger.exception(
                    "An unforeseen error while leases were renewed; trying again.",
                    extra={"event": "leases_not_renewed"},
                )
            finally:
                connections.close_all()


# One for each tenant, whose scans have keys that those of others have as well.
_keepers: dict[str, _Keeper] = {}


def _keeper() -> _Keeper:
    tenant = tenants.current()
    return _keepers.get(tenant) or _keepers.setdefault(tenant, _Keeper())


def forget_everything() -> None:
    """Start with nothing held, as a process that was forked does: what its parent holds is its parent's."""
    for keeper in _keepers.values():
        keeper.end()
    _keepers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_everything)


def due_to_others() -> ImageScanQuerySet:
    """Return the scans that are due and that this process does not hold."""
    return scans().due(clock.now()).exclude(pk__in=_keeper().held())


def take(pks: list[int]) -> list[ImageScan]:
    """Lease those of the scans that are due and free to the caller, and count the attempt.

    Each goes through :func:`working` or :func:`release` afterwards, which end that it is held here.
    """
    _keeper().give_back_abandoned()
    if not pks:
        return []
    owner = f"{gethostname()[:60]}:{uuid4().hex}"

    # Several rows at once: another process that changes the same ones in another order would be a deadlock.
    def lease() -> int:
        due = due_to_others().order_by().filter(pk__in=pks)
        return due.update(lease_owner=owner, lease_until=clock.now() + LEASE, attempts=F("attempts") + 1)

    # One statement is a transaction of its own, which keeps others waiting for no longer than it takes.
    if not repeated(lease):
        return []
    ours = scans().filter(pk__in=pks, lease_owner=owner).select_related("content_type")
    taken = list(ours.order_by("lane", "next_attempt_at", "pk"))
    _keeper().hold(taken)
    return taken


@contextmanager
def working(scan: ImageScan) -> Iterator[None]:
    """Hold a scan while the block works on it; its lease is given back later when the database is lost meanwhile."""
    try:
        yield
    except AnyDatabaseError:
        _keeper().abandon(scan.pk)
        raise
    finally:
        _keeper().drop(scan.pk)


def reread(scan: ImageScan) -> ImageScan:
    """Return a leased scan as its row is now; raise :class:`LeaseLost` when the lease is another's."""
    ours = scans().filter(pk=scan.pk, status=Status.QUEUED, lease_owner=scan.lease_owner)
    found = ours.select_related("content_type").first()
    if found is None:
        raise LeaseLost
    return found


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
        logger.info("Scan %s: ended or taken meanwhile.", scan.scan_id, extra=scan.event("scan_taken_meanwhile"))
    _keeper().drop(scan.pk)


def _of(held: dict[int, _Held]) -> ImageScanQuerySet:
    owners = {each.owner for each in held.values()}
    return scans().filter(pk__in=list(held), lease_owner__in=owners, status=Status.QUEUED)
