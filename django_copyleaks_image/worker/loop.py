"""The worker itself: loops in threads of their own, and one that waits for nothing and watches over them."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from math import inf
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread

from django.db import Error as AnyDatabaseError

from django_copyleaks_image import connection_pool, tenants
from django_copyleaks_image.alerts import rounds as alerts
from django_copyleaks_image.connection_pool import ConnectionPool, checked_in
from django_copyleaks_image.database_errors import OUT_OF_REACH, Trouble, told, trouble_of
from django_copyleaks_image.decoding import pool as decoding
from django_copyleaks_image.models import ImageScan, home_database
from django_copyleaks_image.scanning import (
    account,
    attempts,
    days,
    duplicates,
    heatmaps,
    leases,
    rate,
    receive,
    reconcile,
    renditions,
    spooled,
    submit,
    sweep,
)

from .rounds import sweep_and_reconcile
from .scan_threads import ScanThreads
from .sign_of_life import SignOfLife
from .turns import TURN_SECONDS, Turns
from .watchdog import UNWELL_SECONDS, Stuck, Watchdog

logger = logging.getLogger(__name__)

# After an error: seconds until the next look, so that a restart is survived without a storm of attempts …
NAP = 2.0
# … and where a connection was only stale or another transaction faster.
SHORT_NAP = 0.1
ROUND_SECONDS = 1.0
WATCH_SECONDS = 1.0
GRACEFUL_SECONDS = 10.0
TELL_AGAIN_SECONDS = 60.0


class Worker:
    """Works until it is told to stop; scans in progress are finished first, those only claimed are given back.

    Whoever calls it, in whichever thread, waits for no database, no network and no lock of another thread, so it can
    always be stopped, and it notices when the others hang.
    """

    def __init__(
        self,
        *,
        threads: int,
        poll_seconds: float,
        graceful_seconds: float = GRACEFUL_SECONDS,
        heartbeat_file: Path | None = None,
    ) -> None:
        """Whoever asks for the worker's health looks at the time of ``heartbeat_file``, see :mod:`.sign_of_life`."""
        self._poll_seconds = poll_seconds
        self._graceful_seconds = graceful_seconds
        # A handler of signals may interrupt whoever holds the lock of an Event, but not of a SimpleQueue.
        self._told: SimpleQueue[None] = SimpleQueue()
        self._is_stopping = False
        self._stopping = Event()
        self._sign_of_life = SignOfLife(heartbeat_file)
        self._watchdog = Watchdog(pause=max(poll_seconds, ROUND_SECONDS))
        self._size = threads
        self._scans = ScanThreads(threads, self._work_on)
        wanted = connection_pool.wanted_for(threads)
        self._connections = ConnectionPool(min(wanted, connection_pool.limit_of(home_database()) or wanted))
        # For whom all threads work; None without tenants.
        self._tenant: tenants.Tenant | None = None
        self._raised: Exception | None = None
        self._turns = Turns()
        self._told_last, self._tell_again_at = "", 0.0

    def stop(self) -> None:
        """Ask the worker to finish what it holds and return; may be called by a handler of signals."""
        self._is_stopping = True
        self._told.put(None)

    def run(self) -> bool:
        """Work until :meth:`stop`; a lost database is waited for. Return whether all that was begun is finished.

        It is not where something took longer than ``graceful_seconds``: its leases end by themselves. Raises
        :class:`~.watchdog.Stuck` when there is no progress any more; the threads that hang are left behind.
        """
        logger.info(
            "Worker started with %s threads.", self._size, extra={"event": "worker_started", "threads": self._size}
        )
        if not spooled.has_temporary_files():
            logger.warning(
                "No directory for temporary files can be written (TMPDIR): each picture stays in memory.",
                extra={"event": "no_temporary_files"},
            )
        if tenants.is_missing():
            return self._watch_over(self._loop("tenants", self._take_turns, self._rest_unless_found))
        self._tenant = tenants.of_thread()
        # Each in a thread of its own: neither a call to the network nor a picture is waited for.
        return self._watch_over(
            self._loop("claims", self._claim, self._rest_from_claiming),
            self._loop("receipts", self._judge, self._rest_unless_found),
            self._loop("rounds", self._go_round, lambda _: self._stopping.wait(ROUND_SECONDS)),
            self._loop("pictures", renditions.draw_next, self._rest_unless_found),
            self._loop("quick pictures", renditions.draw_fresh, self._rest_unless_found),
        )

    def run_once(self) -> bool:
        """Work until nothing is due, then return as :meth:`run` does; what goes wrong is raised."""
        self._tenant = None if tenants.is_missing() else tenants.of_thread()
        return self._watch_over(Thread(target=self._until_nothing_is_due, name="once", daemon=True))

    def _watch_over(self, *loops: Thread) -> bool:
        self._sign_of_life.show()
        try:
            for loop in loops:
                loop.start()
            while not self._is_stopping:
                with suppress(Empty):
                    self._told.get(timeout=WATCH_SECONDS)
                self._check(loops)
                # Also while the database is away: another process would reach no more.
                if not self._watchdog.silent(UNWELL_SECONDS):
                    self._sign_of_life.show()
        finally:
            self._sign_of_life.take_away()
            self._is_stopping = True
            self._stopping.set()
            self._scans.close()
            self._connections.keep_none()
            decoding.drawing.close()
        logger.info("Stopping: finishing the scans in progress.", extra={"event": "worker_stopping"})
        until = time.monotonic() + self._graceful_seconds
        for loop in loops:
            loop.join(max(0.0, until - time.monotonic()))
        is_done = self._scans.join(until) and not any(loop.is_alive() for loop in loops)
        if is_done:
            self._connections.close_idle(longer_than=0)
        if self._raised is not None:
            raise self._raised
        if is_done:
            logger.info("Worker stopped.", extra={"event": "worker_stopped"})
        else:
            logger.warning(
                "Worker stopped without waiting any longer; what it was doing is free when its leases end.",
                extra={"event": "worker_stopped_early"},
            )
        return is_done

    def _check(self, loops: Sequence[Thread]) -> None:
        """Raise :class:`Stuck` when there will be no more progress."""
        # Those that end in the normal way have been told to stop, or say so themselves.
        dead = [loop.name for loop in loops if not loop.is_alive()]
        if dead and not self._is_stopping:
            raise Stuck(f"a thread has died: {', '.join(dead)}")
        self._watchdog.check()
        self._scans.check()

    def _loop(self, name: str, step: Callable[[], object], rest: Callable[[object], object]) -> Thread:
        return Thread(target=self._repeat, args=(step, rest), name=name, daemon=True)

    def _repeat(self, step: Callable[[], object], rest: Callable[[object], object]) -> None:
        """Take a step until :meth:`stop`, and rest after it."""
        self._watchdog.note()
        while not self._is_stopping:
            found = None
            with self._surviving():
                with tenants.active(self._tenant), self._connections.checked_out():
                    found = step()
                self._watchdog.note()
            self._connections.close_idle()
            rest(found)
        self._give_back_unbegun()
        self._connections.close_idle(longer_than=0)

    def _take_turns(self) -> int:
        """Work for each tenant in turn; return how much there was to do.

        All threads work for the same one: what Django and the project keep in memory of a schema, such as the keys of
        content types, is of one for all threads.
        """
        found = 0
        for tenant in self._turns.of(tenants.each()):
            self._tenant = tenant
            with tenants.active(tenant):
                try:
                    with self._turns.taken_by(tenant):
                        found += self._take_turn(until=time.monotonic() + TURN_SECONDS)
                finally:
                    self._finish_turn()
            if self._is_stopping:
                break
        return found

    def _take_turn(self, *, until: float) -> int:
        self._go_round()
        found = 0
        while not self._is_stopping and time.monotonic() < until:
            self._watchdog.note()
            done = self._judge(until=until) + self._claim() + bool(renditions.draw_next())
            found += done
            if not (done or self._scans.is_busy):
                break
            if not done:
                with checked_in():
                    self._scans.wait(self._poll_seconds)
        return found

    def _finish_turn(self) -> None:
        """Wait until no thread works for the tenant any more, or somebody asks to stop; then the threads still do."""
        self._give_back_unbegun()
        with checked_in():
            while not self._is_stopping:
                self._watchdog.note()
                if self._scans.wait_until_idle(WATCH_SECONDS):
                    self._tenant = None
                    return

    def _go_round(self) -> None:
        self._show_heartbeat()
        sweep_and_reconcile()
        # One at a time, since the next heartbeat waits for it, as :meth:`stop` does.
        if not self._is_stopping:
            heatmaps.fetch_due()

    def _show_heartbeat(self) -> None:
        """Show that the whole worker goes on: one that only sweeps, for example, does not."""
        if not self._watchdog.silent(UNWELL_SECONDS):
            account.heartbeat()

    def _judge(self, until: float = inf) -> int:
        def is_enough() -> bool:
            # The project's own receivers run here, and may take their time.
            self._watchdog.note()
            return self._is_stopping or time.monotonic() > until

        return receive.judge_due(until=is_enough) + duplicates.settle_due()

    def _claim(self) -> int:
        """Claim what the threads have room for; return how many there were."""
        try:
            room = self._scans.room()
        except Stuck:
            # Others may have threads.
            self._give_back_unbegun()
            raise
        if not room:
            return 0
        claimed = submit.claim(room)
        self._scans.put(claimed)
        return len(claimed)

    def _rest_unless_found(self, found: object) -> None:
        if not found:
            self._stopping.wait(self._poll_seconds)

    def _rest_from_claiming(self, claimed: object) -> None:
        """Rest until a thread is free while there may be more to claim, else until the next poll."""
        if claimed or self._scans.is_full:
            self._scans.wait(self._poll_seconds)
        else:
            self._stopping.wait(self._poll_seconds)

    def _until_nothing_is_due(self) -> None:
        self._watchdog.note()
        try:
            with tenants.active(self._tenant), self._connections.checked_out():
                for self._tenant in tenants.each():
                    with tenants.active(self._tenant):
                        self._do_once()
        except Exception as error:  # noqa: BLE001 - raised where run_once was called
            self._raised = error
        finally:
            self._give_back_unbegun()
            self.stop()

    def _do_once(self) -> None:
        self._show_heartbeat()
        self._judge()
        # Noted if that is due, and done even if another just did.
        if not sweep.sweep_if_due():
            sweep.sweep()
        reconcile.reconcile()
        while not self._is_stopping:
            # Asked before there is a claim: who finishes meanwhile may have put back what is due at once.
            was_busy = self._scans.is_busy
            if not (self._judge() + self._claim() or was_busy):
                break
            self._show_heartbeat()
            with checked_in():
                if self._scans.wait(self._poll_seconds):
                    self._watchdog.note()
        sweep.sweep()
        alerts.go_round()
        days.count_due()
        while not self._is_stopping and (self._judge() or heatmaps.fetch_due() or renditions.draw_next()):
            self._watchdog.note()
            self._show_heartbeat()

    def _work_on(self, scan: ImageScan) -> None:
        # Whatever goes wrong: the lease ends by itself, and the row is then claimed again under the same id.
        try:
            with tenants.active(self._tenant), self._connections.checked_out():
                if self._is_stopping:
                    self._give_back([scan])
                else:
                    submit.work_on(scan, sleep=self._sleep)
        except AnyDatabaseError as error:
            logger.error(
                "Scan %s: the database refuses (%s).",
                scan.scan_id,
                told(error),
                extra=scan.event("database_refuses", error=type(error).__name__),
            )
        except Exception:
            logger.exception(
                "Scan %s: an unforeseen error in the worker.",
                scan.scan_id,
                extra=scan.event("scan_error"),
            )

    def _sleep(self, seconds: float) -> None:
        """Sleep until a slot; raise :class:`.submit.Stopped` when it is not worth waiting for."""
        # Shortly before its slot a scan is marked as sent: then it is sent.
        if seconds <= rate.HEAD_START.total_seconds():
            time.sleep(seconds)
        elif self._stopping.wait(seconds):
            raise submit.Stopped

    def _give_back_unbegun(self) -> None:
        if unbegun := self._scans.take_back():
            with suppress(AnyDatabaseError), tenants.active(self._tenant), self._connections.checked_out():
                self._give_back(unbegun)

    def _give_back(self, claimed: Iterable[ImageScan]) -> None:
        for scan in claimed:
            with leases.working(scan):
                attempts.give_back(scan)

    @contextmanager
    def _surviving(self) -> Iterator[None]:
        """Log what the block raises, and rest."""
        try:
            yield
        except AnyDatabaseError as error:
            trouble = trouble_of(error)
            if self._is_news(words := told(error)):
                logger.error(
                    "The database refuses (%s); trying again.",
                    words,
                    extra={"event": "database_refuses", "error": type(error).__name__},
                )
            if trouble in OUT_OF_REACH:
                # Not this process hangs, and another one would reach no more.
                self._watchdog.note()
            self._stopping.wait(SHORT_NAP if trouble in (Trouble.LOST, Trouble.RACE) else NAP)
        except Stuck as problem:
            if self._is_news(str(problem)):
                logger.error("%s; trying again.", problem, extra={"event": "worker_stuck", "reason": str(problem)})
            self._stopping.wait(NAP)
        except Exception:
            # A bug must not end the process that makes every scan end.
            logger.exception("An unforeseen error in the worker.", extra={"event": "worker_error"})
            self._stopping.wait(NAP)

    def _is_news(self, problem: str) -> bool:
        """Return whether to tell of a problem: now and then as long as it stays the same."""
        if (problem, time.monotonic() < self._tell_again_at) == (self._told_last, True):
            return False
        self._told_last, self._tell_again_at = problem, time.monotonic() + TELL_AGAIN_SECONDS
        return True
