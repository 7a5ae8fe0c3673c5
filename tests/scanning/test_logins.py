"""The site never logs in so often that Copyleaks locks the account, whatever cache it has."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings

from django_copyleaks_image.copyleaks import client, token
from django_copyleaks_image.copyleaks.errors import CopyleaksError
from django_copyleaks_image.copyleaks.shared_cache import SharedCache
from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import account, clock, logins
from tests.samples import photo, picture
from tests.threads import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]

RUNS = 15


@pytest.fixture(autouse=True)
def _new_client() -> Iterator[None]:
    client._client.cache_clear()
    yield
    client._client.cache_clear()


def age(seconds: float) -> None:
    """Let the noted logins lie so much longer ago."""
    noted = account.state().logins.split(",")
    AccountState.objects.update(logins=",".join(str(int(it) - int(seconds)) for it in noted))


def test_logins__are_admitted_up_to_the_limit_and_again_later() -> None:
    assert [logins.admit() for _ in range(logins.LIMIT)] == [0] * logins.LIMIT
    assert logins.admit() == pytest.approx(logins.WINDOW.total_seconds(), abs=5)

    age(logins.WINDOW.total_seconds() - 30)
    assert logins.admit() == pytest.approx(30, abs=5)
    age(31)
    assert logins.admit() == 0
    assert len(account.state().logins.split(",")) == 1


def test_login_that_never_left__is_not_counted(configure: Callable[..., None]) -> None:
    with Emulator(latency=0.0) as provider:
        url = provider.url
    configure(API_URL=url, ID_URL=url)

    for _ in range(logins.LIMIT + 2):
        with pytest.raises(CopyleaksError) as caught:
            client.client_from_settings().credits()
        assert caught.value.slug == "connection_failed"

    assert account.state().logins == ""


def test_login_that_is_taken_back__leaves_the_others() -> None:
    for _ in range(3):
        logins.admit()
    first, *_ = account.state().logins.split(",")

    logins.take_back()
    logins.take_back()

    assert account.state().logins == first


def test_logins_of_processes_at_once__are_all_noted() -> None:
    account.heartbeat()
    together(*[logins.admit] * 6)

    assert len(account.state().logins.split(",")) == 6
    waits = together(*[logins.admit] * 8)
    assert len([wait for wait in waits if not wait]) == logins.LIMIT - 6


@pytest.mark.parametrize(
    "backend",
    [
        "django.core.cache.backends.locmem.LocMemCache",
        "tests.copyleaks.caches.Swallowing",
        "tests.copyleaks.caches.Raising",
    ],
)
def test_worker_from_cron__does_not_lock_the_account(
    backend: str, live_server: Any, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []
    with (
        Emulator(latency=0.0, log=lambda line: refused.append(line) if "429" in line else None) as emulator,
        override_settings(CACHES={"default": {"BACKEND": backend}}),
    ):
        configure(API_URL=emulator.url, ID_URL=emulator.url, PUBLIC_URL=live_server.url, RATE_LIMIT=1000)
        for number in range(RUNS):
            photo(f"{number}.jpg", picture(colour=(15 * number, 255 - 15 * number, 99)))
            # Another process, whose cache knows nothing of the earlier ones.
            client._client.cache_clear()
            monkeypatch.setattr(token, "_cache", SharedCache())
            with override_settings(CACHES={"default": {"BACKEND": backend, "LOCATION": str(number)}}):
                call_command("copyleaks_worker", once=True)
        counts = emulator.ledger.as_json()["counts"]
        waiting = ImageScan.objects.filter(status=Status.QUEUED, error_code="login_limit")[0]

    assert counts["login"] == logins.LIMIT
    assert "login refused: limit" not in counts
    # It costs the scan no attempt, and comes again when a login is allowed.
    assert waiting.attempts == 0
    assert waiting.next_attempt_at is not None
    assert clock.now() < waiting.next_attempt_at < clock.now() + logins.WINDOW + timedelta(minutes=1)
    assert account.state().paused_at is None
