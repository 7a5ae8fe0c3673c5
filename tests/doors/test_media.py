"""When the media door opens, for which bytes, and what everybody else sees."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import DatabaseError
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import LATE_RESULTS, Status
from django_copyleaks_image.scanning import addresses, ends, prepare, receive
from django_copyleaks_image.scanning import request as scan_requests
from tests.gallery.models import Photo
from tests.samples import as_json, clean, only_scan, photo, picture, submitted

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT = picture(size=(700, 700))


@pytest.fixture
def scan() -> ImageScan:
    photo("holiday.jpg", CONTENT)
    scan = only_scan()
    facts = prepare.measure(prepare.stored_file(scan))
    ImageScan.objects.update(sha256=facts.sha256, byte_size=facts.byte_size)
    scan = submitted(only_scan())
    ImageScan.objects.update(byte_size=facts.byte_size)
    return only_scan()


def door(token: str, file_name: str = "holiday.jpg") -> str:
    return reverse("copyleaks_image:media", args=(token, file_name))


def fetch(scan: ImageScan, method: str = "GET") -> Any:
    return Client().generic(method, door(addresses.media_token(scan.scan_id)))


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
    response: Any = Client().get(door(addresses.media_token(scan.scan_id)), headers={"Range": "bytes=0-9"})

    assert (response.status_code, body(response)) == (200, CONTENT)


def test_under_asgi(scan: ImageScan) -> None:
    from asgiref.sync import async_to_sync

    async def read() -> tuple[int, bytes]:
        response: Any = await AsyncClient().get(door(addresses.media_token(scan.scan_id)))
        return response.status_code, b"".join([chunk async for chunk in response.streaming_content])

    assert async_to_sync(read)() == (200, CONTENT)


def test_everything_else__is_an_identical_404(scan: ImageScan) -> None:
    good = addresses.media_token(scan.scan_id)
    answers: set[tuple[int, bytes, tuple[tuple[str, str], ...]]] = set()

    def note(response: Any) -> None:
        headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
        answers.add((response.status_code, response.content, tuple(sorted(headers.items()))))

    note(Client().get(door(good + "x")))
    note(Client().get(door("nonsense")))
    note(Client().get(door(addresses.webhook_token(scan.scan_id))))
    note(Client().get(door(f"{scan.scan_id}:{addresses.webhook_token(scan.scan_id)}")))
    note(Client().get(door(addresses.media_token("00000000-0000-4000-8000-000000000000"))))
    note(Client().post(door(good)))
    ImageScan.objects.update(sent_at=None)
    note(fetch(scan))
    # Refused without a doubt: it is not awaited, whether it is tried again or has ended.
    ImageScan.objects.update(sent_at=timezone.now(), may_have_arrived=False)
    note(fetch(scan))
    give_up(scan)
    note(fetch(scan))
    ImageScan.objects.update(may_have_arrived=True, finished_at=timezone.now() - LATE_RESULTS)
    note(fetch(scan))

    assert len(answers) == 1, answers
    assert {status for status, *_ in answers} == {404}


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
    ends.supersede(ImageScan.objects.all(), "scanned_again")
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

    # A vendor that gets no complete file measures none: no result can be about these bytes.
    assert body(fetch(scan)) == b""

    old, new = ImageScan.objects.order_by("pk")
    assert (old.status, old.error_code) == (Status.SUPERSEDED, "file_replaced")
    assert (new.status, new.file_name, new.target) == (Status.QUEUED, name, old.target)


def test_other_bytes__are_not_submitted_while_the_vendor_waits_for_its_answer(
    scan: ImageScan, configure: Callable[..., None]
) -> None:
    configure(DISPATCHER="django_copyleaks_image.dispatch.inline")
    storage, name = Photo.objects.get().image.storage, scan.file_name
    storage.delete(name)
    storage.save(name, ContentFile(picture(size=(700, 700), colour="red")))

    assert body(fetch(scan)) == b""

    new = ImageScan.objects.latest("pk")
    assert (new.status, new.attempts) == (Status.QUEUED, 0)


def test_other_bytes_that_cannot_be_queued__end_the_stream_and_are_found_again(
    scan: ImageScan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(scan: ImageScan) -> None:
        raise DatabaseError("server closed the connection")

    storage, name = Photo.objects.get().image.storage, scan.file_name
    storage.delete(name)
    storage.save(name, ContentFile(picture(size=(700, 700), colour="red")))
    with monkeypatch.context() as patch:
        patch.setattr(scan_requests, "bytes_changed", broken)
        assert body(fetch(scan)) == b""
    assert scan.scan_id in caplog.text
    assert addresses.media_token(scan.scan_id).split(":")[1] not in caplog.text

    assert body(fetch(scan)) == b""

    assert ImageScan.objects.get(pk=scan.pk).status == Status.SUPERSEDED


def test_door__writes_no_token_to_the_log(scan: ImageScan, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = addresses.media_token(scan.scan_id)
    Photo.objects.update(image="photos/another.jpg")

    assert fetch(scan).status_code == 404
    assert token not in caplog.text
    assert token.split(":")[1] not in caplog.text


def test_login_required_everywhere__does_not_lock_the_vendor_out(scan: ImageScan, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]

    assert fetch(scan).status_code == 200
