"""Size and orientation of HEIC, HEIF and AVIF pictures, read from their boxes: no decoder is needed.

Sources: ISO/IEC 14496-12 (boxes, ``ftyp``, ``meta``, ``pitm``) and ISO/IEC 23008-12 (``iprp``, ``ipco``,
``ipma`` and the properties ``ispe``, ``clap``, ``irot``, ``imir``).
"""

import struct
from dataclasses import dataclass
from typing import Literal

_HEVC_STILLS = {b"heic", b"heix", b"heim", b"heis"}
_HEVC_SEQUENCES = {b"hevc", b"hevx", b"hevm", b"hevs"}
_AV1 = {b"avif", b"avis"}
_ANY_CODEC = {b"mif1", b"msf1"}
_BRANDS = _HEVC_STILLS | _HEVC_SEQUENCES | _AV1 | _ANY_CODEC
_SEQUENCES = _HEVC_SEQUENCES | {b"avis", b"msf1"}

# Far more than cameras write; a file made of empty boxes must not keep a worker busy.
_MAX_BOXES = 4096
_MAX_ITEMS = 65_536
_MAX_ASSOCIATION_BOXES = 4  # One for each combination of version and flags.

_FULL_BOX = 4  # Bytes of version and flags with which meta, pitm, ipma and ispe begin.

# EXIF orientation for a picture that is mirrored left to right (0 or 1) and then turned left so many times.
_ORIENTATIONS = ((1, 8, 3, 6), (2, 5, 4, 7))


class HeifError(ValueError):
    """A file says that it is HEIF, but its boxes are malformed or describe no still picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeifFacts:
    """What the boxes say; width and height in pixels, before the orientation (EXIF, 1 to 8) is applied."""

    format: Literal["HEIC", "HEIF", "AVIF"]
    width: int
    height: int
    orientation: int
    animated: bool


def is_heif(data: bytes) -> bool:
    """Tell whether a file's ``ftyp`` box names a HEIF brand."""
    return data[4:8] == b"ftyp" and not _BRANDS.isdisjoint(_brands(data))


def read_heif(data: bytes) -> HeifFacts:
    """Return the facts of the primary picture, or of the largest when none is named; raise HeifError."""
    brands = _brands(data)
    try:
        width, height, orientation = _primary_picture(memoryview(data))
    except (struct.error, IndexError):
        raise HeifError("The HEIF file's boxes are cut short.") from None
    if not width or not height:
        raise HeifError("The HEIF file says that its picture is empty.")
    return HeifFacts(
        format=_format(brands),
        width=width,
        height=height,
        orientation=orientation,
        animated=brands[0] in _SEQUENCES,
    )


def _brands(data: bytes) -> list[bytes]:
    """Return the major brand, then the compatible ones; between them stands the minor version."""
    end = min(int.from_bytes(data[:4], "big"), 256)
    return [data[8:12], *(data[offset : offset + 4] for offset in range(16, end, 4))]


def _format(brands: list[bytes]) -> Literal["HEIC", "HEIF", "AVIF"]:
    if not _AV1.isdisjoint(brands):
        return "AVIF"
    return "HEIF" if (_HEVC_STILLS | _HEVC_SEQUENCES).isdisjoint(brands) else "HEIC"


def _primary_picture(data: memoryview) -> tuple[int, int, int]:
    """Return width, height and orientation."""
    meta = _boxes(_child(_boxes(data), b"meta")[_FULL_BOX:])
    item_properties = _boxes(_child(meta, b"iprp"))
    properties = _boxes(_child(item_properties, b"ipco"))
    primary = _primary_item(meta)
    association_boxes = [content for name, content in item_properties if name == b"ipma"]
    for content in association_boxes[:_MAX_ASSOCIATION_BOXES]:
        # Indexes count from 1; 0 stands for "no property".
        indexes = _associations(content).get(primary, ())
        own = [properties[index - 1] for index in indexes if 1 <= index <= len(properties)]
        if any(name == b"ispe" for name, _ in own):
            return _transformed(own)
    sizes = [struct.unpack_from(">II", content, _FULL_BOX) for name, content in properties if name == b"ispe"]
    if not sizes:
        raise HeifError("The HEIF file does not say how large its picture is.")
    return *max(sizes, key=lambda size: size[0] * size[1]), 1


def _boxes(data: memoryview) -> list[tuple[bytes, memoryview]]:
    """Return type and content of the boxes that stand one after the other, without one that is cut off."""
    boxes: list[tuple[bytes, memoryview]] = []
    while len(data) >= 8:
        if len(boxes) == _MAX_BOXES:
            raise HeifError(f"The HEIF file has more than {_MAX_BOXES} boxes in a row.")
        size, box_type = struct.unpack_from(">I4s", data)
        header = 8
        if size == 1:  # The size is the 64-bit number that follows.
            (size,), header = struct.unpack_from(">Q", data, 8), 16
        elif size == 0:  # The box goes on to the end.
            size = len(data)
        if not header <= size <= len(data):
            break
        boxes.append((box_type, data[header:size]))
        data = data[size:]
    return boxes


def _child(boxes: list[tuple[bytes, memoryview]], name: bytes) -> memoryview:
    for box_type, content in boxes:
        if box_type == name:
            return content
    raise HeifError(f"The HEIF file holds no still picture: its {name.decode()} box is missing.")


def _primary_item(meta: list[tuple[bytes, memoryview]]) -> int:
    for box_type, content in meta:
        if box_type == b"pitm":
            item: int = struct.unpack_from(">I" if content[0] else ">H", content, _FULL_BOX)[0]
            return item
    return 0  # No item has this number.


def _associations(content: memoryview) -> dict[int, tuple[int, ...]]:
    """Return the property indexes of every item in an ``ipma`` box."""
    version, wide, count = content[0], content[3] & 1, struct.unpack_from(">I", content, _FULL_BOX)[0]
    if count > _MAX_ITEMS:
        raise HeifError(f"The HEIF file describes {count} items, more than {_MAX_ITEMS}.")
    item_format = struct.Struct(">IB" if version else ">HB")
    associations: dict[int, tuple[int, ...]] = {}
    offset = _FULL_BOX + 4
    for _ in range(count):
        item, length = item_format.unpack_from(content, offset)
        offset += item_format.size
        # The highest bit says whether a reader must understand the property.
        codes = struct.unpack_from(f">{length}{'H' if wide else 'B'}", content, offset)
        associations[item] = tuple(code & (0x7FFF if wide else 0x7F) for code in codes)
        offset += length << wide
    return associations


def _transformed(properties: list[tuple[bytes, memoryview]]) -> tuple[int, int, int]:
    """Return the cropped size, and the EXIF orientation that equals all turns and mirrorings in order."""
    width = height = turns = mirrored = 0
    for name, content in properties:
        if name == b"ispe":
            width, height = struct.unpack_from(">II", content, _FULL_BOX)
        elif name == b"clap":
            width_n, width_d, height_n, height_d = struct.unpack_from(">4I", content)
            if not width_d or not height_d:
                raise HeifError("The HEIF file's crop is malformed.")
            width, height = min(width, width_n // width_d), min(height, height_n // height_d)
        elif name == b"irot":
            turns += struct.unpack_from(">B", content)[0]
        elif name == b"imir":
            # Turning, then mirroring left to right, is mirroring first and turning the other way round;
            # axis 0 mirrors top to bottom, which is left to right and half a turn.
            (axis,) = struct.unpack_from(">B", content)
            turns, mirrored = (0 if axis & 1 else 2) - turns, 1 - mirrored
    return width, height, _ORIENTATIONS[mirrored][turns % 4]
