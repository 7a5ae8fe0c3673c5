"""The threads that work on scans: as many as the system gives, without those that hang."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from threading import Condition, Thread, current_thread

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.scanning import leases

from .watchdog import Stuck

logger = logging.getLogger(__name__)

_IDLE_SECONDS = 60.0


class ScanThreads:
    """At most ``size`` threads, started when they are needed.

    They end with the process and keep none from ending: not :mod:`concurrent.futures`, which waits for its threads.
    """

    def __init__(self, size: int, work_on: Callable[[ImageScan], None]) -> None:
        self._size = size
        # Claimed beyond the threads, so that none of them waits for the next claim. Few enough to start in their lease.
        self._ahead = max(1, size // 2)
        self._work_on = work_on
        self._waiting: deque[ImageScan] = deque()
        # What each thread has begun its scan at, None while it has none.
        self._begun_at: dict[Thread, float | None] = {}
        self._finished = self._finished_before = 0
        self._is_closed = False
        self._changed = Condition()

    def room(self) -> int:
        """Return how many scans may be claimed: for the threads and some ahead, once none is left waiting.

        Raises :class:`Stuck` when there is no thread that could work on them.
        """
        with self._changed:
            self._finished_before = self._finished
            self._start_threads(at_least=1)
            able = self._able()
            if not able:
                raise Stuck("no thread can work on scans")
            return 0 if self._waiting else max(0, able + self._ahead - self._busy())

    def put(self, claimed: Iterable[ImageScan]) -> None:
        """Have scans worked on, which :meth:`room` has allowed."""
        with self._changed:
            self._waiting.extend(claimed)
            self._start_threads(at_least=self._busy() + len(self._waiting))
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until a scan is finished that was not when :meth:`room` was asked; return whether one is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_closed or self._finished != self._finished_before, seconds)

    @property
    def is_full(self) -> bool:
        """Return whether every thread that does not hang has something to do."""
        with self._changed:
            return self._busy() + len(self._waiting) >= self._able()

    @property
    def is_busy(self) -> bool:
        """Return whether there is anything that is not finished."""
        with self._changed:
            return bool(self._waiting or any(self._begun_at.values()))

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until there is nothing that is not finished, but for what hangs; return whether there is nothing."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._waiting or self._busy()), seconds)

    def check(self) -> None:
        """Raise :class:`Stuck` when each thread hangs in a scan."""
        with self._changed:
            hanging = self._hanging()
            if hanging and hanging >= self._size:
                raise Stuck(f"each of the {self._size} threads hangs in a scan")

    def close(self) -> None:
        """Let the threads end when nothing is left to do."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def take_back(self) -> list[ImageScan]:
        """Return what is waiting, for somebody else."""
        with self._changed:
            waiting = list(self._waiting)
            self._waiting.clear()
            return waiting

    def join(self, until: float) -> bool:
        """Wait for the threads, until a moment of the monotonic clock; return whether all have ended."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._begun_at, max(0.0, until - time.monotonic()))

    def _busy(self) -> int:
        return sum(begun_at is not None for begun_at in self._begun_at.values()) - self._hanging()

    def _hanging(self) -> int:
        since = time.monotonic() - leases.LONGEST_WORK.total_seconds()
        return sum(begun_at is not None and begun_at < since for begun_at in self._begun_at.values())

    def _able(self) -> int:
        """Return how many threads do not hang; those that are only not started yet count if the system has any."""
        hanging = self._hanging()
        return self._size - hanging if len(self._begun_at) > hanging else 0

    def _start_threads(self, *, at_least: int) -> None:
        """Start threads until there are so many that do not hang, or the size is reached."""
        while len(self._begun_at) < min(self._size, at_least + self._hanging()):
            thread = Thread(target=self._run, name="scans", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                logger.error(
                    "The system starts no more than %s threads (%s).",
                    len(self._begun_at),
                    error,
                    extra={"event": "too_few_threads", "threads": len(self._begun_at)},
                )
                return
            self._begun_at[thread] = None

    def _run(self) -> None:
        try:
            while (scan := self._next()) is not None:
                self._work_on(scan)
        except BaseException:
            # Such as SystemExit, raised by a project's own code.
            logger.exception(
                "A thread that works on scans has died; another takes its place.", extra={"event": "worker_thread_died"}
            )
        finally:
            with self._changed:
                self._finished += 1
                del self._begun_at[current_thread()]
                self._changed.notify_all()

    def _next(self) -> ImageScan | None:
        with self._changed:
            if self._begun_at[current_thread()] is not None:
                self._begun_at[current_thread()] = None
                self._finished += 1
                self._changed.notify_all()
            while not self._waiting and not self._is_closed:
                self._changed.wait(_IDLE_SECONDS)
            if not self._waiting:
                return None
            self._begun_at[current_thread()] = time.monotonic()
            return self._waiting.popleft()
