"""The picture that a trial sends: drawn here, so that nothing of the site leaves for it."""

import struct
import zlib

SIDE = 640
# What no decoder takes for a picture: the provider should tell of a failure.
BROKEN = b"This is no picture.\n"


def draw() -> bytes:
    """Return a PNG of a colour gradient, 640 pixels a side: https://www.w3.org/TR/png-3/."""
    columns = [number * 255 // (SIDE - 1) for number in range(SIDE)]
    # Each row begins with its filter, none.
    rows = b"".join(
        b"\0" + b"".join(bytes((column, row, (column + row) // 2)) for column in columns) for row in columns
    )
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
