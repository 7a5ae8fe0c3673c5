"""Who notices that the worker makes no progress. A thread that hangs cannot be ended, only its process can."""

import time
from threading import current_thread

# What is silent for so long does not count as alive, so that nobody shows its heartbeat for it …
UNWELL_SECONDS = 60.0
# … and for so long as stuck: longer than any step that goes on.
STUCK_SECONDS = 600.0


class Stuck(Exception):
    """The worker makes no progress, and will not make any in this process."""


class Watchdog:
    """When each of the threads that must go on has last made progress."""

    def __init__(self, *, pause: float) -> None:
        """``pause`` is the longest in seconds that one of them rests between two steps."""
        self._pause = pause
        self._progress_at: dict[str, float] = {}

    def note(self) -> None:
        """Note that the calling thread makes progress; from the first time on it is expected to."""
        self._progress_at[current_thread().name] = time.monotonic()

    def silent(self, seconds: float) -> list[str]:
        """Return the names of those that have made no progress for longer."""
        since = time.monotonic() - seconds - self._pause
        return [name for name, at in list(self._progress_at.items()) if at < since]

    def check(self) -> None:
        """Raise :class:`Stuck` when one of them has made no progress for :data:`STUCK_SECONDS`."""
        if silent := self.silent(STUCK_SECONDS):
            raise Stuck(f"no progress for {STUCK_SECONDS:.0f} seconds: {', '.join(silent)}")
