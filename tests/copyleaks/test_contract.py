import json
from typing import Any

import pytest

from django_copyleaks_image.copyleaks.contract import KEY_LENGTH, MOST_KEYS, unknown_keys, unknown_keys_of
from django_copyleaks_image.copyleaks.payloads import parse_callback
from django_copyleaks_image.redaction import MARK

KNOWN: dict[str, Any] = {
    "model": "ai-image-1-ultra",
    "isAiDetected": True,
    "result": {"starts": [1], "lengths": [2]},
    "summary": {"human": 0.9, "ai": 0.1},
    "imageInfo": {"shape": {"height": 5, "width": 5}, "metadata": {"issuedBy": "x", "Anything": "of the uploader"}},
    "scannedDocument": {"scanId": "abc", "actualCredits": 0, "expectedCredits": 0, "creationTime": "2026-07-20"},
    "developerPayload": "abc",
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Heatmap": "data:…"},
        {"result": {"Starts": [1], "lengths": [2], "overlay_url": "https://example.org"}},
        {"error": {"type": "x", "id": "x", "code": 5, "message": "x", "url": "x", "details": [{"param": "x"}]}},
        {"scannedImage": {"scanId": "abc"}, "status": 1, "message": "x"},
    ],
)
def test_keys__that_are_known(changes: dict[str, Any]) -> None:
    assert unknown_keys(KNOWN | changes) == ()


def test_keys__that_are_not_known_are_named_by_their_path() -> None:
    changed = KNOWN | {
        "riskScore": 7,
        "summary": {"ai": 0.1, "confidence": {"inner": 1}},
        "scannedDocument": {"scanId": "abc", "region": "eu"},
        "imageInfo": {"shape": {"height": 5, "width": 5, "depth": 3}},
    }

    found = parse_callback(json.dumps(changed).encode()).unknown_keys

    assert set(found) == {"riskScore", "summary.confidence", "imageInfo.shape.depth", "scannedDocument.region"}


def test_keys__are_cut_in_number_and_length_and_cleaned() -> None:
    many = {f"key{number}" + "x" * 1_000: number for number in range(10_000)}
    found = unknown_keys(many)
    assert len(found) == MOST_KEYS
    assert {len(key) for key in found} == {KEY_LENGTH}

    assert unknown_keys({"a\x00b\u202e,c\nd": 1}) == ("ab c d",)


def test_keys__show_no_token() -> None:
    token = MARK + "A" * 30

    assert token not in "".join(unknown_keys({f"webhook/{token}": 1, token: 2}))


def test_keys__of_a_body_that_cannot_be_read() -> None:
    assert unknown_keys_of(b"[1") == ()
    assert unknown_keys_of(b'{"verdictNew": true}') == ("verdictNew",)
