import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from django_copyleaks_image.emulator.answers import ERRORS, VENDOR_ERRORS

from .client import Client
from .conftest import Start

pytestmark = pytest.mark.sockets


def twice_struck(client: Client, fault: str) -> list[requests.Response]:
    return [client.submit(f"photo fault-{fault}_xY1.jpg", scan_id="the-scan") for _ in range(3)]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("status-402", 402),
        ("no-credits", 400),
        ("status-429", 429),
        ("status-429-retry-after", 429),
        ("status-429-retry-after-date", 429),
        ("status-503", 503),
        ("status-503-retry-after", 503),
        ("status-520", 520),
        ("error-empty", 500),
        ("error-html", 502),
        ("error-code-9", 503),
        ("error-type-authentication", 400),
        ("error-type-payment", 400),
        ("error-type-api", 500),
    ],
)
def test_passing_fault_strikes_two_tries_of_a_scan_id(client: Client, fault: str, status: int) -> None:
    assert [answer.status_code for answer in twice_struck(client, fault)] == [status, status, 201]
    entry = client.emulator.ledger.get("the-scan")
    assert entry is not None
    assert (entry.tries, entry.accepted, entry.charged) == (3, 1, 1)


def test_number_of_spoilt_tries_can_be_set(start: Start) -> None:
    answers = twice_struck(start(passing_tries=1), "status-503")

    assert [answer.status_code for answer in answers] == [503, 201, 201]


def test_lost_token_is_followed_by_success_after_a_new_login(client: Client) -> None:
    name = "fault-status-401.jpg"
    assert client.submit(name, scan_id="the-scan").status_code == 401
    assert client.call("GET", "/v3/scans/credits", headers=client.authorization).status_code == 401

    client.login()

    assert client.submit(name, scan_id="the-scan").status_code == 201


def test_no_credits_is_told_by_code_and_type(client: Client) -> None:
    for fault, code in (("status-402", 17), ("no-credits", 13)):
        error = client.submit(f"fault-{fault}.jpg").json()["error"]
        assert (error["type"], error["code"]) == ("payment_error", code)


def test_retry_after_is_given_by_one_of_the_two(client: Client) -> None:
    assert client.submit("fault-status-429-retry-after.jpg").headers["Retry-After"] == "5"
    answer = client.submit("fault-status-429.jpg")
    assert "Retry-After" not in answer.headers
    assert answer.json() == {"error": "Rate limit exceeded"}
    assert client.emulator.ledger.counted("rate limited") == 2


def test_retry_after_as_a_date_that_is_no_earlier(start: Start) -> None:
    client = start(retry_after=40)
    before = time.time()

    answer = client.submit("fault-status-429-retry-after-date.jpg")

    asked = answer.headers["Retry-After"]
    assert asked.endswith(" GMT")
    assert before + 40 <= parsedate_to_datetime(asked).timestamp() <= time.time() + 41


def test_retry_after_during_maintenance(start: Start) -> None:
    answer = start(retry_after=120).submit("fault-status-503-retry-after.jpg")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")


def test_structured_error_with_each_code(client: Client) -> None:
    types = {"invalid_request_error", "authentication_error", "payment_error", "api_error"}
    for code in ERRORS:
        error = client.submit(f"fault-error-code-{code}.jpg").json()["error"]

        assert error["code"] == code
        assert error["type"] in types
        assert sorted(error) == ["code", "details", "id", "message", "type", "url"]


def test_code_that_no_list_has(client: Client) -> None:
    assert [answer.json()["error"]["code"] for answer in twice_struck(client, "error-code-99")] == [99, 99, 99]
    assert 99 not in VENDOR_ERRORS


@pytest.mark.parametrize(
    ("fault", "error_type"),
    [
        ("error-type-request", "invalid_request_error"),
        ("error-type-authentication", "authentication_error"),
        ("error-type-payment", "payment_error"),
        ("error-type-api", "api_error"),
    ],
)
def test_error_with_a_type_and_no_code(client: Client, fault: str, error_type: str) -> None:
    error = client.submit(f"fault-{fault}.jpg").json()["error"]

    assert error["type"] == error_type
    assert "code" not in error


def test_acceptance_with_an_empty_body(client: Client) -> None:
    answer = client.submit("fault-empty-201.jpg", scan_id="the-scan")

    assert (answer.status_code, answer.content) == (201, b"")
    client.receiver.wait()
    assert client.emulator.ledger.charged == 1


@pytest.mark.parametrize(
    ("fault", "keys"),
    [
        ("error-message", {"message": str}),
        ("error-message-capital", {"Message": str}),
        ("error-field", {"FileName": list}),
        ("error-string", {"error": str}),
    ],
)
def test_older_shapes_of_an_error(client: Client, fault: str, keys: dict[str, type]) -> None:
    answers = twice_struck(client, fault)

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert {key: type(value) for key, value in answers[0].json().items()} == keys


def test_errors_that_are_no_json(client: Client) -> None:
    assert client.submit("fault-error-empty.jpg").content == b""
    for fault in ("error-html", "status-520"):
        answer = client.submit(f"fault-{fault}.jpg")
        assert answer.headers["Content-Type"] == "text/html"
        assert answer.text.startswith("<!DOCTYPE html>")


def test_permanent_conflict(client: Client) -> None:
    assert [answer.status_code for answer in twice_struck(client, "status-409")] == [409, 409, 409]


@pytest.mark.parametrize("kind", ["hang", "reset"])
@pytest.mark.parametrize(("when", "accepted"), [("before", 0), ("after", 1)])
def test_no_answer(start: Start, kind: str, when: str, accepted: int) -> None:
    client = start(hang=5)
    expected: Any = requests.ReadTimeout if kind == "hang" else requests.ConnectionError
    client.login()

    with pytest.raises(expected):
        client.submit(f"fault-{kind}-{when}.jpg", scan_id="the-scan", timeout=0.3)

    entry = client.emulator.ledger.get("the-scan")
    assert entry is not None
    assert (entry.tries, entry.accepted) == (1, accepted)
    if accepted:
        client.receiver.wait()
    else:
        time.sleep(0.05)
        assert client.receiver.deliveries == []


def test_retry_after_an_unanswered_acceptance_is_not_charged_again(client: Client) -> None:
    name = "fault-reset-after.jpg"
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            client.submit(name, scan_id="the-scan")

    assert client.submit(name, scan_id="the-scan").status_code == 201
    client.receiver.wait()
    time.sleep(0.05)
    assert len(client.receiver.deliveries) == 1
    assert client.emulator.ledger.charged == 1


def test_stop_ends_a_hanging_connection(start: Start) -> None:
    client = start(hang=30)
    client.login()
    with pytest.raises(requests.ReadTimeout):
        client.submit("fault-hang-before.jpg", timeout=0.2)

    begun = time.monotonic()
    client.emulator.stop()

    assert time.monotonic() - begun < 10


def test_probabilities_are_repeatable_by_seed(start: Start) -> None:
    def statuses(seed: int) -> list[int]:
        client = start(faults={"status-503": 0.4}, seed=seed)
        return [client.submit().status_code for _ in range(25)]

    first = statuses(7)

    assert set(first) == {201, 503}
    assert first == statuses(7)
    assert first != statuses(8)


@pytest.mark.parametrize("faults", [{"status-999": 0.5}, {"lost": 1.5}, {"lost": -1}])
def test_unknown_fault_or_impossible_probability(start: Start, faults: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"fault|probability"):
        start(faults=faults)
