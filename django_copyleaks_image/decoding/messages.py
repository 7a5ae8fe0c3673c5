"""What goes over the pipes between a process and the children that read pictures for it.

A message is two lengths, a small head in JSON, and bytes. Both lengths are bounded on both sides.
"""

import json
import struct
from typing import IO, Any, NamedTuple

from django_copyleaks_image.formats import MAX_BYTES

MAX_HEAD = 16 * 1024
_LENGTHS = struct.Struct(">II")
_CHUNK = 256 * 1024


class Message(NamedTuple):
    head: dict[str, Any]
    body: bytes


class BrokenMessage(Exception):
    """The other side is gone, or sends what is no message."""


def send(stream: IO[bytes], head: dict[str, Any], body: IO[bytes], size: int) -> None:
    """Send a head and ``size`` bytes; raise what the pipe raises."""
    encoded = json.dumps(head).encode()
    _write(stream, _LENGTHS.pack(len(encoded), size) + encoded)
    left = size
    while left and (chunk := body.read(min(left, _CHUNK))):
        _write(stream, chunk)
        left -= len(chunk)
    if left:
        raise BrokenMessage("There are fewer bytes than were announced.")
    stream.flush()


def receive(stream: IO[bytes]) -> Message:
    """Return the next message; raise BrokenMessage."""
    head_size, body_size = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    if head_size > MAX_HEAD or body_size > MAX_BYTES:
        raise BrokenMessage("The message is too large.")
    try:
        head = json.loads(_exactly(stream, head_size))
    except ValueError:
        head = None
    if not isinstance(head, dict):
        raise BrokenMessage("The message is malformed.")
    return Message(head, _exactly(stream, body_size))


def _write(stream: IO[bytes], data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[stream.write(left) :]


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        if not (chunk := stream.read(size - len(data))):
            raise BrokenMessage("The other side is gone.")
        if len(chunk) == size:
            return chunk
        data += chunk
    return bytes(data)
