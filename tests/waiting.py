"""Wait for what other threads and processes do."""

import time
from collections.abc import Callable

from django_copyleaks_image.models import ImageScan


def wait_until(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    """Return as soon as the condition holds; fail when it does not in time, and tell how the scans are."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, list(ImageScan.objects.values("status", "error_code"))
        time.sleep(0.05)
