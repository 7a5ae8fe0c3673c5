"""A project's own webhook keeps what protects ours, and asks for whatever more it wants."""

import logging
from collections.abc import Callable
from typing import Any

import django
import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client

from django_copyleaks_image.models import ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import Outcome
from django_copyleaks_image.scanning import addresses
from tests.samples import as_json, clean, judge, only_scan, photo, submitted

pytestmark = pytest.mark.django_db(transaction=True)

GATEWAY = {"X-Gateway": "ours"}


@pytest.fixture(autouse=True)
def _own_urls(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A strict project: one transaction and one login for every request."""
    settings.ROOT_URLCONF = "tests.endpoints.own_urls"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)


@pytest.fixture
def scan() -> ImageScan:
    photo()
    return submitted(only_scan())


def call(scan: ImageScan, body: bytes, headers: dict[str, str] = GATEWAY, *, at: str = "gateway") -> HttpResponse:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    address = f"/{at}/{scan.scan_id}/{addresses.webhook_token(scan.scan_id)}/"
    return client.post(  # type: ignore[return-value]
        address, body, content_type="application/json", headers=headers
    )


def test_result__is_stored_and_applied(scan: ImageScan) -> None:
    assert call(scan, as_json(clean(scan))).status_code == 200

    judge()
    scan.refresh_from_db()
    assert scan.verdict == "no_ai"


def test_receipt__outlives_the_refusal_that_it_causes(scan: ImageScan) -> None:
    """Django REST framework rolls back the transaction of a request that it answers with an error."""
    assert call(scan, b"[]").status_code == 400

    assert WebhookReceipt.objects.get().outcome == Outcome.MALFORMED


@pytest.mark.parametrize("at", ["gateway", "hourly", "trusting"])
@pytest.mark.parametrize("headers", [{}, {"X-Gateway": "theirs"}])
def test_verifier__of_a_class_above_is_asked_whatever_a_subclass_names(
    scan: ImageScan, at: str, headers: dict[str, str]
) -> None:
    assert call(scan, as_json(clean(scan)), headers | {"X-Hour": "12"}, at=at).status_code == 404

    assert not WebhookReceipt.objects.exists()


@pytest.mark.parametrize("at", ["gateway", "hourly", "trusting"])
def test_our_own_verifiers__are_asked_as_well(scan: ImageScan, at: str, configure: Callable[..., None]) -> None:
    configure(WEBHOOK_HEADERS=[["X-Endpoint", "secret"]])
    headers = GATEWAY | {"X-Hour": "12"}

    assert call(scan, as_json(clean(scan)), headers, at=at).status_code == 404
    assert call(scan, as_json(clean(scan)), headers | {"X-Endpoint": "secret"}, at=at).status_code == 200


def is_a_coroutine(request: HttpRequest) -> Any:
    """What calling an ``async def`` gives: something true that has not looked at anything."""
    return object()


def is_wednesday(request: HttpRequest) -> bool:
    return request.headers.get("X-Day") == "Wednesday"


@pytest.mark.parametrize(
    ("verifiers", "status"),
    [
        ([is_wednesday], 200),
        ([is_wednesday, is_a_coroutine], 404),
        (["django.utils.timezone.now"], 500),
        (["no.such.function"], 500),
    ],
)
@pytest.mark.parametrize("urls", ["tests.endpoints.own_urls", "tests.urls"])
def test_verifiers_of_the_settings__must_all_say_true(
    verifiers: list[Any], status: int, urls: str, scan: ImageScan, settings: Any, configure: Callable[..., None]
) -> None:
    settings.ROOT_URLCONF = urls
    configure(WEBHOOK_VERIFIERS=[f"{__name__}.{it.__name__}" if callable(it) else it for it in verifiers])
    at = "gateway" if urls == "tests.endpoints.own_urls" else "copyleaks/webhook"

    assert call(scan, as_json(clean(scan)), GATEWAY | {"X-Day": "Monday"}, at=at).status_code in (404, 500)
    assert not WebhookReceipt.objects.exists()
    assert call(scan, as_json(clean(scan)), GATEWAY | {"X-Day": "Wednesday"}, at=at).status_code == status
    assert WebhookReceipt.objects.exists() == (status == 200)


def test_token__is_in_no_log_and_no_mail(scan: ImageScan, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.ADMINS = ["anna@example.org"] if django.VERSION >= (6, 0) else [("Anna", "anna@example.org")]
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    caplog.set_level(logging.DEBUG)

    assert call(scan, as_json(clean(scan)), {}).status_code == 404
    assert call(scan, b"[]").status_code == 400
    assert call(scan, as_json(clean(scan)), at="hourly").status_code == 500  # It has no X-Hour.

    token = addresses.webhook_token(scan.scan_id)
    assert "A callback came for" in caplog.text
    assert len(mail.outbox) == 1
    assert token not in caplog.text + mail.outbox[0].subject + str(mail.outbox[0].message())


def test_address__is_that_of_the_own_view_and_no_check_minds(configure: Callable[..., None]) -> None:
    assert addresses.endpoint_path("webhook", "a-scan", "a-token") == "/gateway/a-scan/a-token/"

    call_command("check", "--fail-level", "WARNING", "--tag", "urls")
