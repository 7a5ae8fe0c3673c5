"""How long a result is waited for, by what results lately took."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import latency, receive, submit, sweep
from tests.samples import as_json, clean, judge, photo, picture, submitted

pytestmark = pytest.mark.django_db(transaction=True)


def results(*seconds: float) -> None:
    """Have a result for each number, that long after its submission."""
    for number in seconds:
        scan = submitted(ImageScan.objects.get(object_id=str(photo().pk)))
        ImageScan.objects.filter(pk=scan.pk).update(submitted_at=timezone.now() - timedelta(seconds=number))
        receive.deliver(scan, as_json(clean(scan)), Source.WEBHOOK)


def test_deadline_that_results_do_not_keep__gives_way(configure: Callable[..., None]) -> None:
    configure(RESULT_DEADLINE=8)
    results(*[15] * 10)

    assert 30 <= latency.patience().total_seconds() < 32


def test_deadline_that_results_keep__is_kept(configure: Callable[..., None]) -> None:
    configure(RESULT_DEADLINE=90)
    results(*[15] * 10)

    assert latency.patience() == timedelta(seconds=90)


def test_one_slow_result_in_ten__says_nothing_about_the_next() -> None:
    results(*[2] * 9, 5000)

    advised = latency.advised()

    assert advised is not None
    assert advised.total_seconds() < 5


def test_two_slow_results_in_ten__do() -> None:
    results(*[2] * 8, 50, 60)

    advised = latency.advised()

    assert advised is not None
    assert 100 <= advised.total_seconds() < 102


def test_nothing_known__a_minute_at_least(configure: Callable[..., None]) -> None:
    configure(RESULT_DEADLINE=8)
    results(*[1000] * (latency.ENOUGH_RESULTS - 1))

    assert latency.advised() is None
    assert latency.patience() == timedelta(minutes=1)


def test_short_deadline__never_gives_way_to_more_than_an_hour(configure: Callable[..., None]) -> None:
    configure(RESULT_DEADLINE=8)
    results(*[100_000] * 10)

    assert latency.patience() == timedelta(hours=1)


def test_deadline_of_an_hour_and_more__is_what_the_settings_say(configure: Callable[..., None]) -> None:
    configure(RESULT_DEADLINE=3600)
    results(*[100_000] * 10)

    with CaptureQueriesContext(connection) as queries:
        assert latency.patience() == timedelta(hours=1)
    assert not queries


def test_old_results__and_those_of_pruned_receipts_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "RESULTS", 12)
    results(*[500] * 20, *[2] * 12)
    assert (latency.advised() or timedelta()).total_seconds() < 5

    with CaptureQueriesContext(connection) as queries:
        latency.advised()
    assert "LIMIT 12" in queries[0]["sql"]
    DetectionResult.objects.update(receipt=None)
    WebhookReceipt.objects.all().delete()
    assert latency.advised() is None


def test_overdue_by_a_short_deadline__is_not_paid_again_while_results_take_longer(
    configure: Callable[..., None],
) -> None:
    configure(RESULT_DEADLINE=8)
    results(*[15] * 10)
    waiting = submitted(ImageScan.objects.get(object_id=str(photo().pk)))
    ImageScan.objects.filter(pk=waiting.pk).update(submitted_at=timezone.now() - timedelta(seconds=20))

    sweep.sweep()
    assert ImageScan.objects.get(pk=waiting.pk).status == Status.SUBMITTED

    ImageScan.objects.filter(pk=waiting.pk).update(submitted_at=timezone.now() - timedelta(seconds=40))
    sweep.sweep()
    assert ImageScan.objects.get(pk=waiting.pk).error_code == "result_lost"


@pytest.fixture
def slow(live_server: Any, configure: Callable[..., None]) -> Iterator[Emulator]:
    """A provider that takes longer than the deadline."""
    with Emulator(latency=1.5) as emulator:
        urls = {"API_URL": emulator.url, "ID_URL": emulator.url, "PUBLIC_URL": live_server.url}
        configure(**urls, RATE_LIMIT=1000, RESULT_DEADLINE=0.5)
        yield emulator


def submit_all() -> None:
    for scan in submit.claim(10):
        submit.work_on(scan)


def wait_for_results() -> None:
    ends = time.monotonic() + 10
    while ImageScan.objects.filter(result=None).exists() and time.monotonic() < ends:
        sweep.sweep()
        submit_all()
        judge()
        time.sleep(0.2)


@pytest.mark.sockets
def test_vendor_slower_than_the_deadline__nothing_fails_and_nothing_is_paid_twice(slow: Emulator) -> None:
    for number in range(4):
        photo("meadow.jpg", picture(colour=(number * 50, 0, 0)))
    submit_all()

    wait_for_results()

    assert set(ImageScan.objects.values_list("status", flat=True)) == {Status.COMPLETED}
    assert (ImageScan.objects.count(), slow.ledger.charged) == (4, 4)


@pytest.mark.sockets
def test_vendor_that_fetches_what_counts_as_lost__completes_it(slow: Emulator, configure: Callable[..., None]) -> None:
    configure(ON_LOST_RESULT="fail")
    photo()
    submit_all()
    sweep.end_lost_scans(timezone.now() + timedelta(hours=2))
    assert ImageScan.objects.get().error_code == "result_lost"

    wait_for_results()

    assert (ImageScan.objects.get().status, slow.ledger.charged) == (Status.COMPLETED, 1)
