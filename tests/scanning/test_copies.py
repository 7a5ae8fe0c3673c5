"""Pictures that are measured on a copy: which one, when it is drawn, and how long it is kept."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, default_storage, storages
from django.test import Client
from django.utils import timezone
from PIL import Image

from django_copyleaks_image.api import finding
from django_copyleaks_image.decoding import pool
from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.formats import CopyOrder, TooComplex
from django_copyleaks_image.models import FittedCopy, ImageScan, RenditionPart
from django_copyleaks_image.models.scan import LATE_RESULTS, Status
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.renditions import copies as kept
from django_copyleaks_image.renditions import in_database
from django_copyleaks_image.scanning import addresses, copies, paykey, prepare, stored_files, submit, sweep, unmeasured
from tests.gallery.models import Photo
from tests.samples import judge, only_scan, photo, picture, upload
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

GIF = picture("GIF", (700, 600), colour=(10, 200, 30))
WIDE = picture("JPEG", (6400, 4800))


def work() -> None:
    """Work once on everything that is due."""
    for scan in submit.claim(20):
        submit.work_on(scan)


def all_ended(count: int) -> bool:
    return not judge() and ImageScan.objects.filter(finished_at__isnull=False).count() == count


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every order of a copy."""
    orders: list[object] = []
    draw = pool.copy

    def note(file: Any, order: Any) -> Any:
        orders.append(order)
        return draw(file, order)

    monkeypatch.setattr(pool, "copy", note)
    return orders


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> ImageScan:
    """A scan whose copy is kept, and whose result is awaited."""
    photo("still.gif", GIF)
    (scan,) = submit.claim(1)
    submit._note_facts(scan, prepare.measure(stored_files.stored_file(scan)))
    submit._store_facts(scan)
    submit._prepare_copy(scan, stored_files.stored_file(scan))
    now = timezone.now()
    ImageScan.objects.update(
        status=Status.SUBMITTED, sent_at=now, submitted_at=now, may_have_arrived=True, next_attempt_at=None
    )
    return only_scan()


def fetch(scan: ImageScan) -> Any:
    return Client().get(addresses.endpoint_path("media", addresses.media_token(scan.scan_id), "a.png"))


@pytest.mark.parametrize("mode", ["async", "sync"])
@pytest.mark.parametrize(
    ("name", "content", "sides"),
    [("ai-37.gif", GIF, (700, 600)), ("ai-37.jpg", WIDE, (6000, 4500))],
)
def test_refused_picture__is_measured_on_a_copy(
    mode: str, name: str, content: bytes, sides: tuple[int, int], emulator: Emulator, configure: Callable[..., None]
) -> None:
    configure(MODE=mode)
    photo(name, content)

    work()
    wait_until(lambda: all_ended(1))

    scan = only_scan()
    assert (scan.status, scan.verdict, scan.error_message) == ("completed", "partly_ai", "")
    assert scan.sha256 == hashlib.sha256(content).hexdigest()
    assert (scan.byte_size, (scan.width, scan.height)) == (len(content), Image.open(BytesIO(content)).size)
    assert (scan.copy_width, scan.copy_height) == sides
    assert scan.result is not None
    assert (scan.result.image_width, scan.result.image_height) == sides
    assert finding(scan).endswith(f"; measured on a copy of {sides[0]} × {sides[1]}")
    (entry,) = emulator.ledger.entries()
    assert (entry.sha256, entry.charged) == (scan.copy_sha256, 1)


def test_enlarged_picture__is_measured_if_the_site_wants_it(emulator: Emulator, configure: Callable[..., None]) -> None:
    configure(SMALL_PICTURES="enlarge")
    photo("ai-80.jpg", picture(size=(256, 300)))

    work()
    wait_until(lambda: all_ended(1))

    assert (only_scan().verdict, only_scan().copy_width, only_scan().copy_height) == ("mostly_ai", 512, 600)


def test_duplicates__share_the_result_and_draw_nothing(emulator: Emulator, drawn: list[object]) -> None:
    for _ in range(3):
        photo("ai-37.gif", GIF)

    work()
    wait_until(lambda: all_ended(3))

    assert len(drawn) == emulator.ledger.charged == 1
    assert {finding(scan) for scan in ImageScan.objects.all()} == {finding(ImageScan.objects.all()[0])}


def test_copy_and_file__are_not_bought_as_the_same(configure: Callable[..., None]) -> None:
    photo("pages.tiff", picture("TIFF"))
    scan = only_scan()
    submit._note_facts(scan, prepare.measure(stored_files.stored_file(scan)))
    as_it_is = scan.content_key
    configure(MODE="sync")  # Which takes no TIFF.
    submit._note_facts(scan, prepare.measure(stored_files.stored_file(scan)))
    assert scan.content_key != as_it_is
    scan.copy_width = 599
    on_copy = scan.content_key
    paykey.decide_purchase(scan)
    assert scan.content_key != on_copy


def test_second_attempt__sends_the_copy_that_is_kept(waiting: ImageScan, drawn: list[object]) -> None:
    file = stored_files.stored_file(waiting)
    columns = copies.prepare_copy(waiting, file)
    assert (columns["copy_sha256"], drawn) == (waiting.copy_sha256, [])

    kept.discard(waiting)
    assert not kept.is_kept(waiting)
    copies.prepare_copy(waiting, file)
    assert kept.is_kept(waiting)
    assert len(drawn) == 1


def test_picture_whose_copy_must_wait_for_others__keeps_no_thread_and_loses_nothing(
    emulator: Emulator, drawn: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo("still.gif", GIF)
    reads: list[object] = []
    measure = prepare.measure

    def note(file: Any) -> prepare.Facts:
        reads.append(file)
        return measure(file)

    monkeypatch.setattr(prepare, "measure", note)
    with monkeypatch.context() as patch:
        patch.setattr(pool.copying, "has_room", lambda: False)
        for _ in range(3):
            ImageScan.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
            work()
        assert (only_scan().status, only_scan().error_code, only_scan().attempts) == (Status.QUEUED, "rate_limit", 0)
        assert drawn == []
        assert len(reads) == 1
    ImageScan.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    work()

    wait_until(lambda: all_ended(1))
    assert only_scan().status == Status.COMPLETED


def test_more_copies_than_children__are_not_waited_for() -> None:
    held = [pool.copying._slots.acquire(blocking=False) for _ in range(2)]
    try:
        assert held == [True, True]
        with pytest.raises(pool.Busy):
            pool.copy(BytesIO(GIF), CopyOrder(width=700, height=600, most_bytes=1_000_000))
    finally:
        for _ in held:
            pool.copying._slots.release()


def test_file_that_holds_other_bytes__is_not_copied(waiting: ImageScan) -> None:
    kept.discard(waiting)
    default_storage.delete(waiting.file_name)
    default_storage.save(waiting.file_name, ContentFile(picture("GIF", (700, 600), colour="red")))

    with pytest.raises(unmeasured.Replaced):
        copies.prepare_copy(waiting, stored_files.stored_file(waiting))

    assert list(ImageScan.objects.order_by("pk").values_list("status", flat=True)) == ["superseded", "queued"]


def test_picture_that_cannot_be_copied__is_skipped_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: object, order: object) -> None:
        raise TooComplex(Problem.PICTURE_NEEDS_MEMORY())

    monkeypatch.setattr(pool, "copy", refuse)
    photo("still.gif", GIF)

    work()

    scan = only_scan()
    assert (scan.status, scan.error_code, scan.pay_key) == ("skipped", "too_complex", None)
    assert scan.error_message == Problem.PICTURE_NEEDS_MEMORY()
    assert (scan.width, scan.image_format) == (700, "GIF")


def test_copy__is_removed_when_its_result_is_awaited_no_more(waiting: ImageScan) -> None:
    sweep.sweep()
    assert kept.is_kept(waiting)

    ImageScan.objects.update(status=Status.FAILED, error_code="result_lost", finished_at=timezone.now())
    sweep.sweep()
    assert kept.is_kept(waiting)  # It may still come.

    ImageScan.objects.update(finished_at=timezone.now() - LATE_RESULTS - timedelta(seconds=1))
    sweep.sweep()
    assert not kept.is_kept(waiting)
    assert (FittedCopy.objects.count(), RenditionPart.objects.count()) == (0, 0)


@pytest.mark.parametrize("replaces", [True, False])
def test_copy_of_a_file_that_is_gone__is_removed(waiting: ImageScan, replaces: bool) -> None:
    """Its result may still come, but Copyleaks could not fetch the picture any more."""
    uploaded = Photo.objects.get()
    if replaces:
        uploaded.image = upload("other.jpg")
        uploaded.save()
    else:
        uploaded.delete()

    sweep.sweep()

    assert not kept.is_kept(waiting)
    assert FittedCopy.objects.count() == 0


def test_copy_of_a_worker_that_was_killed__is_removed(waiting: ImageScan) -> None:
    """It had kept the copy, and not come to note its hash with the scan."""
    ended = {"status": Status.SKIPPED, "error_code": "not_wanted", "finished_at": timezone.now()}
    ImageScan.objects.update(copy_sha256="", copy_format="", sent_at=None, **ended)

    sweep.sweep()

    assert (FittedCopy.objects.count(), RenditionPart.objects.count()) == (0, 0)


def test_copy_that_another_scan_needs__stays(waiting: ImageScan) -> None:
    photo("again.gif", GIF)
    other = ImageScan.objects.latest("pk")
    kept.keep(other, waiting.copy_sha256, waiting.copy_format, b"".join(fetch(waiting).streaming_content))
    ImageScan.objects.filter(pk=waiting.pk).update(
        status=Status.SUPERSEDED, finished_at=timezone.now(), may_have_arrived=False
    )

    sweep.sweep()

    assert [note.scan_id for note in FittedCopy.objects.all()] == [other.pk]
    assert kept.is_kept(waiting)


@pytest.mark.parametrize("place", ["database", "storage"])
def test_media_endpoint__serves_the_copy_and_nothing_else(
    place: str, settings: Any, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_database, "PART_BYTES", 500)
    if place == "storage":
        settings.STORAGES = settings.STORAGES | {
            "copies": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        }
        configure(RENDITION_STORAGE="copies")
        assert isinstance(storages["copies"], InMemoryStorage)
    photo("still.gif", noisy := noise())
    (scan,) = submit.claim(1)
    submit._note_facts(scan, prepare.measure(stored_files.stored_file(scan)))
    submit._store_facts(scan)
    submit._prepare_copy(scan, stored_files.stored_file(scan))
    assert fetch(scan).status_code == 404  # It was not sent yet.
    ImageScan.objects.update(sent_at=timezone.now(), may_have_arrived=True)

    response = fetch(scan)
    content = b"".join(response.streaming_content)

    assert hashlib.sha256(content).hexdigest() == only_scan().copy_sha256
    copy = kept.of(only_scan())
    assert copy.storage.size(copy.name) == len(content) > 2000
    with copy.open() as stream:
        assert (stream.seek(700), stream.read(50), stream.seek(-20, 2)) == (700, content[700:750], len(content) - 20)
        assert stream.read() == content[-20:]
    assert response["Content-Type"] == "image/png"
    assert response["Content-Length"] == str(len(content))
    assert "still.png" in response["Content-Disposition"]
    assert pixels(content) == pixels(noisy)
    head = Client().head(addresses.endpoint_path("media", addresses.media_token(scan.scan_id), "a.png"))
    assert head["Content-Length"] == str(len(content))


def pixels(content: bytes) -> bytes:
    return Image.open(BytesIO(content)).convert("RGB").tobytes()


def noise() -> bytes:
    stream = BytesIO()
    Image.effect_noise((600, 600), 90).save(stream, "GIF")
    return stream.getvalue()


def test_media_endpoint__stays_shut_once_the_file_holds_other_bytes(waiting: ImageScan) -> None:
    default_storage.delete(waiting.file_name)
    default_storage.save(waiting.file_name, ContentFile(picture("GIF", (700, 600), colour="red")))

    assert fetch(waiting).status_code == 404
    waiting.refresh_from_db()
    assert (waiting.status, ImageScan.objects.count()) == (Status.SUPERSEDED, 2)


def test_copy_that_was_spoilt__is_served_to_nobody_and_drawn_anew(waiting: ImageScan) -> None:
    part = RenditionPart.objects.get()
    RenditionPart.objects.update(content=bytes(len(bytes(part.content))))
    assert kept.is_kept(waiting)

    assert fetch(waiting).status_code == 404

    assert not kept.is_kept(waiting)
    waiting.refresh_from_db()
    assert waiting.status == Status.SUBMITTED
    copies.prepare_copy(waiting, stored_files.stored_file(waiting))
    assert fetch(waiting).status_code == 200


def test_copy_that_was_spoilt__is_not_uploaded(waiting: ImageScan, configure: Callable[..., None]) -> None:
    from django_copyleaks_image.scanning import calls

    part = RenditionPart.objects.get()
    RenditionPart.objects.update(content=bytes(len(bytes(part.content))))

    with pytest.raises(unmeasured.StorageFailed):
        calls._verified_bytes(waiting, stored_files.stored_file(waiting))

    assert not kept.is_kept(waiting)


def test_direct_access__is_for_files_alone(waiting: ImageScan, configure: Callable[..., None]) -> None:
    configure(MEDIA_ACCESS="direct")
    url = addresses.media_url(waiting, stored_files.stored_file(waiting))
    assert addresses.media_token(waiting.scan_id) in url
    assert Photo.objects.get().image.url not in url
