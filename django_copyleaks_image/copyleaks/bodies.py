"""A body as received → JSON: bounded before it is decompressed and before it is decoded, and quoted in no error.

Python's decoder makes objects as it reads: fifty bytes of memory and more for each byte of ``[[],[],[]…``. So the
same grammar is read first by patterns that make none, which takes less time and next to no memory.
"""

import json
import math
import re
import zlib
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Callable
from functools import cache
from typing import cast

from django_copyleaks_image.problems import Problem, SentenceError

MAX_GZIP_MEMBERS = 100
# Of anything but numbers, the names of members included: a result has some fifty.
MAX_VALUES = 100_000
# Two for each run of the largest mask that is read, see masks.MAX_RUNS, and some for everything else.
MAX_NUMBERS = 4_100_000
MAX_DEPTH = 100

_GZIP = 16 + zlib.MAX_WBITS
_CHUNK = 64 * 1024

_SPACE = rb"[ \t\n\r]*+"
_NUMBER = rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?[0-9]++)?+"
_STRING = rb'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"'
_NAME = _STRING + _SPACE + rb":"
# The last three are not of JSON, but read by Python's decoder.
_WORD = rb"true|false|null|NaN|-?Infinity"


def _or_container_of(value: bytes) -> bytes:
    item, member = (_SPACE + begin + value + _SPACE for begin in (b"", _NAME + _SPACE))
    inside = (rb"(?>(?:%b,)*+%b|%b)" % (part, part, _SPACE) for part in (item, member))
    return rb"(?>%b|\[%b\]|\{%b\})" % (value, *inside)


# A mask is two of these and nearly all of a body, so they are read apart, five times as fast.
_NATURAL = rb" ?+(?:0|[1-9][0-9]*+)"
_NATURALS = rb"\[(?:%b,)*+%b\]" % (_NATURAL, _NATURAL)
# What is read in one go: all but containers of containers of containers.
_VALUE = rb"(?>%b|%b)" % (_NATURALS, _or_container_of(rb"(?>%b|%b|%b)" % (_NUMBER, _STRING, _WORD)))
_SIMPLE = _or_container_of(_VALUE)


def _at(pattern: bytes) -> Callable[[bytes, int], re.Match[bytes] | None]:
    """Return what looks for a pattern at a place; compiled at first use, for some take longer than most modules."""

    @cache
    def compiled() -> re.Pattern[bytes]:
        return re.compile(pattern)

    return lambda document, at: compiled().match(document, at)


_simple_at = _at(_SPACE + _SIMPLE + _SPACE)
_items_at = _at(rb"(?:%b%b%b,)*+" % (_SPACE, _SIMPLE, _SPACE))
_members_at = _at(rb"(?:%b%b%b%b%b,)*+" % (_SPACE, _NAME, _SPACE, _SIMPLE, _SPACE))
_name_at = _at(_SPACE + _NAME)
_opening_at = _at(_SPACE + rb"([\[{])")
_closing_at = _at(rb"([\]}])" + _SPACE)
_comma_at = _at(rb",")
_PAIRS = {b"]": b"[", b"}": b"{"}

# Python refuses to convert integers of more than 4,300 digits; no field of ours needs more than these.
_MAX_DIGITS = 40


class PayloadError(SentenceError, ValueError):
    """A body is not a result we can read; the message is safe to store and quotes nothing of the body."""


class NotJsonObject(PayloadError):
    """A body is no JSON object, or was cut short on the way."""


class TooLarge(PayloadError):
    """A body is larger than allowed once it is decompressed."""


def bounded_gunzip(data: bytes, limit: int) -> bytes:
    """Decompress a gzip body of one or more members to at most ``limit`` bytes, allocating no more than that.

    Raises TooLarge beyond the limit, and NotJsonObject when the data is cut short, damaged or followed by
    anything else.
    """
    parts: list[bytes] = []
    left = limit
    # Bounded, because each member copies what follows it: a body of tiny members would take quadratic time.
    for _ in range(MAX_GZIP_MEMBERS):
        member = zlib.decompressobj(wbits=_GZIP)
        try:
            # One byte more than allowed: at exactly the limit, zlib would not report the end of the stream.
            part = member.decompress(data, left + 1)
        except zlib.error:
            raise NotJsonObject(Problem.BODY_NO_GZIP()) from None
        left -= len(part)
        if left < 0:
            raise TooLarge(Problem.BODY_OVER_LIMIT(limit=limit))
        if not member.eof:
            raise NotJsonObject(Problem.BODY_GZIP_CUT_SHORT())
        parts.append(part)
        data = member.unused_data
        if not data:
            return b"".join(parts)
    raise NotJsonObject(Problem.BODY_GZIP_PARTS())


def check_object(body: bytes) -> None:
    """Raise NotJsonObject unless a body is one whole JSON object, PayloadError when it is too large to be decoded.

    Nothing is made of it: this takes as long as decoding it and hardly any memory.
    """
    _check(body)
    if body.removeprefix(BOM_UTF8).lstrip(b" \t\n\r")[:1] != b"{":
        raise NotJsonObject(Problem.BODY_NO_OBJECT())


def load_json(body: bytes) -> object:
    """Decode a UTF-8 JSON document; raise NotJsonObject for anything else, PayloadError when it is too large.

    Too large are more than :data:`MAX_VALUES`, :data:`MAX_NUMBERS`, or a nesting of more than :data:`MAX_DEPTH`.
    """
    _check(body)
    return _decoded(body.decode("utf-8-sig"))


def load_object(body: bytes) -> dict[str, object]:
    """Decode a JSON object; raise NotJsonObject for anything else, PayloadError when it is too large."""
    check_object(body)
    return cast("dict[str, object]", _decoded(body.decode("utf-8-sig")))


def _check(document: bytes) -> None:
    """Read one document from its beginning to its end by the grammar of JSON, if it is small enough to be decoded."""
    _check_counts(document)
    _check_text(document)
    at = len(BOM_UTF8) if document.startswith(BOM_UTF8) else 0
    opened: list[bytes] = []
    while True:
        if simple := _simple_at(document, at):
            at = _after_what_closes(document, simple.end(), opened)
            if not opened:
                break
            at = _required(_comma_at(document, at)).end()
        else:
            opening = _required(_opening_at(document, at))
            at = opening.end()
            opened.append(opening[1])
            if len(opened) > MAX_DEPTH:
                raise PayloadError(Problem.BODY_NESTS_TOO_DEEP())
        if opened[-1] == b"[":
            at = _required(_items_at(document, at)).end()
        else:
            at = _required(_members_at(document, at)).end()
            at = _required(_name_at(document, at)).end()
    if at < len(document):
        raise _not_json()


def _check_counts(document: bytes) -> None:
    """Count what a document may be made of: no less than it is, since marks within texts are counted as well."""
    values = document.count(b"[") + document.count(b"{") + document.count(b'"') // 2
    if values > MAX_VALUES or document.count(b",") > MAX_NUMBERS:
        raise PayloadError(Problem.BODY_TOO_MANY_VALUES())


def _required(found: re.Match[bytes] | None) -> re.Match[bytes]:
    if found is None:
        raise _not_json()
    return found


def _after_what_closes(document: bytes, at: int, opened: list[bytes]) -> int:
    """Return where the brackets that close here end, and take those that they close from the open ones."""
    while opened and (closing := _closing_at(document, at)):
        if opened.pop() != _PAIRS[closing[1]]:
            raise _not_json()
        at = closing.end()
    return at


def _check_text(document: bytes) -> None:
    if document.isascii():
        return
    decoder = getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(document), _CHUNK):
            decoder.decode(document[at : at + _CHUNK], final=at + _CHUNK >= len(document))
    except UnicodeDecodeError:
        problem = NotJsonObject(Problem.BODY_NOT_UTF8())
    else:
        return
    # Raised outside the handler: the decoding error holds what it could not decode.
    raise problem


def _not_json() -> NotJsonObject:
    return NotJsonObject(Problem.BODY_NOT_JSON())


def _decoded(document: str) -> object:
    try:
        return json.loads(document)
    except ValueError:
        # An integer with thousands of digits; it may stand in a field that nobody reads.
        return json.loads(document, parse_int=_whole_number)


def _whole_number(digits: str) -> float:
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf
