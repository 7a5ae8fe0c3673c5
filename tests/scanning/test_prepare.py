"""What is measured of a file, and every reason for which it is not sent."""

import errno
import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from PIL import Image

from django_copyleaks_image import formats, limits
from django_copyleaks_image.decoding import pool
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.scanning import prepare, spooled, stored_files, submit, unmeasured
from tests.decoding import hostile
from tests.samples import only_scan, photo, picture, upload

pytestmark = pytest.mark.django_db(transaction=True)


def measured(name: str, content: bytes) -> prepare.Facts:
    photo(name, content)
    return prepare.measure(stored_files.stored_file(only_scan()))


def skipped(name: str, content: bytes) -> unmeasured.Skipped:
    with pytest.raises(unmeasured.Skipped) as caught:
        measured(name, content)
    return caught.value


def test_facts__of_a_jpeg() -> None:
    content = picture(size=(800, 600))

    facts = measured("a.jpg", content)

    assert facts.sha256 == hashlib.sha256(content).hexdigest()
    assert facts.byte_size == len(content)
    assert (facts.picture.format, facts.picture.width, facts.picture.height) == ("JPEG", 800, 600)


@pytest.mark.parametrize(
    ("image_format", "mode", "options"),
    [
        ("PNG", "RGB", {}),
        ("PNG", "I;16", {}),
        ("JPEG", "CMYK", {}),
        ("WEBP", "RGB", {}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("BMP", "RGB", {}),
    ],
)
def test_odd_but_documented_pictures__are_sent(image_format: str, mode: str, options: dict[str, Any]) -> None:
    colour = 40_000 if mode == "I;16" else 0

    facts = measured(f"a.{image_format.lower()}", picture(image_format, mode=mode, colour=colour, **options))

    assert facts.picture.format == image_format


def test_tiff__is_not_taken_by_the_synchronous_endpoint(configure: Callable[..., None]) -> None:
    assert measured("a.tiff", picture("TIFF")).copy is None
    ImageScan.objects.all().delete()
    configure(MODE="sync")
    assert measured("a.tiff", picture("TIFF")).copy is not None
    ImageScan.objects.all().delete()
    configure(FIT=False)

    assert skipped("a.tiff", picture("TIFF")).code == "unsupported_format"


WIDE = picture("PNG", size=(6001, 600), mode="1", colour=0)
TALL = picture("PNG", size=(4501, 4501), mode="1", colour=0)


@pytest.mark.parametrize(
    ("name", "content", "sides"),
    [("wide.png", WIDE, (6000, 600)), ("tall.png", TALL, (4500, 4500)), ("still.gif", picture("GIF"), (640, 640))],
)
def test_what_copyleaks_would_refuse__is_measured_on_a_copy(
    name: str, content: bytes, sides: tuple[int, int], configure: Callable[..., None]
) -> None:
    copy = measured(name, content).copy

    assert copy is not None
    assert (copy.width, copy.height) == sides


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("wide.png", WIDE, "too_large", "6001 × 600"),
        ("tall.png", TALL, "too_large", "4501 × 4501"),
        ("still.gif", picture("GIF"), "unsupported_format", "GIF"),
    ],
)
def test_without_copies__what_copyleaks_would_refuse_is_skipped(
    name: str, content: bytes, code: str, words: str, configure: Callable[..., None]
) -> None:
    configure(FIT=False)
    reason = skipped(name, content)

    assert reason.code == code
    assert words in reason.message


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("small.jpg", picture(size=(511, 2000)), "too_small", "511 × 2000"),
        ("ribbon.png", picture("PNG", size=(9000, 600), mode="1", colour=0), "too_large", "9000 × 600"),
        ("empty.jpg", b"", "empty_file", "empty"),
        ("notes.jpg", b"These are no pixels.", "no_picture", ""),
        ("form.pdf", b"%PDF-1.7\n", "no_picture", ""),
        ("cut.png", picture("PNG")[:20], "unreadable_image", ""),
        ("page.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format", ""),
    ],
)
def test_what_nothing_can_be_measured_of__is_skipped(name: str, content: bytes, code: str, words: str) -> None:
    reason = skipped(name, content)

    assert reason.code == code
    assert words in reason.message


def test_largest_portrait__is_sent() -> None:
    assert measured("a.png", picture("PNG", size=(4500, 6000), mode="1", colour=0)).picture.height == 6000


def test_animated_picture__is_measured_on_a_copy_of_its_first_frame(configure: Callable[..., None]) -> None:
    frames = [Image.new("RGB", (600, 600), colour) for colour in ("red", "blue")]
    from io import BytesIO

    stream = BytesIO()
    frames[0].save(stream, "WEBP", save_all=True, append_images=frames[1:])

    facts = measured("a.webp", stream.getvalue())
    assert (facts.picture.animated, facts.copy is None) == (True, False)
    ImageScan.objects.all().delete()
    configure(FIT=False)

    assert skipped("a.webp", stream.getvalue()).code == "unsupported_format"


@pytest.mark.parametrize("fits", [True, False])
def test_too_many_bytes__are_not_inspected(
    fits: bool, monkeypatch: pytest.MonkeyPatch, configure: Callable[..., None]
) -> None:
    configure(FIT=fits)
    monkeypatch.setattr(formats, "MAX_BYTES", 1000)
    monkeypatch.setitem(limits.LIMITS, "async", replace(limits.LIMITS["async"], most_bytes=1000))

    reason = skipped("a.jpg", picture())

    assert (reason.code, reason.byte_size, reason.picture) == ("too_large", len(picture()), None)


def test_skipped_picture__keeps_what_its_header_says() -> None:
    photo("small.jpg", picture(size=(300, 200)))
    submit.work_on_one(only_scan().scan_id)

    scan = only_scan()
    assert (scan.status, scan.error_code) == ("skipped", "too_small")
    assert (scan.width, scan.height, scan.image_format, scan.orientation) == (300, 200, "JPEG", 1)
    assert scan.sha256 == hashlib.sha256(picture(size=(300, 200))).hexdigest()


def test_decompression_bomb__is_skipped_without_decoding() -> None:
    header = bytearray(picture("PNG", size=(600, 600), mode="1", colour=0))
    header[16:24] = (200_000).to_bytes(4, "big") * 2
    import zlib

    header[29:33] = zlib.crc32(bytes(header[12:29])).to_bytes(4, "big")

    assert skipped("bomb.png", bytes(header)).code == "too_large"


def test_file_deleted_before_the_worker_comes() -> None:
    uploaded = photo()
    default_storage.delete(str(uploaded.image.name))

    with pytest.raises(unmeasured.Skipped) as caught:
        prepare.measure(stored_files.stored_file(only_scan()))

    assert caught.value.code == "missing_file"


def test_storage_that_raises__is_worth_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    photo()

    def refuse(*args: object) -> None:
        raise PermissionError("token=hush-hush")

    monkeypatch.setattr(default_storage, "open", refuse)

    with pytest.raises(unmeasured.StorageFailed) as caught:
        prepare.measure(stored_files.stored_file(only_scan()))

    assert "PermissionError" in str(caught.value)
    assert "hush" not in str(caught.value)


class ClientError(Exception):
    """Shaped like botocore's."""

    def __init__(self, code: str) -> None:
        super().__init__(f"An error occurred ({code})")
        self.response = {"Error": {"Code": code}}


class ResourceNotFoundError(Exception):
    """Named like azure-core's."""


class HttpResponseError(Exception):
    """Shaped like azure-core's."""

    error_code = "AuthorizationFailure"


class Forbidden(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FileNotFoundError("gone"), "missing_file"),
        (ResourceNotFoundError("gone"), "missing_file"),
        (PermissionError("mode 600"), "file_not_permitted"),
        (ClientError("AccessDenied"), "file_not_permitted"),
        (ClientError("403"), "file_not_permitted"),
        (ClientError("SlowDown"), "storage_failed"),
        (HttpResponseError("no"), "file_not_permitted"),
        (Forbidden("no"), "file_not_permitted"),
        (SuspiciousFileOperation("../etc"), "suspicious_name"),
        (ConnectionError("down"), "storage_failed"),
        (type("OddError", (Exception,), {"response": "text"})(), "storage_failed"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value),
)
def test_errors_of_storages__are_told_apart(error: Exception, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    photo()

    def refuse(*args: object) -> None:
        raise error

    monkeypatch.setattr(default_storage, "open", refuse)

    with pytest.raises(unmeasured.NotMeasured) as caught:
        prepare.measure(stored_files.stored_file(only_scan()))

    assert caught.value.code == code


def test_file_that_is_no_picture__is_read_no_further_than_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    photo("film.mp4", b"\0\0\0\x18ftypmp42" + bytes(1_000_000))
    blocks: list[int] = []
    read = stored_files.read_chunks

    def counted(file: Any) -> Iterator[bytes]:
        for block in read(file):
            blocks.append(len(block))
            yield block

    monkeypatch.setattr(stored_files, "read_chunks", counted)
    with pytest.raises(unmeasured.Skipped) as caught:
        prepare.measure(stored_files.stored_file(only_scan()))

    assert caught.value.code == "no_picture"
    assert blocks == [stored_files.CHUNK]


def test_replaced_and_removed__are_told_apart() -> None:
    uploaded = photo()
    scan = only_scan()
    uploaded.image = upload("other.jpg")
    uploaded.save()
    with pytest.raises(unmeasured.Replaced, match="file_replaced"):
        stored_files.stored_file(scan)

    uploaded.image.delete()
    with pytest.raises(unmeasured.Replaced, match="file_removed"):
        stored_files.stored_file(scan)

    uploaded.delete()
    with pytest.raises(unmeasured.Replaced, match="file_removed"):
        stored_files.stored_file(scan)


def test_field_that_is_gone__supersedes() -> None:
    photo()
    ImageScan.objects.update(field_name="no_more")

    with pytest.raises(unmeasured.Replaced, match="field_removed"):
        stored_files.stored_file(only_scan())


def test_long_name_in_another_script__is_sent_as_ascii() -> None:
    from django_copyleaks_image.scanning import addresses

    photo("å" * 60 + "絵" * 30 + ".jpg", picture("PNG"))
    ImageScan.objects.update(image_format="PNG")

    name = addresses.vendor_file_name(only_scan())

    assert name.isascii()
    assert name.startswith("aaaa")
    assert name.endswith(".png")
    assert len(name) < 255


def test_picture_that_asks_for_too_much__is_skipped_by_name() -> None:
    reason = skipped("strips.tiff", hostile.corpus()["4000000-strips.tiff"]())

    assert reason.code == "too_complex"


def test_picture_that_nothing_was_found_out_about__is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(file: object) -> None:
        raise pool.DecodingFailed("No process could be started to read the picture.")

    monkeypatch.setattr(pool, "inspect", fail)
    photo()
    submit.work_on_one(only_scan().scan_id)

    scan = only_scan()
    assert (scan.status, scan.error_code, scan.attempts) == ("queued", "not_decoded", 0)


class FullDisk(io.RawIOBase):
    """A file for which nothing is left."""

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return 0

    def write(self, data: Any, /) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("image_format", ["BMP", "JPEG"])  # Much is written at once; little, when it is to be read.
def test_full_disk_for_temporary_files__is_not_the_pictures_fault(
    image_format: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    content = picture(image_format)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: io.BufferedRandom(FullDisk()))
    monkeypatch.setattr(spooled, "IN_MEMORY", 10)

    facts = measured("a", content)

    assert (facts.byte_size, facts.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert os.strerror(errno.ENOSPC) in caplog.text


def test_without_a_disk_to_write_to__few_copies_are_in_memory_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a read-only container."""

    def refuse() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    monkeypatch.setattr(spooled, "IN_MEMORY", 10)
    monkeypatch.setattr(spooled, "MEMORY_SECONDS", 0.01)
    assert measured("a.jpg", picture()).picture.width == 640

    file = stored_files.stored_file(only_scan())
    copies = [spooled.copied(file, at_most=10_000_000) for _ in range(2)]
    with pytest.raises(unmeasured.StorageFailed, match="no memory"):
        spooled.copied(file, at_most=10_000_000)
    for copy in copies:
        copy.close()
        copy.close()
    for _ in range(3):
        assert prepare.measure(file).byte_size == len(picture())
    with pytest.raises(unmeasured.Skipped):
        spooled.copied(file, at_most=10)
    copies = [spooled.copied(file, at_most=10_000_000) for _ in range(2)]
    assert copies[0].read() == picture()
    for copy in copies:
        copy.close()
