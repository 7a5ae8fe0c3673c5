"""What hangs, dies or cannot be started in a worker: nothing of it keeps the rest from going on, or from ending."""

import gc
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from queue import SimpleQueue
from threading import Event, Semaphore, Thread, current_thread, main_thread
from threading import enumerate as enumerate_threads
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command
from django.utils import timezone

from django_copyleaks_image.management.commands import copyleaks_worker
from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.scanning import leases, rate, receive, submit, sweep
from django_copyleaks_image.worker import Stuck, Worker, loop, scan_threads, stop_on_signals, watchdog
from tests.samples import photo, picture
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # Threads that hang are left behind with what they hold, as the tests want it.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SOON = 20.0
Command = Callable[..., tuple[Worker, Callable[[], str]]]


class Run:
    """A worker that runs in a thread beside the test, and what came of it."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.is_done: bool | None = None
        self.stuck = ""
        self._thread = Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.is_done = self.worker.run()
        except Stuck as problem:
            self.stuck = str(problem)

    def wait(self) -> "Run":
        self._thread.join(SOON)
        assert not self._thread.is_alive()
        return self


@pytest.fixture
def go_on() -> Iterator[Event]:
    """Return what lets everything that hangs go on, at the end of the test at the latest."""
    event = Event()
    yield event
    event.set()
    time.sleep(0.2)


@pytest.fixture
def hang(go_on: Event) -> Callable[..., Any]:
    """Return a function that hangs until the end of the test."""

    def hang(*_: object, **__: object) -> int:
        # Longer than any test waits for it.
        go_on.wait(2 * SOON)
        return 0

    return hang


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Run]]:
    monkeypatch.setattr(loop, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr(loop, "NAP", 0.05)
    monkeypatch.setattr(loop, "ROUND_SECONDS", 0.05)
    before = set(enumerate_threads())
    runs = []

    def start(*, threads: int = 2, graceful_seconds: float = SOON) -> Run:
        worker = Worker(threads=threads, poll_seconds=0.02, graceful_seconds=graceful_seconds)
        runs.append(Run(worker))
        return runs[-1]

    yield start
    # A thread that has hung may end with a connection, which would be told of in whichever test comes then.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for each in runs:
            each.worker.stop()
            each.wait()
        for thread in set(enumerate_threads()) - before:
            if thread.name not in ("leases", "deadlines"):
                thread.join(3.0)
        gc.collect()


def upload(count: int) -> None:
    for number in range(count):
        photo(f"{number}.jpg", picture(colour=(number * 20, 0, 0)))


def put_away(scan: ImageScan) -> None:
    """Do what is enough for a scan not to be due again."""
    ImageScan.objects.filter(pk=scan.pk).update(next_attempt_at=timezone.now() + timedelta(days=1), lease_until=None)


def test_thread_that_dies__is_replaced_and_keeps_nobody_from_stopping(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Thread] = []

    def die_first(scan: ImageScan, **_: object) -> None:
        begun.append(current_thread())
        put_away(scan)
        if len(begun) < 3:
            raise SystemExit

    monkeypatch.setattr(submit, "work_on", die_first)
    upload(5)

    running = run(threads=1)
    wait_until(lambda: len(begun) == 5)
    running.worker.stop()

    assert running.wait().is_done
    assert len(set(begun)) == 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_threads_that_cannot_be_started__leave_the_scans_to_others_and_end_the_worker(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    start = Thread.start

    def refuse(thread: Thread) -> None:
        if thread.name == "scans":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(Thread, "start", refuse)
    monkeypatch.setattr(watchdog, "STUCK_SECONDS", 0.5)
    upload(1)

    running = run()

    assert "no progress" in running.wait().stuck
    assert "claims" in running.stuck
    assert "can't start new thread" in caplog.text
    assert list(ImageScan.objects.due(timezone.now())) == [ImageScan.objects.get()]


def test_fewer_threads_than_asked_for__work_on_everything(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Thread.start
    started: list[Thread] = []

    def refuse_the_second(thread: Thread) -> None:
        if thread.name == "scans":
            if started:
                raise RuntimeError("can't start new thread")
            started.append(thread)
        start(thread)

    monkeypatch.setattr(Thread, "start", refuse_the_second)
    begun: list[int] = []

    def note(scan: ImageScan, **_: object) -> None:
        put_away(scan)
        begun.append(scan.pk)

    monkeypatch.setattr(submit, "work_on", note)
    upload(6)

    running = run(threads=4)
    wait_until(lambda: len(begun) == 6)
    running.worker.stop()

    assert running.wait().is_done


def test_storage_that_never_answers__takes_one_thread_and_not_its_scan_again(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, hang: Callable[..., Any]
) -> None:
    opened: list[str] = []
    open_ = FileSystemStorage._open  # type: ignore[attr-defined]

    def hang_over_the_first(storage: FileSystemStorage, name: str, mode: str = "rb") -> Any:
        opened.append(name)
        if name.endswith("0.jpg"):
            hang()
        return open_(storage, name, mode)

    monkeypatch.setattr(FileSystemStorage, "_open", hang_over_the_first)
    upload(4)
    hanging = ImageScan.objects.earliest("pk")

    running = run(threads=2, graceful_seconds=0.2)
    wait_until(lambda: ImageScan.objects.exclude(sha256="").count() == 3)
    ImageScan.objects.filter(pk=hanging.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    time.sleep(0.3)
    running.worker.stop()

    assert running.wait().is_done is False
    assert opened.count(hanging.file_name) == 1


def test_every_thread_hangs__ends_the_worker(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, hang: Callable[..., Any]
) -> None:
    monkeypatch.setattr(leases, "LONGEST_WORK", timedelta(seconds=0.5))
    monkeypatch.setattr(submit, "work_on", hang)
    upload(5)

    running = run(threads=2, graceful_seconds=0.2)

    assert running.wait().stuck == "each of the 2 threads hangs in a scan"


def test_thread_that_hangs__counts_no_longer_as_busy(monkeypatch: pytest.MonkeyPatch, hang: Callable[..., Any]) -> None:
    monkeypatch.setattr(leases, "LONGEST_WORK", timedelta(seconds=0.1))
    threads = scan_threads.ScanThreads(2, hang)
    upload(1)
    assert threads.room() == 3
    threads.put([ImageScan.objects.get()])
    wait_until(lambda: bool(threads._begun_at) and any(threads._begun_at.values()))
    assert threads.room() == 2
    time.sleep(0.2)

    assert threads.room() == 2  # One that works, and one ahead.
    threads.check()


def test_thread_that_becomes_free__wakes_who_claims() -> None:
    threads = scan_threads.ScanThreads(1, lambda scan: None)
    upload(1)
    threads.room()
    threads.put([ImageScan.objects.get()])
    before = time.monotonic()

    assert threads.wait(SOON)
    assert time.monotonic() - before < SOON
    threads.close()


@pytest.mark.parametrize(
    ("module", "name", "silent"),
    [(submit, "claim", "claims"), (receive, "judge_due", "receipts"), (sweep, "sweep_if_due", "rounds")],
)
def test_loop_that_hangs__ends_the_worker(
    module: Any,
    name: str,
    silent: str,
    run: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
    hang: Callable[..., Any],
) -> None:
    monkeypatch.setattr(watchdog, "STUCK_SECONDS", 1.0)
    monkeypatch.setattr(module, name, hang)

    running = run(graceful_seconds=0.2)

    # On a busy machine others may be silent for as long.
    assert silent in running.wait().stuck


def test_loop_that_hangs__ends_the_heartbeat_first_and_nothing_else(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, hang: Callable[..., Any]
) -> None:
    monkeypatch.setattr(loop, "UNWELL_SECONDS", 0.1)
    monkeypatch.setattr(sweep, "INTERVAL", timedelta(0))
    entered = Event()

    def hang_in_judging(**_: object) -> int:
        entered.set()
        return int(hang())

    monkeypatch.setattr(receive, "judge_due", hang_in_judging)

    running = run(graceful_seconds=0.2)
    assert entered.wait(SOON)
    time.sleep(1.0)
    silent_since, before = AccountState.objects.get().worker_seen_at, timezone.now()

    time.sleep(1.0)  # In which a heartbeat would come.
    wait_until(lambda: AccountState.objects.filter(swept_at__gt=before).exists())

    assert AccountState.objects.get().worker_seen_at == silent_since
    running.worker.stop()
    assert running.wait().is_done is False


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_loop_that_dies__ends_the_worker(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    def die() -> bool:
        raise SystemExit

    monkeypatch.setattr(sweep, "sweep_if_due", die)

    assert run().wait().stuck == "a thread has died: rounds"


def test_stopped__while_something_hangs(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, hang: Callable[..., Any]
) -> None:
    begun = Semaphore(0)

    def begin(*_: object, **__: object) -> None:
        begun.release()
        hang()

    monkeypatch.setattr(submit, "work_on", begin)
    upload(3)
    running = run(threads=2, graceful_seconds=0.3)
    assert begun.acquire(timeout=SOON)
    assert begun.acquire(timeout=SOON)

    running.worker.stop()

    assert running.wait().is_done is False
    # The one that was only claimed is due for others.
    assert ImageScan.objects.filter(lease_until=None, attempts=0).count() == 1


def test_stopped__nobody_waits_for_a_slot(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, configure: Callable[..., None]
) -> None:
    reserved = Event()

    def a_distant_slot(**_: object) -> tuple[timedelta, bool]:
        reserved.set()
        return timedelta(seconds=15), True

    monkeypatch.setattr(rate, "reserve_slot", a_distant_slot)
    monkeypatch.setattr("django_copyleaks_image.copyleaks.client.Client.log_in", lambda self: None)
    upload(1)
    running = run(threads=1)
    assert reserved.wait(SOON)
    before = time.monotonic()

    running.worker.stop()

    assert running.wait().is_done
    assert time.monotonic() - before < 10
    scan = ImageScan.objects.get()
    assert (scan.attempts, scan.lease_until, scan.sent_at) == (0, None, None)


def test_once__with_something_that_hangs(monkeypatch: pytest.MonkeyPatch, hang: Callable[..., Any]) -> None:
    monkeypatch.setattr(watchdog, "STUCK_SECONDS", 0.5)
    monkeypatch.setattr(loop, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr(submit, "work_on", hang)
    upload(1)

    with pytest.raises(Stuck, match="once"):
        Worker(threads=2, poll_seconds=0.02, graceful_seconds=0.2).run_once()


def test_once__raises_what_goes_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(sweep, "sweep", fail)

    with pytest.raises(ZeroDivisionError):
        Worker(threads=1, poll_seconds=0.02).run_once()


def test_signals__are_left_alone_outside_the_main_thread() -> None:
    assert current_thread() is main_thread()
    errors: list[Exception] = []

    def use() -> None:
        try:
            with stop_on_signals(Worker(threads=1, poll_seconds=0.02)):
                pass
        except Exception as error:  # noqa: BLE001 - compared below
            errors.append(error)

    thread = Thread(target=use)
    thread.start()
    thread.join(SOON)

    assert errors == []


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Return a function that starts ``copyleaks_worker`` in a thread of this process, which it must not end.

    It returns the worker, and a function that waits for the command and returns what it raised.
    """
    started = SimpleQueue[Worker]()

    class Noted(Worker):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            started.put(self)

    def end(status: int) -> None:
        pytest.fail(f"the process was ended with {status}")

    monkeypatch.setattr(copyleaks_worker, "Worker", Noted)
    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(loop, "WATCH_SECONDS", 0.05)
    workers = []

    def start(*options: str) -> tuple[Worker, Callable[[], str]]:
        raised: list[str] = []

        def call() -> None:
            try:
                call_command("copyleaks_worker", "--poll", "0.02", *options)
            except BaseException as error:  # noqa: BLE001 - compared by the test
                raised.append(str(error))

        thread = Thread(target=call)
        thread.start()
        workers.append((started.get(timeout=SOON), thread))

        def wait() -> str:
            thread.join(SOON)
            assert not thread.is_alive()
            return "".join(raised)

        return workers[-1][0], wait

    yield start
    for worker, thread in workers:
        worker.stop()
        thread.join(SOON)


def test_command_in_a_thread__works_until_it_is_stopped(command: Command) -> None:
    upload(1)
    worker, wait = command("--threads", "1")
    wait_until(lambda: ImageScan.objects.exclude(attempts=0).exists())
    worker.stop()

    assert wait() == ""


def test_command_in_a_thread__that_leaves_something_behind_does_not_end_the_process(
    command: Command, hang: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = Event()

    def work_on(*_: object, **__: object) -> None:
        begun.set()
        hang()

    monkeypatch.setattr(submit, "work_on", work_on)
    upload(1)
    worker, wait = command("--threads", "1", "--graceful-timeout", "0.1")
    assert begun.wait(SOON)
    worker.stop()

    assert wait() == ""


def test_command_in_a_thread__that_is_stuck_says_so_and_does_not_end_the_process(
    command: Command, hang: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LONGEST_WORK", timedelta(seconds=0.1))
    monkeypatch.setattr(submit, "work_on", hang)
    upload(1)
    _worker, wait = command("--threads", "1", "--graceful-timeout", "0.1")

    assert wait() == "The worker is stuck (each of the 1 threads hangs in a scan)."


def test_worker_that_rests_for_long__does_not_count_as_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    dog = watchdog.Watchdog(pause=1000.0)
    dog.note()
    noted_at = time.monotonic()

    monkeypatch.setattr(time, "monotonic", lambda: noted_at + watchdog.STUCK_SECONDS + 999)
    dog.check()

    monkeypatch.setattr(time, "monotonic", lambda: noted_at + watchdog.STUCK_SECONDS + 1001)
    with pytest.raises(Stuck):
        dog.check()


def test_stopped_right_before_its_slot__a_scan_that_is_marked_as_sent_is_sent() -> None:
    worker = Worker(threads=1, poll_seconds=0.01)
    worker._stopping.set()

    worker._sleep(rate.HEAD_START.total_seconds())

    with pytest.raises(submit.Stopped):
        worker._sleep(2 * rate.HEAD_START.total_seconds())


def test_no_directory_for_temporary_files__is_told_at_the_start(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", list)

    running = run()
    running.worker.stop()

    assert running.wait().is_done
    assert "No directory for temporary files can be written (TMPDIR)" in caplog.text
