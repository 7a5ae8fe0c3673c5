"""Runs of marked pixels: what is let in, how it is stored, and which regions it forms."""

import json
import math
import random
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_copyleaks_image.masks import (
    MAX_PIXELS,
    MAX_RUNS,
    Mask,
    MaskError,
    pack,
    read_mask,
    regions,
    unpack,
)

RECORDED = Path(__file__).resolve().parents[2] / "shared" / "recorded"

run_lists = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), max_size=30)


def runs(mask: Mask) -> list[tuple[int, int]]:
    return list(zip(mask.starts, mask.lengths, strict=True))


def marked(pairs: list[tuple[int, int]]) -> set[int]:
    return {pixel for start, length in pairs for pixel in range(start, start + length)}


def mask_of(*pairs: tuple[int, int]) -> Mask:
    return read_mask([start for start, _ in pairs], [length for _, length in pairs], pixels=None)


def mask_of_picture(*rows: str) -> Mask:
    """Read a picture drawn with # for marked pixels."""
    return mask_of(*((index, 1) for index, sign in enumerate("".join(rows)) if sign == "#"))


def edited_photo(width: int, height: int, spots: int) -> tuple[list[int], list[int]]:
    """Return runs such as local edits leave: rounded spots with an uneven edge."""
    chance = random.Random(spots)
    rows: dict[int, list[tuple[int, int]]] = {}
    for _ in range(spots):
        radius = chance.uniform(0.01, 0.3 / math.sqrt(spots)) * width
        x, y = chance.uniform(radius, width - radius), chance.uniform(radius, height - radius)
        for row in range(max(0, int(y - radius)), min(height, int(y + radius))):
            half = math.sqrt(max(0.0, radius**2 - (row - y) ** 2))
            left = max(0, int(x - half) + chance.randint(-1, 1))
            right = min(width, int(x + half) + chance.randint(-1, 1))
            if left < right:
                rows.setdefault(row, []).append((row * width + left, right - left))
    pairs = [pair for row in sorted(rows) for pair in sorted(rows[row])]
    mask = mask_of(*pairs)
    return list(mask.starts), list(mask.lengths)


def busy_mask(count: int, gap: int = 40, length: int = 30) -> tuple[list[int], list[int]]:
    """Return many runs of random length at random distances."""
    chance = random.Random(count)
    starts, lengths, position = [], [], 0
    for _ in range(count):
        position += chance.randint(1, 2 * gap)
        starts.append(position)
        lengths.append(chance.randint(1, 2 * length))
        position += lengths[-1]
    return starts, lengths


class TestReading:
    def test_runs_are_kept_as_they_are(self) -> None:
        mask = read_mask([3, 10], [2, 5], pixels=15)
        assert runs(mask) == [(3, 2), (10, 5)]
        assert mask.area == 7
        assert mask.end == 15
        assert mask

    def test_no_runs_mark_nothing(self) -> None:
        mask = read_mask([], [], pixels=100)
        assert not mask
        assert mask.area == mask.end == 0

    def test_unsorted_runs_are_sorted(self) -> None:
        assert runs(read_mask([10, 3], [5, 2], pixels=15)) == [(3, 2), (10, 5)]

    def test_overlapping_runs_count_a_pixel_once(self) -> None:
        assert runs(read_mask([0, 2, 3, 20], [5, 1, 9, 1], pixels=50)) == [(0, 12), (20, 1)]

    def test_adjacent_runs_stay_apart(self) -> None:
        assert runs(read_mask([0, 5], [5, 5], pixels=10)) == [(0, 5), (5, 5)]

    @given(run_lists)
    def test_any_valid_runs__mark_the_same_pixels_in_order(self, pairs: list[tuple[int, int]]) -> None:
        mask = mask_of(*pairs)
        assert marked(runs(mask)) == marked(pairs)
        assert mask.area == len(marked(pairs))
        reached = 0
        for start, length in runs(mask):
            assert start >= reached
            reached = start + length

    @pytest.mark.parametrize(
        ("starts", "lengths", "pixels", "message"),
        [
            (None, [], None, "not both lists"),
            ([], {"0": 1}, None, "not both lists"),
            ("12", "12", None, "not both lists"),
            ([1, 2], [1], None, "2 starts but 1 lengths"),
            ([1, True], [1, 1], None, "start 1 is not a whole number"),
            ([1.0], [1], None, "start 0 is not a whole number"),
            ([0, 9], [1, "<script>"], None, "length 1 is not a whole number"),
            ([0], [None], None, "length 0 is not a whole number"),
            ([-1], [1], None, "start of the mask is negative"),
            ([0], [-5], None, "length of the mask is negative"),
            ([10**400], [1], None, "beyond 64 bits"),
            ([0, 5], [1, 0], None, "length 1 is zero"),
            ([5, 0], [0, 1], None, "length 0 is zero"),
            ([90], [11], 100, "ends at pixel 101, beyond the picture's 100"),
            ([90, 5], [11, 1], 100, "ends at pixel 101"),
            ([0], [1], 0, "ends at pixel 1"),
            ([MAX_PIXELS], [1], None, "ends at pixel"),
            ([MAX_PIXELS], [1], 2**60, "ends at pixel"),
            ([2**64 - 1], [2**64 - 1], None, "ends at pixel"),
            ([2**64 - 1, 2**64 - 2], [2**64 - 1, 1], None, "ends at pixel"),
            ([0] * (MAX_RUNS + 1), [1] * (MAX_RUNS + 1), None, "more than 2000000"),
        ],
    )
    def test_malformed_runs__are_refused_with_a_reason(
        self, starts: object, lengths: object, pixels: int | None, message: str
    ) -> None:
        with pytest.raises(MaskError, match=message) as refusal:
            read_mask(starts, lengths, pixels=pixels)
        assert "script" not in str(refusal.value)

    def test_largest_possible_run(self) -> None:
        mask = read_mask([0], [MAX_PIXELS], pixels=None)
        assert unpack(pack(mask)) == mask

    @given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
    def test_any_json_value__is_read_or_refused(self, value: object) -> None:
        for starts, lengths in ((value, value), ([value], [1]), ([1], [value])):
            try:
                assert read_mask(starts, lengths, pixels=1000).end <= 1000
            except MaskError:
                continue


class TestStoring:
    @given(run_lists)
    def test_packing__round_trip(self, pairs: list[tuple[int, int]]) -> None:
        mask = mask_of(*pairs)
        assert unpack(pack(mask)) == mask
        assert unpack(memoryview(pack(mask))) == mask

    @given(st.lists(st.integers(1, MAX_PIXELS // 40), max_size=20, unique=True), st.data())
    def test_packing__round_trip_of_large_numbers(self, starts: list[int], data: st.DataObject) -> None:
        lengths = [data.draw(st.integers(1, MAX_PIXELS // 40)) for _ in starts]
        mask = read_mask(starts, lengths, pixels=None)
        assert unpack(pack(mask)) == mask

    @pytest.mark.parametrize(
        ("starts", "lengths"),
        [
            pytest.param(*edited_photo(1800, 1350, 1), id="one edit"),
            pytest.param(*edited_photo(6000, 4500, 12), id="twelve edits"),
            pytest.param(*busy_mask(20_000), id="busy"),
        ],
    )
    def test_packed_mask__takes_a_quarter_of_the_json_at_most(self, starts: list[int], lengths: list[int]) -> None:
        compact = json.dumps({"starts": starts, "lengths": lengths}, separators=(",", ":"))
        assert len(pack(read_mask(starts, lengths, pixels=None))) <= 0.25 * len(compact)

    @given(st.binary(max_size=200))
    def test_arbitrary_bytes__are_refused(self, data: bytes) -> None:
        for stored in (data, b"\x01" + data):
            with pytest.raises(MaskError):
                unpack(stored)

    @given(st.binary(max_size=200))
    def test_any_compressed_bytes__are_a_valid_mask_or_refused(self, data: bytes) -> None:
        try:
            mask = unpack(b"\x01" + zlib.compress(data))
        except MaskError:
            return
        assert read_mask(list(mask.starts), list(mask.lengths), pixels=None) == mask

    def test_damaged_masks__are_refused(self) -> None:
        stored = pack(mask_of((5, 3), (100, 7), (1000, 2)))
        for position in range(len(stored)):
            damaged = bytearray(stored)
            damaged[position] ^= 0xFF
            with pytest.raises(MaskError):
                unpack(bytes(damaged))
        for damaged_length in range(len(stored)):
            with pytest.raises(MaskError):
                unpack(stored[:damaged_length])
        with pytest.raises(MaskError):
            unpack(stored + b"\0")

    @pytest.mark.parametrize(
        ("mask", "message"),
        [
            (Mask([0, 2], [5, 1]), "overlap"),
            (Mask([0, 9], [1, 0]), "length 1 is zero"),
            (Mask([MAX_PIXELS], [1]), "ends at pixel"),
        ],
    )
    def test_stored_runs_that_are_no_mask__are_refused(self, mask: Mask, message: str) -> None:
        with pytest.raises(MaskError, match=message):
            unpack(pack(mask))

    def test_decompression_bomb__is_refused_in_little_memory(self) -> None:
        bomb = b"\x01" + zlib.compress(bytes(200_000_000), 1)
        tracemalloc.start()
        try:
            with pytest.raises(MaskError):
                unpack(bomb)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 60_000_000

    def test_as_many_runs_as_are_allowed__round_trip(self) -> None:
        mask = read_mask(list(range(0, 2 * MAX_RUNS, 2)), [1] * MAX_RUNS, pixels=None)
        assert unpack(pack(mask)) == mask

    def test_200_000_runs__round_trip(self) -> None:
        mask = read_mask(*busy_mask(200_000), pixels=None)
        assert unpack(pack(mask)) == mask


class TestRegions:
    def test_touching_at_a_corner_is_one_region(self) -> None:
        (region,) = regions(
            mask_of_picture(
                "##....",
                "..#...",
                "...#..",
            ),
            6,
            3,
        )
        assert (region.x, region.y, region.width, region.height) == (0, 0, 4, 3)
        assert region.area == 4
        assert region.centroid == pytest.approx(((0.5 + 1.5 + 2.5 + 3.5) / 4, (0.5 + 0.5 + 1.5 + 2.5) / 4))

    def test_branches_that_meet_below_are_one_region(self) -> None:
        (region,) = regions(mask_of_picture("#.#.#", "#.#.#", "#####"), 5, 3)
        assert region.area == 11

    def test_right_edge_does_not_touch_the_left_edge_of_the_next_row(self) -> None:
        found = regions(mask_of_picture("...#", "#...", "...."), 4, 3)
        assert sorted((region.x, region.y) for region in found) == [(0, 1), (3, 0)]

    def test_run_over_several_rows_is_cut_at_their_ends(self) -> None:
        (region,) = regions(mask_of((5, 27)), 10, 4)
        assert (region.x, region.y, region.width, region.height, region.area) == (0, 0, 10, 4, 27)

    def test_adjacent_runs_are_one_region(self) -> None:
        (region,) = regions(mask_of((0, 3), (3, 3)), 10, 1)
        assert region.area == 6

    def test_one_pixel(self) -> None:
        (region,) = regions(mask_of((4 * 10 + 3, 1)), 10, 10)
        assert (region.x, region.y, region.width, region.height) == (3, 4, 1, 1)
        assert region.centroid == (3.5, 4.5)

    def test_largest_first_and_no_more_than_the_limit(self) -> None:
        mask = mask_of(*((row * 20, 1 + row % 7) for row in range(0, 200, 2)))
        found = regions(mask, 20, 200, limit=30)
        assert len(found) == 30
        assert [region.area for region in found] == sorted((region.area for region in found), reverse=True)
        assert found[0].area == 7

    def test_empty_mask_has_none(self) -> None:
        assert regions(mask_of(), 10, 10) == []

    @pytest.mark.parametrize(("width", "height"), [(0, 10), (10, -1), (10, 1), (1, 10**9)])
    def test_mask_that_does_not_fit__is_refused(self, width: int, height: int) -> None:
        with pytest.raises(MaskError):
            regions(mask_of((0, 11)), width, height)

    @given(st.integers(1, 12), st.lists(st.booleans(), min_size=1, max_size=120))
    def test_any_picture__gives_the_regions_of_a_flood_fill(self, width: int, pixels: list[bool]) -> None:
        height = -(-len(pixels) // width)
        left = {(index % width, index // width) for index, is_marked in enumerate(pixels) if is_marked}
        mask = mask_of(*((y * width + x, 1) for x, y in left))
        expected = []
        while left:
            region, edge = set(), [left.pop()]
            while edge:
                x, y = edge.pop()
                region.add((x, y))
                near = {(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)} & left
                left -= near
                edge.extend(near)
            expected.append(region)
        found = regions(mask, width, height, limit=1000)
        assert [region.area for region in found] == sorted(map(len, expected), reverse=True)
        assert sorted(
            (region.x, region.y, region.width, region.height, region.area, *map(round6, region.centroid))
            for region in found
        ) == sorted(map(measured, expected))

    @settings(max_examples=30)
    @given(run_lists, st.integers(1, 40))
    def test_areas_sum_up(self, pairs: list[tuple[int, int]], width: int) -> None:
        mask = mask_of(*pairs)
        found = regions(mask, width, 400, limit=1000)
        assert sum(region.area for region in found) == mask.area

    def test_200_000_runs__are_grouped(self) -> None:
        mask = read_mask(*busy_mask(200_000), pixels=None)
        assert len(regions(mask, 6000, 4500)) == 50


def round6(number: float) -> float:
    return round(number, 6)


def measured(region: set[tuple[int, int]]) -> tuple[float, ...]:
    columns, rows = zip(*region, strict=True)
    return (
        min(columns),
        min(rows),
        max(columns) - min(columns) + 1,
        max(rows) - min(rows) + 1,
        len(region),
        round6(sum(columns) / len(region) + 0.5),
        round6(sum(rows) / len(region) + 0.5),
    )


@pytest.mark.parametrize("name", ["untouched_photo", "locally_edited_photo"])
class TestRecordedBodies:
    @pytest.fixture
    def body(self, name: str) -> dict[str, Any]:
        path = RECORDED / f"{name}.json"
        if not path.exists():
            pytest.skip("the recorded bodies are not part of this repository")
        return dict(json.loads(path.read_text()))

    def test_area_is_the_share_that_the_vendor_reports(self, body: dict[str, Any]) -> None:
        shape = body["imageInfo"]["shape"]
        pixels = shape["width"] * shape["height"]
        mask = read_mask(body["result"]["starts"], body["result"]["lengths"], pixels=pixels)
        assert mask.area / pixels == pytest.approx(body["summary"]["ai"], rel=1e-6)

    def test_mask_survives_storage(self, body: dict[str, Any]) -> None:
        mask = read_mask(body["result"]["starts"], body["result"]["lengths"], pixels=None)
        assert unpack(pack(mask)) == mask
        if mask:
            assert len(pack(mask)) <= 0.25 * len(json.dumps(body["result"], separators=(",", ":")))
