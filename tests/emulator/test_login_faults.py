"""A login has no file: its faults are named in the e-mail address, or drawn with a probability."""

from typing import Any

import pytest
import requests

from .client import Client
from .conftest import Start

pytestmark = pytest.mark.sockets


def log_in(client: Client, fault: str) -> requests.Response:
    return client.login(email=f"photos-fault-{fault}@example.org")


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("login-status-429", 429),
        ("login-status-429-retry-after", 429),
        ("login-status-503", 503),
        ("login-status-520", 520),
        ("login-error-empty", 500),
        ("login-error-html", 502),
    ],
)
def test_passing_fault_strikes_two_logins(client: Client, fault: str, status: int) -> None:
    assert [log_in(client, fault).status_code for _ in range(3)] == [status, status, 200]
    assert client.emulator.ledger.counted("login refused: fault") == 2
    assert client.emulator.ledger.counted("login") == 1


def test_wrong_credentials_in_both_spellings(client: Client) -> None:
    for fault, key in (("login-refused", "message"), ("login-refused-capital", "Message")):
        answers = [log_in(client, fault) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 401]
        assert answers[0].json() == {key: "Invalid login credentials."}


@pytest.mark.parametrize("code", [2, 3, 4, 32])
def test_structured_refusal(client: Client, code: int) -> None:
    error = log_in(client, f"login-error-code-{code}").json()["error"]

    assert (error["code"], error["type"]) == (code, "authentication_error")


def test_wait_that_a_login_is_asked_for(client: Client) -> None:
    assert log_in(client, "login-status-429-retry-after").headers["Retry-After"] == "5"


@pytest.mark.parametrize(
    ("fault", "expected"), [("login-hang", requests.ReadTimeout), ("login-reset", requests.ConnectionError)]
)
def test_no_answer(start: Start, fault: str, expected: Any) -> None:
    client = start(hang=5)
    credentials = {"email": f"fault-{fault}@example.org", "key": "any"}

    for _ in range(2):
        with pytest.raises(expected):
            client.call("POST", "/v3/account/login/api", json=credentials, timeout=0.3)

    assert client.call("POST", "/v3/account/login/api", json=credentials).status_code == 200


def test_faults_of_scans_do_not_strike_logins_nor_the_other_way_round(start: Start) -> None:
    client = start(faults={"status-503": 1, "login-status-503": 1})

    assert client.login(email="fault-status-520@example.org").json()["error"]["code"] == 9
    client.token = "unknown"
    assert client.submit("fault-login-status-520.jpg").status_code == 401


def test_logins_do_not_change_what_strikes_the_scans(start: Start) -> None:
    def statuses(logins: int) -> list[int]:
        client = start(faults={"status-503": 0.4, "login-error-empty": 0.4}, seed=7, login_limit=0)
        for _ in range(logins):
            client.login()
        while not client.token:
            client.login()
        return [client.submit().status_code for _ in range(15)]

    assert statuses(0) == statuses(9)


def test_number_of_spoilt_logins_can_be_set(start: Start) -> None:
    client = start(passing_tries=1)

    assert [log_in(client, "login-status-503").status_code for _ in range(2)] == [503, 200]
