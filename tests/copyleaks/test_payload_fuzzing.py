"""Whatever arrives, reading it ends with a result or a PayloadError, and the result can be stored."""

import json
import os
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_copyleaks_image.copyleaks.payloads import Detection, Failure, PayloadError, bounded_gunzip, parse_callback

from .bodies import EDITED

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["2026-07-20T20:46:58.5104745Z", "0001-01-01T00:00:00+14:00", "https://a.example/", "data:;base64,iVBORw0KGgo="]
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
known_keys = st.sampled_from(
    [
        "model",
        "isAiDetected",
        "result",
        "starts",
        "lengths",
        "summary",
        "ai",
        "human",
        "imageInfo",
        "shape",
        "width",
        "height",
        "metadata",
        "issuedBy",
        "scannedDocument",
        "scannedImage",
        "scanId",
        "actualCredits",
        "expectedCredits",
        "creationTime",
        "developerPayload",
        "heatmap",
        "mask",
        "overlay",
        "error",
        "status",
        "code",
        "type",
        "message",
    ]
)
documents = st.recursive(json_values, lambda inner: st.dictionaries(known_keys, inner, max_size=6), max_leaves=20)
# Many more in the longer run, ``make fuzz``.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "150"))
quick = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(body: bytes) -> None:
    try:
        found = parse_callback(body)
    except PayloadError:
        return
    if isinstance(found, Failure):
        assert len(found.error.message) <= 500
        assert len(found.error.slug) <= 64
        found.error.message.encode()
        return
    can_be_stored(found)


def can_be_stored(found: Detection) -> None:
    for ratio in (found.ai_ratio, found.human_ratio):
        assert ratio is None or 0 <= ratio <= 1
    for side in (found.width, found.height):
        assert side is None or 1 <= side <= 100_000
    for words in (
        found.model,
        found.scan_id or "",
        found.developer_payload or "",
        *found.metadata,
        *found.metadata.values(),
    ):
        assert "\x00" not in words
        words.encode()
    assert len(found.metadata) <= 32
    assert len(found.mask_problem) <= 200
    assert len(found.heatmap_problem) <= 200


@quick
@given(st.binary(max_size=200))
def test_arbitrary_bytes(body: bytes) -> None:
    read(body)


@quick
@given(documents)
def test_arbitrary_json(document: object) -> None:
    read(json.dumps(document).encode())


@quick
@given(st.data())
def test_valid_body_with_one_member_replaced(data: st.DataObject) -> None:
    document: Any = json.loads(json.dumps(EDITED))
    place = document
    while True:
        name = data.draw(st.sampled_from(sorted(place)))
        if not (isinstance(place[name], dict) and place[name] and data.draw(st.booleans())):
            break
        place = place[name]
    place[name] = data.draw(json_values)
    read(json.dumps(document).encode())


@quick
@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255))
def test_valid_body_with_one_byte_replaced(position: int, byte: int) -> None:
    body = bytearray(json.dumps(EDITED).encode())
    body[position % len(body)] = byte
    read(bytes(body))


@quick
@given(st.binary(max_size=100), st.integers(min_value=0, max_value=50))
def test_arbitrary_bytes_as_gzip(data: bytes, limit: int) -> None:
    for body in (data, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + data):
        with suppress(PayloadError):
            assert len(bounded_gunzip(body, limit)) <= limit
