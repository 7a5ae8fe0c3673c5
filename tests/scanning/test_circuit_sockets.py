"""The circuit breaker through real sockets: a provider that refuses, one whose results are lost, a retired model."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import account, circuit, evidence, recovery
from django_copyleaks_image.worker import Worker
from tests.samples import judge, photo, picture

WINDOW = 10

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]

THREADS = 2


def upload(number: int, name: str = "meadow.png") -> ImageScan:
    photo(name, picture("PNG", (512, 512), colour=(number, 0, 7)))
    return ImageScan.objects.latest("pk")


def go_on() -> None:
    """Let time pass: a probe is due, and every scan that waits; then wait for the results that come."""
    now = timezone.now()
    AccountState.objects.exclude(paused_at=None).update(probe_at=now)
    waiting = ImageScan.objects.filter(status=Status.QUEUED, next_attempt_at__gt=now)
    waiting.update(next_attempt_at=now)
    Worker(threads=THREADS, poll_seconds=0.05).run_once()
    time.sleep(0.2)
    judge()
    recovery.step()


@pytest.mark.parametrize("credits_answer", ["amount", "404", "none"])
@pytest.mark.parametrize(
    ("fault", "code"), [("forbidden", "authentication_failed"), ("denied", "authorization_denied")]
)
def test_one_picture_that_is_refused__ends_by_itself(
    fault: str, code: str, credits_answer: str, emulator: Emulator, configure: Callable[..., None]
) -> None:
    with Emulator(latency=0.0, credits_answer=credits_answer, login_limit=0) as provider:
        configure(API_URL=provider.url, ID_URL=provider.url)
        bad = upload(0, f"fault-{fault}.png")
        for number in range(1, 12):
            upload(number)
            go_on()
        go_on()

        bad.refresh_from_db()
        assert (bad.status, bad.error_code) == (Status.FAILED, code)
        assert ImageScan.objects.filter(status=Status.COMPLETED).count() == 11
        assert not circuit.is_open()


def test_firewall_before_the_webhook__costs_a_handful_and_goes_on_by_itself(
    emulator: Emulator, configure: Callable[..., None]
) -> None:
    with Emulator(latency=0.0, faults={"lost": 1.0}) as blocked:
        configure(API_URL=blocked.url, ID_URL=blocked.url)
        for number in range(30):
            upload(number)
        go_on()
        ImageScan.objects.filter(status=Status.SUBMITTED).update(submitted_at=timezone.now() - timedelta(minutes=3))
        recovery.step()

        assert WINDOW <= blocked.ledger.charged <= WINDOW + THREADS
        assert account.state().pause_reason == "no_results"

    configure(API_URL=emulator.url, ID_URL=emulator.url)
    for _ in range(6):
        go_on()

    assert not circuit.is_open()
    assert ImageScan.objects.filter(status=Status.QUEUED).count() == 0
    assert emulator.ledger.charged + blocked.ledger.charged == 30


def test_model_that_was_retired__ends_a_few_and_holds_the_rest(
    emulator: Emulator, configure: Callable[..., None]
) -> None:
    configure(MODEL="ai-image-0")
    for number in range(30):
        upload(number)

    go_on()

    assert account.state().pause_reason == "bad_parameter"
    assert evidence.ALIKE <= ImageScan.objects.filter(status=Status.FAILED).count() <= evidence.ALIKE + THREADS
    assert emulator.ledger.charged == 0
