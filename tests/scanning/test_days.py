"""What was counted of a day: exactly once, anew as often as wanted, and kept when its rows are gone."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_copyleaks_image.models import Day, DayCount, Decision, ImageScan, WatchedImage
from django_copyleaks_image.models.day import OPEN_FOR, About, day_of
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.reviewing.decide import decide, undo
from django_copyleaks_image.scanning import clock as scans_clock
from django_copyleaks_image.scanning import days, finishing, receive
from django_copyleaks_image.standings import Kind, Queue
from tests.admin.scans_to_show import failed, measured_photo, scan_of
from tests.samples import as_json, count_days, detection, only_scan, photo, submitted
from tests.threads import together

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Set the time, and return what sets it later."""

    def later(moment: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: moment)
        monkeypatch.setattr(scans_clock, "now", lambda: moment)

    later(NOW)
    return later


def counts(about: About, day: date) -> dict[tuple[str, str], int]:
    """Return what is known of a day, by what and code."""
    totals = Counter[tuple[str, str]]()
    for it in DayCount.objects.filter(day__about=about, day__date=day):
        totals[it.what, it.code] += it.number
    return dict(totals)


def of(about: About, day: date) -> Day:
    return Day.objects.get(about=about, date=day)


def test_day__is_counted_by_what_became_of_its_scans(clock: Any) -> None:
    measured_photo("a.jpg", created_at=NOW)
    failed(photo("lost"), created_at=NOW)
    failed(photo("small"), "too_small", Status.SKIPPED, created_at=NOW)
    scan_of(photo("queued"), created_at=NOW, error_code="budget_exhausted")
    count_days()
    assert counts(About.SCANS, TODAY) == {
        ("completed", "partly_ai"): 1,
        ("failed", "result_lost"): 1,
        ("skipped", "too_small"): 1,
        ("queued", ""): 1,
    }
    assert of(About.SCANS, TODAY).rows == 4


def test_day__is_counted_again_every_minute_while_it_lasts_and_then_every_hour(clock: Any) -> None:
    scan_of(photo("a"), created_at=NOW)
    count_days()
    scan_of(photo("b"), created_at=NOW)
    clock(NOW + timedelta(seconds=59))
    assert days.count_due() == 0
    clock(NOW + timedelta(seconds=61))
    count_days()
    assert of(About.SCANS, TODAY).rows == 2
    clock(NOW + timedelta(days=1))
    count_days()
    assert of(About.SCANS, TODAY).due_at == NOW + timedelta(days=1, hours=1)


def test_day__that_took_long_is_counted_more_seldom(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(range(0, 10_000, 10))
    monkeypatch.setattr(days, "monotonic", lambda: float(next(times)))
    days.count_due()
    assert of(About.SCANS, TODAY).due_at == NOW + timedelta(seconds=300)


def test_old_day__is_final_once_nothing_of_it_is_open(clock: Any) -> None:
    then = NOW - timedelta(days=20)
    scan = scan_of(photo("waits"), created_at=then)
    measured_photo("a.jpg", created_at=then)
    count_days()
    day = of(About.SCANS, then.date())
    assert day.due_at is not None, "one of its scans still waits"
    finishing.fail(scan, "gave_up")
    clock(NOW + timedelta(hours=1, seconds=1))
    count_days()
    assert of(About.SCANS, then.date()).due_at is None
    assert counts(About.SCANS, then.date()) == {("failed", "gave_up"): 1, ("completed", "partly_ai"): 1}


def test_final_day__is_counted_once_more_after_a_result_that_came_late(clock: Any) -> None:
    then = NOW - timedelta(days=20)
    scan = submitted(scan_of(photo("late"), created_at=then))
    finishing.fail(scan, "result_lost")
    count_days()
    assert counts(About.SCANS, then.date()) == {("failed", "result_lost"): 1}
    assert of(About.SCANS, then.date()).due_at is None
    receive.deliver(only_scan(), as_json(detection(scan)), Source.WEBHOOK)
    count_days()
    assert counts(About.SCANS, then.date()) == {("completed", "partly_ai"): 1}


def test_days_before_the_first__are_found_and_counted(clock: Any) -> None:
    for ago in (1, 2, 30, 400):
        measured_photo(f"{ago}.jpg", created_at=NOW - timedelta(days=ago), received_at=NOW - timedelta(days=ago))
    count_days()
    counted = {day.date: day.rows for day in Day.objects.filter(about=About.SCANS)}
    assert counted == {TODAY: 0} | {TODAY - timedelta(days=ago): 1 for ago in (1, 2, 30, 400)}
    spent = {day.date: day.rows for day in Day.objects.filter(about=About.CREDITS)}
    assert spent == counted


def test_days_on_which_no_worker_ran__are_counted_afterwards(clock: Any) -> None:
    count_days()
    measured_photo("a.jpg", created_at=NOW + timedelta(days=2))
    clock(NOW + timedelta(days=4))
    count_days()
    assert Day.objects.filter(about=About.SCANS).count() == 5
    assert of(About.SCANS, TODAY + timedelta(days=2)).rows == 1


def test_turn__ends_when_its_time_is_over_and_the_next_goes_on(clock: Any) -> None:
    for ago in range(1, 6):
        scan_of(photo(f"{ago}"), created_at=NOW - timedelta(days=ago))
    days.count_due(seconds=-1)
    assert set(Day.objects.exclude(counted_at=None).values_list("date", flat=True)) == {TODAY}
    waiting = Day.objects.get(counted_at=None)
    assert waiting.date == TODAY - timedelta(days=1), "it is due at the next turn"
    count_days()
    assert Day.objects.filter(about=About.SCANS, counted_at__isnull=False).count() == 6


def test_counting_anew__changes_nothing(clock: Any) -> None:
    measured_photo("a.jpg", created_at=NOW)
    count_days()
    before = counts(About.SCANS, TODAY)
    for _ in range(3):
        days.count_anew(About.SCANS, [TODAY])
    assert counts(About.SCANS, TODAY) == before
    assert DayCount.objects.filter(day__about=About.SCANS).count() == 1


def test_day__is_left_alone_when_another_was_faster(clock: Any) -> None:
    count_days()
    seen = of(About.SCANS, TODAY)
    clock(NOW + timedelta(seconds=1))
    days.count_anew(About.SCANS, [TODAY])
    assert not days._count(seen, NOW + timedelta(minutes=1))
    assert of(About.SCANS, TODAY).counted_at == NOW + timedelta(seconds=1)


def test_day_whose_rows_were_removed__keeps_its_counts(clock: Any) -> None:
    then = NOW - timedelta(days=3)
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        measured_photo(name, created_at=then, received_at=then)
    count_days()
    before = [counts(about, then.date()) for about in About]
    ImageScan.objects.order_by("pk").first().delete()  # type: ignore[union-attr]
    for about in About:
        days.count_anew(about, [then.date()])
    assert [counts(about, then.date()) for about in About] == before
    assert of(About.SCANS, then.date()).rows == 3


def test_decision_on_a_final_day__is_counted_anew_when_it_is_overturned(clock: Any) -> None:
    anna = User.objects.create_user("anna")
    image = measured_photo("a.jpg").image
    decision = decide(image.pk, user=anna, kind=Kind.CLEARED, version=image.version)
    then = NOW - timedelta(days=20)
    Decision.objects.update(decided_at=then)
    count_days()
    assert counts(About.DECISIONS, then.date()) == {
        ("cleared", ""): 1,
        ("judged", ""): 1,
        ("false_alarms", ""): 1,
    }
    assert of(About.DECISIONS, then.date()).due_at is None
    undo(decision.pk, user=anna)
    Decision.objects.filter(kind=Kind.UNDONE).update(decided_at=NOW)
    clock(NOW + timedelta(minutes=2))
    count_days()
    assert counts(About.DECISIONS, then.date()) == {("cleared", ""): 1, ("overturned", ""): 1, ("undone", ""): 1}


def test_decision_that_awaits_a_second_look__keeps_its_day_open_and_out_of_the_sums(clock: Any, configure: Any) -> None:
    configure(SECOND_LOOK_SHARE=1)
    anna = User.objects.create_user("anna")
    image = measured_photo("a.jpg").image
    decide(image.pk, user=anna, kind=Kind.CLEARED, version=image.version)
    assert WatchedImage.objects.filter(queue=Queue.SECOND_LOOK).exists()
    then = NOW - timedelta(days=20)
    Decision.objects.update(decided_at=then)
    count_days()
    assert counts(About.DECISIONS, then.date()) == {}
    assert of(About.DECISIONS, then.date()).due_at is not None


def test_day__is_of_the_sites_time_zone_but_of_utc_for_credits(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    moment = datetime(2026, 11, 30, 20, tzinfo=UTC)
    assert [day_of(about, moment) for about in (About.SCANS, About.DECISIONS)] == [date(2026, 12, 1)] * 2
    assert day_of(About.CREDITS, moment) == date(2026, 11, 30)


def test_looking__counts_only_when_nobody_else_does(clock: Any) -> None:
    days.count_if_due()
    counted_at = of(About.SCANS, TODAY).counted_at
    with CaptureQueriesContext(connection) as captured:
        days.count_if_due()
    assert len(captured) == 1
    assert of(About.SCANS, TODAY).counted_at == counted_at


def test_looking__shows_what_came_some_seconds_ago_where_counting_is_quick(clock: Any) -> None:
    days.count_if_due()
    failed(photo("lost"), created_at=NOW)
    clock(NOW + timedelta(seconds=9))
    days.count_if_due()
    assert counts(About.SCANS, TODAY) == {}
    clock(NOW + timedelta(seconds=11))
    days.count_if_due()
    assert sum(counts(About.SCANS, TODAY).values()) == 1

    failed(photo("late"), created_at=NOW)
    later = NOW + timedelta(seconds=30)
    Day.objects.update(due_at=later + timedelta(minutes=5))  # It took ten seconds.
    clock(later)
    days.count_if_due()
    assert sum(counts(About.SCANS, TODAY).values()) == 1


@pytest.mark.django_db(transaction=True)
def test_workers_at_once__count_each_day_once() -> None:
    now = timezone.now()
    for number in range(4):
        scan_of(photo(f"{number}"), created_at=now - timedelta(days=number))
    together(*[count_days] * 4)
    assert dict(Counter(Day.objects.filter(about=About.SCANS, rows=1).values_list("rows", flat=True))) == {1: 4}
    for day in Day.objects.filter(about=About.SCANS):
        assert sum(it.number for it in day.counts.all()) == day.rows


@pytest.mark.django_db(transaction=True)
def test_worker_that_dies_while_it_counts__leaves_what_was_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    scan_of(photo("a"))
    count_days()
    today = day_of(About.SCANS, timezone.now())
    before = counts(About.SCANS, today)

    class Killed(BaseException):
        pass

    def die(*args: object, **kwargs: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(DayCount.objects, "using", die)
        with pytest.raises(Killed):
            days.count_anew(About.SCANS, [today])
    assert counts(About.SCANS, today) == before
    days.count_anew(About.SCANS, [today])
    assert counts(About.SCANS, today) == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one transaction write at a time.")
def test_change_while_a_day_is_counted_for_good__is_not_lost() -> None:
    """The end of a scan waits for whoever counts its day, and has it counted once more."""
    then = timezone.now() - OPEN_FOR - timedelta(days=2)
    scan = submitted(scan_of(photo("late"), created_at=then))
    finishing.fail(scan, "result_lost")
    counting, told = threading.Event(), threading.Event()
    day = day_of(About.SCANS, then)
    original = days._count_scans

    def slowly(day: date) -> days.Counted:
        found = original(day)
        counting.set()
        told.wait(5)
        return found

    def count() -> None:
        days._COUNTS[About.SCANS] = slowly
        try:
            days.count_anew(About.SCANS, [day])
        finally:
            days._COUNTS[About.SCANS] = original

    def come_late() -> None:
        assert counting.wait(10)
        threading.Timer(0.3, told.set).start()
        receive.deliver(ImageScan.objects.get(), as_json(detection(scan)), Source.WEBHOOK)

    together(count, come_late)
    count_days()
    assert counts(About.SCANS, day) == {("completed", "partly_ai"): 1}
    assert not transaction.get_connection().in_atomic_block
