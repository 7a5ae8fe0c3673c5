"""Size and orientation from HEIF boxes, written by hand and by libheif."""

import struct
import time
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from django_copyleaks_image.heif import HeifError, HeifFacts, is_heif, read_heif

FULL_BOX = bytes(4)


def box(name: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I4s", 8 + len(content), name) + content


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    return box(b"ftyp", major, FULL_BOX, *compatible)


def ispe(width: int, height: int) -> bytes:
    return box(b"ispe", FULL_BOX, struct.pack(">II", width, height))


def pitm(item: int) -> bytes:
    return box(b"pitm", FULL_BOX, struct.pack(">H", item))


def ipma(associations: dict[int, list[int]]) -> bytes:
    entries = [struct.pack(">HB", item, len(codes)) + bytes(codes) for item, codes in associations.items()]
    return box(b"ipma", FULL_BOX, struct.pack(">I", len(entries)), *entries)


def heif(
    properties: list[bytes],
    associations: dict[int, list[int]] | None = None,
    *,
    brands: tuple[bytes, ...] = (b"heic", b"mif1", b"heic"),
    primary: int | None = 1,
) -> bytes:
    return ftyp(*brands) + box(
        b"meta",
        FULL_BOX,
        box(b"hdlr", bytes(25)),
        pitm(primary) if primary is not None else b"",
        box(b"iprp", box(b"ipco", *properties), ipma(associations) if associations else b""),
    )


def libheif_picture(orientation: int) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.new("RGB", (101, 60))
    encoded = BytesIO()
    pillow_heif.from_pillow(image).save(encoded, exif=exif.tobytes())
    return encoded.getvalue()


def test_size_of_the_primary_picture() -> None:
    data = heif([ispe(160, 120), box(b"hvcC", b"codec"), ispe(4032, 3024)], {7: [1], 1: [0x82, 0x03]})
    assert read_heif(data) == HeifFacts(format="HEIC", width=4032, height=3024, orientation=1, animated=False)


@pytest.mark.parametrize(
    ("associations", "primary"), [({2: [1]}, 1), ({1: [1]}, None), (None, 1), ({1: [0, 3, 127]}, 1)]
)
def test_largest_size__when_the_primary_picture_has_none(
    associations: dict[int, list[int]] | None, primary: int | None
) -> None:
    data = heif([ispe(160, 120), ispe(640, 480), box(b"irot", b"\1")], associations, primary=primary)
    facts = read_heif(data)
    assert (facts.width, facts.height, facts.orientation) == (640, 480, 1)


def test_wide_item_numbers_and_property_indexes() -> None:
    wide_ipma = box(b"ipma", b"\1\0\0\1", struct.pack(">IIBHH", 1, 70_000, 2, 0x8002, 0x0003))
    data = ftyp(b"heic") + box(
        b"meta",
        FULL_BOX,
        box(b"pitm", b"\1\0\0\0", struct.pack(">I", 70_000)),
        box(b"iprp", box(b"ipco", ispe(9000, 9000), ispe(640, 480), box(b"irot", b"\1")), wide_ipma),
    )
    facts = read_heif(data)
    assert (facts.width, facts.height, facts.orientation) == (640, 480, 8)


def test_boxes_with_a_64_bit_size_and_one_up_to_the_end() -> None:
    content = FULL_BOX + box(b"iprp", box(b"ipco", ispe(640, 480)))
    free = struct.pack(">I4sQ", 1, b"free", 16 + 5) + bytes(5)
    data = ftyp(b"mif1") + free + struct.pack(">I4s", 0, b"meta") + content
    assert read_heif(data).width == 640


@pytest.mark.parametrize(
    ("brands", "format_name", "animated"),
    [
        ((b"heic",), "HEIC", False),
        ((b"heix", b"mif1"), "HEIC", False),
        ((b"heim",), "HEIC", False),
        ((b"heis",), "HEIC", False),
        ((b"mif1", b"heic"), "HEIC", False),
        ((b"hevc", b"msf1"), "HEIC", True),
        ((b"msf1",), "HEIF", True),
        ((b"mif1", b"miaf"), "HEIF", False),
        ((b"avif", b"mif1"), "AVIF", False),
        ((b"mif1", b"avif"), "AVIF", False),
        ((b"avis", b"msf1"), "AVIF", True),
    ],
)
def test_format_follows_from_the_brands(brands: tuple[bytes, ...], format_name: str, animated: bool) -> None:
    data = heif([ispe(640, 480)], brands=brands)
    assert is_heif(data)
    facts = read_heif(data)
    assert (facts.format, facts.animated) == (format_name, animated)


@pytest.mark.parametrize("data", [b"", b"\0\0\0\x18ftyp", ftyp(b"isom", b"mp42"), b"\x89PNG\r\n\x1a\n", b"heic" * 8])
def test_other_files_are_not_heif(data: bytes) -> None:
    assert not is_heif(data)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_libheif_file__has_the_orientation_it_was_written_with(orientation: int) -> None:
    facts = read_heif(libheif_picture(orientation))
    assert facts == HeifFacts(format="HEIC", width=101, height=60, orientation=orientation, animated=False)


@pytest.mark.parametrize(
    ("transformations", "orientation"),
    [
        ([b"irot\0"], 1),
        ([b"irot\1"], 8),
        ([b"irot\2"], 3),
        ([b"irot\3"], 6),
        ([b"imir\0"], 4),
        ([b"imir\1"], 2),
        ([b"irot\1", b"imir\1"], 7),
        ([b"imir\1", b"irot\1"], 5),
        ([b"imir\0", b"irot\3"], 5),
        ([b"imir\1", b"imir\1"], 1),
        ([b"imir\1", b"irot\1", b"imir\1"], 6),
        ([b"imir\0", b"imir\1"], 3),
    ],
)
def test_turns_and_mirrorings__are_applied_in_order(transformations: list[bytes], orientation: int) -> None:
    boxes = [box(text[:4], text[4:]) for text in transformations]
    data = heif([ispe(640, 480), *boxes], {1: list(range(1, len(boxes) + 2))})
    assert read_heif(data).orientation == orientation


def test_crop_is_the_size_that_is_shown() -> None:
    clap = box(b"clap", struct.pack(">8I", 1001, 2, 61, 1, 0, 1, 0, 1))
    facts = read_heif(heif([ispe(640, 64), clap], {1: [1, 2]}))
    assert (facts.width, facts.height) == (500, 61)


@pytest.mark.parametrize(
    "data",
    [
        ftyp(b"heic"),
        ftyp(b"heic") + box(b"meta"),
        ftyp(b"heic") + box(b"meta", FULL_BOX),
        ftyp(b"heic") + box(b"meta", FULL_BOX, box(b"iprp")),
        ftyp(b"hevc") + box(b"moov", bytes(100)),
        ftyp(b"heic") + struct.pack(">I", 4) + heif([ispe(640, 480)])[len(ftyp(b"heic", b"mif1", b"heic")) :],
        heif([]),
        heif([box(b"ispe", FULL_BOX)]),
        heif([ispe(0, 480)]),
        heif([ispe(640, 480), box(b"clap", bytes(32))], {1: [1, 2]}),
        heif([ispe(640, 480), box(b"clap", struct.pack(">8I", 0, 1, 0, 1, 0, 0, 0, 0))], {1: [1, 2]}),
        heif([ispe(640, 480), box(b"irot")], {1: [1, 2]}),
        ftyp(b"heic") + box(b"meta", FULL_BOX, box(b"pitm"), box(b"iprp", box(b"ipco", ispe(6, 4)))),
    ],
)
def test_malformed_boxes__are_refused(data: bytes) -> None:
    assert is_heif(data)
    with pytest.raises(HeifError):
        read_heif(data)


def test_file_cut_anywhere__is_refused_or_has_its_size() -> None:
    data = heif([ispe(640, 480), box(b"irot", b"\1")], {1: [1, 2]})
    for length in range(len(data)):
        with pytest.raises(HeifError):
            read_heif(data[:length])


@pytest.mark.parametrize(
    "data",
    [
        ftyp(b"heic") + box(b"free") * 4_000_000,
        ftyp(b"heic") + box(b"meta", FULL_BOX, box(b"iprp", box(b"ipco", box(b"free") * 4_000_000))),
        ftyp(b"heic")
        + box(
            b"meta",
            FULL_BOX,
            box(
                b"iprp",
                box(b"ipco", box(b"free")),
                box(b"ipma", FULL_BOX, struct.pack(">I", 10_000_000), bytes(30_000_000)),
            ),
        ),
        ftyp(b"heic")
        + box(
            b"meta",
            FULL_BOX,
            box(
                b"iprp",
                box(b"ipco", box(b"free")),
                box(b"ipma", FULL_BOX, struct.pack(">I", 65_000), bytes(195_000)) * 150,
            ),
        ),
    ],
    ids=["boxes", "properties", "items", "lists of items"],
)
def test_millions_of_empty_parts__cost_no_time(data: bytes) -> None:
    began = time.thread_time()
    with pytest.raises(HeifError):
        read_heif(data)
    assert time.thread_time() - began < 5


@given(st.binary(max_size=300), st.sampled_from([b"heic", b"mif1", b"avif"]))
def test_arbitrary_bytes__are_read_or_refused(data: bytes, brand: bytes) -> None:
    for content in (
        data,
        ftyp(brand) + data,
        ftyp(brand) + box(b"meta", data),
        heif([ispe(640, 480), data], {1: [1, 2]}),
        ftyp(brand) + box(b"meta", FULL_BOX, pitm(1), box(b"iprp", box(b"ipco", ispe(6, 4)), box(b"ipma", data))),
    ):
        try:
            facts = read_heif(content)
        except HeifError:
            continue
        assert facts.width > 0
        assert 1 <= facts.orientation <= 8
