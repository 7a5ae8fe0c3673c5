"""Run tasks later on a few daemon threads, so that a thousand waiting callbacks cost no thousand threads."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

Task = Callable[[], object]

logger = logging.getLogger(__name__)


class Scheduler:
    """Tasks run when they are due, the earliest first; after :meth:`stop` none is begun any more."""

    def __init__(self, *, threads: int = 16) -> None:
        self._due: list[tuple[float, int, Task]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False
        self._running = 0
        self._threads = [
            threading.Thread(target=self._work, name=f"copyleaks-emulator-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def after(self, seconds: float, task: Task) -> None:
        """Run ``task`` in ``seconds``."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), task))
            self._changed.notify()

    @property
    def is_idle(self) -> bool:
        """Return whether no task is running or waits for its time."""
        with self._changed:
            return not (self._due or self._running)

    def stop(self, *, timeout: float = 2.0) -> None:
        """Begin no more tasks and wait at most ``timeout`` seconds for those that run."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception:
                # The thread has to outlive a task that fails; nobody waits for its outcome.
                logger.exception("A task of the emulator failed.", extra={"event": "emulator_task_failed"})
            finally:
                with self._changed:
                    self._running -= 1

    def _next(self) -> Task | None:
        with self._changed:
            while not self._stopped:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    # Somebody else has to watch over the next task while this one runs.
                    self._changed.notify()
                    self._running += 1
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
        return None
