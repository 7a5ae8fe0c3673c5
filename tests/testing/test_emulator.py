"""The emulator in a test: real sockets, and the site's own views in the thread and the transaction of the test."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import TestCase, TransactionTestCase

from django_copyleaks_image.api import latest_scan, request_scan, standing
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.signals import scan_completed
from django_copyleaks_image.standings import Standing
from django_copyleaks_image.testing import CopyleaksEmulator, CopyleaksTestMixin
from tests.gallery.models import Photo
from tests.samples import only_scan, photo, picture

pytestmark = pytest.mark.sockets


def verdicts() -> list[str]:
    return list(ImageScan.objects.order_by("pk").values_list("verdict", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["async", "sync"])
def test_upload_to_verdict__within_the_transaction_of_a_test(mode: str, configure: Callable[..., None]) -> None:
    configure(MODE=mode, ENABLED=False)
    told: list[Any] = []

    def note(*, instance: Any, **_: Any) -> None:
        told.append((instance, threading.current_thread()))

    scan_completed.connect(note)
    try:
        with CopyleaksEmulator() as emulator:
            flagged, clean = photo("ai-37.jpg"), photo("meadow.jpg", picture(colour="red"))
            emulator.work()
    finally:
        scan_completed.disconnect(note)

    assert verdicts() == ["partly_ai", "no_ai"]
    assert standing(flagged, "image").standing == Standing.FLAGGED
    assert {thread for _, thread in told} == {threading.current_thread()}
    assert [instance for instance, _ in told] == [flagged, clean]
    assert len(emulator.ledger.entries()) == 2
    assert not conf.ENABLED


@pytest.mark.django_db(transaction=True)
def test_upload_to_verdict__without_a_transaction(copyleaks_emulator: CopyleaksEmulator) -> None:
    for number in range(12):
        photo("ai-60.jpg", picture(colour=(number, 0, 0)))

    copyleaks_emulator.work()

    assert verdicts() == ["mostly_ai"] * 12


@pytest.mark.django_db
def test_same_bytes__are_paid_once(copyleaks_emulator: CopyleaksEmulator) -> None:
    photo("ai-20.jpg")
    photo("other.jpg")

    copyleaks_emulator.work()

    assert verdicts() == ["partly_ai", "partly_ai"]
    assert len(copyleaks_emulator.ledger.entries()) == 1


@pytest.mark.django_db
def test_picture_that_copyleaks_would_not_take__is_skipped(copyleaks_emulator: CopyleaksEmulator) -> None:
    photo("tiny.jpg", picture(size=(10, 10)))

    copyleaks_emulator.work()

    assert only_scan().error_code == "too_small"


@pytest.mark.awaits_files
@pytest.mark.django_db
def test_file_that_is_no_picture_or_not_there__is_not_awaited(copyleaks_emulator: CopyleaksEmulator) -> None:
    photo("text.jpg", b"no picture")
    Photo.objects.create(title="made", image="photos/nowhere.jpg")

    copyleaks_emulator.work()

    assert set(ImageScan.objects.values_list("error_code", flat=True)) == {"no_picture", "missing_file"}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["fault-lost.jpg", "fault-late-ai-20.jpg", "fault-duplicated-ai-20.jpg"])
def test_faults__are_those_of_the_file_name(name: str, copyleaks_emulator: CopyleaksEmulator) -> None:
    uploaded = photo(name)

    copyleaks_emulator.work()

    scan = latest_scan(uploaded, "image")
    assert scan is not None
    assert scan.status == (Status.SUBMITTED if "lost" in name else Status.COMPLETED)


@pytest.mark.django_db
def test_second_round__scans_again(copyleaks_emulator: CopyleaksEmulator) -> None:
    uploaded = photo("ai-20.jpg")
    copyleaks_emulator.work()

    request_scan(uploaded, "image", force=True)
    copyleaks_emulator.work()

    assert verdicts() == ["partly_ai", "partly_ai"]
    assert len(copyleaks_emulator.ledger.entries()) == 2


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a middleware of the site")


@pytest.mark.django_db
def test_site_that_raises_over_a_callback__fails_the_test(copyleaks_emulator: CopyleaksEmulator, settings: Any) -> None:
    settings.MIDDLEWARE = [f"{__name__}.breaks"]
    photo("ai-20.jpg")

    with pytest.raises(RuntimeError, match="a middleware of the site"):
        copyleaks_emulator.work()


def breaks(get_response: Any) -> Any:
    return broken


@pytest.mark.django_db
def test_strict_site__that_redirects_to_https_is_reached(copyleaks_emulator: CopyleaksEmulator, settings: Any) -> None:
    settings.MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", *settings.MIDDLEWARE]
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["testserver"]
    photo("ai-20.jpg")

    copyleaks_emulator.work()

    assert verdicts() == ["partly_ai"]


@pytest.mark.django_db
def test_work_without_end__is_told(copyleaks_emulator: CopyleaksEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CopyleaksEmulator, "_take_a_step", lambda self: True)

    with pytest.raises(TimeoutError, match=r"did not come to rest within 0.05 seconds"):
        copyleaks_emulator.work(seconds=0.05)


def test_end__leaves_no_thread_and_no_setting() -> None:
    before, threads = conf.API_URL, set(threading.enumerate())

    with CopyleaksEmulator() as emulator:
        assert emulator.url == conf.API_URL

    left = [thread for thread in set(threading.enumerate()) - threads if "copyleaks" in thread.name]
    for thread in left:
        thread.join(5)
    assert not any(thread.is_alive() for thread in left)
    assert before == conf.API_URL


class WithinATransaction(CopyleaksTestMixin, TestCase):
    measured: Photo

    @classmethod
    def setUpTestData(cls) -> None:
        cls.measured = photo()
        cls.copyleaks_results.measured(cls.measured, ai=0.8)

    def test_results__are_there_from_the_class(self) -> None:
        assert standing(self.measured, "image").standing == Standing.FLAGGED

    def test_emulator__works_until_nothing_waits(self) -> None:
        emulator = self.start_copyleaks_emulator()
        photo("ai-30.jpg", picture(colour="blue"))
        emulator.work()

        assert verdicts() == ["mostly_ai", "partly_ai"]

    def test_emulator__has_ended_with_the_test_before(self) -> None:
        assert "127.0.0.1" not in conf.API_URL


class WithoutATransaction(CopyleaksTestMixin, TransactionTestCase):
    def test_emulator__with_options(self) -> None:
        emulator = self.start_copyleaks_emulator(faults={"lost": 1.0})
        photo("ai-30.jpg")
        emulator.work()

        assert only_scan().status == Status.SUBMITTED
