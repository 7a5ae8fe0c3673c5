"""The filters for what records requests, without the packages that they are for: tests/neighbours has these."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.core import checks
from django.test import RequestFactory

from django_copyleaks_image import recorders
from django_copyleaks_image.scanning import addresses

SCAN_ID = "0b8f5a0e-6a55-4a4f-9f5e-0d1a6e0f7c11"
TOKEN = addresses.webhook_token(SCAN_ID)
PATH = f"/copyleaks/webhook/{SCAN_ID}/{TOKEN}/"


def found() -> list[checks.CheckMessage]:
    return [it for it in checks.run_checks(databases=[]) if it.id == "copyleaks_image.W063"]


def test_event__loses_address_and_body_of_a_callback() -> None:
    event = {"request": {"url": f"https://photos.example.org{PATH}", "data": {"a": "body"}, "method": "POST"}}

    sent = recorders.before_send(event, {})

    assert sent["request"] == {"url": f"https://photos.example.org{PATH}".replace(TOKEN, "[hidden]"), "method": "POST"}
    # What others hold is as it was.
    assert event["request"]["data"] == {"a": "body"}


def test_event_of_the_project__is_the_very_same() -> None:
    event = {"request": {"url": "https://photos.example.org/upload/", "data": {"title": "Harbour"}}}

    assert recorders.before_send(event, {}) is event
    assert recorders.before_send_transaction(event, {}) is event


def test_event__loses_tokens_in_the_variables_of_its_frames() -> None:
    held = {"kwargs": {"scan": {"of": [{"token": addresses.media_token(SCAN_ID)}]}}}
    event = {"exception": {"values": [{"stacktrace": {"frames": [{"vars": held}]}}]}}

    assert "[hidden]" in str(recorders.before_send(event, {}))
    assert addresses.media_token(SCAN_ID) not in str(recorders.before_send(event, {}))


@pytest.mark.parametrize(
    ("path", "may_be_kept"),
    [(PATH, False), (f"/next/?to={PATH}", False), ("/copyleaks/", True), ("/admin/login/", True)],
)
def test_silk__records_what_is_not_ours(path: str, may_be_kept: bool) -> None:
    assert recorders.silk_intercepts(RequestFactory().post(path)) is may_be_kept


def test_daphne__writes_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    class AccessLogGenerator:
        def write_entry(self, host: str, date: object, request: str, status: int | None = None) -> None:
            written.append(request)

    module = ModuleType("daphne.access")
    module.AccessLogGenerator = AccessLogGenerator  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "daphne.access", module)
    recorders.install()
    recorders.install()

    AccessLogGenerator().write_entry(host="-", date=None, request=f"POST {PATH}", status=404)
    AccessLogGenerator().write_entry("-", None, f"POST {PATH}")

    assert written == [f"POST {PATH}".replace(TOKEN, "[hidden]")] * 2


@pytest.mark.parametrize(
    ("options", "is_told"),
    [
        ({b"http-socket": b":80"}, True),
        ({b"http-socket": b":80", b"log-format": b"%(method) %(uri)"}, True),
        ({b"log-format": b"%(method) %(status)"}, False),
        ({b"disable-logging": True}, False),
        ({"log-drain": "/copyleaks/"}, False),
    ],
)
def test_uwsgi__is_told_of_where_it_logs_every_path(
    options: dict[Any, Any], is_told: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(opt=options))

    recorders.install()

    assert ("disable-logging" in caplog.text) is is_told


def client(**options: Any) -> Any:
    """Return a stand-in for the package, with a client that sends somewhere."""
    made = SimpleNamespace(is_active=lambda: True, options={"dsn": "https://key@sentry.example/1", **options})
    return SimpleNamespace(get_client=lambda: made)


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({}, ["before_send"]),
        ({"traces_sample_rate": 0.1}, ["before_send", "before_send_transaction"]),
        ({"before_send": lambda event, hint: event}, ["before_send"]),
        ({"before_send": lambda event, hint: None}, []),
        ({"before_send": lambda event, hint: dict(recorders.before_send(event, hint))}, []),
        ({"before_send": lambda event, hint: event["exception"]}, []),
        ({"before_send": recorders.before_send, "traces_sampler": len}, ["before_send_transaction"]),
        ({"dsn": None}, []),
    ],
)
def test_sentry_without_a_filter__is_told(
    options: dict[str, Any], missing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", client(**options))

    messages = found()

    assert [str(message.hint).split()[1] for message in messages] == missing


@pytest.mark.parametrize(
    ("intercepts", "missing"),
    [(None, 1), (lambda request: True, 1), (recorders.silk_intercepts, 0), (lambda request: False, 0)],
)
def test_silk_without_a_filter__is_told(intercepts: Any, missing: int, settings: Any) -> None:
    settings.MIDDLEWARE = ["silk.middleware.SilkyMiddleware", *settings.MIDDLEWARE]
    if intercepts:
        settings.SILKY_INTERCEPT_FUNC = intercepts

    assert len(found()) == missing
