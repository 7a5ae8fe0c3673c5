"""Whatever arrives, reading it ends with a result or a PayloadError, and the result can be stored.

What it takes in memory and work grows with the body, and no faster.
"""

import gzip
import json
import os
import random
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_copyleaks_image.copyleaks.bodies import PayloadError, TooLarge, bounded_gunzip
from django_copyleaks_image.copyleaks.payloads import Detection, Failure, parse_callback

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
IS_LONGER_RUN = "FUZZ_EXAMPLES" in os.environ
quick = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# As large as WEBHOOK_MAX_BYTES lets a body be by default; an eighth of it says the same, and sooner.
BODY_BYTES = 12 * 1024 * 1024 // (1 if IS_LONGER_RUN else 8)
# Times the body. Nothing is dearer than empty objects: three bytes of text are 72 bytes of Python, and {"":{}} is 33
# times its text.
MEMORY_FACTOR = 40
# Calls of functions, Python's and C's, per byte of the body. A million members of a dictionary are a few calls each.
WORK_FACTOR = 2


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


def repeated(prefix: str, item: str, suffix: str, size: int) -> bytes:
    return (prefix + ",".join([item] * (size // (len(item) + 1))) + suffix).encode()


def numbered(prefix: str, item: str, suffix: str, size: int) -> bytes:
    """Return a body with so many members that each begins with a number of its own."""
    return (prefix + ",".join(item % number for number in range(size // len(item % 10**6))) + suffix).encode()


def unsorted_runs(size: int) -> bytes:
    """Return a million runs for a body of the full size, in no order, some of which overlap."""
    lot = random.Random(1)
    runs = size // 12
    starts = lot.sample(range(0, 99_000_000, 50), runs)
    lengths = [lot.randrange(1, 300) for _ in starts]
    document = {"isAiDetected": True, "result": {"starts": starts, "lengths": lengths}}
    return json.dumps(document, separators=(",", ":")).encode()


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "list of empty objects": lambda size: repeated("[", "{}", "]", size),
    "empty objects where nobody looks": lambda size: repeated('{"isAiDetected":true,"x":[', '{"":{}}', "]}", size),
    "strings of two letters": lambda size: repeated('{"isAiDetected":true,"x":["\U0001f600",', '"ab"', "]}", size),
    "runs in no order": unsorted_runs,
    "error with very many members": lambda size: numbered('{"error":{', '"%07d":["x"]', "}}", size),
    "very many members": lambda size: numbered('{"isAiDetected":true,', '"%07d":[]', "}", size),
    "very many useless metadata": lambda size: numbered(
        '{"isAiDetected":true,"imageInfo":{"metadata":{', '"%07d":[]', "}}}", size
    ),
    "deep list": lambda size: b'{"isAiDetected":' + b"[" * size,
    "deep objects": lambda size: b'{"error":' * (size // 9),
    "large heatmap": lambda size: b'{"isAiDetected":true,"heatmap":"iVBORw0KGgo' + b"A" * size + b'"}',
    "long message": lambda size: b'{"error":{"message":"' + b"http://a \\n" * (size // 11) + b'"}}',
    "numbers of thousands of digits": lambda size: repeated('{"isAiDetected":true,"x":[', "9" * 5000, "]}", size),
}


def work_of(body: bytes) -> int:
    """Return how many functions are called to read a body, which is the same on every machine."""
    calls = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        read(body)
    finally:
        sys.setprofile(None)
    return calls


def peak_of(work: Callable[[], object]) -> int:
    """Return how many bytes more than before were taken at once."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", HOSTILE)
def test_large_hostile_body__takes_a_bounded_multiple_of_itself(name: str) -> None:
    body = HOSTILE[name](BODY_BYTES)
    assert len(body) > 0.9 * BODY_BYTES

    assert peak_of(lambda: read(body)) < MEMORY_FACTOR * len(body)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_body_of_twice_the_size__is_at_most_twice_the_work(name: str) -> None:
    once, twice = (HOSTILE[name](BODY_BYTES // parts) for parts in (8, 4))

    work = work_of(once)
    assert work <= WORK_FACTOR * len(once)
    assert work_of(twice) <= 2.2 * work + 1000


@pytest.mark.parametrize("members", [1, 90])
def test_gzip_bomb__takes_little_more_than_what_is_allowed(members: int) -> None:
    limit = BODY_BYTES // 4
    bomb = gzip.compress(bytes(20 * limit // members)) * members

    def open_it() -> None:
        with pytest.raises(TooLarge):
            bounded_gunzip(bomb, limit)

    assert len(bomb) < limit // 10
    assert peak_of(open_it) < 3 * limit
