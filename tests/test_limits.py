"""What is sent of a picture: the file as it is, a copy, or nothing; by what Copyleaks takes and what the site chose."""

import pytest

from django_copyleaks_image.formats import CopyOrder, PictureFacts
from django_copyleaks_image.limits import LIMITS, NotTaken, copy_to_send

MEGABYTE = 1024 * 1024


def facts(width: int = 800, height: int = 600, format_name: str = "JPEG", **others: object) -> PictureFacts:
    known: dict[str, object] = {"animated": False, "orientation": 1} | others
    return PictureFacts(format=format_name, width=width, height=height, **known)  # type: ignore[arg-type]


def order(
    picture: PictureFacts, byte_size: int = MEGABYTE, *, mode: str = "async", fits: bool = True, enlarges: bool = False
) -> CopyOrder | None:
    return copy_to_send(picture, byte_size, LIMITS[mode], fits=fits, enlarges=enlarges)


def sides(picture: PictureFacts, **others: object) -> tuple[int, int]:
    found = order(picture, **others)  # type: ignore[arg-type]
    assert found is not None
    return found.width, found.height


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "BMP", "HEIC", "HEIF"])
@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(("width", "height"), [(512, 512), (6000, 4500), (4500, 6000), (6000, 512)])
def test_picture_within_the_limits__is_sent_as_it_is(format_name: str, mode: str, width: int, height: int) -> None:
    assert order(facts(width, height, format_name), LIMITS[mode].most_bytes, mode=mode) is None


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (8064, 6048, (6000, 4500)),
        (6048, 8064, (4500, 6000)),
        (6001, 600, (6000, 600)),
        (4501, 4501, (4500, 4500)),
        (12_000, 9000, (6000, 4500)),
        (9000, 3000, (6000, 2000)),
    ],
)
def test_picture_with_too_many_pixels__is_sent_smaller(width: int, height: int, expected: tuple[int, int]) -> None:
    assert sides(facts(width, height)) == expected


def test_jpeg_that_memory_has_no_room_for__is_made_by_its_decoder() -> None:
    """A little more than a half on a side would need all pixels first."""
    assert facts(11_000, 8000).reduction == 2
    assert sides(facts(11_000, 8000)) == (5500, 4000)
    assert facts(11_000, 8000, "PNG").reduction == 1
    assert facts(8000, 8000).reduction == 1


@pytest.mark.parametrize("picture", [facts(format_name="GIF"), facts(format_name="AVIF"), facts(animated=True)])
def test_kind_that_is_refused__keeps_its_sides_on_a_copy(picture: PictureFacts) -> None:
    assert sides(picture) == (800, 600)


def test_tiff__is_taken_by_one_endpoint_alone() -> None:
    assert order(facts(format_name="TIFF"), mode="async") is None
    assert sides(facts(format_name="TIFF"), mode="sync") == (800, 600)


def test_file_with_too_many_bytes__is_sent_as_a_copy_of_fewer() -> None:
    copy = order(facts(), 32 * MEGABYTE)
    assert copy == CopyOrder(width=800, height=600, most_bytes=32 * MEGABYTE - 1)


def test_blemished_picture__is_sent_as_a_copy_if_there_may_be_one() -> None:
    assert sides(facts(blemished=True)) == (800, 600)
    assert order(facts(blemished=True), fits=False) is None


@pytest.mark.parametrize(
    ("width", "height", "expected"), [(256, 256, (512, 512)), (100, 511, (512, 2616)), (511, 700, (512, 701))]
)
def test_small_picture__is_enlarged_if_the_site_wants_it(width: int, height: int, expected: tuple[int, int]) -> None:
    assert sides(facts(width, height), enlarges=True) == expected
    with pytest.raises(NotTaken, match=f"{width} × {height}") as refused:
        order(facts(width, height))
    assert refused.value.code == "too_small"


@pytest.mark.parametrize(
    ("picture", "code", "words"),
    [
        (facts(20_000, 600), "too_large", "of this shape"),
        (facts(9000, 9000, "PNG"), "too_large", "at most 64000000"),
        (facts(6000, 5001, "WEBP"), "too_large", "at most 30000000"),
        (facts(17_000, 17_000), "too_large", "at most 256000000"),
        (facts(40, 600), "too_small", "of this shape"),
    ],
)
def test_picture_of_which_no_copy_can_be_made__is_named(picture: PictureFacts, code: str, words: str) -> None:
    with pytest.raises(NotTaken, match=words) as refused:
        order(picture, enlarges=True)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("picture", "byte_size", "code"),
    [
        (facts(8064, 6048), MEGABYTE, "too_large"),
        (facts(), 32 * MEGABYTE, "too_large"),
        (facts(format_name="GIF"), MEGABYTE, "unsupported_format"),
        (facts(format_name="JPEG2000"), MEGABYTE, "unsupported_format"),
        (facts(format_name="WEBP", animated=True), MEGABYTE, "unsupported_format"),
        (facts(10, 10), MEGABYTE, "too_small"),
    ],
)
def test_without_copies__what_is_refused_is_not_sent(picture: PictureFacts, byte_size: int, code: str) -> None:
    with pytest.raises(NotTaken) as refused:
        order(picture, byte_size, fits=False, enlarges=True)
    assert refused.value.code == code
