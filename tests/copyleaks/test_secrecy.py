"""No token, key, header value or address with a token shows in a log, an error, or an error page."""

import io
import json
import logging
import traceback
from collections.abc import Callable

import pytest
from django.views.debug import ExceptionReporter

from django_copyleaks_image.copyleaks.errors import CopyleaksError
from django_copyleaks_image.copyleaks.token import TokenStore
from django_copyleaks_image.copyleaks.transport import Answer, Bearer, Body, Transport
from django_copyleaks_image.setting_values import Secret

from .accounts import (
    API_KEY,
    FETCH_VALUE,
    MEDIA_URL,
    SCAN_ID,
    SECRETS,
    WEBHOOK_URL,
    WEBHOOK_VALUE,
    client_of,
    full_submission,
)
from .server import TOKEN, Answering, Reply, Request, Server, login_reply

LOGIN = "/v3/account/login/api"
SUBMIT = "/v1/ai-image-detector-async/"


def caught_from(call: Callable[[], object]) -> CopyleaksError:
    """Return what a call raises; this frame is part of its traceback and must hold no secret itself."""
    try:
        call()
    except CopyleaksError as error:
        return error
    raise AssertionError("nothing was raised")


def everything_about(error: BaseException) -> str:
    reporter = ExceptionReporter(None, type(error), error, error.__traceback__)
    shown = [
        "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()),
        reporter.get_traceback_text(),
        reporter.get_traceback_html(),
        repr(vars(error)),
        repr(error),
    ]
    return "\n".join(shown)


def quoting(request: Request) -> Reply:
    """Refuse a request and quote all of it, as a vendor's error message may do."""
    quoted = f"{request.body.decode()} {request.headers.get('Authorization', '')} {API_KEY} /media/kqzvxwjy/cat.jpg4"
    return Reply(400, json.dumps({"error": {"code": 30, "message": quoted}, "more": quoted}).encode())


def quoting_word_by_word(request: Request) -> Reply:
    words = f"{TOKEN} , {API_KEY} , {MEDIA_URL} , {WEBHOOK_URL} , {FETCH_VALUE} , {WEBHOOK_VALUE}"
    return Reply(503, json.dumps({"message": f"Cannot handle {words} now."}).encode())


def quoting_the_account(request: Request) -> Reply:
    return Reply(503, json.dumps({"message": f"{API_KEY}, {request.headers.get('Authorization')}"}).encode())


FAULTS: dict[str, dict[str, Reply | Answering]] = {
    "refusal that quotes the request": {SUBMIT: quoting},
    "refusal that quotes words": {SUBMIT: quoting_word_by_word},
    "refusal twice": {SUBMIT: Reply(401, b"{}")},
    "time": {SUBMIT: Reply(delay=2)},
    "time in the body": {SUBMIT: Reply(201, b"x" * 100, drip=0.1)},
    "hang-up": {SUBMIT: Reply(raw=b"")},
    "no HTTP": {SUBMIT: Reply(raw=b"nonsense\r\n\r\n")},
    "cut short": {SUBMIT: Reply(raw=b"HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n{}")},
    "too large": {SUBMIT: Reply(201, bytes(2_000_000))},
    "bad compression": {SUBMIT: Reply(201, b"x", {"Content-Encoding": "gzip"})},
    "redirect": {SUBMIT: Reply(302, b"", {"Location": MEDIA_URL})},
    "login refused, quoting the request": {LOGIN: quoting},
    "login that hangs up": {LOGIN: Reply(raw=b"")},
    "login out of time": {LOGIN: Reply(delay=2)},
    "login with half a token": {LOGIN: Reply(200, b'{"access_token": "%s' % TOKEN.encode())},
    "login with a broken token": {LOGIN: Reply(200, b'{"access_token": "%s x"}' % TOKEN.encode())},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_failed_submission(vendor: Server, caplog: pytest.LogCaptureFixture, fault: str) -> None:
    caplog.set_level(logging.DEBUG)
    for prefix, reply in FAULTS[fault].items():
        vendor.answer(prefix, reply)
    client, submission = client_of(vendor, timeout=(1, 0.3)), full_submission()
    # The second time, a remembered refusal may be raised from the cache.
    for _ in range(2):
        error = caught_from(lambda: client.submit(submission))
        shown = everything_about(error) + caplog.text

        assert error.__cause__ is None
        assert error.__context__ is None
        assert [secret for secret in SECRETS if secret in shown] == []
    assert vendor.requests


def test_failed_connection(vendor: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client, submission = client_of(vendor, api_url="https://127.0.0.1:1"), full_submission()
    error = caught_from(lambda: client.submit(submission))

    shown = everything_about(error) + caplog.text
    assert error.__context__ is None
    assert [secret for secret in SECRETS if secret in shown] == []


def test_failed_check_and_unreadable_answers(vendor: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    vendor.answer("/v", quoting_the_account)
    vendor.answer("/v3/scans/credits", Reply(200, f'{{"Amount": "{TOKEN}"'.encode()))
    vendor.answer(LOGIN, login_reply())
    client = client_of(vendor)
    content = io.BytesIO(b"a picture")
    calls: list[Callable[[], object]] = [
        client.credits,
        client.client_certificates,
        lambda: client.check(scan_id=SCAN_ID, file_name="a.jpg", content=content, model="m", sandbox=True),
    ]
    for call in calls:
        shown = everything_about(caught_from(call)) + caplog.text
        assert [secret for secret in SECRETS if secret in shown] == []


def test_key_and_token_that_look_like_words(vendor: Server) -> None:
    vendor.answer(LOGIN, login_reply("abracadabra"))
    vendor.answer("/v3/scans/credits", Reply(400, b'{"message": "No mellon, no abracadabra."}'))

    assert caught_from(client_of(vendor, api_key="mellon").credits).message == "No [hidden], no [hidden]."


def test_programming_error_beneath_a_call(vendor: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    client, submission = client_of(vendor), full_submission()
    monkeypatch.setattr(Transport, "send", broken)

    def call() -> str:
        try:
            client.submit(submission)
        except ZeroDivisionError as error:
            return everything_about(error)
        raise AssertionError("nothing was raised")

    shown = call()
    assert "ZeroDivisionError" in shown
    assert [secret for secret in SECRETS if secret in shown] == []


def test_representations(vendor: Server) -> None:
    submission = full_submission()
    body = submission.body()
    objects = [
        submission,
        submission.secrets(),
        body,
        Body.of_json({"key": API_KEY}),
        Answer(status=200, headers={"Authorization": TOKEN}, body=TOKEN.encode()),
        Bearer(Secret(TOKEN)),
        client_of(vendor),
        TokenStore.__dict__,
    ]
    shown = "\n".join(repr(thing) for thing in objects)

    assert SCAN_ID in repr(submission)
    assert MEDIA_URL.encode() in body.content
    assert [secret for secret in SECRETS if secret in shown] == []
