"""The loop of the worker; what it does with a scan is tested in ``scanning/``."""

import time
from collections.abc import Iterator
from threading import Event, Semaphore, Thread
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.utils import timezone

from django_copyleaks_image.models import AccountState, DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import heatmaps, inbox, receive, recovery, submit, sweep
from django_copyleaks_image.worker import Worker
from django_copyleaks_image.worker.scan_threads import ScanThreads
from tests.samples import as_json, detection, photo, submitted
from tests.waiting import wait_until


@pytest.mark.django_db(transaction=True)
def test_once__shows_that_somebody_works_and_sweeps() -> None:
    Worker(threads=1, poll_seconds=0.01).run_once()

    state = AccountState.objects.get()
    assert None not in (state.worker_seen_at, state.swept_at)


@pytest.mark.django_db(transaction=True)
def test_run_once__claims_again_after_a_scan_that_was_finished_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been put back, and be due at once, right after the claim has looked."""
    is_busy = True
    busy_at_claims: list[bool] = []

    def claim(worker: Worker) -> int:
        nonlocal is_busy
        busy_at_claims.append(is_busy)
        is_busy = False
        return 0

    monkeypatch.setattr(ScanThreads, "is_busy", property(lambda threads: is_busy))
    monkeypatch.setattr(Worker, "_claim", claim)

    Worker(threads=1, poll_seconds=0.01).run_once()

    assert busy_at_claims == [True, False]


@pytest.mark.django_db(transaction=True)
def test_all_threads_busy__the_next_scans_are_claimed_ahead_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = Semaphore(0), Event()

    def begin(_scan: ImageScan, **_: object) -> None:
        begun.release()
        go_on.wait(10)

    monkeypatch.setattr(submit, "work_on", begin)
    for number in range(6):
        photo(f"{number}.jpg")
    worker = Worker(threads=2, poll_seconds=0.01)

    assert worker._claim() == 3
    assert begun.acquire(timeout=10)
    assert begun.acquire(timeout=10)
    assert worker._claim() == 0
    assert ImageScan.objects.filter(lease_until=None).count() == 3
    go_on.set()
    worker.stop()
    assert worker.run()


@pytest.mark.django_db(transaction=True)
def test_stopped__begun_scans_are_finished_and_those_only_claimed_are_due_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = Worker(threads=1, poll_seconds=0.01)
    begun: list[str] = []

    def stop_after(scan: ImageScan, **_: object) -> None:
        begun.append(scan.scan_id)
        worker.stop()

    monkeypatch.setattr(submit, "work_on", stop_after)
    photo("first.jpg")
    photo("second.jpg")

    worker.run_once()

    first, second = ImageScan.objects.order_by("pk")
    assert begun == [first.scan_id]
    assert (first.attempts, second.attempts) == (1, 0)
    assert list(ImageScan.objects.due(timezone.now())) == [second]


@pytest.mark.django_db(transaction=True)
def test_runs__every_scan_is_worked_on_and_an_error_is_logged_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(5):
        photo(f"{number}.jpg")
    worker = Worker(threads=2, poll_seconds=0.01)
    begun: list[str] = []

    def fail_the_first(scan: ImageScan, **_: object) -> None:
        is_first = not begun
        begun.append(scan.scan_id)
        if len(begun) == 5:
            worker.stop()
        if is_first:
            raise ZeroDivisionError

    monkeypatch.setattr(submit, "work_on", fail_the_first)

    worker.run()

    assert sorted(begun) == sorted(ImageScan.objects.values_list("scan_id", flat=True))
    assert f"Scan {begun[0]}: an unforeseen error in the worker." in caplog.text


@pytest.fixture
def running() -> Iterator[Worker]:
    """Return a worker of one thread that runs beside the test."""
    worker = Worker(threads=1, poll_seconds=0.02)

    def run() -> None:
        worker.run()
        connections.close_all()

    runner = Thread(target=run)
    runner.start()
    yield worker
    worker.stop()
    runner.join()


@pytest.mark.django_db(transaction=True)
def test_nothing_due__sleeps_until_the_next_poll(running: Worker) -> None:
    time.sleep(0.2)
    photo()
    wait_until(lambda: ImageScan.objects.exclude(attempts=0).exists())


def received() -> ImageScan:
    """Return a scan whose callback waits to be judged."""
    uploaded = photo("judged.jpg")
    scan = submitted(ImageScan.objects.get(object_id=str(uploaded.pk)))
    receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)
    return scan


def wait_until_completed(scan: ImageScan) -> None:
    wait_until(lambda: ImageScan.objects.filter(pk=scan.pk, status=Status.COMPLETED).exists())


@pytest.mark.django_db(transaction=True)
def test_callback__is_judged_while_submissions_and_the_network_keep_the_rest_busy(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    go_on, busy = Event(), Semaphore(0)

    def keep_busy(*args: object, **_: object) -> None:
        busy.release()
        go_on.wait(10)

    monkeypatch.setattr(submit, "work_on", keep_busy)
    monkeypatch.setattr(recovery, "step", keep_busy)
    photo("being-sent.jpg")
    request.getfixturevalue("running")
    try:
        assert busy.acquire(timeout=10)
        assert busy.acquire(timeout=10)
        wait_until_completed(received())
    finally:
        go_on.set()


@pytest.mark.django_db(transaction=True)
def test_worker_that_died_while_judging__loses_nothing(request: pytest.FixtureRequest) -> None:
    scan = received()
    assert next(inbox.claimed()).scan == scan
    request.getfixturevalue("running")
    time.sleep(0.2)
    assert ImageScan.objects.get(pk=scan.pk).status == Status.SUBMITTED

    WebhookReceipt.objects.update(judging_due_at=timezone.now())  # Its lease ends.

    wait_until_completed(scan)


@pytest.mark.django_db(transaction=True)
def test_once__leaves_nothing_to_be_judged_that_comes_while_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    scans = [received()]
    sweep_ = sweep.sweep

    def receive_more() -> None:
        sweep_()
        scans.append(received())

    monkeypatch.setattr(sweep, "sweep", receive_more)

    Worker(threads=1, poll_seconds=0.01).run_once()

    assert len(scans) == 3
    assert {ImageScan.objects.get(pk=scan.pk).status for scan in scans} == {Status.COMPLETED}


@pytest.mark.django_db(transaction=True)
def test_stopped__nothing_more_is_judged_or_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(threads=1, poll_seconds=0.01)
    first, second = received(), received()
    fetched: list[str] = []
    settle = receive.settle

    def stop_after(receipt: WebhookReceipt, **known: Any) -> Outcome:
        worker.stop()
        return settle(receipt, **known)

    monkeypatch.setattr(receive, "settle", stop_after)
    monkeypatch.setattr(heatmaps, "fetch_public", lambda url, **limits: fetched.append(url))

    assert worker._judge() == 1
    statuses = ImageScan.objects.filter(pk__in=(first.pk, second.pk)).values_list("status", flat=True)
    assert sorted(statuses) == [Status.COMPLETED, Status.SUBMITTED]
    DetectionResult.objects.update(heatmap_url="https://example.org/h.png", heatmap_due_at=timezone.now())
    worker._go_round()
    assert fetched == []


@pytest.mark.django_db(transaction=True)
def test_database_that_refuses__is_told_with_what_may_mend_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(threads=1, poll_seconds=0.01)

    def no_such_table(limit: int) -> list[ImageScan]:
        worker.stop()
        raise OperationalError("no such table")

    monkeypatch.setattr(submit, "claim", no_such_table)

    worker.run()

    assert "The database refuses (OperationalError: no such table. Run migrate)" in caplog.text
