"""A body is decompressed and decoded within its bounds, or refused; no trick makes it cost more."""

import gzip
import json
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from random import Random
from typing import Any

import pytest

from django_copyleaks_image.copyleaks import bodies
from django_copyleaks_image.copyleaks.bodies import (
    NotJsonObject,
    PayloadError,
    TooLarge,
    bounded_gunzip,
    check_object,
    load_json,
    load_object,
)
from django_copyleaks_image.copyleaks.payloads import Detection, parse_callback

DATA = b'{"isAiDetected": true}'
# Without the time, which would be another for each process that names the tests.
PACKED = gzip.compress(DATA, mtime=0)


def test_one_member() -> None:
    assert bounded_gunzip(gzip.compress(DATA), 1000) == DATA


def test_several_members__are_one_body() -> None:
    assert bounded_gunzip(gzip.compress(DATA) + gzip.compress(b"") + gzip.compress(DATA), 1000) == DATA + DATA


def test_limit__is_inclusive() -> None:
    assert bounded_gunzip(gzip.compress(DATA), len(DATA)) == DATA
    with pytest.raises(TooLarge):
        bounded_gunzip(gzip.compress(DATA), len(DATA) - 1)
    assert bounded_gunzip(gzip.compress(DATA) * 2, 2 * len(DATA)) == DATA * 2
    with pytest.raises(TooLarge):
        bounded_gunzip(gzip.compress(DATA) * 2, 2 * len(DATA) - 1)
    assert bounded_gunzip(gzip.compress(b""), 0) == b""


def test_bomb__allocates_no_more_than_the_limit() -> None:
    bomb = gzip.compress(bytes(100_000_000), 9)
    tracemalloc.start()
    with pytest.raises(TooLarge):
        bounded_gunzip(bomb, 1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 3_000_000


def test_bomb_of_tiny_members__takes_no_time() -> None:
    bomb = gzip.compress(b"") * 300_000
    started = time.thread_time()
    with pytest.raises(PayloadError):
        bounded_gunzip(bomb, 1_000_000)

    assert time.thread_time() - started < 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        DATA,
        PACKED[:-1],
        PACKED[:-9],
        PACKED[:5],
        PACKED + b"garbage",
        PACKED + b"\x00",
        PACKED[:-8] + bytes(8),
        PACKED + PACKED[:12],
    ],
)
def test_damaged_or_cut_short(data: bytes) -> None:
    with pytest.raises(NotJsonObject) as caught:
        bounded_gunzip(data, 1000)

    assert not isinstance(caught.value, TooLarge)


def filled(piece: bytes, size: int = 12_000_000) -> bytes:
    """Return an object that holds a list of the same members, as large as a callback may be."""
    return b'{"result": {"starts": [' + piece * (size // len(piece)) + piece.rstrip(b",") + b"]}}"


HOSTILE = {
    "objects": filled(b"{},"),
    "lists": filled(b"[],"),
    "texts": filled(b'"",'),
    "names": b"{" + b",".join(b'"%07d":""' % number for number in range(600_000)) + b"}",
    "digits": filled(b"0,"),
    "deep": b'{"a":' + b"[" * 6_000_000 + b"]" * 6_000_000 + b"}",
    "just too deep": b"[" * (bodies.MAX_DEPTH + 3) + b"]" * (bodies.MAX_DEPTH + 3),
}


@pytest.fixture
def _patterns_are_compiled() -> None:
    """Leave out of what is measured what the first body of a process takes."""
    load_object(b'{"a": [[[[[1, 2]]], [[[3]]]], {"b": {"c": {"d": {"e": 1}}, "f": 2}, "g": 3}], "h": 4}')


@pytest.mark.usefixtures("_patterns_are_compiled")
@pytest.mark.parametrize("body", HOSTILE.values(), ids=list(HOSTILE))
def test_body_that_would_take_too_much_memory__is_not_decoded(body: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(PayloadError) as caught:
        load_object(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert not isinstance(caught.value, NotJsonObject)
    assert peak < 100_000


@pytest.mark.usefixtures("_patterns_are_compiled")
def test_largest_body__is_looked_at_without_memory() -> None:
    body = filled(b"999,")
    tracemalloc.start()
    check_object(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 100_000


@pytest.mark.parametrize("runs", [200_000, 2_000_000])
def test_largest_masks__are_read(runs: int) -> None:
    starts, lengths = list(range(0, 10 * runs, 10)), [7] * runs
    body = {"isAiDetected": True, "result": {"starts": starts, "lengths": lengths}, "scannedDocument": {}}

    found = parse_callback(json.dumps(body).encode())

    assert isinstance(found, Detection)
    assert found.mask is not None
    assert (len(found.mask.starts), found.mask_problem) == (runs, "")


MEASURED = """
import gzip, resource, sys
from concurrent.futures import ThreadPoolExecutor
from django_copyleaks_image.copyleaks.bodies import PayloadError, bounded_gunzip, check_object, load_object

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def request(member):
    try:
        check_object(bounded_gunzip(member, 12_582_912))
    except PayloadError:
        pass

bombs = [gzip.compress(eval(piece) * (12_500_000 // len(eval(piece))) + b"0]}") for piece in sys.argv[1:]]
heads = [gzip.compress(b'{"a": [') + bomb for bomb in bombs]
before = peak()
with ThreadPoolExecutor(6) as pool:
    list(pool.map(request, heads * 6))
in_requests = peak() - before
for head in heads:
    try:
        load_object(bounded_gunzip(head, 12_582_912))
    except PayloadError:
        pass
print(in_requests, peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the unit of the peak is another")
def test_memory__of_six_requests_at_once_and_of_the_worker() -> None:
    pieces = ("b'[],'", "b'{},'", "b'999,'", "b'1.5,'")
    command = [sys.executable, "-c", MEASURED, *pieces]
    finished = subprocess.run(command, cwd=Path(bodies.__file__).parents[2], capture_output=True, check=True, text=True)
    in_requests, in_worker = map(float, finished.stdout.split())

    # A body itself takes 12 MB, and the building of the bombs before has left room for one.
    assert in_requests < 110
    assert in_worker < 250


ODD = [1, -2.5, 1e300, 'a"b\\n€', "", True, None, float("nan"), float("-inf"), 12345678901234567890, -0.0, "\u0000"]


def anything(random: Random, depth: int = 0) -> Any:
    if depth > 4 or random.random() < 0.5:
        return random.choice(ODD)
    if random.random() < 0.5:
        return [anything(random, depth + 1) for _ in range(random.randint(0, 4))]
    return {random.choice('ab"é') * random.randint(0, 2): anything(random, depth + 1) for _ in range(3)}


def damaged(random: Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(random.choice((0, 1, 1, 2))):
        at = random.randrange(len(changed) or 1)
        match random.randrange(4):
            case 0:
                del changed[at : at + 1]
            case 1:
                changed[at : at + 1] = bytes([random.choice(b'[]{},:"\\0123eE+-.\n\x00 tfn\xff\xc3')])
            case 2:
                changed[at:at] = bytes([random.choice(b'[]{},:"\\019eE+-. tfn\x7f')])
            case 3:
                del changed[at:]
    return bytes(changed)


def is_json(body: bytes) -> bool:
    try:
        json.loads(body.decode("utf-8-sig"))
    except ValueError:
        return False
    return True


def test_damaged_bodies__are_told_from_sound_ones_as_the_decoder_does() -> None:
    random = Random(11)
    sound = 0
    for _ in range(20_000):
        text = json.dumps(anything(random), ensure_ascii=random.random() < 0.5, indent=random.choice((None, 1)))
        body = damaged(random, random.choice((b"", b"", b"\xef\xbb\xbf")) + text.encode())
        try:
            load_json(body)
        except NotJsonObject:
            assert not is_json(body), body
        else:
            assert is_json(body), body
            sound += 1
    assert 5_000 < sound < 15_000


@pytest.mark.parametrize("body", [b"[]", b"1", b" \n null", b"\xef\xbb\xbf[1]", b'"{}"', b"", b" "])
def test_no_object(body: bytes) -> None:
    for read in (check_object, load_object):
        with pytest.raises(NotJsonObject):
            read(body)


@pytest.mark.parametrize("body", [b"{}", b"\xef\xbb\xbf {} ", b' \r\n{"a": [1 , 2.5e3,[ ], { } ] , "b":"\\u00e9"}\t'])
def test_object(body: bytes) -> None:
    assert load_object(body) == json.loads(body.decode("utf-8-sig"))


def test_text_that_is_cut_within_a_letter() -> None:
    letters = b'{"a": "' + "é".encode() * 70_000 + b'"}'
    check_object(letters)
    for damage in (letters[:100_001] + letters[100_002:], letters.replace(b'"}', b'\xc3"}')):
        with pytest.raises(NotJsonObject, match="UTF-8"):
            check_object(damage)
