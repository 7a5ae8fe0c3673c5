import uuid
from typing import Any

import pytest

from .client import Client
from .conftest import Start

pytestmark = pytest.mark.sockets

HOOK = "http://127.0.0.1:9/hook"


def test_submission_is_answered_201_with_an_empty_object(client: Client) -> None:
    answer = client.submit()

    assert (answer.status_code, answer.content) == (201, b"{}")
    assert answer.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "PATCH"])
def test_only_put_submits(refusing: Client, method: str) -> None:
    path = f"/v1/ai-image-detector-async/{uuid.uuid4()}/submit"

    answer = refusing.call(method, path, json=refusing.body(), headers=refusing.authorization)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "PUT")
    assert refusing.emulator.ledger.entries() == []


def test_keys_are_read_case_insensitively(client: Client) -> None:
    body = client.body("ai-5.jpg", maskType=..., MASKTYPE="heatmap")
    shouted = {name.upper(): value for name, value in body.items() if name != "webhooks"}

    answer = client.call(
        "PUT",
        "/v1/ai-image-detector-async/shouted/submit",
        json={**shouted, "WebHooks": {"URL": client.receiver.url}},
        headers=client.authorization,
    )

    assert answer.status_code == 201
    assert "heatmap" in client.receiver.wait()[0].json()


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"url": ...}, 1, "url"),
        ({"url": None}, 1, "url"),
        ({"url": ""}, 1, "url"),
        ({"fileName": ...}, 1, "fileName"),
        ({"model": ...}, 1, "model"),
        ({"webhooks": ...}, 1, "webhooks"),
        ({"webhooks": {}}, 1, "webhooks.url"),
        ({"webhooks": []}, 30, "webhooks"),
        ({"webhooks": {"url": "hook"}}, 15, "webhooks.url"),
        ({"webhooks": {"url": HOOK, "headers": {"X-A": "b"}}}, 31, "webhooks.headers"),
        ({"url": "ftp://example.org/a.jpg"}, 15, "url"),
        ({"url": "http://[::1/a.jpg"}, 15, "url"),
        ({"url": "/media/a.jpg"}, 15, "url"),
        ({"url": 5}, 30, "url"),
        ({"fileName": "photo"}, 10, "fileName"),
        ({"fileName": "photo.gif"}, 10, "fileName"),
        ({"fileName": "a" * 252 + ".jpg"}, 24, "fileName"),
        ({"fileName": "a/b.jpg"}, 24, "fileName"),
        ({"model": "ai-image-2"}, 30, "model"),
        ({"maskType": "polygon"}, 30, "maskType"),
        ({"sandbox": "true"}, 30, "sandbox"),
        ({"developerPayload": "x" * 513}, 30, "developerPayload"),
        ({"developerPayload": {"id": 1}}, 30, "developerPayload"),
        ({"headers": {"X-Key": "value"}}, 31, "headers"),
        ({"headers": [["X-Key"]]}, 31, "headers"),
        ({"headers": [["X-Key", 1]]}, 31, "headers"),
        ({"headers": [["X Key", "value"]]}, 31, "headers"),
        ({"headers": [["X-Key", "one\r\nX-Other: two"]]}, 31, "headers"),
        ({"headers": [["X" * 129, "value"]]}, 33, "headers"),
        ({"headers": [["X-Key", "v" * 8200]]}, 19, "headers"),
    ],
)
def test_invalid_submission_is_refused(refusing: Client, changes: dict[str, Any], code: int, param: str) -> None:
    answer = refusing.submit(**{"file_name": "photo.jpg", **changes})

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert sorted(error) == ["code", "details", "id", "message", "type", "url"]
    assert (error["type"], error["code"]) == ("invalid_request_error", code)
    assert [detail["param"] for detail in error["details"]] == [param]
    assert refusing.emulator.ledger.entries() == []


@pytest.mark.parametrize("name", ["a" * 251 + ".jpg", "PHOTO.JPEG", "a.png", "a.webp", "a.tiff", "a.bmp", "a.heic"])
def test_documented_file_names_are_taken(client: Client, name: str) -> None:
    assert client.submit(name).status_code == 201


@pytest.mark.parametrize("scan_id", ["ab", "a" * 37, "Abc", "a_b", "a%20b", "a.b"])
def test_scan_id_outside_the_documented_set(refusing: Client, scan_id: str) -> None:
    answer = refusing.submit(scan_id=scan_id)

    assert (answer.status_code, answer.json()["error"]["details"][0]["param"]) == (400, "scanId")


def test_uuid_and_longest_payload_are_taken(client: Client) -> None:
    assert client.submit(scan_id=str(uuid.uuid4()), developerPayload="x" * 512).status_code == 201


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff", b"[" * 100_000])
def test_body_that_is_no_json_object(refusing: Client, body: bytes) -> None:
    headers = {**refusing.authorization, "Content-Type": "application/json"}

    answer = refusing.call("PUT", "/v1/ai-image-detector-async/abc/submit", data=body, headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 30)


def test_body_that_is_not_declared_as_json(refusing: Client) -> None:
    answer = refusing.call("PUT", "/v1/ai-image-detector-async/abc/submit", data=b"{}", headers=refusing.authorization)

    assert answer.status_code == 415


def test_oversized_body_is_refused_unread(client: Client) -> None:
    answer = client.call("PUT", "/v1/ai-image-detector-async/abc/submit", data=b" " * 1_100_000)

    assert (answer.status_code, answer.headers["Connection"]) == (413, "close")
    assert client.submit().status_code == 201


def test_chunked_body_is_refused(refusing: Client) -> None:
    answer = refusing.call("PUT", "/v1/ai-image-detector-async/abc/submit", data=iter([b"{}"]))

    assert answer.status_code == 411


def test_unknown_path(refusing: Client) -> None:
    assert refusing.call("GET", "/v1/nothing").status_code == 404


def test_fetch_headers_are_read_under_the_configured_key(start: Start) -> None:
    client = start(fetch_headers_key="fetchHeaders")
    client.submit(fetchHeaders=[["X-Endpoint", "open"]], headers=[["X-Other", "no"]])
    client.receiver.wait()

    (fetch,) = client.receiver.fetches
    assert (fetch["X-Endpoint"], fetch["X-Other"]) == ("open", None)


@pytest.mark.parametrize(
    ("policy", "status", "charged", "callbacks"),
    [("free", 201, 1, 1), ("charged", 201, 2, 2), ("409", 409, 1, 1), ("400", 400, 1, 1)],
)
def test_repeated_scan_id(start: Start, policy: str, status: int, charged: int, callbacks: int) -> None:
    client = start(repeated=policy)
    assert client.submit(scan_id="same-id").status_code == 201
    client.receiver.wait()

    assert client.submit(scan_id="same-id").status_code == status
    client.receiver.wait(callbacks)

    entry = client.emulator.ledger.get("same-id")
    assert entry is not None
    assert (entry.tries, entry.charged) == (2, charged)
    assert len(client.receiver.deliveries) == callbacks


def test_repeated_scan_id_by_file_name(client: Client) -> None:
    answers = [client.submit("fault-repeated-409_x1Y.jpg", scan_id="same-id") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 409]


def test_kept_alive_client_is_answered_at_once(refusing: Client) -> None:
    took = sorted(refusing.call("GET", "/_emulator/health").elapsed.total_seconds() for _ in range(15))

    assert took[7] < 0.03
