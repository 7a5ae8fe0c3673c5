"""Other bytes under the same name are noticed, and until they are measured nothing is said about them."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.utils import timezone

from django_copyleaks_image.api import publishable, request_scan, standing
from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.renditions import wanted
from django_copyleaks_image.scanning import file_changes, receive, reconcile, renditions
from django_copyleaks_image.sources import StoredFile
from django_copyleaks_image.standings import Standing
from tests.gallery.models import Photo
from tests.samples import as_json, clean, picture, upload

from .fake_provider import work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("provider")]


def answer(scan: ImageScan) -> str:
    scan = ImageScan.objects.get(pk=scan.pk)
    return receive.deliver(scan, as_json(clean(scan)), Source.WEBHOOK)


def measured(name: str = "meadow.jpg", colour: str = "teal") -> Photo:
    instance = Photo.objects.create(title=name, image=upload(name, picture(colour=colour)))
    work()
    assert answer(ImageScan.objects.latest("pk")) == Outcome.APPLIED
    return instance


def rewrite(instance: Photo, content: bytes | None = None) -> None:
    """Write other bytes in the place of a file; the time of a file system may be as coarse as a clock tick."""
    path = Path(instance.image.path)
    path.write_bytes(picture(colour="red") if content is None else content)
    later = path.stat().st_mtime + 2
    os.utime(path, (later, later))


def some_minutes_later() -> None:
    WatchedImage.objects.exclude(look_due_at=None).update(look_due_at=timezone.now() - timedelta(seconds=1))


def is_not_measured(instance: Photo) -> bool:
    found = standing(instance, "image")
    return not found.is_measured and not publishable(Photo.objects.filter(pk=instance.pk), "image").exists()


def successor() -> ImageScan:
    """Return the second scan, which is about what the file holds now."""
    first, second = ImageScan.objects.order_by("pk")
    assert second.file_name == first.file_name
    return second


def test_file_rewritten_before_its_result__gets_no_verdict_of_the_old_bytes() -> None:
    instance = Photo.objects.create(title="a", image=upload())
    work()
    rewrite(instance)

    assert answer(ImageScan.objects.get()) == Outcome.SHARED
    assert is_not_measured(instance)
    work()
    assert answer(successor()) == Outcome.APPLIED
    assert standing(instance, "image").is_measured


def test_file_rewritten_after_its_result__is_noticed_some_minutes_later() -> None:
    instance = measured()
    rewrite(instance)
    file_changes.look_once_more()
    assert not is_not_measured(instance)  # It is not due yet.
    some_minutes_later()

    file_changes.look_once_more()

    assert is_not_measured(instance)
    assert successor().status == Status.QUEUED


def test_file_that_stays__is_looked_at_once_and_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    measured()
    some_minutes_later()
    file_changes.look_once_more()
    assert not WatchedImage.objects.exclude(look_due_at=None).exists()
    monkeypatch.setattr(file_changes, "noticed", lambda *args, **named: pytest.fail("looked at twice"))

    file_changes.look_once_more()

    assert ImageScan.objects.count() == 1


def test_file_that_was_touched__keeps_its_verdict_and_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = measured()
    os.utime(instance.image.path, (1_000_000_000, 1_000_000_000))

    assert not file_changes.noticed(ImageScan.objects.get())
    monkeypatch.setattr(StoredFile, "open", lambda self: pytest.fail("read once more"))
    assert not file_changes.noticed(ImageScan.objects.get())
    assert standing(instance, "image").is_measured


def test_full_scan__finds_a_file_rewritten_long_ago() -> None:
    instance = measured()
    WatchedImage.objects.update(look_due_at=None)
    rewrite(instance)

    reconcile.reconcile()

    assert is_not_measured(instance)
    assert successor().status == Status.QUEUED


def test_full_scan__asks_the_storage_once_in_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    measured()
    asked: list[str] = []
    state = StoredFile.state

    def count(self: StoredFile) -> str:
        asked.append(self.name)
        return state(self)

    monkeypatch.setattr(StoredFile, "state", count)
    for _ in range(3):
        reconcile.reconcile()
    assert len(asked) == 1
    monkeypatch.setattr(file_changes, "ROUND", timedelta(0))

    reconcile.reconcile()

    assert len(asked) == 2


def test_round__goes_on_where_the_time_was_over(monkeypatch: pytest.MonkeyPatch) -> None:
    for colour in ("teal", "navy", "gold"):
        measured(f"{colour}.jpg", colour)
    monkeypatch.setattr(file_changes, "SECONDS", 0.0)
    keys = list(WatchedImage.objects.order_by("pk").values_list("pk", flat=True))

    first = file_changes.go_round({})
    second = file_changes.go_round(first)
    third = file_changes.go_round(second)

    assert [step["after"] for step in (first, second, third)] == [keys[0], keys[1], 0]
    assert file_changes.go_round(third) == third


def test_storage_that_overwrites__the_first_object_waits_again(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"allow_overwrite": True}}
    }
    if not getattr(FileSystemStorage(allow_overwrite=True), "_allow_overwrite", False):
        pytest.skip("this Django has no storage that overwrites")
    first = measured("same.jpg")
    second = Photo.objects.create(title="b", image=upload("same.jpg", picture(colour="red")))
    assert second.image.name == first.image.name

    work()

    assert is_not_measured(first)
    assert ImageScan.objects.filter(object_id=str(first.pk)).latest("pk").status == Status.QUEUED


def test_same_name_and_bytes__leave_the_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    first = measured("same.jpg")
    Photo.objects.create(title="b", image=first.image.name)
    monkeypatch.setattr(file_changes, "noticed", lambda *args, **named: pytest.fail("has the same bytes"))

    work()


def test_rendition__notices_other_bytes() -> None:
    instance = measured()
    wanted.ask(ImageScan.objects.get())
    rewrite(instance)

    renditions.draw_next()

    assert is_not_measured(instance)
    assert successor().status == Status.QUEUED


def test_two_that_notice_the_same__queue_it_once() -> None:
    instance = measured()
    scan = ImageScan.objects.select_related("content_type").get()
    rewrite(instance)

    assert file_changes.noticed(scan)
    assert not file_changes.noticed(scan)
    assert not file_changes.queue_other_bytes(scan)
    assert ImageScan.objects.count() == 2


def test_other_bytes_of_a_file_that_was_replaced_since__do_not_end_the_scan_of_the_newer_one() -> None:
    instance = measured()
    old = ImageScan.objects.select_related("content_type").get()
    instance.image.save("newer.jpg", upload("newer.jpg"))

    assert not file_changes.queue_other_bytes(old)
    assert ImageScan.objects.unfinished().get().file_name == instance.image.name


def test_other_bytes__are_queued_although_a_rescan_has_failed_since() -> None:
    instance = measured()
    again = request_scan(instance, "image")
    ImageScan.objects.filter(pk=again.pk).update(
        status=Status.FAILED, error_code="gave_up", finished_at=timezone.now(), next_attempt_at=None
    )
    rewrite(instance)
    some_minutes_later()

    file_changes.look_once_more()

    assert ImageScan.objects.latest("pk").status == Status.QUEUED
    assert is_not_measured(instance)


def test_file_that_is_gone__changes_nothing() -> None:
    instance = measured()
    Path(instance.image.path).unlink()

    assert not file_changes.noticed(ImageScan.objects.get(), reads_all=True)
    assert standing(instance, "image").is_measured


def test_storage_that_fails__changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = measured()
    rewrite(instance)

    def fail(self: StoredFile) -> Any:
        raise ConnectionError("s3")

    with monkeypatch.context() as patch:
        patch.setattr(StoredFile, "open", fail)
        assert not file_changes.noticed(ImageScan.objects.get())
    assert standing(instance, "image").is_measured
    assert file_changes.noticed(ImageScan.objects.get())


def test_storage_that_tells_neither_size_nor_time__is_read_some_minutes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(self: object, name: str) -> Any:
        raise NotImplementedError

    monkeypatch.setattr(FileSystemStorage, "size", unknown)
    monkeypatch.setattr(FileSystemStorage, "get_modified_time", unknown)
    instance = measured()
    assert ImageScan.objects.get().file_state == ""
    rewrite(instance)
    some_minutes_later()

    file_changes.look_once_more()

    assert is_not_measured(instance)


def test_missing_file__that_has_come_long_after_its_scan_has_ended__is_found_by_the_full_scan() -> None:
    measured("other.jpg", "gold")
    instance = Photo.objects.create(title="late", image="photos/late.jpg")
    work()
    assert ImageScan.objects.latest("pk").error_code == "missing_file"
    reconcile.reconcile()
    assert ImageScan.objects.filter(object_id=str(instance.pk)).count() == 1
    Path(instance.image.path).write_bytes(picture())
    file_changes.go_round({})

    assert ImageScan.objects.filter(object_id=str(instance.pk)).latest("pk").status == Status.QUEUED


def test_what_became_a_picture__is_measured() -> None:
    instance = Photo.objects.create(title="a", image=upload("form.jpg", b"%PDF-1.7"))
    work()
    assert standing(instance, "image").standing == Standing.NOT_A_PICTURE
    rewrite(instance)
    file_changes.go_round({})
    work()

    assert ImageScan.objects.latest("pk").status == Status.SUBMITTED


def test_field_that_is_not_watched_any_more__is_left_alone(settings: Any) -> None:
    instance = measured()
    rewrite(instance)
    settings.COPYLEAKS_IMAGE = settings.COPYLEAKS_IMAGE | {"FIELDS": []}

    assert not file_changes.noticed(ImageScan.objects.get())
    assert ImageScan.objects.count() == 1
