"""Who goes first: what was just saved, then what is tried or asked for once more, then a backfill."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from itertools import takewhile
from threading import Thread

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from django_copyleaks_image.api import request_scan
from django_copyleaks_image.copyleaks.errors import TransientError
from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import AccountState, ImageScan, scans
from django_copyleaks_image.models.scan import Lane, Status
from django_copyleaks_image.scanning import account, backfill, leases, liveness, paykey, rate, reconcile, submit, sweep
from django_copyleaks_image.worker import Worker
from tests.gallery.models import Photo
from tests.samples import photo, picture, upload
from tests.waiting import wait_until

from .fake_provider import Provider

pytestmark = pytest.mark.django_db(transaction=True)


def old_photos(*stems: str) -> None:
    """Store pictures that were there before the app was, as no signal tells of them."""
    Photo.objects.bulk_create([Photo(image=upload(f"{stem}.jpg", picture() + stem.encode())) for stem in stems])


def queue_backfill() -> None:
    call_command("copyleaks_scan", "gallery.Photo.image", "--yes", stdout=StringIO())


def backfilled(*stems: str) -> None:
    old_photos(*stems)
    queue_backfill()


def stem_of(scan: ImageScan) -> str:
    return scan.file_name.removeprefix("photos/").partition(".")[0]


def claimed() -> list[str]:
    """Return what would be claimed one after the other."""
    return [stem_of(ImageScan.objects.get(pk=pk)) for (pk,) in submit.due().in_turn(100, "pk")]


def lanes() -> dict[str, int]:
    return {stem_of(scan): scan.lane for scan in ImageScan.objects.all()}


def work() -> None:
    for scan in submit.claim(100):
        submit.work_on(scan, sleep=lambda seconds: None)


def test_claims__uploads_come_before_rescans_and_these_before_a_backfill__newest_first() -> None:
    backfilled("old-1", "old-2", "old-3")
    again = photo("again.jpg")
    ImageScan.objects.filter(object_id=again.pk).update(
        status=Status.SKIPPED, error_code="too_small", finished_at=timezone.now(), next_attempt_at=None
    )
    request_scan(again, "image")
    photo("new.jpg")

    assert claimed() == ["new", "again", "old-3", "old-2", "old-1"]
    assert [stem_of(scan) for scan in submit.claim(4)] == ["new", "again", "old-3", "old-2"]


@pytest.mark.usefixtures("only_the_picture_is_at_fault")
@pytest.mark.parametrize(("is_backfilled", "lane"), [(False, Lane.AGAIN), (True, Lane.BACKFILL)])
def test_failed_attempt__is_repeated_behind_first_attempts__of_a_backfill_in_its_lane(
    provider: Provider, is_backfilled: bool, lane: Lane
) -> None:
    backfilled("a") if is_backfilled else photo("a.jpg")
    provider.fail_next([TransientError("No.", status=500)])

    work()

    assert lanes() == {"a": lane}
    assert ImageScan.objects.get().attempts == 1


@pytest.mark.parametrize(("is_backfilled", "lane"), [(False, Lane.AGAIN), (True, Lane.BACKFILL)])
def test_lost_result__is_resubmitted_behind_uploads__of_a_backfill_in_its_lane(
    provider: Provider, is_backfilled: bool, lane: Lane
) -> None:
    backfilled("a") if is_backfilled else photo("a.jpg")
    work()
    ImageScan.objects.update(submitted_at=timezone.now() - timedelta(days=1))

    sweep.end_lost_scans(timezone.now())

    assert ImageScan.objects.get(status=Status.QUEUED).lane == lane


def test_what_reconciliation_finds__keeps_no_upload_waiting() -> None:
    reconcile.reconcile()
    old_photos("found")
    photo("new.jpg")

    reconcile.reconcile()

    assert claimed() == ["new", "found"]


def test_scan_that_somebody_asks_for__leaves_the_backfill() -> None:
    backfilled("a", "b")

    request_scan(Photo.objects.earliest("pk"), "image")

    assert claimed() == ["a", "b"]
    assert ImageScan.objects.count() == 2


def test_upload_of_bytes_that_a_backfilled_scan_is_to_pay_for__does_not_wait_behind_the_backfill(
    provider: Provider,
) -> None:
    backfilled("same", "other")
    payer = ImageScan.objects.get(file_name__contains="same")
    # It was measured, and waits for its turn once more.
    provider.fail_next([TransientError("No.", status=503)])
    for scan in leases.take([payer.pk]):
        submit.work_on(scan, sleep=lambda seconds: None)
    payer.refresh_from_db()
    assert (payer.lane, payer.pay_key is None) == (Lane.BACKFILL, False)
    ImageScan.objects.update(next_attempt_at=timezone.now())

    Photo.objects.create(image=upload("new.jpg", picture() + b"same"))
    for scan in leases.take([ImageScan.objects.latest("pk").pk]):
        submit.work_on(scan, sleep=lambda seconds: None)

    assert ImageScan.objects.latest("pk").error_code == "waits_for_duplicate"
    assert claimed() == ["same", "other"]
    assert lanes() == {"same": Lane.UPLOAD, "new": Lane.UPLOAD, "other": Lane.BACKFILL}


def park_all_of(content_key: str) -> None:
    parked_until = timezone.now() + paykey.PARKED
    ImageScan.objects.update(content_key=content_key, error_code="waits_for_duplicate", next_attempt_at=parked_until)


def test_payer_that_is_gone__is_followed_by_an_upload_and_not_by_what_is_older_but_of_a_backfill() -> None:
    backfilled("old")
    photo("new.jpg")
    park_all_of("x")

    assert paykey.promote("x")

    assert claimed() == ["new"]


def test_parked_upload__does_not_wait_for_a_duplicate_that_is_awake_but_of_a_backfill() -> None:
    backfilled("old")
    photo("new.jpg")
    park_all_of("x")
    ImageScan.objects.filter(lane=Lane.BACKFILL).update(next_attempt_at=timezone.now())

    assert paykey.orphaned(10) == ["x"]
    assert paykey.promote("x")

    assert claimed() == ["new", "old"]
    assert paykey.orphaned(10) == []
    assert not paykey.promote("x")


def test_backfilled_scan_that_becomes_the_payer_of_what_a_parked_upload_waits_for__goes_as_soon_as_it(
    provider: Provider,
) -> None:
    backfilled("same", "other")
    Photo.objects.create(image=upload("new.jpg", picture() + b"same"))
    payer, new = (ImageScan.objects.get(file_name__contains=stem) for stem in ("same", "new"))
    work()
    content_key = ImageScan.objects.get(pk=new.pk).content_key
    ImageScan.objects.filter(pk__in=(payer.pk, new.pk)).update(
        status=Status.QUEUED,
        pay_key=None,
        content_key=content_key,
        sent_at=None,
        submitted_at=None,
        may_have_arrived=False,
        next_attempt_at=timezone.now(),
    )
    ImageScan.objects.filter(pk=new.pk).update(
        error_code="waits_for_duplicate", next_attempt_at=timezone.now() + paykey.PARKED
    )
    ImageScan.objects.filter(pk=payer.pk).update(lane=Lane.BACKFILL)
    provider.fail_next([TransientError("No.", status=503)])

    for scan in leases.take([payer.pk]):
        submit.work_on(scan, sleep=lambda seconds: None)

    payer.refresh_from_db()
    # As a retry of the upload itself would.
    assert (payer.status, payer.lane) == (Status.QUEUED, Lane.AGAIN)


def test_backfill__takes_no_slots_far_ahead(monkeypatch: pytest.MonkeyPatch, configure: Callable[..., None]) -> None:
    configure(RATE_LIMIT=2)
    backfilled("a", "b", "c", "d", "e")

    assert backfill.room() == 3
    for ahead, room in ((0.9, 2), (1.2, 1), (1.6, 0), (20, 0)):
        monkeypatch.setattr(rate, "taken_ahead", lambda ahead=ahead: timedelta(seconds=ahead))
        assert backfill.room() == room
    photo("new.jpg")
    assert [stem_of(scan) for scan in submit.claim(5)] == ["new"]


def test_slots_that_a_wrong_clock_has_taken__do_not_stop_a_backfill() -> None:
    account.state()
    AccountState.objects.update(next_slot_at=timezone.now() + timedelta(days=1))

    assert backfill.room() > 0


def test_backfill__leaves_a_part_of_the_budget_to_uploads(configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=10)
    backfilled("old")
    account.state()
    AccountState.objects.update(budget_day=timezone.now().date(), budget_spent=8)

    assert submit.claim(5) == []
    photo("new.jpg")
    assert [stem_of(scan) for scan in submit.claim(5)] == ["new"]


def test_backfill__leaves_some_places_among_those_that_wait_for_a_first_result(
    provider: Provider, configure: Callable[..., None]
) -> None:
    configure(RESULT_WINDOW=5)
    backfilled("a", "b", "c", "d", "e", "f")
    for _ in range(6):
        work()

    assert len(provider.sent) == 4
    photo("new.jpg")
    work()
    assert provider.sent[4:] == [ImageScan.objects.latest("pk").scan_id]


def test_backfill_that_waits_for_its_turn__is_not_stuck() -> None:
    backfilled("old")
    photo("new.jpg")
    ImageScan.objects.update(next_attempt_at=timezone.now() - timedelta(days=1))

    stuck = ImageScan.objects.filter(liveness.is_stuck(timezone.now()))

    assert [stem_of(scan) for scan in stuck] == ["new"]


def test_claim__reads_one_range_of_the_index_for_each_lane() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("The plans of PostgreSQL and MariaDB depend on how many rows there are: make bench ONLY=lanes.")
    plans = [
        scans().due(timezone.now()).filter(lane=lane).order_by("next_attempt_at", "pk")[:5].explain() for lane in Lane
    ]

    for plan in plans:
        assert "copyleaks_scan_queue (status=? AND lane=? AND next_attempt_at<?)" in plan
        assert "TEMP B-TREE" not in plan


@pytest.mark.sockets
def test_upload_during_a_backfill__is_sent_before_what_is_not_under_way_already(
    emulator: Emulator, configure: Callable[..., None]
) -> None:
    threads = 4
    configure(RATE_LIMIT=20, RESULT_WINDOW=None)
    backfilled(*(f"old-{number}" for number in range(80)))
    worker = Worker(threads=threads, poll_seconds=0.2)
    runner = Thread(target=worker.run)
    runner.start()
    try:
        wait_until(lambda: len(emulator.ledger.entries()) >= 10)
        photo("new.jpg", picture(colour="green"))
        saved = ImageScan.objects.latest("pk")
        before = len(emulator.ledger.entries())
        wait_until(lambda: any(entry.scan_id == saved.scan_id for entry in emulator.ledger.entries()))
    finally:
        worker.stop()
        runner.join()

    sent = [entry.scan_id for entry in emulator.ledger.entries()]
    overtaken_by = len(list(takewhile(lambda scan_id: scan_id != saved.scan_id, sent))) - before
    # What the threads have, and what was claimed ahead for them; the rest of the backfill waits.
    assert overtaken_by <= threads + threads // 2 + 2
    assert ImageScan.objects.filter(lane=Lane.BACKFILL, status=Status.QUEUED).exists()
