"""What the threads of a task backend's process have claimed together: in one query for all, as the worker does."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.scanning import attempts, leases, submit

_lock = threading.Lock()
_waiting: deque[ImageScan] = deque()
# How many threads of this process are awake, each of which takes one of the next claim.
_awake = 0


@contextmanager
def awake() -> Iterator[None]:
    """Let this thread take scans in the block; the last one gives back what nobody took because of an error."""
    global _awake  # noqa: PLW0603 - of this process
    with _lock:
        _awake += 1
    try:
        yield
    finally:
        with _lock:
            _awake -= 1
            left = [] if _awake else list(_waiting)
            if left:
                _waiting.clear()
        for scan in left:
            with leases.working(scan):
                attempts.give_back(scan)


def next_scan(*, may_claim: bool) -> ImageScan | None:
    """Return a claimed scan for the calling thread, None when there is nothing to do.

    One that may claim no more still takes what is claimed already, so that nothing is left waiting.
    """
    with _lock:
        if may_claim and not _waiting:
            _waiting.extend(submit.claim(_awake))
        return _waiting.popleft() if _waiting else None
