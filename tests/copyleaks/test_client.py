"""Every call as the vendor documents it, and every way in which the network and the vendor fail."""

import gzip
import io
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any, cast

import pytest
import trustme
from django.test import override_settings

import django_copyleaks_image
from django_copyleaks_image.copyleaks.client import Client, Submission, client_from_settings
from django_copyleaks_image.copyleaks.errors import (
    AuthenticationError,
    ConflictError,
    CopyleaksError,
    PaymentError,
    PermanentError,
    RateLimitError,
    TokenError,
    TransientError,
    UnknownError,
)
from django_copyleaks_image.setting_values import Secret

from .accounts import (
    FETCH_VALUE,
    MEDIA_URL,
    SCAN_ID,
    WEBHOOK_URL,
    WEBHOOK_VALUE,
    client_of,
    full_submission,
    submission,
)
from .server import TOKEN, Reply, Request, Server, login_reply, running

LOGIN = "/v3/account/login/api"
SUBMIT = "/v1/ai-image-detector-async/"
CHECK = "/v1/ai-image-detector/"
CREDITS = "/v3/scans/credits"
CERTIFICATES = "/v2/security/client-certificates"


@pytest.fixture
def client(vendor: Server) -> Client:
    return client_of(vendor)


def check(client: Client, content: bytes = b"the picture") -> bytes:
    return client.check(
        scan_id=SCAN_ID, file_name="Zoë's cat.jpg", content=io.BytesIO(content), model="ai-image-1-ultra", sandbox=True
    )


def failure_of(call: Callable[[], object]) -> CopyleaksError:
    with pytest.raises(CopyleaksError) as caught:
        call()
    return caught.value


# --- submit -----------------------------------------------------------------------------------------------------


def test_submit__sends_every_field_of_the_contract(vendor: Server, client: Client) -> None:
    vendor.answer(SUBMIT, Reply(201))
    client.submit(full_submission())

    (request,) = vendor.asked(SUBMIT)
    assert (request.method, request.path) == ("PUT", f"/v1/ai-image-detector-async/{SCAN_ID}/submit")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"] == f"django-copyleaks-image/{django_copyleaks_image.__version__}"
    assert request.headers["Accept-Encoding"] == "gzip"
    assert json.loads(request.body) == {
        "url": MEDIA_URL,
        "fileName": "cat.jpg",
        "model": "ai-image-1-ultra",
        "maskType": "heatmap",
        "headers": [["X-Fetch", FETCH_VALUE]],
        "webhooks": {"url": WEBHOOK_URL, "headers": [["X-Hook", WEBHOOK_VALUE]]},
        "sandbox": True,
        "developerPayload": SCAN_ID,
    }


def test_submit__leaves_out_what_is_empty_but_never_the_sandbox(vendor: Server, client: Client) -> None:
    vendor.answer(SUBMIT, Reply(201))
    client.submit(submission(sandbox=False))

    assert json.loads(vendor.asked(SUBMIT)[0].body) == {
        "url": MEDIA_URL,
        "fileName": "cat.jpg",
        "model": "ai-image-1-ultra",
        "webhooks": {"url": WEBHOOK_URL},
        "sandbox": False,
    }


def test_submit__under_another_key_for_the_fetch_headers(vendor: Server, client: Client) -> None:
    vendor.answer(SUBMIT, Reply(201))
    client.submit(submission(fetch_headers=(("A", Secret("1")), ("A", Secret("2"))), fetch_headers_key="fetchHeaders"))

    body = json.loads(vendor.asked(SUBMIT)[0].body)
    assert body["fetchHeaders"] == [["A", "1"], ["A", "2"]]
    assert "headers" not in body


@pytest.mark.parametrize(
    "reply", [Reply(201), Reply(201, b""), Reply(200, b"[]"), Reply(204, b""), Reply(201, b"<html>")]
)
def test_submit__any_success_will_do(vendor: Server, client: Client, reply: Reply) -> None:
    vendor.answer(SUBMIT, reply)
    client.submit(submission())


@pytest.mark.parametrize("scan_id", ["../credits", "ab", "A" * 10, "x" * 37, "a/b/c", "abc?d", "", "abc\n"])
def test_submit__never_with_an_id_that_would_change_the_path(vendor: Server, client: Client, scan_id: str) -> None:
    with pytest.raises(ValueError, match="scan id"):
        client.submit(submission(scan_id=scan_id))

    assert vendor.requests == []


@pytest.mark.parametrize(
    ("reply", "kind", "slug"),
    [
        (Reply(400, b'{"error":{"code":15,"type":"invalid_request_error"}}'), PermanentError, "invalid_url"),
        (Reply(400, b'{"error":{"code":13,"type":"payment_error"}}'), PaymentError, "payment_required"),
        (Reply(403, b'{"error":{"code":37}}'), TokenError, "token_refused"),
        (Reply(409, b""), ConflictError, "already_submitted"),
        (Reply(429, b"{}", {"Retry-After": "2"}), RateLimitError, "rate_limited"),
        (Reply(503, b"<html>"), TransientError, "http_503"),
        (Reply(520, b""), TransientError, "http_520"),
    ],
)
def test_submit__refused(vendor: Server, client: Client, reply: Reply, kind: type[CopyleaksError], slug: str) -> None:
    vendor.answer(SUBMIT, reply)
    error = failure_of(lambda: client.submit(submission()))

    assert (type(error), error.slug, error.status) == (kind, slug, reply.status)
    # Whether a server that failed has accepted the scan before is anybody's guess.
    assert error.uncertain is (reply.status >= 500)
    assert len(vendor.asked(SUBMIT)) == 1


# --- the token --------------------------------------------------------------------------------------------------


REFUSED_TOKENS = [Reply(401), Reply(403), Reply(400, b'{"error":{"code":2}}')]


@pytest.mark.parametrize("refusal", REFUSED_TOKENS)
def test_token_that_ended_early__is_replaced_for_a_call_that_the_caller_repeats(
    vendor: Server, client: Client, refusal: Reply
) -> None:
    vendor.answer(LOGIN, login_reply("first"), login_reply("second"))
    vendor.answer(SUBMIT, refusal, Reply(201))

    error = failure_of(lambda: client.submit(full_submission()))
    assert (type(error), error.status, error.uncertain) == (TokenError, refusal.status, False)
    assert len(vendor.asked(SUBMIT)) == 1

    client.submit(full_submission())
    first, second = vendor.asked(SUBMIT)
    assert [request.headers["Authorization"] for request in (first, second)] == ["Bearer first", "Bearer second"]


def test_upload__is_repeated_by_the_caller_only(vendor: Server, client: Client) -> None:
    vendor.answer(CHECK, Reply(401), Reply(200))

    assert type(failure_of(lambda: check(client))) is TokenError
    assert len(vendor.asked(CHECK)) == 1
    check(client)


@pytest.mark.parametrize("refusal", REFUSED_TOKENS)
def test_question__is_repeated_once_with_a_new_token(vendor: Server, client: Client, refusal: Reply) -> None:
    vendor.answer(LOGIN, login_reply("first"), login_reply("second"))
    vendor.answer(CREDITS, refusal, Reply(200, b'{"Amount": 5}'))

    assert client.credits() == 5
    asked = vendor.asked(CREDITS)
    assert [request.headers["Authorization"] for request in asked] == ["Bearer first", "Bearer second"]


def test_new_token_that_is_refused_too__is_the_account_which_is_asked_once_each_time(
    vendor: Server, client: Client
) -> None:
    vendor.answer(CREDITS, Reply(403, b'{"error":{"code":37}}'))
    kinds = {type(failure_of(client.credits)) for _ in range(3)}

    assert kinds == {AuthenticationError}
    # The first question is repeated with a new token. Each of the others begins with one.
    assert len(vendor.asked(CREDITS)) == len(vendor.asked(LOGIN)) == 4


def test_account_that_is_mended__is_noticed_by_the_next_question(vendor: Server, client: Client) -> None:
    vendor.answer(LOGIN, login_reply("first"), login_reply("second"), login_reply("third"))
    vendor.answer(
        CREDITS,
        lambda request: Reply(200, b'{"Amount": 5}') if "third" in request.headers["Authorization"] else Reply(403),
    )
    assert type(failure_of(client.credits)) is AuthenticationError

    assert client.credits() == 5


def test_second_401_of_a_submission__is_the_account(vendor: Server, client: Client) -> None:
    vendor.answer(SUBMIT, Reply(401, b'{"error":{"code":4}}'))
    errors = [failure_of(lambda: client.submit(submission())) for _ in range(3)]

    assert [type(error) for error in errors] == [TokenError, AuthenticationError, AuthenticationError]
    assert [error.slug for error in errors] == ["token_refused", "user_disabled", "user_disabled"]
    assert len(vendor.asked(SUBMIT)) == len(vendor.asked(LOGIN)) == 3


def test_many_threads_with_a_token_that_ended__log_in_once(vendor: Server, client: Client) -> None:
    vendor.answer(LOGIN, login_reply("first"), login_reply("second"))
    vendor.answer(SUBMIT, lambda request: Reply(401 if request.headers["Authorization"] == "Bearer first" else 201))
    client._tokens.get()
    start = threading.Barrier(8)

    def submit(_: int) -> None:
        start.wait()
        try:
            client.submit(submission())
        except TokenError:
            client.submit(submission())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(submit, range(8)))
    assert len(vendor.asked(LOGIN)) == 2


def test_failed_login__leaves_the_submission_certainly_unsent(vendor: Server, client: Client) -> None:
    vendor.answer(LOGIN, Reply(503))
    error = failure_of(lambda: client.submit(submission()))

    assert (error.slug, error.uncertain) == ("http_503", False)
    assert vendor.asked(SUBMIT) == []


# --- check ------------------------------------------------------------------------------------------------------


def parts_of(request: Request) -> dict[str, Message]:
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = message_from_bytes(head + request.body)
    return {
        cast("str", part.get_param("name", header="Content-Disposition")): part
        for part in cast("list[Message]", message.get_payload())
    }


def test_check__uploads_the_picture(vendor: Server, client: Client) -> None:
    picture = bytes(range(256)) * 1000
    vendor.answer(CHECK, Reply(200, b'{"isAiDetected": false}'))

    assert check(client, picture) == b'{"isAiDetected": false}'
    (request,) = vendor.asked(CHECK)
    assert (request.method, request.path) == ("POST", f"/v1/ai-image-detector/{SCAN_ID}/check")
    parts = parts_of(request)
    assert parts["image"].get_payload(decode=True) == picture
    texts = {
        name: cast("bytes", part.get_payload(decode=True)).decode() for name, part in parts.items() if name != "image"
    }
    assert texts == {"filename": "Zoë's cat.jpg", "model": "ai-image-1-ultra", "sandbox": "true"}


def test_check__decompresses_the_answer(vendor: Server, client: Client) -> None:
    vendor.answer(CHECK, Reply(200, gzip.compress(b'{"a": 1}'), {"Content-Encoding": "gzip"}))

    assert check(client) == b'{"a": 1}'


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, bytes(2001)),
        Reply(200, gzip.compress(bytes(10_000_000)), {"Content-Encoding": "gzip"}),
        Reply(200, b"not gzip", {"Content-Encoding": "gzip"}),
        Reply(200, gzip.compress(b"{}")[:-3], {"Content-Encoding": "gzip"}),
        Reply(200, b"{}", {"Content-Encoding": "br"}),
    ],
)
def test_check__answer_that_is_too_large_or_cannot_be_decompressed(
    vendor: Server, client: Client, reply: Reply
) -> None:
    vendor.answer(CHECK, reply)
    with override_settings(COPYLEAKS_IMAGE={"WEBHOOK_MAX_BYTES": 2000}):
        error = failure_of(lambda: check(client))

    assert (type(error), error.slug, error.uncertain) == (UnknownError, "unreadable_answer", True)


def test_check__answer_of_exactly_the_limit(vendor: Server, client: Client) -> None:
    vendor.answer(CHECK, Reply(200, bytes(2000)))
    with override_settings(COPYLEAKS_IMAGE={"WEBHOOK_MAX_BYTES": 2000}):
        assert check(client) == bytes(2000)


# --- credits and certificates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "credits_left"), [(b'{"Amount": 42}', "42"), (b'{"amount": 1.5}', "1.5"), (b'{"AMOUNT": 0}', "0")]
)
def test_credits(vendor: Server, client: Client, body: bytes, credits_left: str) -> None:
    vendor.answer(CREDITS, Reply(200, body))

    assert client.credits() == Decimal(credits_left)
    assert vendor.asked(CREDITS)[0].method == "GET"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"Amount": "5"}', b'{"Amount": NaN}', b'{"Amount": true}', b'{"Amount": null}'],
)
def test_credits__unreadable(vendor: Server, client: Client, body: bytes) -> None:
    vendor.answer(CREDITS, Reply(200, body))
    error = failure_of(client.credits)

    assert (type(error), error.slug) == (UnknownError, "unreadable_answer")


SHA1 = "ab" * 20
SHA256 = "CD" * 32


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ([SHA1, SHA256], {SHA1, SHA256.lower()}),
        ({"certificates": [{"thumbprint": ":".join(["AB"] * 20), "name": "first"}]}, {SHA1}),
        ({"next": {SHA1: "2026-01-01"}}, {SHA1}),
        (SHA1, {SHA1}),
        ([SHA1 + "0", "x" * 40, 5, None, {"a": []}], set()),
        ([f"{number:040x}" for number in range(10_000)], None),
    ],
)
def test_client_certificates__in_any_shape(
    vendor: Server, client: Client, document: object, found: set[str] | None
) -> None:
    vendor.answer(CERTIFICATES, Reply(200, json.dumps(document).encode()))
    thumbprints = client.client_certificates()

    assert len(thumbprints) == 256 if found is None else thumbprints == found


def test_json_answer__is_bounded(vendor: Server, client: Client) -> None:
    vendor.answer(CREDITS, Reply(200, b" " * 2_000_000 + b'{"Amount": 5}'))

    assert failure_of(client.credits).slug == "unreadable_answer"


# --- the network ------------------------------------------------------------------------------------------------


def test_timeout__after_sending_is_uncertain(vendor: Server) -> None:
    vendor.answer(SUBMIT, Reply(201, delay=3))
    client = client_of(vendor, timeout=(1, 0.2))
    error = failure_of(lambda: client.submit(submission()))

    assert (type(error), error.slug, error.uncertain) == (TransientError, "timeout", True)
    assert error.message == "ReadTimeout at 127.0.0.1"


def test_body_that_drips__does_not_outlast_the_timeout(vendor: Server) -> None:
    vendor.answer(SUBMIT, Reply(201, b"x" * 1000, drip=0.05))
    client = client_of(vendor, timeout=(1, 0.3))
    started = time.monotonic()
    error = failure_of(lambda: client.submit(submission()))

    assert (type(error), error.slug, error.uncertain) == (TransientError, "timeout", True)
    assert time.monotonic() - started < 20


def test_body_that_stops__is_a_timeout(vendor: Server) -> None:
    vendor.answer(SUBMIT, Reply(201, b"xx", drip=1))
    client = client_of(vendor, timeout=(1, 0.2))

    assert failure_of(lambda: client.submit(submission())).slug == "timeout"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n{}",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"this is not HTTP\r\n\r\n",
        b"HTTP/1.1 201 Created\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_connection_that_breaks_after_sending__is_uncertain(vendor: Server, client: Client, raw: bytes) -> None:
    vendor.answer(SUBMIT, Reply(raw=raw))
    error = failure_of(lambda: client.submit(submission()))

    assert (type(error), error.slug, error.uncertain) == (TransientError, "connection_failed", True)
    assert len(vendor.asked(SUBMIT)) == 1


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Yield a port that is taken, but at which nobody listens."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        yield unheard.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_connection_that_cannot_be_made__is_certain(vendor: Server, closed_port: int, host: str) -> None:
    client = client_of(vendor, api_url=f"http://{host}:{closed_port}")
    error = failure_of(lambda: client.submit(submission()))

    assert (type(error), error.slug, error.uncertain) == (TransientError, "connection_failed", False)
    assert host in error.message


def test_failed_handshake__is_certain(vendor: Server) -> None:
    client = client_of(vendor, api_url=vendor.url.replace("http:", "https:"))
    error = failure_of(lambda: client.submit(submission()))

    assert (type(error), error.slug, error.uncertain) == (TransientError, "connection_failed", False)


@pytest.fixture
def secure_vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Yield a vendor with a certificate that clients trust."""
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with running(Server(), context) as server:
        server.answer(LOGIN, login_reply())
        yield server


@pytest.mark.parametrize(
    ("begun", "status"), [(b"", None), (b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{", 201)]
)
def test_tls_that_breaks_in_the_answer__is_uncertain(secure_vendor: Server, begun: bytes, status: int | None) -> None:
    secure_vendor.answer(SUBMIT, Reply(raw=begun, garbage=b"\x17\x03\x03\x00\x20" + b"x" * 32))
    error = failure_of(lambda: client_of(secure_vendor).submit(submission()))

    assert (type(error), error.slug, error.uncertain) == (TransientError, "connection_failed", True)
    assert error.status == status
    assert len(secure_vendor.asked(SUBMIT)) == 1


def test_certificate_that_is_not_trusted__is_certain(
    vendor: Server, secure_vendor: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    client = client_of(vendor, api_url=secure_vendor.url)
    error = failure_of(lambda: client.submit(submission()))

    assert (type(error), error.slug, error.uncertain) == (TransientError, "connection_failed", False)
    assert secure_vendor.requests == []


def test_redirect__is_not_followed(vendor: Server, client: Client) -> None:
    vendor.answer(SUBMIT, Reply(307, b"", {"Location": f"{vendor.url}{CREDITS}"}))
    error = failure_of(lambda: client.submit(submission()))

    assert (type(error), error.slug) == (UnknownError, "http_307")
    assert vendor.asked(CREDITS) == []


def test_cookies__are_neither_kept_nor_sent(vendor: Server, client: Client) -> None:
    vendor.answer(SUBMIT, Reply(201, headers={"Set-Cookie": "a=b; Path=/"}))
    client.submit(submission())
    client.submit(submission())

    assert "Cookie" not in vendor.asked(SUBMIT)[1].headers


def test_netrc__is_not_consulted(vendor: Server, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    vendor.answer(SUBMIT, Reply(201))
    client_of(vendor).submit(submission())

    assert "Authorization" not in vendor.asked(LOGIN)[0].headers
    assert vendor.asked(SUBMIT)[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_connections__are_reused_whatever_the_answer(vendor: Server, client: Client) -> None:
    vendor.answer(SUBMIT, Reply(201), Reply(201, b""), Reply(503, b"<html>"), Reply(201))
    for _ in range(4):
        try:
            client.submit(submission())
        except TransientError:
            continue

    assert len({request.connection for request in vendor.requests}) == 1


def test_threads__share_one_client(vendor: Server, client: Client) -> None:
    vendor.answer(CREDITS, Reply(200, b'{"Amount": 5}', delay=0.02))
    with ThreadPoolExecutor(8) as pool:
        amounts = set(pool.map(lambda _: client.credits(), range(64)))

    assert amounts == {Decimal(5)}
    assert len({request.connection for request in vendor.requests}) <= 9


# --- settings ---------------------------------------------------------------------------------------------------


def test_client_from_settings__changes_with_them(vendor: Server) -> None:
    configured = {"EMAIL": "a@example.org", "API_KEY": "k", "API_URL": vendor.url, "ID_URL": vendor.url}
    with override_settings(COPYLEAKS_IMAGE=configured):
        client = client_from_settings()
        assert client_from_settings() is client
    for change in ({"EMAIL": "b@example.org"}, {"API_KEY": "l"}, {"API_URL": "http://localhost"}, {"TIMEOUT": [1, 2]}):
        with override_settings(COPYLEAKS_IMAGE=configured | change):
            assert client_from_settings() is not client


def test_client_from_settings__works(vendor: Server) -> None:
    vendor.answer(CREDITS, Reply(200, b'{"Amount": 5}'))
    configured = {"EMAIL": "a@example.org", "API_KEY": "k", "API_URL": vendor.url, "ID_URL": vendor.url}
    with override_settings(COPYLEAKS_IMAGE=configured):
        assert client_from_settings().credits() == 5

    assert json.loads(vendor.asked(LOGIN)[0].body) == {"email": "a@example.org", "key": "k"}


def test_client_from_settings__is_not_shared_across_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_from_settings()
    monkeypatch.setattr(os, "getpid", lambda: -1)

    assert client_from_settings() is not client


def test_submission__is_compared_by_value() -> None:
    assert full_submission() == full_submission()
    assert isinstance(full_submission(), Submission)
