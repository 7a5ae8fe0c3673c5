from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from django_copyleaks_image.admin.figures import Figures, Work, read
from django_copyleaks_image.admin.period import Period
from django_copyleaks_image.models import Day, Decision, ImageScan, WatchedImage
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.reviewing.decide import decide, undo
from django_copyleaks_image.standings import Kind, Queue, Standing
from tests.admin.scans_to_show import failed, measured_photo, scan_of
from tests.gallery.models import Listing
from tests.samples import count_days, photo, submitted, upload

NO_AI: dict[str, Any] = {"detected": False, "ai_ratio": 0.0, "mask": None}

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> User:
    return User.objects.create_user("anna")


@pytest.fixture
def bert() -> User:
    return User.objects.create_user("bert")


def now_is(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(timezone, "now", lambda: moment)


def judge(scan: ImageScan, user: User, kind: Kind) -> Decision:
    image = WatchedImage.objects.get(scan=scan)
    return decide(image.pk, user=user, kind=kind, version=image.version)


def figures_of(*, sandbox: bool) -> Figures:
    """Return the figures, with every day counted now."""
    Day.objects.all().delete()
    count_days()
    return read(Period.latest(), sandbox=sandbox)


def done(found: Figures) -> dict[str, int]:
    """Return what people did, without what is measured of flagged pictures."""
    return {name: number for name, number in found.work.counts.items() if name not in ("judged", "false_alarms")}


def judged(found: Figures) -> dict[str, tuple[int, int]]:
    """Return the flagged pictures that were decided about, and those cleared, by field."""
    return {label: (it.counts["judged"], it.counts["false_alarms"]) for label, it in found.by_field.items()}


def real() -> Figures:
    return figures_of(sandbox=False)


def test_now__queues_of_the_desk() -> None:
    measured_photo("a.jpg")
    measured_photo("b.jpg")
    measured_photo("c.jpg", queue=Queue.SECOND_LOOK, standing=Standing.CONFIRMED)
    measured_photo("d.jpg", queue=Queue.ESCALATED, standing=Standing.ESCALATED)
    measured_photo("e.jpg", **NO_AI)
    failed(photo("lost"))
    assert real().waiting == {"review": 2, "second_look": 1, "escalated": 1, "unmeasured": 1}


def test_now__what_is_under_way_and_stuck(configure: Any) -> None:
    configure(RESULT_DEADLINE=3600)
    now = timezone.now()
    oldest = now - timedelta(days=3)
    scan_of(photo("queued"))
    scan_of(photo("stuck"), next_attempt_at=oldest, created_at=oldest)
    submitted(scan_of(photo("submitted")))
    measured_photo(created_at=now - timedelta(days=5))
    found = real()
    assert found.under_way == {"queued": 2, "submitted": 1}
    assert found.oldest == oldest
    assert found.stuck == 1


def month(found: Figures) -> int:
    return found.credits_before_today + found.credits_today


def test_now__nothing_at_all() -> None:
    found = real()
    assert (found.waiting, found.under_way, found.oldest, found.stuck) == ({}, {}, None, 0)
    assert (found.failed, found.skipped, found.by_field, month(found)) == ([], [], {}, 0)
    assert (found.work, found.work.false_alarms, found.work.seconds_each) == (Work(counts=Counter()), None, None)
    assert len(found.days) == 30
    assert all(day.scans == 0 and day.flagged_share is None for day in found.days)


def test_days__begin_at_midnight_of_the_sites_time_zone(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TIME_ZONE = "Asia/Kathmandu"  # UTC+05:45
    for hour, minute in ((18, 14), (18, 15), (18, 16)):
        measured_photo(f"{minute}.jpg", created_at=datetime(2026, 11, 3, hour, minute, tzinfo=UTC))
    now_is(monkeypatch, datetime(2026, 11, 4, 12, tzinfo=UTC))
    days = {day.date.isoformat(): day.scans for day in real().days if day.scans}
    assert days == {"2026-11-03": 1, "2026-11-04": 2}


def test_days__may_have_23_or_25_hours(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TIME_ZONE = "Europe/Berlin"  # Until 03:00 on 25 October 2026 two hours ahead of UTC, then one.
    for day, hour, minute in ((24, 21, 59), (24, 22, 0), (25, 22, 59), (25, 23, 0)):
        measured_photo(f"{day}-{hour}.jpg", created_at=datetime(2026, 10, day, hour, minute, tzinfo=UTC))
    now_is(monkeypatch, datetime(2026, 10, 30, 12, tzinfo=UTC))
    days = {day.date.isoformat(): day.scans for day in real().days if day.scans}
    assert days == {"2026-10-24": 1, "2026-10-25": 2, "2026-10-26": 1}


def test_days__are_the_last_thirty_the_oldest_first(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TIME_ZONE = "UTC"
    measured_photo("a.jpg", created_at=datetime(2026, 10, 2, 23, 59, tzinfo=UTC))
    measured_photo("b.jpg", created_at=datetime(2026, 10, 3, 0, 0, tzinfo=UTC))
    now_is(monkeypatch, datetime(2026, 11, 1, 12, tzinfo=UTC))
    found = real()
    assert [day.date.isoformat() for day in (found.days[0], found.days[-1])] == ["2026-10-03", "2026-11-01"]
    assert found.period.begin == datetime(2026, 10, 3, tzinfo=UTC)
    assert sum(day.scans for day in found.days) == found.days[0].scans == 1


def test_days__share_the_flagged_among_the_measured() -> None:
    measured_photo("a.jpg")
    for name in ("b.jpg", "c.jpg", "d.jpg"):
        measured_photo(name, **NO_AI)
    failed(photo("lost"))
    photo("queued")
    today = real().days[-1]
    assert (today.scans, today.measured, today.flagged, today.flagged_share) == (6, 4, 1, 0.25)


def test_days__have_reasons_the_most_frequent_first() -> None:
    for code in ("timeout", "result_lost", "result_lost"):
        failed(photo(), code)
    failed(photo(), "too_small", Status.SKIPPED)
    failed(photo(), "file_replaced", Status.SUPERSEDED)
    failed(photo(), "timeout", created_at=timezone.now() - timedelta(days=40))
    scan_of(photo(), error_code="budget_exhausted")
    found = real()
    assert found.failed == [("result_lost", 2), ("timeout", 1)]
    assert found.skipped == [("too_small", 1)]


def test_decisions__false_alarms_are_counted_by_field(watch: Any, anna: User, bert: User) -> None:
    watch(Listing, "front")
    kinds = (Kind.CLEARED, Kind.CONFIRMED, Kind.CONFIRMED, Kind.CONFIRMED)
    for number, kind in enumerate(kinds):
        judge(measured_photo(f"{number}.jpg"), anna, kind)
    of_listing = failed(Listing.objects.create(front=upload()))
    WatchedImage.objects.filter(scan=of_listing).update(verdict="mostly_ai", standing="flagged", queue="review")
    judge(of_listing, anna, Kind.CLEARED)
    # Neither is a false alarm: one was never flagged, the other nobody could measure.
    judge(measured_photo("clean.jpg", **NO_AI), anna, Kind.CLEARED)
    judge(failed(photo("lost")), anna, Kind.CLEARED)
    found = real()
    assert judged(found) == {"gallery.photo.image": (4, 1), "gallery.listing.front": (1, 1)}
    assert found.by_field["gallery.photo.image"].false_alarms == 0.25


def test_decisions__a_picture_counts_once_by_what_stands(anna: User, bert: User) -> None:
    scan = measured_photo()
    judge(scan, anna, Kind.CONFIRMED)
    judge(scan, bert, Kind.CLEARED)
    assert judged(real()) == {"gallery.photo.image": (1, 1)}


def test_decisions__an_undone_or_escalated_picture_is_not_decided(anna: User) -> None:
    undo(judge(measured_photo("a.jpg"), anna, Kind.CLEARED).pk, user=anna)
    judge(measured_photo("b.jpg"), anna, Kind.ESCALATED)
    assert judged(real()) == {"gallery.photo.image": (0, 0)}


def test_decisions__old_ones_do_not_count(anna: User) -> None:
    judge(measured_photo(), anna, Kind.CLEARED)
    Decision.objects.update(decided_at=timezone.now() - timedelta(days=31))
    found = real()
    assert found.by_field == {}
    assert found.work.decided == 0


def test_decisions__are_overturned_by_the_opposite_or_undone(anna: User, bert: User) -> None:
    replaced, repeated, undone = (measured_photo(f"{number}.jpg") for number in range(3))
    judge(replaced, anna, Kind.CONFIRMED)
    judge(replaced, bert, Kind.CLEARED)
    judge(repeated, anna, Kind.CONFIRMED)
    judge(repeated, bert, Kind.CONFIRMED)
    undo(judge(undone, anna, Kind.CLEARED).pk, user=anna)
    undo(judge(undone, anna, Kind.ESCALATED).pk, user=anna)
    assert done(real()) == {"confirmed": 3, "cleared": 2, "escalated": 1, "overturned": 2, "undone": 1}


def test_decisions__skipping_is_no_decision(anna: User) -> None:
    scan = measured_photo()
    judge(scan, anna, Kind.SKIPPED)
    undo(judge(scan, anna, Kind.SKIPPED).pk, user=anna)
    found = real()
    assert (found.work.decided, done(found)) == (0, {"skipped": 2})


def test_decisions__second_looks_are_counted_apart(configure: Any, anna: User, bert: User) -> None:
    configure(SECOND_LOOK_SHARE=1)
    for number, kind in enumerate((Kind.CONFIRMED, Kind.CONFIRMED, Kind.CLEARED)):
        scan = measured_photo(f"{number}.jpg")
        judge(scan, anna, Kind.CONFIRMED)
        judge(scan, bert, kind)
    assert done(real()) == {"confirmed": 3, "agreed": 2, "disagreed": 1}


def test_decisions__are_counted_by_person_and_by_reason(configure: Any, anna: User, bert: User) -> None:
    configure(REVIEW_REASONS={"confirm": ["Hands"], "clear": ["Filter", "Other"]})
    for number, (kind, reason) in enumerate(((Kind.CONFIRMED, "Hands"), (Kind.CLEARED, "Filter"))):
        scan = measured_photo(f"{number}.jpg")
        decide(scan.image.pk, user=anna, kind=kind, version=scan.image.version, reason=reason)
        Decision.objects.filter(scan=scan).update(seconds=4 * number + 2)
    judge(measured_photo("escalated.jpg"), bert, Kind.ESCALATED)
    found = real()
    assert found.by_reason == {("confirmed", "Hands"): 1, ("cleared", "Filter"): 1}
    assert list(found.by_person) == [anna.pk, bert.pk]
    assert (found.by_person[anna.pk].decided, found.by_person[anna.pk].seconds_each) == (2, 4.0)
    assert (found.by_person[bert.pk].decided, found.by_person[bert.pk].counts["escalated"]) == (0, 1)


def test_credits__of_the_month_begin_with_it_in_utc(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    measured_photo("a.jpg", credits=5, received_at=datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    measured_photo("b.jpg", credits=7, received_at=datetime(2026, 11, 1, 0, 0, tzinfo=UTC))
    now_is(monkeypatch, datetime(2026, 11, 30, 23, 30, tzinfo=UTC))  # In Berlin it is December.
    assert (real().credits_before_today, real().credits_today) == (7, 0)
    now_is(monkeypatch, datetime(2026, 11, 1, 1, 0, tzinfo=UTC))
    assert (real().credits_before_today, real().credits_today) == (0, 7)


def test_credits__of_a_shared_result_are_spent_once() -> None:
    scan, duplicate = measured_photo("a.jpg", credits=3), measured_photo("b.jpg")
    ImageScan.objects.filter(pk=duplicate.pk).update(result=scan.result, spent_as="shared", credits=0)
    assert month(real()) == 3


def test_sandbox__is_never_added_to_what_is_real(anna: User) -> None:
    judge(measured_photo("real.jpg", credits=2), anna, Kind.CLEARED)
    judge(measured_photo("mock.jpg", sandbox=True, credits=30), anna, Kind.CONFIRMED)
    scan_of(photo("mock queued"), sandbox=True, next_attempt_at=timezone.now() - timedelta(days=1))
    failed(photo("mock lost"), sandbox=True)
    found, mock = real(), figures_of(sandbox=True)
    assert (found.days[-1].scans, mock.days[-1].scans) == (1, 3)
    assert (month(found), month(mock)) == (2, 0)
    assert (found.waiting, mock.waiting) == ({}, {"unmeasured": 1})
    assert (found.stuck, mock.stuck) == (0, 1)
    assert (found.failed, mock.failed) == ([], [("result_lost", 1)])
    assert (found.work.false_alarms, mock.work.false_alarms) == (1, 0)
    assert (found.work.decided, mock.work.decided) == (1, 1)
