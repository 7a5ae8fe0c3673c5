"""One readable line per event; no token, key, address or header value is ever given to it."""

import threading
from collections.abc import Callable
from datetime import datetime

_MAX_LINE = 300


class EventLog:
    """Hand complete lines to ``sink``, one at a time."""

    def __init__(self, sink: Callable[[str], object]) -> None:
        self._sink = sink
        self._lock = threading.Lock()

    def line(self, event: str, scan_id: str = "-", detail: str = "") -> None:
        """Write one line; what clients sent in it is made printable and cut to length."""
        now = datetime.now().astimezone()
        text = f"{now:%H:%M:%S}.{now.microsecond // 1000:03d} {event:<8} {scan_id} {detail}"
        clean = "".join(each if each.isprintable() else "?" for each in text[:_MAX_LINE])
        with self._lock:
            self._sink(clean)
