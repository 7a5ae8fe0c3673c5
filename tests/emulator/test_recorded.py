"""The emulator against bodies recorded in production, so that it cannot drift into flattering the app."""

import json
from pathlib import Path
from typing import Any

import pytest

from .bodies import assert_consistent, structure
from .client import Client
from .receiver import picture

pytestmark = pytest.mark.sockets

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "recorded"
NAMES = {"untouched_photo": "photo.jpg", "locally_edited_photo": "ai-0.115.jpg"}


def recorded(name: str) -> dict[str, Any]:
    path = RECORDED / f"{name}.json"
    if not path.exists():
        pytest.skip(f"the recorded body {path.name} is not part of the repository")
    body: dict[str, Any] = json.loads(path.read_bytes())
    return body


@pytest.mark.parametrize("name", NAMES)
def test_recorded_body_is_consistent(name: str) -> None:
    assert_consistent(recorded(name))


@pytest.mark.parametrize("name", NAMES)
def test_synchronous_answer_has_the_recorded_structure(client: Client, name: str) -> None:
    expected = recorded(name)

    answer = client.check(NAMES[name], picture(1800, 1350, "JPEG"))

    assert answer.status_code == 200
    assert structure(answer.json()) == structure(expected)
    assert list(answer.json()) == list(expected)
    assert answer.json()["isAiDetected"] is expected["isAiDetected"]
    assert answer.json()["imageInfo"]["shape"] == expected["imageInfo"]["shape"]


@pytest.mark.parametrize("name", NAMES)
def test_callback_has_the_recorded_structure_and_the_payload(client: Client, name: str) -> None:
    expected = recorded(name)
    client.receiver.files["/photo"] = picture(1800, 1350, "JPEG")

    client.submit(NAMES[name], developerPayload="ours")

    body = client.receiver.wait()[0].json()
    assert body.pop("developerPayload") == "ours"
    assert structure(body) == structure(expected)
