"""What was kept long enough is removed, from receipts to the last row of a deleted picture; counts and money stay."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_copyleaks_image.models import (
    Day,
    DayCount,
    Decision,
    DetectionResult,
    FittedCopy,
    ImageScan,
    WatchedImage,
    WebhookReceipt,
)
from django_copyleaks_image.models.day import About
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import account, days, erasure, finishing, pruning, receive, sweep
from django_copyleaks_image.standings import Kind
from tests.gallery.models import Photo
from tests.reviewing import stories
from tests.samples import as_json, count_days, detection, judge, photo, picture, submitted
from tests.threads import together

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = timedelta(days=60)


def measured(name: str, colour: str = "teal") -> ImageScan:
    """Return the scan of a new photo, paid and measured."""
    scan = submitted(ImageScan.objects.get(object_id=str(photo(name, picture(colour=colour)).pk)))
    account.state()
    ImageScan.objects.filter(pk=scan.pk).update(budget_day=account.reserve_credit(timezone.now().date(), None))
    receive.deliver(scan, as_json(detection(scan)), Source.WEBHOOK)
    return ImageScan.objects.get(pk=scan.pk)


def age(*, by: timedelta = LONG_AGO) -> None:
    """Let everything have happened long ago, and its days be counted for good."""
    for scan in ImageScan.objects.all():
        changes = {
            name: moment - by
            for name in ("created_at", "finished_at", "spent_on", "removed_at")
            if (moment := getattr(scan, name)) is not None
        }
        ImageScan.objects.filter(pk=scan.pk).update(**changes)
    for image in WatchedImage.objects.exclude(removed_at=None):
        WatchedImage.objects.filter(pk=image.pk).update(removed_at=timezone.now() - by)
    Decision.objects.update(decided_at=timezone.now() - by)
    WebhookReceipt.objects.update(received_at=timezone.now() - by)
    Day.objects.all().delete()
    count_days()


def delete(*names: str) -> None:
    for uploaded in Photo.objects.filter(title__in=names):
        uploaded.delete()
    erasure.erase_due(timezone.now())


def prune(after_days: int = 30, **options: Any) -> pruning.Pruned:
    removed = pruning.Pruned()
    for batch in pruning.prune(timedelta(days=after_days), **options):
        removed.add(batch)
    return removed


def counted() -> list[tuple[Any, ...]]:
    """Return all that is known of all days."""
    columns = ("day__about", "day__date", "field", "sandbox", "what", "code", "person", "number", "credits", "seconds")
    return sorted(map(str, DayCount.objects.values_list(*columns)))  # type: ignore[arg-type]


def count_everything_anew() -> None:
    for about in About:
        days.count_anew(about, list(Day.objects.filter(about=about).values_list("date", flat=True)))


def test_deleted_picture__ends_after_its_time_and_its_counts_stay() -> None:
    measured("gone.jpg")
    stays = measured("stays.jpg", "red")
    delete("gone.jpg")
    age()
    before = counted()
    assert sum(it.credits for it in DayCount.objects.filter(day__about=About.CREDITS)) == 2

    assert prune() == pruning.Pruned(receipts=2, scans=1, results=1, images=1)

    assert ImageScan.objects.get() == stays
    assert WatchedImage.objects.get().scan == stays
    assert DetectionResult.objects.get() == stays.result
    count_everything_anew()
    assert counted() == before
    assert not prune()


def test_living_pictures__and_those_deleted_lately_stay() -> None:
    measured("lives.jpg")
    measured("lately.jpg", "red")
    delete("lately.jpg")
    age(by=timedelta(days=20))

    assert prune(30) == pruning.Pruned()
    assert ImageScan.objects.count() == WatchedImage.objects.count() == 2


def test_rows_of_days_that_are_not_counted_for_good__stay() -> None:
    measured("gone.jpg")
    delete("gone.jpg")
    count_days()
    before = counted()

    assert prune(0).scans == 0
    assert pruning.held_back(timedelta(0)) == 1

    age()
    Day.objects.filter(about=About.CREDITS).update(due_at=timezone.now())
    assert prune(30).scans == 0
    count_days()
    assert prune(30).scans == 1
    assert len(before) == len(counted())


def test_rows_of_days_that_nobody_has_counted__stay() -> None:
    measured("gone.jpg")
    delete("gone.jpg")
    age()
    Day.objects.all().delete()

    assert prune().scans == 0


def test_rows_before_the_first_day_that_was_counted__stay() -> None:
    measured("gone.jpg")
    delete("gone.jpg")
    age()
    for about in (About.SCANS, About.CREDITS):
        Day.objects.filter(about=about, date=Day.objects.filter(about=about).earliest("date").date).delete()
        Day.objects.filter(about=about).update(due_at=None, counted_at=timezone.now())
        Day.objects.get_or_create(
            about=about, date=timezone.localdate(), defaults={"due_at": None, "counted_at": timezone.now()}
        )

    assert prune().scans == 0


def test_result__stays_until_its_last_scan_goes() -> None:
    first, other = measured("a.jpg"), photo("b.jpg")
    assert first.result is not None
    finishing.complete(ImageScan.objects.get(object_id=str(other.pk)), first.result)
    delete("a.jpg")
    age()

    assert prune() == pruning.Pruned(receipts=1, scans=1, images=1)
    assert ImageScan.objects.get().result == DetectionResult.objects.get()

    delete("b.jpg")
    age()
    assert prune() == pruning.Pruned(scans=1, results=1, images=1)


@pytest.mark.parametrize("keeps", [["sha256", "decision"], ["decision"], ["sha256"], []])
def test_decisions__stay_or_go_as_the_site_says(keeps: list[str], configure: Any) -> None:
    configure(ERASE_KEEPS=keeps)
    scan = measured("gone.jpg")
    stories.decided(scan, User.objects.create_user("anna"), Kind.CLEARED)
    delete("gone.jpg")
    age()
    before = counted()

    removed = prune()

    stays = "decision" in keeps
    assert (removed.scans, removed.images, removed.decisions) == (1, int(not stays), int(not stays))
    kept_hashes = [scan.sha256] if "sha256" in keeps else [""]
    assert list(Decision.objects.values_list("sha256", flat=True)) == (kept_hashes if stays else [])
    assert list(WatchedImage.objects.values_list("sha256", flat=True)) == (kept_hashes if stays else [])
    count_everything_anew()
    assert counted() == before
    assert not prune()


def test_decisions_of_days_that_are_not_counted_for_good__stay(configure: Any) -> None:
    configure(ERASE_KEEPS=[])
    stories.decided(measured("gone.jpg"), User.objects.create_user("anna"), Kind.CLEARED)
    delete("gone.jpg")
    age()
    Day.objects.filter(about=About.DECISIONS).update(due_at=timezone.now())

    removed = prune()

    assert (removed.scans, removed.images, removed.decisions) == (1, 0, 0)


@pytest.mark.parametrize(
    "waiting",
    [
        {"erasure_due_at": timezone.now()},
        {"pay_key": "k"},
        {"budget_day": timezone.localdate()},
        {"duplicates_due_at": timezone.now()},
        {"notified_at": None},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_scan_for_which_something_is_still_to_come__stays(waiting: dict[str, Any]) -> None:
    scan = measured("gone.jpg")
    delete("gone.jpg")
    age()
    ImageScan.objects.filter(pk=scan.pk).update(**waiting)

    assert prune().scans == 0


def test_scan_whose_result_may_still_come__stays() -> None:
    uploaded = photo("gone.jpg")
    submitted(ImageScan.objects.get())
    uploaded.delete()
    erasure.erase_due(timezone.now())
    age()
    ImageScan.objects.update(finished_at=timezone.now() - timedelta(days=6))
    assert prune().scans == 0

    ImageScan.objects.update(finished_at=timezone.now() - timedelta(days=8))
    assert prune().scans == 1


def test_scan_whose_copy_is_still_there__stays() -> None:
    scan = measured("gone.jpg")
    delete("gone.jpg")
    age()
    FittedCopy.objects.create(scan=scan, sha256="0" * 64, image_format="JPEG")

    assert prune().scans == 0


def test_worker__removes_a_batch_in_every_sweep_once_it_is_told_to(configure: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(pruning, "BATCH", 1)
    measured("a.jpg")
    measured("b.jpg", "red")
    delete("a.jpg", "b.jpg")
    age()
    sweep.sweep()
    assert ImageScan.objects.count() == 2

    configure(RETENTION_DAYS=30)
    for left in (1, 0):
        sweep.sweep()
        assert ImageScan.objects.count() == left


def test_one_kind_that_fails__keeps_no_other_from_its_turn(
    configure: Any, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    configure(RETENTION_DAYS=30)
    measured("a.jpg")
    delete("a.jpg")
    age()

    def fail(before: object, batch: int) -> pruning.Pruned:
        raise ConnectionError("no receipts today")

    monkeypatch.setattr(pruning, "_STEPS", (fail, *pruning._STEPS[1:]))

    pruning.prune_if_due()

    assert not ImageScan.objects.exists()
    assert "Could not remove what was kept for long enough" in caplog.text


def test_processes_at_once__remove_each_row_once() -> None:
    names = [f"{number}.jpg" for number in range(9)]
    for number, name in enumerate(names):
        measured(name, f"#0000{number}0")
    delete(*names)
    age()
    before = counted()

    removed = together(*(lambda: prune(batch=2),) * 3)

    assert sum(it.scans for it in removed) == sum(it.images for it in removed) == 9
    assert not ImageScan.objects.exists()
    assert counted() == before


def test_dry_run__says_the_same_and_removes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    measured("gone.jpg")
    measured("stays.jpg", "red")
    delete("gone.jpg")
    age()

    call_command("copyleaks_prune", "--days", "30", "--dry-run")
    said = capsys.readouterr().out
    assert ImageScan.objects.count() == 2
    call_command("copyleaks_prune", "--days", "30")

    assert said == "Would be removed" + capsys.readouterr().out.removeprefix("Removed")
    assert "receipts: 2. Of deleted pictures: scans: 1, results that nobody uses: 1, pictures: 1, decisions: 0" in said


def test_ctrl_c__says_what_was_removed_until_then(monkeypatch: Any) -> None:
    def interrupted(age: timedelta) -> Iterator[pruning.Pruned]:
        yield pruning.Pruned(receipts=7)
        raise KeyboardInterrupt

    monkeypatch.setattr(pruning, "prune", interrupted)

    with pytest.raises(CommandError, match=r"Stopped\. .* receipts: 7\.") as stopped:
        call_command("copyleaks_prune", "--days", "30")
    assert stopped.value.returncode == 130


def test_command__says_what_stays_for_now(capsys: pytest.CaptureFixture[str]) -> None:
    measured("gone.jpg")
    delete("gone.jpg")

    call_command("copyleaks_prune", "--days", "0")

    assert "Scans of deleted pictures that stay for now: 1." in capsys.readouterr().out


def test_prune__removes_old_receipts_of_finished_scans_in_batches() -> None:
    measured("a.jpg")
    measured("b.jpg", "red")
    fresh = measured("c.jpg", "blue")
    waiting = submitted(ImageScan.objects.get(object_id=str(photo("d.jpg").pk)))
    assert receive.keep(waiting, b"[]") == Outcome.MALFORMED
    WebhookReceipt.objects.exclude(scan=fresh).update(received_at=timezone.now() - timedelta(days=40))

    assert prune(30, batch=1) == pruning.Pruned(receipts=2)

    assert {receipt.scan for receipt in WebhookReceipt.objects.all()} == {fresh, waiting}
    assert DetectionResult.objects.count() == 3


def test_prune__leaves_a_late_result_that_waits_to_be_judged() -> None:
    scan = submitted(ImageScan.objects.get(object_id=str(photo().pk)))
    finishing.fail(scan, "result_lost")
    receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)

    assert not prune(0)
    judge()
    assert prune(0).receipts == 1
    scan.refresh_from_db()
    assert scan.status == Status.COMPLETED


def test_prune_command(capsys: pytest.CaptureFixture[str], configure: Any) -> None:
    measured("a.jpg")
    with pytest.raises(CommandError, match="RETENTION_DAYS"):
        call_command("copyleaks_prune")

    configure(RETENTION_DAYS=30)
    call_command("copyleaks_prune")
    assert "receipts: 0." in capsys.readouterr().out

    call_command("copyleaks_prune", "--days", "0")
    assert "receipts: 1." in capsys.readouterr().out
