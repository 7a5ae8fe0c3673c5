"""A body as received → JSON: bounded before it is decompressed, and never quoted in an error."""

import json
import math
import zlib

MAX_GZIP_MEMBERS = 100

_GZIP = 16 + zlib.MAX_WBITS
# Python refuses to convert integers of more than 4,300 digits; no field of ours needs more than these.
_MAX_DIGITS = 40


class PayloadError(ValueError):
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
            raise NotJsonObject("The body is not valid gzip.") from None
        left -= len(part)
        if left < 0:
            raise TooLarge(f"The body is larger than {limit} bytes once it is decompressed.")
        if not member.eof:
            raise NotJsonObject("The gzip body was cut short.")
        parts.append(part)
        data = member.unused_data
        if not data:
            return b"".join(parts)
    raise NotJsonObject("The gzip body has too many parts.")


def load_json(body: bytes) -> object:
    """Decode a UTF-8 JSON document; raise NotJsonObject for anything else, PayloadError when too deep."""
    problem: PayloadError
    try:
        return _decoded(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        problem = NotJsonObject("The body is not UTF-8.")
    except json.JSONDecodeError:
        problem = NotJsonObject("The body is not JSON, or was cut short.")
    except RecursionError:
        problem = PayloadError("The body nests too deep.")
    # Raised outside the handlers: the decoding errors hold the whole document.
    raise problem


def load_object(body: bytes) -> dict[str, object]:
    """Decode a JSON object; raise NotJsonObject for anything else, PayloadError when too deep."""
    document = load_json(body)
    if not isinstance(document, dict):
        raise NotJsonObject("The body is JSON, but not an object.")
    return document


def _decoded(document: str) -> object:
    try:
        return json.loads(document)
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError):
            raise
    # An integer with thousands of digits; it may stand in a field that nobody reads.
    return json.loads(document, parse_int=_whole_number)


def _whole_number(digits: str) -> float:
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf
