import json
import threading
import time
from typing import Any

import pytest

from .bodies import assert_consistent
from .client import Client
from .conftest import Start
from .receiver import Delivery

pytestmark = pytest.mark.sockets


def delivered(client: Client, fault: str) -> Delivery:
    client.submit(f"ai-5 fault-{fault}_xY1.jpg", developerPayload="ours")
    return client.receiver.wait()[0]


def wait_until_analysed(client: Client, scan_id: str) -> None:
    """Wait for the scan, and a moment for what could follow it."""
    assert client.emulator.ledger.wait_for(
        lambda ledger: any(entry.scan_id == scan_id and entry.state == "analysed" for entry in ledger.entries())
    )
    time.sleep(0.05)


def test_lost_callback_is_charged_and_never_comes(client: Client) -> None:
    client.submit("fault-lost.jpg", scan_id="the-scan")

    wait_until_analysed(client, "the-scan")
    assert client.receiver.deliveries == []
    assert client.emulator.ledger.charged == 1


def test_late_callback(start: Start) -> None:
    client = start(late=0.3)
    begun = time.monotonic()

    assert delivered(client, "late").at - begun >= 0.3


def test_early_callback_arrives_before_the_201(client: Client) -> None:
    client.receiver.before_answer = lambda: time.sleep(0.1)
    client.submit("fault-early.jpg")
    answered = time.monotonic()

    (delivery,) = client.receiver.deliveries
    assert delivery.at < answered


def test_duplicated_callback(client: Client) -> None:
    client.submit("ai-5 fault-duplicated.jpg")

    first, second = client.receiver.wait(2)
    assert first.body == second.body


def test_duplicate_at_the_same_time(client: Client) -> None:
    both_are_here = threading.Barrier(2)
    client.receiver.before_answer = lambda: both_are_here.wait(timeout=3)
    client.submit("fault-duplicated-concurrently.jpg", scan_id="the-scan")

    client.receiver.wait(2)
    assert client.emulator.ledger.wait_for(lambda ledger: ledger.entries()[0].callbacks == (200, 200))


def test_reordered_callback_comes_after_one_submitted_later(client: Client) -> None:
    client.submit("fault-reordered.jpg", scan_id="first")
    wait_until_analysed(client, "first")
    client.submit(scan_id="second")

    order = [delivery.json()["scannedDocument"]["scanId"] for delivery in client.receiver.wait(2)]
    assert order == ["second", "first"]


def test_reordered_callback_is_not_held_for_ever(start: Start) -> None:
    assert delivered(start(late=0.1), "reordered").json()["isAiDetected"] is True


def test_all_callbacks_reordered(start: Start) -> None:
    client = start(faults={"reordered": 1}, late=2)
    for scan_id in ("first", "second"):
        client.submit(scan_id=scan_id)
        wait_until_analysed(client, scan_id)

    order = [delivery.json()["scannedDocument"]["scanId"] for delivery in client.receiver.wait(2)]
    assert order == ["second", "first"]


def test_truncated_callback_is_whole_when_sent_a_third_time(client: Client) -> None:
    client.receiver.answers = [400, 400]
    client.submit("ai-5 fault-malformed-truncated.jpg")

    first, second, third = client.receiver.wait(3)
    assert first.body == second.body
    with pytest.raises(json.JSONDecodeError):
        first.json()
    assert third.json()["isAiDetected"] is True


def test_empty_callback(client: Client) -> None:
    assert delivered(client, "malformed-empty").body == b""


def test_callback_that_is_no_object(client: Client) -> None:
    assert isinstance(delivered(client, "malformed-array").json(), list)


def test_callback_with_wrong_types(client: Client) -> None:
    body = delivered(client, "malformed-types").json()

    assert isinstance(body["result"]["starts"], str)
    assert body["imageInfo"] is None


def test_gzip_callback(client: Client) -> None:
    delivery = delivered(client, "gzip")

    assert delivery.headers["Content-Encoding"] == "gzip"
    assert delivery.body[:2] == b"\x1f\x8b"
    assert_consistent(delivery.json())


@pytest.mark.parametrize(
    ("fault", "code"), [("failed", 16), ("failed-code-9", 9), ("failed-code-14", 14), ("failed-code-99", 99)]
)
def test_structured_failure_callback(client: Client, fault: str, code: int) -> None:
    body = delivered(client, fault).json()

    assert sorted(body) == ["developerPayload", "error", "status"]
    assert (body["status"], body["error"]["code"], body["developerPayload"]) == (1, code, "ours")
    assert client.emulator.ledger.charged == 0


@pytest.mark.parametrize(("fault", "kind"), [("failed-object", dict), ("failed-string", str)])
def test_bare_failure_callback(client: Client, fault: str, kind: type) -> None:
    body = delivered(client, fault).json()

    assert list(body) == ["error"]
    assert isinstance(body["error"], kind)


def test_failure_callback_with_a_type_and_no_code(client: Client) -> None:
    body = delivered(client, "failed-no-code").json()

    assert body["error"].keys() == {"type", "message"}
    assert (body["status"], body["error"]["type"]) == (1, "api_error")


def test_share_that_does_not_agree_with_the_mask(client: Client) -> None:
    body = delivered(client, "mask-mismatch").json()

    shape = body["imageInfo"]["shape"]
    marked = sum(body["result"]["lengths"]) / (shape["width"] * shape["height"])
    assert marked == pytest.approx(0.05, abs=0.001)
    assert body["summary"] == {"human": 0.3, "ai": 0.7}


def test_share_of_a_picture_without_a_mask_stays(client: Client) -> None:
    client.submit("fault-mask-mismatch.jpg")

    assert client.receiver.wait()[0].json()["summary"] == {"human": 1.0, "ai": 0.0}


def test_metadata_that_somebody_else_wrote(client: Client) -> None:
    metadata = delivered(client, "metadata-hostile").json()["imageInfo"]["metadata"]

    assert "<script>" in metadata["issuedBy"]
    assert "\x00" in metadata["issuedBy"]


@pytest.mark.parametrize(
    ("fault", "absent"),
    [
        ("payload-missing", "developerPayload"),
        ("scanned-image", "scannedDocument"),
        ("no-verdict", "isAiDetected"),
        ("no-summary", "summary"),
    ],
)
def test_callback_without_a_key(client: Client, fault: str, absent: str) -> None:
    body: dict[str, Any] = delivered(client, fault).json()

    assert absent not in body
    assert ("scannedImage" in body) is (fault == "scanned-image")


def test_payload_that_comes_back_null(client: Client) -> None:
    body = delivered(client, "payload-null").json()

    assert body["developerPayload"] is None


def test_fault_by_probability_strikes_the_callback(start: Start) -> None:
    client = start(faults={"gzip": 1.0})
    client.submit()

    assert client.receiver.wait()[0].headers["Content-Encoding"] == "gzip"
