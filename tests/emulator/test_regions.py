import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_copyleaks_image.emulator.faults import marked_faults
from django_copyleaks_image.emulator.findings import float32, marked_share
from django_copyleaks_image.emulator.regions import region


@settings(max_examples=25, deadline=None)
@given(
    share=st.floats(1e-6, 1),
    width=st.integers(512, 1200),
    height=st.integers(512, 1200),
    seed=st.text(max_size=8),
)
def test_region_covers_exactly_its_share_inside_the_picture(share: float, width: int, height: int, seed: str) -> None:
    found = region(share, width, height, seed=seed)

    assert sum(found.lengths) == max(1, round(share * width * height))
    end = -1
    for start, length in zip(found.starts, found.lengths, strict=True):
        assert start > end
        assert length > 0
        end = start + length
    assert end <= width * height


def test_region_depends_on_the_seed_alone() -> None:
    assert region(0.2, 900, 700, seed="a") == region(0.2, 900, 700, seed="a")
    assert region(0.2, 900, 700, seed="a") != region(0.2, 900, 700, seed="b")


def test_region_is_no_rectangle() -> None:
    widths = set(region(0.2, 900, 700, seed="a").lengths)

    assert len(widths) > 50


def test_whole_picture_is_one_run() -> None:
    found = region(1, 900, 700, seed="a")

    assert (found.starts, found.lengths) == ([0], [900 * 700])


@pytest.mark.parametrize(
    ("value", "printed"),
    [(2797 / 2430000, 0.0011510288), (1 - 2797 / 2430000, 0.998849), (0, 0.0), (1, 1.0), (1 / 3, 0.33333334)],
)
def test_numbers_are_printed_like_the_recorded_ones(value: float, printed: float) -> None:
    assert float32(value) == printed


def test_share_beyond_everything_is_everything() -> None:
    assert marked_share("ai-250") == 1


@pytest.mark.parametrize(
    ("name", "faults"),
    [
        ("photo.jpg", set()),
        ("default-lost.jpg", set()),
        ("fault-lost_AbC12.jpg", {"lost"}),
        ("ai-37 Fault-Late fault-gzip.jpg", {"late", "gzip"}),
        ("fault-status-429-retry-after.jpg", {"status-429-retry-after"}),
        ("fault-error-code-13.jpg", {"error-code-13"}),
        ("fault-failed-code-14_x.jpg", {"failed-code-14"}),
        ("fault-heatmap-place-imageInfo_x.jpg", {"heatmap-place-imageinfo"}),
        ("fault-status-429-retry-after-date.jpg", {"status-429-retry-after-date"}),
    ],
)
def test_faults_named_in_a_file_name(name: str, faults: set[str]) -> None:
    assert marked_faults(name) == faults
