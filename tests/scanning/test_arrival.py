"""A first look is not the last: files that come late, or whole later."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from django_copyleaks_image import formats
from django_copyleaks_image.decoding import pool
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.scanning import account, arrival, receive
from tests.gallery.models import Photo
from tests.samples import as_json, clean, photo, picture

from .fake_provider import Provider, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.awaits_files]


def keyed(name: str = "direct.jpg") -> Photo:
    """Save an object that names a file which is not there, as hosts of direct uploads do."""
    return Photo.objects.create(title=name, image=f"photos/{name}")


def arrives(instance: Photo, content: bytes | None = None) -> None:
    path = Path(instance.image.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture() if content is None else content)


def ended_without_file(code: str) -> None:
    now = timezone.now()
    ended = {"finished_at": now, "notified_at": now, "next_attempt_at": None}
    ImageScan.objects.update(status=Status.SKIPPED, error_code=code, **ended)


def grows_older(by: timedelta) -> None:
    for scan in ImageScan.objects.all():
        ImageScan.objects.filter(pk=scan.pk).update(created_at=scan.created_at - by)


def storage_works() -> None:
    """Measure another picture, which proves that the storage can be read."""
    photo("other.jpg")
    work()
    scan = last()
    assert receive.deliver(scan, as_json(clean(scan)), Source.WEBHOOK) == Outcome.APPLIED


def last() -> ImageScan:
    return ImageScan.objects.latest("pk")


def test_file_that_arrives_after_its_key__is_measured(provider: Provider) -> None:
    instance = keyed()
    work(3)
    assert (last().status, last().error_code, last().attempts) == (Status.QUEUED, "awaits_file", 0)

    arrives(instance)
    work()

    assert last().status == Status.SUBMITTED


@pytest.mark.parametrize(("content", "code"), [(None, "missing_file"), (b"", "empty_file")])
def test_file_that_never_comes__ends_with_the_true_reason(content: bytes | None, code: str, provider: Provider) -> None:
    storage_works()
    instance = keyed()
    if content is not None:
        arrives(instance, content)
    work(3)
    grows_older(arrival.FRESH)
    work()

    scan = last()
    assert (scan.status, scan.error_code) == (Status.SKIPPED, code)
    assert "15 minutes" in scan.error_message


def test_waits__grow_with_the_age_of_the_scan_and_have_an_end(provider: Provider) -> None:
    storage_works()
    keyed()
    waits = []
    for age in (0, 30, 200, 800):
        scan = ImageScan.objects.get(file_name__contains="direct")
        ImageScan.objects.filter(pk=scan.pk).update(created_at=timezone.now() - timedelta(seconds=age))
        work()
        due = ImageScan.objects.get(pk=scan.pk).next_attempt_at
        assert due is not None
        waits.append(round((due - timezone.now()).total_seconds()))

    assert waits == [2, 15, 100, 120]


@pytest.mark.parametrize("code", arrival.MISSING)
def test_save__of_an_object_whose_file_was_not_there__looks_again(code: str, provider: Provider) -> None:
    instance = keyed()
    ended_without_file(code)
    arrives(instance)

    Photo.objects.get().save()
    work()

    assert ImageScan.objects.count() == 2
    assert last().status == Status.SUBMITTED
    Photo.objects.get().save()
    assert ImageScan.objects.count() == 2


def test_backfill__queues_what_has_arrived_since(provider: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    there, away = keyed("there.jpg"), keyed("away.jpg")
    ended_without_file("missing_file")
    arrives(there)

    call_command("copyleaks_scan", "gallery.Photo.image", "--yes")

    assert "files queued: 1." in capsys.readouterr().out
    assert set(ImageScan.objects.unfinished().values_list("object_id", flat=True)) == {str(there.pk)}
    assert away.pk != there.pk


def test_worker_without_the_media__is_held_after_a_few_and_loses_nothing(
    provider: Provider, settings: object, tmp_path: Path
) -> None:
    for number in range(6):
        keyed(f"{number}.jpg")
    grows_older(arrival.NEW)
    work(6)

    assert account.state().pause_cause == Cause.STORAGE
    assert ImageScan.objects.filter(status=Status.QUEUED).count() == 6


def test_files_that_are_still_coming__hold_nothing(provider: Provider) -> None:
    for number in range(6):
        keyed(f"{number}.jpg")
    work(6)

    assert account.state().paused_at is None


def test_scan_of_a_clock_that_is_ahead__waits_for_no_file(provider: Provider) -> None:
    storage_works()
    keyed()
    ImageScan.objects.filter(file_name__contains="direct").update(created_at=timezone.now() + timedelta(days=1))
    work()

    assert last().error_code == "missing_file"


HALF = picture(size=(900, 900))[:-200]


@pytest.mark.parametrize("beginning", [HALF, picture("PNG")[:60], b"\xff\xd8\xff", b"x"])
def test_file_that_is_being_written__is_not_judged_by_its_beginning(beginning: bytes, provider: Provider) -> None:
    instance = keyed()
    arrives(instance, beginning)
    work()
    assert (last().status, last().error_code) == (Status.QUEUED, "awaits_file")

    arrives(instance, picture(size=(900, 900)))
    work()

    assert last().status == Status.SUBMITTED
    assert last().byte_size == len(picture(size=(900, 900)))


def test_picture_without_its_end__is_measured_once_it_stays_so(provider: Provider) -> None:
    arrives(keyed(), HALF)
    work()
    assert provider.sent == []
    work()

    assert last().status == Status.SUBMITTED


@pytest.mark.parametrize(("content", "code"), [(b"\xff\xd8\xff", "unreadable_image"), (b"%PDF", "no_picture")])
def test_what_stays_as_it_is__ends_at_the_second_look(content: bytes, code: str, provider: Provider) -> None:
    arrives(keyed(), content)
    work()
    assert last().status == Status.QUEUED
    work()

    assert (last().status, last().error_code) == (Status.SKIPPED, code)


def test_whole_picture_that_cannot_be_copied__is_not_waited_for(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise formats.UnreadablePicture(Problem.PICTURE_BROKEN(format="GIF"))

    monkeypatch.setattr(pool, "copy", refuse)
    arrives(keyed("still.gif"), picture("GIF", size=(700, 600)))
    work()

    assert (last().status, last().error_code) == (Status.SKIPPED, "unreadable_image")


def test_what_may_have_been_sent_already__is_not_waited_for(provider: Provider) -> None:
    storage_works()
    keyed()
    ImageScan.objects.filter(file_name__contains="direct").update(may_have_arrived=True)
    work()

    first = ImageScan.objects.filter(file_name__contains="direct").earliest("pk")
    assert first.error_code == "result_lost"
