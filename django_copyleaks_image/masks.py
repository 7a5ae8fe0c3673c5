"""Marked pixels as runs: read what the vendor sent, store it compactly, and find its regions.

A run is a start and a length over the picture's rows laid end to end, ``index = y * width + x``, so a run may
cross the end of a row. See "Response" in https://docs.copyleaks.com/reference/actions/ai-image-detector/check/.
"""

import sys
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import accumulate, chain, compress, islice
from operator import add, le, mul, sub
from typing import NamedTuple, cast

from .problems import Problem, SentenceError

MAX_RUNS = 2_000_000
MAX_PIXELS = 2**40 - 1
MAX_SIDE = 65_535

_VERSION = b"\x01"
_NUMBER_SIZE = array("Q").itemsize
# Where the five bytes that MAX_PIXELS needs stand in a native 64-bit number, the least significant first.
_BYTES = range(5) if sys.byteorder == "little" else range(_NUMBER_SIZE - 1, _NUMBER_SIZE - 6, -1)
_PACKED_RUN_SIZE = 2 * len(_BYTES)


class MaskError(SentenceError, ValueError):
    """A mask is malformed; the message says how, quoting no more of it than a number."""


@dataclass(frozen=True, slots=True)
class Mask:
    """Marked pixels as ascending runs that do not overlap, made by :func:`read_mask` or :func:`unpack`."""

    starts: Sequence[int]
    lengths: Sequence[int]

    @property
    def area(self) -> int:
        """Return the number of marked pixels."""
        return sum(self.lengths)

    @property
    def end(self) -> int:
        """Return the index after the last marked pixel, 0 when nothing is marked."""
        return self.starts[-1] + self.lengths[-1] if self else 0

    def __bool__(self) -> bool:
        return len(self.starts) > 0


class Region(NamedTuple):
    """Marked pixels that touch, diagonally too; in pixels, the picture's top left corner being (0, 0).

    The centroid is a point, not a pixel: that of the single pixel x=3, y=4 is (3.5, 4.5).
    """

    x: int
    y: int
    width: int
    height: int
    area: int
    centroid: tuple[float, float]


def read_mask(starts: object, lengths: object, *, pixels: int | None) -> Mask:
    """Validate runs as decoded from JSON; sort them and merge overlaps where necessary.

    ``pixels`` is the picture's width times height, None when unknown. Raises MaskError.
    """
    if not isinstance(starts, list) or not isinstance(lengths, list):
        raise MaskError(Problem.MASK_NO_LISTS())
    if len(starts) != len(lengths):
        raise MaskError(Problem.MASK_UNPAIRED(starts=len(starts), lengths=len(lengths)))
    if len(starts) > MAX_RUNS:
        raise MaskError(Problem.MASK_TOO_MANY_RUNS(runs=len(starts), limit=MAX_RUNS))
    mask = Mask(
        _whole_numbers(starts, Problem.MASK_START_NOT_WHOLE, Problem.MASK_START_OUT_OF_RANGE),
        _whole_numbers(lengths, Problem.MASK_LENGTH_NOT_WHOLE, Problem.MASK_LENGTH_OUT_OF_RANGE),
    )
    if _is_ascending(mask):
        _check_runs(mask, mask.end, pixels)
        return mask
    _check_runs(mask, max(map(add, mask.starts, mask.lengths)), pixels)
    return _merged(mask)


def pack(mask: Mask) -> bytes:
    """Return the mask as bytes for storage, about a fifth of the vendor's JSON.

    A version byte, then zlib over five planes of start differences and five of lengths: plane n holds byte n
    of every number. That compresses better than one variable-length integer after the other, since the upper
    planes are nearly constant, and array slices build it in a fraction of the time.
    """
    differences = map(sub, mask.starts, chain((0,), mask.starts))
    return _VERSION + zlib.compress(_planes(array("Q", differences)) + _planes(array("Q", mask.lengths)), 1)


def unpack(data: bytes | memoryview) -> Mask:
    """Return the mask that :func:`pack` stored; raise MaskError for anything else, inflating little of it."""
    data = bytes(data)
    if data[:1] != _VERSION:
        raise MaskError(Problem.MASK_UNKNOWN_VERSION())
    inflate = zlib.decompressobj()
    try:
        planes = inflate.decompress(data[1:], MAX_RUNS * _PACKED_RUN_SIZE)
    except zlib.error:
        raise MaskError(Problem.MASK_CORRUPT()) from None
    if not inflate.eof or inflate.unused_data or len(planes) % _PACKED_RUN_SIZE:
        raise MaskError(Problem.MASK_CUT_SHORT())
    middle = len(planes) // 2
    mask = Mask(array("Q", accumulate(_numbers(planes[:middle]))), _numbers(planes[middle:]))
    if not _is_ascending(mask):
        raise MaskError(Problem.MASK_OVERLAPS())
    _check_runs(mask, mask.end, None)
    return mask


def regions(mask: Mask, width: int, height: int, *, limit: int = 50) -> list[Region]:
    """Return the largest connected regions, largest first, at most ``limit`` of them.

    Raises MaskError when the mask does not fit a picture of this width and height, both in pixels.
    """
    check_shape(mask, width, height)
    rows, lefts, rights = _spans(mask, width)
    roots = _roots(rows, lefts, rights)
    areas = array("Q", bytes(_NUMBER_SIZE * len(roots)))
    for root, left, right in zip(roots, lefts, rights, strict=True):
        areas[root] += right - left
    # Only a region's root has an area, and only the largest regions are worth measuring.
    members: dict[int, list[int]] = {
        root: [] for root in nlargest(limit, compress(range(len(areas)), areas), key=areas.__getitem__)
    }
    for span, root in enumerate(roots):
        if root in members:
            members[root].append(span)
    return [
        _region(*([column[span] for span in spans] for column in (rows, lefts, rights))) for spans in members.values()
    ]


def check_shape(mask: Mask, width: int, height: int) -> None:
    """Raise MaskError unless the mask fits a picture of this width and height in pixels."""
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise MaskError(Problem.MASK_ODD_SIDES(limit=MAX_SIDE))
    if mask.end > width * height:
        raise MaskError(Problem.MASK_OUTSIDE(end=mask.end, pixels=width * height))


def _whole_numbers(values: list[object], not_whole: Problem, out_of_range: Problem) -> Sequence[int]:
    # A set of types looks at every value at the speed of C; bool is a subclass of int, and not meant.
    if not set(map(type, values)) <= {int}:
        position = next(index for index, value in enumerate(values) if type(value) is not int)
        raise MaskError(not_whole(position=position))
    try:
        return array("Q", cast("list[int]", values))
    except OverflowError:
        raise MaskError(out_of_range()) from None


def _check_runs(mask: Mask, end: int, pixels: int | None) -> None:
    if not all(mask.lengths):
        raise MaskError(Problem.MASK_LENGTH_ZERO(position=mask.lengths.index(0)))
    pixels = MAX_PIXELS if pixels is None else min(pixels, MAX_PIXELS)
    if end > pixels:
        raise MaskError(Problem.MASK_RUN_OUTSIDE(end=end, pixels=pixels))


def _is_ascending(mask: Mask) -> bool:
    ends = map(add, mask.starts, mask.lengths)
    return all(map(le, ends, islice(mask.starts, 1, None)))


def _merged(mask: Mask) -> Mask:
    starts, lengths = array("Q"), array("Q")
    reached = 0
    for start, length in sorted(zip(mask.starts, mask.lengths, strict=True)):
        if start >= reached:
            starts.append(start)
            lengths.append(length)
        elif start + length > reached:
            lengths[-1] += start + length - reached
        reached = max(reached, start + length)
    return Mask(starts, lengths)


def _planes(numbers: "array[int]") -> bytes:
    data = numbers.tobytes()
    return b"".join(data[offset::_NUMBER_SIZE] for offset in _BYTES)


def _numbers(planes: bytes) -> "array[int]":
    count = len(planes) // len(_BYTES)
    data = bytearray(count * _NUMBER_SIZE)
    for plane, offset in enumerate(_BYTES):
        data[offset::_NUMBER_SIZE] = planes[plane * count : (plane + 1) * count]
    return array("Q", bytes(data))


def _spans(mask: Mask, width: int) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    """Return row, left and right (exclusive) of every run, cut at the ends of rows."""
    rows, lefts, rights = array("I"), array("I"), array("I")
    for start, length in zip(mask.starts, mask.lengths, strict=True):
        row, left = divmod(start, width)
        right = left + length
        while right > width:
            rows.append(row)
            lefts.append(left)
            rights.append(width)
            row, left, right = row + 1, 0, right - width
        rows.append(row)
        lefts.append(left)
        rights.append(right)
    return rows, lefts, rights


def _roots(rows: Sequence[int], lefts: Sequence[int], rights: Sequence[int]) -> Sequence[int]:
    """Return for every span the first span of its region (union-find; a parent precedes its children)."""
    parents = array("I", range(len(rows)))
    for span, neighbour in _touching(rows, lefts, rights):
        one, other = span, neighbour
        while parents[one] != one:
            parents[one] = one = parents[parents[one]]
        while parents[other] != other:
            parents[other] = other = parents[parents[other]]
        parents[max(one, other)] = min(one, other)
    for span, parent in enumerate(parents):
        parents[span] = parents[parent]
    return parents


def _touching(rows: Sequence[int], lefts: Sequence[int], rights: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of spans that touch within a row, or across two rows even if only at a corner."""
    first = 0
    for span, (row, left, right) in enumerate(zip(rows, lefts, rights, strict=True)):
        if span and rights[span - 1] == left and rows[span - 1] == row:
            yield span, span - 1
        while rows[first] < row - 1 or (rows[first] == row - 1 and rights[first] < left):
            first += 1
        above = first
        while rows[above] == row - 1 and lefts[above] <= right:
            yield span, above
            above += 1


def _region(rows: Sequence[int], lefts: Sequence[int], rights: Sequence[int]) -> Region:
    x, y = min(lefts), rows[0]
    areas = list(map(sub, rights, lefts))
    area = sum(areas)
    return Region(
        x=x,
        y=y,
        width=max(rights) - x,
        height=rows[-1] + 1 - y,
        area=area,
        centroid=(
            sum(map(mul, areas, map(add, lefts, rights))) / area / 2,
            sum(map(mul, areas, rows)) / area + 0.5,
        ),
    )
