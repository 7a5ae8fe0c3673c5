"""The process behind ``copyleaks_worker``: works on several scans at a time, judges callbacks, sweeps, reconciles."""

import logging
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Barrier, Event, Thread
from types import FrameType

from django.db import Error as AnyDatabaseError
from django.db import close_old_connections, connections

from .models import ImageScan
from .scanning import account, attempts, heatmaps, receive, reconcile, submit, sweep

logger = logging.getLogger(__name__)

# After a lost database: seconds until the next look, so that a restart is survived without a storm of attempts.
DATABASE_NAP = 2.0
ROUND_SECONDS = 1.0


def go_round() -> bool:
    """Do everything but submit: show that somebody is there, sweep and reconcile, each unless another just did.

    Returns whether it was this one that swept.
    """
    account.heartbeat()
    swept = sweep.sweep_if_due()
    reconcile.reconcile_if_due()
    return swept


class Worker:
    """Works until it is told to stop; scans in progress are finished first, those only claimed are given back."""

    def __init__(self, *, threads: int, poll_seconds: float) -> None:
        self._threads = threads
        # Claimed beyond the threads, so that none of them waits for the next claim. Few enough to start in their lease.
        self._ahead = max(1, threads // 2)
        self._poll_seconds = poll_seconds
        self._stop = Event()
        self._busy: set[Future[None]] = set()
        # Whether a thread of the pool may hold a connection to a database.
        self._is_connected = False

    def stop(self) -> None:
        """Ask the worker to finish what it holds and return."""
        self._stop.set()

    def run(self) -> None:
        """Work until :meth:`stop`; a lost database is waited for."""
        logger.info("Worker started with %s threads.", self._threads)
        # Each in a thread of its own: neither a call to the network nor a picture is waited for.
        others = [
            Thread(target=self._repeat, name="rounds", args=(self._go_round, ROUND_SECONDS)),
            Thread(target=self._repeat, name="receipts", args=(self._judge, self._poll_seconds)),
        ]
        for thread in others:
            thread.start()
        with self._pool() as pool:
            while not self._stop.is_set():
                with self._surviving_the_database():
                    close_old_connections()
                    claimed = self._claim(pool)
                    if self._is_connected and not self._busy:
                        self._let_go(pool, close_old_connections)
                    self._wait(claimed)
        for thread in others:
            thread.join()
        logger.info("Worker stopped.")

    def run_once(self) -> None:
        """Work until nothing is due, then return; database errors are raised."""
        account.heartbeat()
        with self._pool() as pool:
            self._judge()
            # Noted if that is due, and done even if another just did.
            if not sweep.sweep_if_due():
                sweep.sweep()
            reconcile.reconcile()
            while not self._stop.is_set() and (self._judge() + self._claim(pool) or self._busy):
                account.heartbeat()
                wait(self._busy, return_when=FIRST_COMPLETED)
                self._busy = {future for future in self._busy if not future.done()}
            sweep.sweep()
            while not self._stop.is_set() and (self._judge() or heatmaps.fetch_due()):
                account.heartbeat()

    @contextmanager
    def _pool(self) -> Iterator[ThreadPoolExecutor]:
        with ThreadPoolExecutor(self._threads, thread_name_prefix="scan") as pool:
            try:
                yield pool
            finally:
                self._let_go(pool, connections.close_all)

    def _let_go(self, pool: ThreadPoolExecutor, close: Callable[[], object]) -> None:
        """Close the connections of every thread of the pool, once all have done what they have to do.

        Not after each scan: a project that keeps no connections would open one for each.
        """
        together = Barrier(self._threads)

        def wait_and_close() -> None:
            together.wait()
            close()

        wait([pool.submit(wait_and_close) for _ in range(self._threads)])
        self._is_connected = False

    def _repeat(self, step: Callable[[], object], pause: float) -> None:
        """Take a step until :meth:`stop`, at once again after one that found something to do."""
        while not self._stop.is_set():
            found = None
            with self._surviving_the_database():
                close_old_connections()
                found = step()
            if not found:
                self._stop.wait(pause)
        connections.close_all()

    def _go_round(self) -> None:
        go_round()
        # One at a time, since the next heartbeat waits for it, as :meth:`stop` does.
        if not self._stop.is_set():
            heatmaps.fetch_due()

    def _judge(self) -> int:
        return receive.judge_due(until=self._stop.is_set)

    @contextmanager
    def _surviving_the_database(self) -> Iterator[None]:
        try:
            yield
        except AnyDatabaseError as error:
            logger.error(
                "The database refuses (%s); trying again. If tables are missing, run migrate.", type(error).__name__
            )
            _forget_connections()
            self._stop.wait(DATABASE_NAP)
        except Exception:
            # A bug must not end the process that makes every scan end.
            logger.exception("An unforeseen error in the worker.")
            self._stop.wait(DATABASE_NAP)

    def _claim(self, pool: ThreadPoolExecutor) -> int:
        """Claim for the threads and some ahead once none is left waiting.

        Returns how many there were.
        """
        self._busy = {future for future in self._busy if not future.done()}
        if len(self._busy) > self._threads:
            return 0
        claimed = submit.claim(self._threads + self._ahead - len(self._busy))
        self._busy.update(pool.submit(self._work_on, scan) for scan in claimed)
        self._is_connected |= bool(claimed)
        return len(claimed)

    def _wait(self, claimed: int) -> None:
        """Wait for a free thread while there may be more to claim, else for the next poll."""
        if claimed or len(self._busy) >= self._threads:
            wait(self._busy, timeout=self._poll_seconds, return_when=FIRST_COMPLETED)
        else:
            self._stop.wait(self._poll_seconds)

    def _work_on(self, scan: ImageScan) -> None:
        # Whatever goes wrong: the lease ends by itself, and the row is then claimed again under the same id.
        try:
            if self._stop.is_set():
                attempts.give_back(scan)
            else:
                submit.work_on(scan)
        except AnyDatabaseError as error:
            logger.error("Scan %s: the database was lost (%s).", scan.scan_id, type(error).__name__)
            _forget_connections()
        except Exception:
            logger.exception("Scan %s: an unforeseen error in the worker.", scan.scan_id)


def _forget_connections() -> None:
    for connection in connections.all(initialized_only=True):
        connection.close()


@contextmanager
def stop_on_signals(worker: Worker) -> Iterator[None]:
    """Stop the worker on SIGTERM and Ctrl-C while the block runs."""
    # A handler interrupts the main thread, perhaps while that holds the lock of the very event that would be set, or
    # of a log. A SimpleQueue is made for that; somebody else does the rest.
    has_come: SimpleQueue[bool] = SimpleQueue()

    def stop_when_told() -> None:
        if has_come.get():
            logger.info("Stopping: finishing the scans in progress.")
            worker.stop()

    Thread(target=stop_when_told, name="signals", daemon=True).start()
    previous: dict[int, Callable[[int, FrameType | None], object] | int | None] = {
        number: signal.signal(number, lambda _signum, _frame: has_come.put(True))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        has_come.put(False)
