import re
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from .client import Client
from .conftest import Start

pytestmark = pytest.mark.sockets

LOGIN = "/v3/account/login/api"


def test_login_answers_in_the_documented_shape(client: Client) -> None:
    answer = client.login()

    assert answer.status_code == 200
    assert sorted(answer.json()) == [".expires", ".issued", "access_token"]
    for name in (".issued", ".expires"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", answer.json()[name])
    issued, expires = (datetime.fromisoformat(answer.json()[name]) for name in (".issued", ".expires"))
    assert expires - issued == timedelta(hours=48)


@pytest.mark.parametrize(
    ("hours", "text"),
    [(2, "+02:00"), (-3.5, "-03:30"), (0, "+00:00")],
)
def test_times_of_a_login_with_an_offset(start: Start, hours: float, text: str) -> None:
    client = start(utc_offset=timezone(timedelta(hours=hours), "somewhere"))
    before = datetime.now(UTC)

    answer = client.login().json()

    for name in (".issued", ".expires"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}" + re.escape(text), answer[name])
    assert before <= datetime.fromisoformat(answer[".issued"]) <= datetime.now(UTC)


def test_login_without_a_key_names_the_field(refusing: Client) -> None:
    answer = refusing.call("POST", LOGIN, json={"email": "photos@example.org"})

    assert (answer.status_code, answer.json()) == (400, {"Key": ["The key field is required."]})


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"email": 1, "key": {}}', b"[" * 100_000])
def test_login_with_an_unreadable_body(refusing: Client, body: bytes) -> None:
    assert refusing.call("POST", LOGIN, data=body).status_code == 400


def test_login_with_other_credentials_than_configured(start: Start) -> None:
    client = start(email="photos@example.org", key="the right key")

    answer = client.call("POST", LOGIN, json={"email": "photos@example.org", "key": "another"})
    right = client.call("POST", LOGIN, json={"EMAIL": "photos@example.org", "key": "the right key"})

    assert (answer.status_code, answer.json()) == (401, {"message": "Invalid login credentials."})
    assert right.status_code == 200


def test_thirteenth_login_is_refused(client: Client) -> None:
    assert [client.login().status_code for _ in range(13)] == [200] * 12 + [429]
    assert client.login().json() == {"error": "Rate limit exceeded"}
    assert client.emulator.ledger.counted("login") == 12


def test_login_limit_can_be_switched_off(start: Start) -> None:
    client = start(login_limit=0)

    assert {client.login().status_code for _ in range(20)} == {200}


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer stranger", "Basic stranger"])
def test_unknown_token_is_refused(refusing: Client, token: str) -> None:
    answer = refusing.call("GET", "/v3/scans/credits", headers={"Authorization": token} if token else {})

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"


def test_token_expires(start: Start) -> None:
    client = start(token_lifetime=0.2)
    headers = client.authorization

    assert client.call("GET", "/v3/scans/credits", headers=headers).status_code == 200
    time.sleep(0.25)
    assert client.call("GET", "/v3/scans/credits", headers=headers).status_code == 401


def test_credits_go_down_with_every_paid_scan(start: Start) -> None:
    client = start(credits=10)
    client.submit(scan_id="paid")
    client.submit(scan_id="mock", sandbox=True)

    assert client.call("GET", "/v3/scans/credits", headers=client.authorization).json() == {"Amount": 9}


def test_submission_without_credits_left(start: Start) -> None:
    client = start(credits=1)

    assert client.submit().status_code == 201
    refused = client.submit()

    assert refused.status_code == 400
    assert (refused.json()["error"]["type"], refused.json()["error"]["code"]) == ("payment_error", 13)
    assert client.submit(sandbox=True).status_code == 201


def test_certificates_are_a_list_of_thumbprints(refusing: Client) -> None:
    certificates = refusing.call("GET", "/v2/security/client-certificates").json()

    assert certificates
    assert all(re.fullmatch("[0-9A-F]{40}", each["thumbprint"]) for each in certificates)


def test_rate_limit_refuses_and_counts(start: Start) -> None:
    client = start(rate_limit=3)

    statuses = [client.submit().status_code for _ in range(5)]

    assert statuses == [201, 201, 201, 429, 429]
    assert client.emulator.ledger.counted("rate limited") == 2
    time.sleep(1.05)
    assert client.submit().status_code == 201
