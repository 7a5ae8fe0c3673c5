"""Whether a file is a picture, and a whole one, as far as its first and last bytes tell; nothing is decoded."""

import re
from typing import IO

from .formats import TYPES, FileType

# How browsers know pictures: https://mimesniff.spec.whatwg.org/#image-type-pattern-matching-algorithm, and by their own
# signatures those that only some of them show. TIFF and HEIF are there because Copyleaks takes them.
_SIGNATURES = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
    b"\0\0\1\0",
    b"\0\0\2\0",
    b"\xff\x0a",
    b"\0\0\0\x0cJXL \r\n\x87\n",
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"\xff\x4f\xff\x51",
)
# What a browser is told that a picture is, by how it begins.
_SHOWN = (
    (b"\xff\xd8\xff", TYPES["JPEG"]),
    (b"\x89PNG\r\n\x1a\n", TYPES["PNG"]),
    (b"GIF8", TYPES["GIF"]),
    (b"RIFF", TYPES["WEBP"]),
    (b"BM", TYPES["BMP"]),
    (b"\0\0\1\0", FileType("image/x-icon", ".ico")),
)
_SVG_TYPE = FileType("image/svg+xml", ".svg")
# Brands of ISO media files (ISO/IEC 14496-12, 4.3) that hold still pictures or sequences of them; others are films.
_BRANDS = frozenset({b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1"})
# The root element of an SVG, behind what may come before it in an XML document. There is one way alone to read each
# byte, so that no text of a stranger takes long.
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?"
    rb"(?:\s|<\?xml[^>]*>|<!--(?:(?!-->).)*-->|<!DOCTYPE\s+svg[^>\[]*(?:\[[^\]]*\])?>)*"
    rb"<svg[\s>]",
    re.DOTALL,
)
# An SVG says what it is within so many bytes, or is taken for text.
_LOOKED_AT = 4096
# Some programs append their own data behind the end of a picture.
_TAIL = 64 * 1024


def is_picture(beginning: bytes) -> bool:
    """Return whether a file that begins so is a picture to a browser or to Copyleaks, damaged or not."""
    if beginning.startswith(_SIGNATURES):
        return True
    if beginning[:4] == b"RIFF":
        return beginning[8:12] == b"WEBP"
    if beginning[4:8] == b"ftyp":
        size = int.from_bytes(beginning[:4], "big")
        brands = beginning[8:12] + beginning[16 : min(max(size, 16), _LOOKED_AT)]
        return any(brands[at : at + 4] in _BRANDS for at in range(0, len(brands), 4))
    return _SVG.match(beginning[:_LOOKED_AT]) is not None


def shown_type(beginning: bytes) -> FileType | None:
    """Return as what a browser may show a file that begins so, None if no browser is known to show such a one."""
    if not is_picture(beginning):
        return None
    if beginning[4:8] == b"ftyp":
        return TYPES["AVIF" if b"avif" in beginning[:64] or b"avis" in beginning[:64] else "HEIC"]
    if _SVG.match(beginning[:_LOOKED_AT]):
        return _SVG_TYPE
    return next((file_type for signature, file_type in _SHOWN if beginning.startswith(signature)), None)


def is_cut_off(file: IO[bytes], size: int) -> bool:
    """Return whether a seekable file of ``size`` bytes ends before its picture does, as one that is being written.

    True of some whole files as well, whose end somebody has left out: whoever asks may wait, but not for ever.
    """
    file.seek(0)
    beginning = file.read(12)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    file.seek(0)
    if beginning.startswith(b"\xff\xd8\xff"):
        return b"\xff\xd9" not in tail
    if beginning.startswith(b"\x89PNG"):
        return b"IEND" not in tail
    if beginning.startswith(b"GIF8"):
        return b"\x3b" not in tail
    if beginning[:4] == b"RIFF":
        return size < int.from_bytes(beginning[4:8], "little") + 8
    if beginning.startswith(b"BM"):
        return size < int.from_bytes(beginning[2:6], "little")
    return False
