"""When the media endpoint opens, for which bytes, and what everybody else sees."""

import hashlib
import logging
import tempfile
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import DatabaseError
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import LATE_RESULTS, Status
from django_copyleaks_image.scanning import addresses, clock, finishing, prepare, receive, scan_requests, stored_files
from tests.gallery.models import Photo
from tests.samples import as_json, clean, only_scan, photo, picture, submitted

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT = picture(size=(700, 700))


@pytest.fixture
def scan() -> ImageScan:
    photo("holiday.jpg", CONTENT)
    scan = only_scan()
    facts = prepare.measure(stored_files.stored_file(scan))
    ImageScan.objects.update(sha256=facts.sha256, byte_size=facts.byte_size)
    scan = submitted(only_scan())
    ImageScan.objects.update(byte_size=facts.byte_size)
    return only_scan()


def endpoint(token: str, file_name: str = "holiday.jpg") -> str:
    return reverse("copyleaks_image:media", args=(token, file_name))


def fetch(scan: ImageScan, method: str = "GET") -> Any:
    return Client().generic(method, endpoint(addresses.media_token(scan.scan_id)))


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_waiting_scan__is_served_exactly(scan: ImageScan) -> None:
    response = fetch(scan)

    assert body(response) == CONTENT
    assert response["Content-Type"] == "image/jpeg"
    assert response["Content-Length"] == str(len(CONTENT))
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]
    assert response["Content-Disposition"].startswith("attachment")
    assert not response.cookies


def test_being_sent__is_served_before_the_answer_is_read(scan: ImageScan) -> None:
    ImageScan.objects.update(status=Status.QUEUED, submitted_at=None, next_attempt_at=timezone.now())

    assert body(fetch(scan)) == CONTENT


def test_head__tells_the_size_without_the_bytes(scan: ImageScan) -> None:
    response = fetch(scan, "HEAD")

    assert (response.status_code, response.content) == (200, b"")
    assert response["Content-Length"] == str(len(CONTENT))


def test_range__is_answered_with_the_whole(scan: ImageScan) -> None:
    response: Any = Client().get(endpoint(addresses.media_token(scan.scan_id)), headers={"Range": "bytes=0-9"})

    assert (response.status_code, body(response)) == (200, CONTENT)


def test_under_asgi(scan: ImageScan) -> None:
    from asgiref.sync import async_to_sync

    async def read() -> tuple[int, bytes]:
        response: Any = await AsyncClient().get(endpoint(addresses.media_token(scan.scan_id)))
        return response.status_code, b"".join([chunk async for chunk in response.streaming_content])

    assert async_to_sync(read)() == (200, CONTENT)


def test_everything_else__is_an_identical_404(scan: ImageScan) -> None:
    good = addresses.media_token(scan.scan_id)
    answers: set[tuple[int, bytes, tuple[tuple[str, str], ...]]] = set()

    def note(response: Any) -> None:
        headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
        answers.add((response.status_code, response.content, tuple(sorted(headers.items()))))

    note(Client().get(endpoint(good + "x")))
    note(Client().get(endpoint("nonsense")))
    note(Client().get(endpoint(addresses.webhook_token(scan.scan_id))))
    note(Client().get(endpoint(f"{scan.scan_id}:{addresses.webhook_token(scan.scan_id)}")))
    note(Client().get(endpoint(addresses.media_token("00000000-0000-4000-8000-000000000000"))))
    note(Client().post(endpoint(good)))
    ImageScan.objects.update(sent_at=None)
    note(fetch(scan))
    # Refused without a doubt: it is not awaited, whether it is tried again or has ended.
    ImageScan.objects.update(sent_at=timezone.now(), may_have_arrived=False)
    note(fetch(scan))
    give_up(scan)
    note(fetch(scan))
    ImageScan.objects.update(may_have_arrived=True, finished_at=timezone.now() - LATE_RESULTS)
    note(fetch(scan))

    note(Client(enforce_csrf_checks=True).post(endpoint(good)))

    assert len(answers) == 1, answers
    ((status, _, headers),) = answers
    assert status == 404
    assert ("Cache-Control", "no-store") in headers


def give_up(scan: ImageScan) -> None:
    ImageScan.objects.filter(pk=scan.pk).update(
        status=Status.FAILED, error_code="result_lost", finished_at=timezone.now()
    )


def test_result_that_counts_as_lost__may_still_come_and_its_bytes_be_fetched(scan: ImageScan) -> None:
    give_up(scan)
    assert body(fetch(scan)) == CONTENT

    ImageScan.objects.update(finished_at=timezone.now() - LATE_RESULTS + timedelta(minutes=1))
    assert body(fetch(scan)) == CONTENT

    receive.deliver(scan, as_json(clean(scan)), Source.WEBHOOK)
    assert only_scan().status == Status.COMPLETED
    assert fetch(scan).status_code == 404


def test_replaced_scan__its_bytes_are_not_fetched_after_its_result(scan: ImageScan) -> None:
    finishing.supersede(ImageScan.objects.all(), "scanned_again")
    assert body(fetch(scan)) == CONTENT

    assert receive.deliver(scan, as_json(clean(scan)), Source.WEBHOOK) == Outcome.SHARED

    assert fetch(scan).status_code == 404


def test_replaced_file__is_not_served(scan: ImageScan) -> None:
    Photo.objects.update(image="photos/another.jpg")

    assert fetch(scan).status_code == 404


def test_missing_file__is_not_served(scan: ImageScan) -> None:
    uploaded = Photo.objects.get()
    uploaded.image.storage.delete(str(uploaded.image.name))

    assert fetch(scan).status_code == 404


def test_other_bytes_under_the_same_name__supersede_the_scan(scan: ImageScan) -> None:
    storage, name = Photo.objects.get().image.storage, scan.file_name
    storage.delete(name)
    storage.save(name, ContentFile(picture(size=(700, 700), colour="red")))

    # A vendor that gets no byte measures none: no result can be about these.
    assert fetch(scan).status_code == 404

    old, new = ImageScan.objects.order_by("pk")
    assert (old.status, old.error_code) == (Status.SUPERSEDED, "file_replaced")
    assert (new.status, new.file_name, new.target) == (Status.QUEUED, name, old.target)


def test_other_bytes__are_not_submitted_while_the_vendor_waits_for_its_answer(
    scan: ImageScan, configure: Callable[..., None]
) -> None:
    configure(DISPATCHER="django_copyleaks_image.dispatch.inline", API_URL="https://127.0.0.1")
    storage, name = Photo.objects.get().image.storage, scan.file_name
    storage.delete(name)
    storage.save(name, ContentFile(picture(size=(700, 700), colour="red")))

    assert fetch(scan).status_code == 404

    new = ImageScan.objects.latest("pk")
    assert (new.status, new.attempts) == (Status.QUEUED, 0)


def test_other_bytes_that_cannot_be_queued__are_refused_and_found_again(
    scan: ImageScan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(scan: ImageScan) -> None:
        raise DatabaseError("server closed the connection")

    storage, name = Photo.objects.get().image.storage, scan.file_name
    storage.delete(name)
    storage.save(name, ContentFile(picture(size=(700, 700), colour="red")))
    with monkeypatch.context() as patch:
        patch.setattr(scan_requests, "bytes_changed", broken)
        assert fetch(scan).status_code == 404
    assert scan.scan_id in caplog.text
    assert addresses.media_token(scan.scan_id).split(":")[1] not in caplog.text

    assert fetch(scan).status_code == 404

    assert ImageScan.objects.get(pk=scan.pk).status == Status.SUPERSEDED


@pytest.fixture
def large(scan: ImageScan) -> bytes:
    """Let the scan be of a file of several blocks, of which the last is not whole."""
    content = bytes(range(256)) * 1200 + b"the end"
    store(scan, content)
    return content


def store(scan: ImageScan, content: bytes) -> None:
    """Let the file have been measured with this content."""
    overwrite(scan, content)
    ImageScan.objects.update(sha256=hashlib.sha256(content).hexdigest(), byte_size=len(content))


def overwrite(scan: ImageScan, content: bytes) -> None:
    Path(Photo.objects.get().image.path).write_bytes(content)


def test_large_file__is_served_exactly(scan: ImageScan, large: bytes) -> None:
    assert body(fetch(scan)) == large


@pytest.mark.parametrize("changed", [0, 70_000, 300_000])
def test_file_that_is_overwritten_meanwhile__ends_before_its_first_other_byte(
    scan: ImageScan, large: bytes, changed: int
) -> None:
    response = fetch(scan)
    overwrite(scan, large[:changed] + b"!" + large[changed + 1 :])

    received = body(response)

    assert large.startswith(received)
    assert len(received) <= changed
    assert ImageScan.objects.get(pk=scan.pk).status == Status.SUPERSEDED


@pytest.mark.parametrize("end", [-10, -100_000])
def test_file_that_is_cut_short_meanwhile__ends_before_it(scan: ImageScan, large: bytes, end: int) -> None:
    response = fetch(scan)
    overwrite(scan, large[:end])

    assert large[:end].startswith(body(response))
    assert ImageScan.objects.get(pk=scan.pk).status == Status.SUPERSEDED


def test_file_that_grows_meanwhile__ends_where_it_was_measured(scan: ImageScan, large: bytes) -> None:
    response = fetch(scan)
    overwrite(scan, large + b"more")

    received = body(response)
    assert large.startswith(received)
    assert len(received) < len(large)


class Slow:
    """A stored file that cannot go back, and gives less than it is asked for, and less each time it is opened."""

    opened = 0

    def __init__(self, content: bytes) -> None:
        type(self).opened += 1
        self._most = 10_000 // type(self).opened
        self._stream = BytesIO(content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()

    def read(self, size: int) -> bytes:
        return self._stream.read(min(size, self._most))

    def seekable(self) -> bool:
        return False


def test_storage_that_gives_little_and_cannot_go_back__is_opened_again(
    scan: ImageScan, large: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Slow, "opened", 0)
    monkeypatch.setattr(FileSystemStorage, "open", lambda self, name, mode: Slow(large))

    assert body(fetch(scan)) == large
    assert Slow.opened == 2


def test_storage_that_fails_on_the_way_back__is_a_404(
    scan: ImageScan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Stale(BytesIO):
        def seek(self, *place: int) -> int:
            raise OSError("a stale handle of s3cret")

    monkeypatch.setattr(FileSystemStorage, "open", lambda self, name, mode: Stale(CONTENT))

    assert fetch(scan).status_code == 404
    assert "s3cret" not in caplog.text
    assert ImageScan.objects.get(pk=scan.pk).status == Status.SUBMITTED


def test_storage_that_fails_while_it_is_sent__ends_the_stream(
    scan: ImageScan, large: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Slow):
        def read(self, size: int) -> bytes:
            if self.opened == 2 and self._stream.tell() > 100_000:
                raise OSError("the line is cut")
            return super().read(size)

    monkeypatch.setattr(FileSystemStorage, "open", lambda self, name, mode: Failing(large))

    received = body(fetch(scan))
    assert large.startswith(received)
    assert 0 < len(received) < len(large)
    assert "OSError" in caplog.text
    # Whether it holds other bytes nobody knows.
    assert ImageScan.objects.get(pk=scan.pk).status == Status.SUBMITTED


def test_file_that_grew__is_read_no_further_than_it_was_measured(
    scan: ImageScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    class Grown(Slow):
        def read(self, size: int) -> bytes:
            read.append(size)
            return bytes(size if len(read) < 100 else 0)

    monkeypatch.setattr(FileSystemStorage, "open", lambda self, name, mode: Grown(b""))

    assert fetch(scan).status_code == 404
    assert sum(read) <= (scan.byte_size or 0) + stored_files.CHUNK


def test_neither_memory_nor_disk__holds_the_file(scan: ImageScan, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise OSError("read-only")

    store(scan, bytes(8_000_000))
    for name in ("SpooledTemporaryFile", "TemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refuse)
    tracemalloc.start()
    try:
        received = sum(len(block) for block in fetch(scan).streaming_content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert received == 8_000_000
    assert peak < 2_000_000


def test_endpoint__writes_no_token_to_the_log(scan: ImageScan, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = addresses.media_token(scan.scan_id)
    Photo.objects.update(image="photos/another.jpg")

    assert fetch(scan).status_code == 404
    assert token not in caplog.text
    assert token.split(":")[1] not in caplog.text


def test_login_required_everywhere__does_not_lock_the_vendor_out(scan: ImageScan, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]

    assert fetch(scan).status_code == 200


def fetched_whole(scan: ImageScan, *, seconds_ago: float = 0) -> None:
    assert body(fetch(scan)) == CONTENT
    ImageScan.objects.filter(pk=scan.pk).update(fetched_at=timezone.now() - timedelta(seconds=seconds_ago))


def test_fetched_whole__is_there_for_a_retry_and_then_shut(
    scan: ImageScan, configure: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    fetched_whole(scan, seconds_ago=899)
    assert body(fetch(scan)) == CONTENT

    fetched_whole(scan, seconds_ago=901)
    for method in ("GET", "HEAD"):
        assert fetch(scan, method).status_code == 404
    assert "REFETCH_SECONDS" in caplog.text
    assert addresses.media_token(scan.scan_id).split(":")[1] not in caplog.text

    configure(REFETCH_SECONDS=None)
    assert body(fetch(scan)) == CONTENT


def test_several_fetches__count_from_the_first(scan: ImageScan) -> None:
    first, second = fetch(scan), fetch(scan)
    body(first)
    noted = only_scan().fetched_at
    assert noted is not None

    body(second)
    body(fetch(scan))

    assert only_scan().fetched_at == noted


def test_what_is_no_whole_fetch__leaves_the_address_open(scan: ImageScan, large: bytes) -> None:
    fetch(scan, "HEAD")
    response = fetch(scan)
    blocks = iter(response.streaming_content)
    assert large.startswith(next(blocks))
    response.close()

    assert only_scan().fetched_at is None


def test_fetch_that_cannot_be_noted__is_answered_all_the_same(
    scan: ImageScan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise DatabaseError("server closed the connection")

    monkeypatch.setattr(clock, "now", broken)

    assert body(fetch(scan)) == CONTENT
    assert scan.scan_id in caplog.text
    assert only_scan().fetched_at is None


def test_what_the_vendor_has_answered__is_not_fetched_again(scan: ImageScan) -> None:
    """Unlike a result that is lost, which may still come."""
    failure = b'{"status": 1, "error": {"code": 6, "message": "too large"}}'
    assert receive.deliver(scan, failure, Source.WEBHOOK) == Outcome.FAILURE

    assert fetch(scan).status_code == 404
