"""Where the AI is: organic regions, deterministic from a text, that cover an exact share of a picture."""

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

Span = tuple[int, int]
Row = tuple[int, list[Span]]

_ROWS_OF_AN_ESTIMATE = 120


@dataclass(frozen=True)
class Blob:
    """An ellipse, in pixels, whose width and axis sway from row to row."""

    x: float
    y: float
    radius_x: float
    radius_y: float
    phase: float

    def scaled(self, factor: float) -> "Blob":
        return replace(self, radius_x=self.radius_x * factor, radius_y=self.radius_y * factor)

    def spans(self, width: int, height: int, step: int) -> Iterator[tuple[int, Span]]:
        """Yield each ``step``-th row with the half-open span of columns the blob covers in it."""
        first = max(0, math.ceil(self.y - self.radius_y))
        last = min(height - 1, math.floor(self.y + self.radius_y))
        for row in range(first + (-first) % step, last + 1, step):
            t = (row - self.y) / self.radius_y
            sway = 1 + 0.12 * math.sin(5 * t + self.phase) + 0.05 * math.sin(11 * t + 2 * self.phase)
            half = self.radius_x * math.sqrt(max(0.0, 1 - t * t)) * sway
            middle = self.x + 0.18 * self.radius_x * math.sin(2.2 * t + self.phase)
            left, right = max(0, math.ceil(middle - half)), min(width, math.floor(middle + half) + 1)
            if left < right:
                yield row, (left, right)


@dataclass(frozen=True, kw_only=True)
class Region:
    """Sorted zero-based runs over the row-major picture (``index = y * width + x``), and their blobs."""

    starts: list[int]
    lengths: list[int]
    blobs: tuple[Blob, ...]


NOTHING = Region(starts=[], lengths=[], blobs=())


def region(share: float, width: int, height: int, *, seed: str) -> Region:
    """Return a region of exactly ``share`` (0 to 1) of the pixels, at least one; the seed shapes it."""
    total = width * height
    target = min(total, max(1, round(share * total)))
    if target == total:
        whole = Blob(width / 2, height / 2, width * 0.75, height * 0.75, 0.0)
        return Region(starts=[0], lengths=[total], blobs=(whole,))
    shapes = _shapes(share, width, height, random.Random(seed))  # noqa: S311 - repeatable on purpose
    scale = _scale(shapes, target, width, height)
    while True:
        blobs = tuple(blob.scaled(scale) for blob in shapes)
        rows = _rows(blobs, width, height)
        surplus = sum(right - left for _, spans in rows for left, right in spans) - target
        if surplus >= 0:
            break
        scale *= 1.01
    starts, lengths = _runs(_trim(rows, surplus), width)
    return Region(starts=starts, lengths=lengths, blobs=blobs)


def _shapes(share: float, width: int, height: int, rng: random.Random) -> tuple[Blob, ...]:
    count = 1 if share < 0.02 else rng.randint(2, 4)
    unit = math.sqrt(width * height)
    return tuple(
        Blob(
            x=width * rng.uniform(0.2, 0.8),
            y=height * rng.uniform(0.2, 0.8),
            radius_x=unit * rng.uniform(0.6, 1.3),
            radius_y=unit * rng.uniform(0.6, 1.3),
            phase=rng.uniform(0, 2 * math.pi),
        )
        for _ in range(count)
    )


def _scale(shapes: tuple[Blob, ...], target: int, width: int, height: int) -> float:
    """Return the factor by which the shapes cover about ``target`` pixels, found on a sample of rows."""

    def area(scale: float) -> int:
        blobs = [blob.scaled(scale) for blob in shapes]
        tallest = max(min(height, 2 * blob.radius_y) for blob in blobs)
        step = max(1, int(tallest / _ROWS_OF_AN_ESTIMATE))
        return step * sum(right - left for _, spans in _rows(blobs, width, height, step) for left, right in spans)

    low, high = 0.0, 1.0
    while area(high) < target:
        low, high = high, high * 2
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if area(middle) < target else (low, middle)
    return high


def _rows(blobs: Iterable[Blob], width: int, height: int, step: int = 1) -> list[Row]:
    """Return the union of the blobs: every row they touch, with disjoint spans from left to right."""
    found: dict[int, list[Span]] = {}
    for blob in blobs:
        for row, span in blob.spans(width, height, step):
            found.setdefault(row, []).append(span)
    return [(row, _union(found[row])) for row in sorted(found)]


def _union(spans: list[Span]) -> list[Span]:
    if len(spans) == 1:
        return spans
    spans.sort()
    union = [spans[0]]
    for left, right in spans[1:]:
        last_left, last_right = union[-1]
        if left <= last_right:
            union[-1] = last_left, max(last_right, right)
        else:
            union.append((left, right))
    return union


def _trim(rows: list[Row], surplus: int) -> list[Row]:
    """Take ``surplus`` pixels away, a few from the right edge of every row, so that the share is exact."""
    while surplus:
        quota = math.ceil(surplus / len(rows))
        for _, spans in rows:
            left, right = spans.pop()
            cut = min(quota, surplus, right - left)
            surplus -= cut
            if right - cut > left:
                spans.append((left, right - cut))
        rows = [(row, spans) for row, spans in rows if spans]
    return rows


def _runs(rows: list[Row], width: int) -> tuple[list[int], list[int]]:
    """Flatten rows; a span that ends where the next row's begins continues in the same run."""
    starts: list[int] = []
    lengths: list[int] = []
    end = -1
    for row, spans in rows:
        for left, right in spans:
            start = row * width + left
            if start == end:
                lengths[-1] += right - left
            else:
                starts.append(start)
                lengths.append(right - left)
            end = row * width + right
    return starts, lengths
