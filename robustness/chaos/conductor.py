"""The course of the run: start everything, let it be disturbed while pictures are uploaded, wait, judge."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from django.core.management import call_command
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.db.models import Count

from benchmarks.databases import Database
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.scanning import account
from tests.processes import LOOPBACK, Process, RunFailed

from . import books, faults, judge
from .apps import RECONCILE_SECONDS
from .plan import UPLOADERS, Action, Step
from .visitors import Visitor

# Seconds between two kills of a worker, and of a process of the site: from, to.
WORKER_LIVES = (1.5, 4.0)
SITE_LIVES = (6.0, 12.0)
PROGRESS_SECONDS = 3.0
# After the last upload: how long everything may take to end, and how long it must then stay as it is, so that the
# last late callback has come and reconciliation has looked once more.
END_SECONDS = 120.0
QUIET_SECONDS = faults.LATE_SECONDS + 2 * RECONCILE_SECONDS
STALLED_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the person who starts the run may choose."""

    uploads: int
    seed: int
    workers: int
    repeated: str


@dataclass(frozen=True, kw_only=True)
class Addresses:
    site_port: int
    emulator_port: int

    @property
    def emulator(self) -> str:
        return f"http://{LOOPBACK}:{self.emulator_port}"


class Conductor:
    """Runs everything in ``folder``; whatever is drawn by lot here follows from the seed."""

    def __init__(
        self, options: Options, *, folder: Path, database: Database, addresses: Addresses, environment: dict[str, str]
    ) -> None:
        self._options = options
        self._database = database
        self._addresses = addresses
        self._rng = random.Random(f"conductor {options.seed}")
        self._counts: Counter[str] = Counter()
        self._taken_away = ""
        self._overdrawn: list[books.Finding] = []
        self._started = time.monotonic()
        self._reported = 0.0
        # How much was uploaded, and when the last of it was seen.
        self._progress = 0, time.monotonic()

        def process(name: str, *command: str) -> Process:
            return Process(name, *command, folder=folder, environment=environment)

        self._emulator = process(
            "emulator",
            *("django", "copyleaks_emulator", "--port", str(addresses.emulator_port)),
            *("--ledger", str(folder / "ledger.jsonl"), "--seed", str(options.seed)),
            *("--repeated", options.repeated, *faults.ARGUMENTS),
        )
        self._site = process(
            "site",
            *("gunicorn", "robustness.chaos.wsgi", "--bind", f"{LOOPBACK}:{addresses.site_port}"),
            *("--workers", "2", "--threads", "6", "--log-level", "warning"),
        )
        self._workers = [
            process(f"worker-{number}", "django", "copyleaks_worker", "--threads", "4", "--poll", "0.1")
            for number in range(options.workers)
        ]
        self._visitors = [
            Visitor(number, uploads=options.uploads, seed=options.seed, folder=folder, environment=environment)
            for number in range(UPLOADERS)
        ]

    def run(self) -> judge.Judgement:
        """Return the judgement; raise RunFailed when the run itself breaks down."""
        call_command("migrate", run_syncdb=True, verbosity=0)
        with ExitStack() as running:
            for process in (self._emulator, self._site, *self._workers):
                running.enter_context(process)
            self._emulator.wait_for(self._addresses.emulator_port)
            self._site.wait_for(self._addresses.site_port)
            self._wait_for_reconciliation()
            for visitor in self._visitors:
                running.enter_context(visitor.process)
            self._disturb()
            self._wait_for_the_end()
            judgement = judge.judge(self._ledger(), kept=self._kept())
        judgement.wrong += self._overdrawn[:1]
        judgement.facts = self._facts() | judgement.facts
        return judgement

    def uploads(self) -> int:
        """Return how many pictures were uploaded so far."""
        return sum(step.action == Action.UPLOAD for step in self._begun())

    def log_lines_about(self, scan_id: str) -> Iterator[str]:
        """Yield what the processes logged about a scan."""
        processes = (self._emulator, self._site, *self._workers, *(it.process for it in self._visitors))
        for process in processes:
            yield from (f"{process.name}: {line}" for line in process.lines() if scan_id in line)

    def _ledger(self) -> dict[str, Any]:
        ledger: dict[str, Any] = requests.get(f"{self._addresses.emulator}/_emulator/ledger", timeout=30).json()
        return ledger

    def _wait_for_reconciliation(self) -> None:
        """Wait for its first look: what was stored before that is not its business."""
        deadline = time.monotonic() + 30
        while not account.state().watermarks:
            for worker in self._workers:
                worker.check()
            if time.monotonic() > deadline:
                raise RunFailed(f"No worker has reconciled.\n{self._workers[0].end_of_log()}")
            time.sleep(0.1)

    def _disturb(self) -> None:
        """Kill and restart until everything has been uploaded."""
        next_worker, next_site = self._in(WORKER_LIVES), self._in(SITE_LIVES)
        restart_at = self._options.uploads // 2
        while self._visitors_are_at_work():
            if time.monotonic() > next_worker:
                self._kill_a_worker()
                next_worker = self._in(WORKER_LIVES)
            if time.monotonic() > next_site:
                self._kill_a_site_process()
                next_site = self._in(SITE_LIVES)
            if restart_at and self.uploads() >= restart_at:
                self._restart_database()
                restart_at = 0
            self._look_around()
        self._report()

    def _visitors_are_at_work(self) -> bool:
        """Start the dead ones again; send all home when nothing was uploaded for so long that nothing will be."""
        uploads = self.uploads()
        if uploads > self._progress[0]:
            self._progress = uploads, time.monotonic()
        if time.monotonic() - self._progress[1] > STALLED_SECONDS:
            print(f"{self._seconds():5.0f} s  nothing was uploaded for {STALLED_SECONDS:.0f} s: no more will be")
            for visitor in self._visitors:
                visitor.process.kill()
            return False
        return sum(visitor.look_after() for visitor in self._visitors) > 0

    def _in(self, seconds: tuple[float, float]) -> float:
        return time.monotonic() + self._rng.uniform(*seconds)

    def _kill_a_worker(self) -> None:
        worker = self._rng.choice(self._workers)
        worker.check()
        worker.kill()
        worker.start()
        self._counts["workers killed"] += 1

    def _kill_a_site_process(self) -> None:
        """Kill one of the processes that serve the endpoints; gunicorn starts another one."""
        if self._site.kill_a_child(self._rng):
            self._counts["site processes killed"] += 1

    def _restart_database(self) -> None:
        with _after_losing_the_database():
            connection.close()
            self._taken_away = self._database.restart()
            if self._taken_away:
                print(f"{self._seconds():5.0f} s  the database was taken away: {self._taken_away}", flush=True)

    def _look_around(self) -> None:
        self._emulator.check()
        self._site.check()
        if time.monotonic() - self._reported > PROGRESS_SECONDS:
            self._report()
        time.sleep(0.1)

    def _wait_for_the_end(self) -> None:
        """Wait until nothing is unfinished and stays so, or until the time is over."""
        deadline = time.monotonic() + END_SECONDS
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < QUIET_SECONDS and time.monotonic() < deadline:
            if judge.unfinished():
                quiet_since = time.monotonic()
            for worker in self._workers:
                worker.check()
            self._look_around()
        self._report()

    def _report(self) -> None:
        self._reported = time.monotonic()
        with _after_losing_the_database():
            self._overdrawn += books.overdrawn(self._ledger())
            rows = dict(ImageScan.objects.values_list("status").annotate(Count("pk")).order_by("status"))
            states = "  ".join(f"{status} {count}" for status, count in rows.items())
            killed = self._counts["workers killed"]
            print(
                f"{self._seconds():5.0f} s  uploads {self.uploads()}/{self._options.uploads}"
                f"  {states}  workers killed {killed}",
                flush=True,
            )

    def _seconds(self) -> float:
        return time.monotonic() - self._started

    def _begun(self) -> list[Step]:
        return [step for visitor in self._visitors for step in visitor.begun()]

    def _kept(self) -> set[str]:
        steps = self._begun()
        deleted = {step.title for step in steps if step.action == Action.DELETE}
        return {step.title for step in steps} - deleted

    def _facts(self) -> dict[str, str]:
        struck = faults.count(self._emulator.lines())
        actions = Counter(step.action for step in self._begun())
        found = self._logged("Reconciliation queued ", " ")
        pauses = Counter(self._logged("Submissions are paused (", ")"))
        return {
            "seconds": f"{self._seconds():.0f}",
            "visitors did": ", ".join(f"{action} {count}" for action, count in actions.most_common()),
            "workers killed": str(self._counts["workers killed"]),
            "site processes killed": str(self._counts["site processes killed"]),
            "uploaders killed between the commits": str(sum(visitor.deaths for visitor in self._visitors)),
            "database taken away": self._taken_away or "no, SQLite has no server",
            "submissions": f"{struck.requests}, {struck.spoilt} of them ({struck.share:.0%}) with a fault",
            "faults": ", ".join(f"{name} {count}" for name, count in struck.by_name.most_common()),
            "files found by reconciliation": str(sum(map(int, found))),
            "pauses": ", ".join(f"{code} {count}" for code, count in pauses.most_common()) or "none",
        }

    def _logged(self, before: str, after: str) -> list[str]:
        """Return what the workers' lines say between two texts."""
        lines = (line for worker in self._workers for line in worker.lines())
        return [line.partition(before)[2].partition(after)[0] for line in lines if before in line]


@contextmanager
def _after_losing_the_database() -> Iterator[None]:
    """Let a block end early when the database is away; the next one finds it again."""
    try:
        yield
    except AnyDatabaseError:
        connection.close()
