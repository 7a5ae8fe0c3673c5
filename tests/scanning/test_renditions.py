"""What is drawn, when, by whom and how often."""

import errno
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.utils import timezone

from django_copyleaks_image.decoding import pool
from django_copyleaks_image.formats import TooComplex
from django_copyleaks_image.models import ImageScan, Rendition
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.renditions import shelf, wanted
from django_copyleaks_image.scanning import finishing, renditions
from django_copyleaks_image.task_backends import steps
from django_copyleaks_image.worker import Worker
from tests.decoding import hostile
from tests.gallery.models import Photo
from tests.samples import only_scan, photo, picture, upload

pytestmark = pytest.mark.django_db(transaction=True)


def asked(name: str = "meadow.jpg", content: bytes | None = None) -> Rendition:
    """Return what was asked for, of a new photo that nobody is to send anywhere."""
    instance = photo(name, content)
    ImageScan.objects.filter(object_id=instance.pk).update(next_attempt_at=timezone.now() + timedelta(days=1))
    return wanted.ask(ImageScan.objects.get(object_id=instance.pk))


def read(row: Rendition) -> Rendition:
    row.refresh_from_db()
    return row


def raising(error: Exception) -> Any:
    def ask(*arguments: Any) -> None:
        raise error

    return ask


def test_scan_that_comes_to_the_desk__is_drawn_before_anybody_asks() -> None:
    photo()
    finishing.fail(only_scan(), "result_lost")

    assert Rendition.objects.get().kind == "picture"
    assert renditions.draw_due(at_most=5) == 1
    row = Rendition.objects.get()
    assert (row.due_at, row.problem, row.image_format, row.orientation) == (None, "", "JPEG", 1)
    assert shelf.get(row.sha256, "page")


def test_superseded_scan__is_not_drawn() -> None:
    photo()
    finishing.supersede(ImageScan.objects.all(), "file_replaced")

    assert not Rendition.objects.exists()


def test_worker__draws_what_was_asked_for(configure: Any) -> None:
    row = asked()

    Worker(threads=1, poll_seconds=0.1).run_once()

    assert read(row).due_at is None
    assert shelf.get(row.sha256, "thumbnail")


@pytest.mark.parametrize("step", [lambda scan: steps.work_on(scan.scan_id), lambda scan: steps.sweep()])
def test_worker_of_a_task_backend__draws_what_was_asked_for(step: Any) -> None:
    row = asked()

    step(row.scan)

    assert shelf.get(read(row).sha256, "thumbnail")


def test_asking__wakes_whoever_works(configure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr("tests.admin.drawn_pictures.draw", woken.append)
    configure(DISPATCHER="tests.admin.drawn_pictures.draw")
    row = asked()

    wanted.ask(row.scan)

    # For the upload, and once for the picture.
    assert woken == [row.scan.scan_id] * 2


def test_picture_that_takes_long__waits_for_the_others_and_gets_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, quick = asked("slow.jpg"), asked("quick.jpg", picture(colour="red"))
    given: list[tuple[int, pool.Patience]] = []
    ask = pool.drawing.ask

    def ask_slowly(kind: str, stream: Any, patience: pool.Patience) -> Any:
        is_slow = stream.read() == picture()
        given.append((is_slow, patience))
        if is_slow and patience == pool.BRIEF:
            raise pool.TookTooLong
        return ask(kind, stream, pool.LONG)

    monkeypatch.setattr(pool.drawing, "ask", ask_slowly)
    assert renditions.draw_fresh()
    assert renditions.draw_fresh()
    assert not renditions.draw_fresh()
    assert (read(slow).attempts, read(quick).due_at) == (1, None)
    assert renditions.draw_next()
    assert given == [(True, pool.BRIEF), (False, pool.BRIEF), (True, pool.LONG)]
    assert read(slow).due_at is None


def test_picture_that_takes_too_long__is_remembered_as_too_complex(monkeypatch: pytest.MonkeyPatch) -> None:
    row = asked()
    monkeypatch.setattr(pool.drawing, "ask", raising(pool.TookTooLong()))
    renditions.draw_due(at_most=10)

    assert (read(row).problem, row.is_final, row.attempts) == ("too_complex", True, 2)
    assert wanted.ask(row.scan).due_at is None


def test_hostile_picture__keeps_no_other_from_being_drawn() -> None:
    hostile_one = asked("strips.tiff", hostile.corpus()["4000000-strips.tiff"]())
    other = asked("meadow.jpg")

    renditions.draw_fresh()
    renditions.draw_fresh()

    assert read(other).due_at is None
    assert shelf.get(other.sha256, "page")
    assert read(hostile_one).due_at is not None or hostile_one.problem == "too_complex"


def test_duplicate_of_a_picture_that_cannot_be_drawn__is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = asked("one.jpg"), asked("two.jpg")
    with monkeypatch.context() as patch:
        patch.setattr(pool.drawing, "ask", raising(TooComplex("too much")))
        renditions.draw_next()
    monkeypatch.setattr(pool.drawing, "ask", lambda *arguments: pytest.fail("It was tried again."))
    renditions.draw_next()

    assert {read(first).problem, read(second).problem} == {"too_complex"}


def test_scan_that_ended_as_too_complex__is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    row = asked()
    ImageScan.objects.update(status=Status.SKIPPED, error_code="too_complex", finished_at=timezone.now())
    monkeypatch.setattr(pool.drawing, "ask", lambda *arguments: pytest.fail("It was tried again."))
    renditions.draw_next()

    assert (read(row).problem, row.is_final) == ("too_complex", True)


def test_worker_that_dies_over_a_picture_again_and_again__ends_with_a_problem() -> None:
    row = asked()
    for _ in range(wanted.MAX_ATTEMPTS):
        assert wanted.claim() is not None
        assert wanted.claim() is None
        Rendition.objects.update(due_at=timezone.now())
    renditions.draw_next()

    assert (read(row).problem, row.is_final) == ("too_complex", True)


def test_worker_that_is_stopped__gives_the_picture_back(monkeypatch: pytest.MonkeyPatch) -> None:
    row = asked()
    monkeypatch.setattr(pool.drawing, "ask", raising(pool.Stopped()))
    renditions.draw_next()

    assert read(row).attempts == 0
    assert row.due_at is not None
    assert row.due_at <= timezone.now()


def test_storage_of_renditions_that_fails__is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    row = asked()
    with monkeypatch.context() as patch:
        patch.setattr(shelf, "save", raising(OSError("No space left on device")))
        renditions.draw_next()
    assert (read(row).problem, row.is_final) == ("storage_failed", False)
    assert wanted.ask(row.scan).due_at is None

    Rendition.objects.update(checked_at=timezone.now() - timedelta(minutes=2))
    assert wanted.ask(row.scan).due_at is not None
    assert renditions.draw_next()
    assert read(row).problem == ""


def test_other_bytes_than_the_scanned_ones__are_not_drawn() -> None:
    row = asked()
    ImageScan.objects.update(sha256="0" * 64)
    renditions.draw_next()

    assert read(row).problem == "file_replaced"
    # Nor are they tried again at every view.
    assert wanted.ask(ImageScan.objects.earliest("pk")).due_at is None
    # What the file holds now is measured.
    assert ImageScan.objects.latest("pk").status == Status.QUEUED


def test_picture_that_was_drawn_before_other_bytes_were_measured__is_drawn_again() -> None:
    row = asked()
    renditions.draw_next()
    ImageScan.objects.update(sha256="0" * 64)

    assert wanted.ask(ImageScan.objects.get()).due_at is not None
    assert read(row).problem == ""


def test_renditions_of_replaced_pictures__are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, replaced = asked("kept.jpg"), asked("replaced.jpg", picture(colour="red"))
    renditions.draw_due(at_most=2)
    instance = Photo.objects.get(title="replaced.jpg")
    instance.image.save("other.jpg", upload())
    Rendition.objects.update(checked_at=timezone.now() - timedelta(hours=2))

    renditions.tidy()

    assert list(Rendition.objects.values_list("pk", flat=True)) == [kept.pk]
    assert shelf.get(read(kept).sha256, "page")
    assert shelf.get(replaced.sha256, "page") is None


class SmallDisk(FileSystemStorage):
    """A disk that has room for the first bytes of a file."""

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        super().save(name, ContentFile(content.read()[:10]))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def kept_in(storage: type[FileSystemStorage], folder: Path, settings: Any, configure: Any) -> None:
    backend = {"BACKEND": f"{storage.__module__}.{storage.__name__}", "OPTIONS": {"location": folder}}
    settings.STORAGES = settings.STORAGES | {"renditions": backend}
    configure(RENDITION_STORAGE="renditions")


def test_storage_that_is_full__keeps_no_part_of_a_picture(settings: Any, configure: Any, tmp_path: Path) -> None:
    kept_in(SmallDisk, tmp_path, settings, configure)
    row = asked()

    assert renditions.draw_due(at_most=5) == 1

    assert (read(row).problem, row.is_final) == ("storage_failed", False)
    assert list(tmp_path.rglob("*.webp")) == []


@pytest.mark.parametrize("storage", [FileSystemStorage, None])
def test_part_of_a_picture__that_a_killed_process_has_left_is_replaced(
    storage: type[FileSystemStorage] | None, settings: Any, configure: Any, tmp_path: Path
) -> None:
    if storage:
        kept_in(storage, tmp_path, settings, configure)
    whole = {"page": b"RIFF and all the rest"}
    shelf.put("a" * 64, {"page": b"RIFF"})

    shelf.put("a" * 64, whole)
    shelf.put("a" * 64, whole)

    cache.clear()
    assert shelf.get("a" * 64, "page") == whole["page"]
