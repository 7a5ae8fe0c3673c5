"""Signals that take long, and processes that die while they send one."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from django_copyleaks_image import notify, renewal
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.scanning import finishing, receive, sweep
from django_copyleaks_image.signals import scan_completed, scan_failed
from tests.gallery.models import Photo
from tests.samples import as_json, detection, only_scan, photo, submitted

pytestmark = pytest.mark.django_db(transaction=True)

Hear = Callable[[Callable[[], object]], list[str]]


@pytest.fixture
def hear() -> Iterator[Hear]:
    """Connect a receiver that does something of its own; return the statuses that it was told."""
    receivers: list[Any] = []

    def connect(meanwhile: Callable[[], object]) -> list[str]:
        told: list[str] = []

        def receive_signal(*, scan: ImageScan, **kwargs: Any) -> None:
            told.append(scan.status)
            meanwhile()

        receivers.append(receive_signal)
        for signal in (scan_completed, scan_failed):
            signal.connect(receive_signal, sender=Photo)
        return told

    yield connect
    for receiver in receivers:
        scan_completed.disconnect(receiver, sender=Photo)
        scan_failed.disconnect(receiver, sender=Photo)


def complete() -> ImageScan:
    photo()
    scan = submitted(only_scan())
    receive.deliver(scan, as_json(detection(scan)), Source.WEBHOOK)
    return only_scan()


def sweep_much_later() -> None:
    """Send what is pending as another process does once it has waited for the first."""

    def send() -> None:
        try:
            sweep.send_pending_signals(timezone.now() + 2 * sweep.GRACE)
        finally:
            connections.close_all()

    thread = threading.Thread(target=send)
    thread.start()
    thread.join()


def test_slow_receiver__is_called_once(hear: Hear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "LEASE", timedelta(seconds=1.5))

    def outlast_the_lease() -> None:
        begun_with = only_scan().notifying_until
        while told == ["completed"] and begun_with and timezone.now() < begun_with:
            time.sleep(0.3)
        sweep_much_later()

    told = hear(outlast_the_lease)

    scan = complete()

    assert told == ["completed"]
    assert (scan.notifying_until, scan.notified_at is not None) == (None, True)


def test_signal_that_is_being_sent__is_left_to_whoever_sends_it(hear: Hear) -> None:
    told = hear(sweep_much_later)

    complete()

    assert told == ["completed"]


def test_process_that_died_in_a_receiver__leaves_the_signal_to_the_sweep(hear: Hear) -> None:
    told = hear(lambda: None)
    complete()
    ImageScan.objects.update(notified_at=None, notifying_until=timezone.now() + notify.LEASE)
    sweep_much_later()
    assert told == ["completed"]

    ImageScan.objects.update(notifying_until=timezone.now())
    sweep_much_later()

    assert told == ["completed"] * 2
    assert only_scan().notified_at is not None


def test_scan_that_is_completed_while_its_failure_is_told__is_told_of_as_well(hear: Hear) -> None:
    def complete_once() -> None:
        if only_scan().result is None:
            receive.deliver(only_scan(), as_json(detection(only_scan())), Source.WEBHOOK)

    told = hear(complete_once)
    photo()
    finishing.fail(submitted(only_scan()), "result_lost")
    assert (told, only_scan().notified_at) == (["failed"], None)

    sweep_much_later()
    sweep_much_later()

    assert told == ["failed", "completed"]


def test_renewal__goes_on_after_one_that_failed_and_ends_with_the_block(caplog: pytest.LogCaptureFixture) -> None:
    renewed_at: list[float] = []
    twice = threading.Event()

    def renew() -> None:
        renewed_at.append(time.monotonic())
        if len(renewed_at) == 1:
            raise ConnectionError
        twice.set()

    with renewal.renewed(renew, every=timedelta(milliseconds=20)):
        assert twice.wait(10)
    time.sleep(0.05)
    count = len(renewed_at)
    time.sleep(0.1)

    assert len(renewed_at) == count
    assert "could not be renewed" in caplog.text
