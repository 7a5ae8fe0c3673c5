"""What the threads of a task backend's process have claimed together: in one query for all, as the worker does."""

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from django_copyleaks_image import tenants
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.scanning import attempts, leases, submit

_lock = threading.Lock()
# By tenant, of whom each has a queue of its own.
_waiting: defaultdict[str, deque[ImageScan]] = defaultdict(deque)
# How many threads of this process are awake, each of which takes one of the next claim.
_awake: Counter[str] = Counter()


@contextmanager
def awake() -> Iterator[None]:
    """Let this thread take scans in the block; the last one gives back what nobody took because of an error."""
    tenant = tenants.current()
    with _lock:
        _awake[tenant] += 1
    try:
        yield
    finally:
        with _lock:
            _awake[tenant] -= 1
            left = [] if _awake[tenant] else list(_waiting.pop(tenant, ()))
        for scan in left:
            with leases.working(scan):
                attempts.give_back(scan)


def next_scan(*, may_claim: bool) -> ImageScan | None:
    """Return a claimed scan for the calling thread, None when there is nothing to do.

    One that may claim no more still takes what is claimed already, so that nothing is left waiting.
    """
    tenant = tenants.current()
    with _lock:
        waiting = _waiting[tenant]
        if may_claim and not waiting:
            waiting.extend(submit.claim(_awake[tenant]))
        return waiting.popleft() if waiting else None
