import base64
import uuid
from typing import Any

import pytest
import requests

from .bodies import assert_consistent
from .client import Client
from .conftest import Start
from .receiver import picture

pytestmark = pytest.mark.sockets


def check_json(client: Client, **changes: Any) -> requests.Response:
    body = {
        "base64": base64.b64encode(picture()).decode(),
        "filename": "ai-20.png",
        "model": "ai-image-1-ultra",
        **changes,
    }
    return client.call("POST", f"/v1/ai-image-detector/{uuid.uuid4()}/check", json=body, headers=client.authorization)


def test_multipart_check(client: Client) -> None:
    answer = client.check("ai-20.jpg", picture(900, 700, "JPEG"), scan_id="the-scan")

    assert answer.status_code == 200
    body = answer.json()
    assert_consistent(body)
    assert body["imageInfo"]["shape"] == {"height": 700, "width": 900}
    assert body["summary"]["ai"] == pytest.approx(0.2, abs=1e-5)
    entry = client.emulator.ledger.get("the-scan")
    assert entry is not None
    assert (entry.endpoint, entry.charged) == ("sync", 1)


def test_json_check(client: Client) -> None:
    answer = check_json(client)

    assert answer.status_code == 200
    assert_consistent(answer.json())
    assert answer.headers["Content-Encoding"] == "gzip"


def test_answer_is_plain_for_a_client_without_gzip(client: Client) -> None:
    client.session.headers["Accept-Encoding"] = "identity"

    answer = check_json(client)

    assert "Content-Encoding" not in answer.headers
    assert_consistent(answer.json())


def test_binary_content_survives_the_form(client: Client) -> None:
    """The picture ends in line breaks and dashes, which the boundary must not swallow."""
    content = picture(kind="JPEG") + b"\r\n--\r\n"

    client.check("photo.jpg", content, scan_id="the-scan")

    entry = client.emulator.ledger.get("the-scan")
    assert entry is not None
    import hashlib

    assert entry.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"base64": None}, 1),
        ({"base64": "no base 64!"}, 14),
        ({"filename": "photo.tiff"}, 10),
        ({"filename": None}, 1),
        ({"model": "other"}, 30),
        ({"sandbox": "true"}, 30),
        ({"base64": base64.b64encode(picture(100, 100)).decode()}, 8),
        ({"base64": base64.b64encode(picture(kind="TIFF")).decode()}, 10),
    ],
)
def test_invalid_json_check(client: Client, changes: dict[str, Any], code: int) -> None:
    answer = check_json(client, **changes)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert client.emulator.ledger.charged == 0


def test_invalid_form(client: Client) -> None:
    assert client.check("photo.gif", picture()).json()["error"]["code"] == 10
    assert client.check("photo.jpg", picture(), sandbox="perhaps").json()["error"]["code"] == 30
    assert client.check("photo.jpg", b"").json()["error"]["code"] == 1


@pytest.mark.parametrize("body", [b"", b"--x\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--"])
def test_form_that_is_cut_short_or_nameless(refusing: Client, body: bytes) -> None:
    headers = {**refusing.authorization, "Content-Type": "multipart/form-data; boundary=x"}

    answer = refusing.call("POST", "/v1/ai-image-detector/abc/check", data=body, headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 30)


def test_sandbox_check_is_free(client: Client) -> None:
    answer = client.check("photo.jpg", picture(), sandbox="true")

    assert answer.json()["scannedDocument"]["actualCredits"] == 0
    assert client.emulator.ledger.charged == 0


def test_put_does_not_check(refusing: Client) -> None:
    answer = refusing.call("PUT", "/v1/ai-image-detector/abc/check", headers=refusing.authorization)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_faults_strike_the_check_too(client: Client) -> None:
    answers = [client.check("fault-status-503.jpg", picture(), scan_id="the-scan") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert client.check("fault-failed-code-9.jpg", picture()).json()["error"]["code"] == 9


def test_check_limit(start: Start) -> None:
    client = start(check_limit=1)

    assert [client.check("photo.jpg", picture()).status_code for _ in range(2)] == [200, 429]
    assert client.submit().status_code == 201
