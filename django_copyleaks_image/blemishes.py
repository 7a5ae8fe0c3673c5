"""Whether a file has what browsers forgive and strict decoders do not; no pixel is decoded for that.

JPEG: ITU-T T.81, annex B. PNG: https://www.w3.org/TR/png-3/#5DataRep.
"""

import zlib

_PNG_START = 8  # Bytes of its signature.
_PNG_FRAME = 12  # Bytes of length, type and checksum around the data of a chunk.
# After which a strict decoder, such as Pillow's, takes a text or profile for a bomb.
_MOST_TEXT = 1024 * 1024
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"iCCP"})
# Far more than cameras and programs write: what goes beyond that is left to the decoder.
_MOST_PARTS = 20_000
_JPEG_END = b"\xff\xd9"
_JPEG_SCAN = 0xDA


def is_blemished(format_name: str, data: bytes) -> bool:
    """Return whether a PNG or JPEG has a blemish; what has no structure at all is for its decoder to refuse."""
    if format_name == "PNG":
        return _png_is_blemished(memoryview(data))
    return format_name == "JPEG" and not _jpeg_has_end(data)


def _jpeg_has_end(data: bytes) -> bool:
    """Return whether the picture's own end marker is there; previews before it, and what follows, have others."""
    position = 2
    for _ in range(_MOST_PARTS):
        if data[position : position + 1] != b"\xff":
            return True
        marker = data[position + 1 : position + 2]
        if marker == b"\xff":  # A filling byte.
            position += 1
            continue
        if marker and marker[0] == _JPEG_SCAN:
            # Within pixels no marker can occur: 0xFF is followed by a zero there.
            return data.find(_JPEG_END, position) >= 0
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return True


def _png_is_blemished(data: memoryview) -> bool:
    position, texts = _PNG_START, 0
    for _ in range(_MOST_PARTS):
        length, kind = int.from_bytes(data[position : position + 4], "big"), bytes(data[position + 4 : position + 8])
        end = position + _PNG_FRAME + length
        if len(kind) < 4 or end > len(data):
            return True
        checksum = zlib.crc32(data[position + 4 : end - 4])
        if checksum != int.from_bytes(data[end - 4 : end], "big"):
            return True
        if kind in _TEXTS:
            texts += _length_of_text(kind, data[position + 8 : end - 4])
            if texts > _MOST_TEXT:
                return True
        if kind == b"IEND":
            return False
        position = end
    return False


def _length_of_text(kind: bytes, content: memoryview) -> int:
    """Return how long a text or profile is once it is decompressed, or a little more than is allowed."""
    if kind == b"tEXt":
        return len(content)
    _, _, rest = bytes(content).partition(b"\0")
    if kind == b"iTXt":
        if rest[:1] != b"\x01":
            return len(content)
        *_, compressed = rest[2:].split(b"\0", 2)
    else:
        compressed = rest[1:]
    try:
        return len(zlib.decompressobj().decompress(compressed, _MOST_TEXT + 1))
    except zlib.error:
        return _MOST_TEXT + 1  # Which a strict decoder minds as well.
