"""Copies that Copyleaks takes: the same pixels and colours, upright, without a place, and within its bytes."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat, PngImagePlugin
from PIL.JpegImagePlugin import JpegImageFile

from django_copyleaks_image import copies, opening
from django_copyleaks_image.formats import CopyOrder, PictureFacts, TooComplex, UnreadablePicture
from django_copyleaks_image.provenance import provenance_of
from tests.test_pictures import BLUE, RED, encoded, exif, picture

MANY = 32 * 1024 * 1024
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def copied(
    data: bytes, size: tuple[int, int] | None = None, most_bytes: int = MANY
) -> tuple[PictureFacts, Image.Image, bytes]:
    facts = opening.inspect(BytesIO(data))
    width, height = size or (facts.width, facts.height)
    found, content = copies.copy(BytesIO(data), CopyOrder(width=width, height=height, most_bytes=most_bytes))
    image = Image.open(BytesIO(content))
    image.load()
    assert (found.format, found.width, found.height) == (image.format, *image.size)
    assert not opening.inspect(BytesIO(content)).blemished
    assert len(content) <= most_bytes
    return found, image, content


def is_like(one: Image.Image, other: Image.Image, *, difference: float = 3.0) -> bool:
    means = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean
    return one.size == other.size and max(means) <= difference


@pytest.mark.parametrize(
    ("mode", "file_format"),
    [
        ("P", "GIF"),
        ("L", "GIF"),
        ("RGB", "TIFF"),
        ("1", "TIFF"),
        ("I;16", "TIFF"),
        ("LA", "TIFF"),
        ("RGBA", "TIFF"),
        ("RGB", "JPEG2000"),
        ("RGBA", "PNG"),
        ("RGB", "BMP"),
    ],
)
def test_lossless_picture__is_copied_without_loss(mode: str, file_format: str) -> None:
    if file_format not in Image.registered_extensions().values():
        pytest.skip(f"this Pillow writes no {file_format}")
    source = picture("L").convert("I").point(lambda v: v * 257).convert("I;16") if mode == "I;16" else picture(mode)
    data = encoded(source, file_format)
    facts, image, _ = copied(data)
    assert facts.format == "PNG"
    with Image.open(BytesIO(data)) as original:
        original.load()
        assert image.mode == original.mode
        assert image.tobytes() == original.tobytes()
        assert image.getpalette() == original.getpalette()


@pytest.mark.parametrize("file_format", ["WEBP", "PNG", "TIFF", "GIF"])
def test_first_frame__is_copied(file_format: str) -> None:
    data = encoded(picture(), file_format, save_all=True, append_images=[ImageOps.invert(picture())])
    facts, image, _ = copied(data)
    assert not facts.animated
    assert is_like(image, picture(), difference=8)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("scale", [1, 4])
def test_copy__is_upright(file_format: str, orientation: int, scale: int) -> None:
    image = picture(size=(320, 240))
    if file_format == "HEIF":
        pillow_heif = pytest.importorskip("pillow_heif")
        stream = BytesIO()
        pillow_heif.from_pillow(image).save(stream, exif=exif(orientation).tobytes(), quality=95)
        data = stream.getvalue()
    elif file_format not in Image.registered_extensions().values():
        pytest.skip(f"this Pillow writes no {file_format}")
    else:
        data = encoded(image, file_format, exif=exif(orientation))
    tagged = Image.open(BytesIO(encoded(image, "PNG", exif=exif(orientation))))
    upright = ImageOps.exif_transpose(tagged).convert("RGB").reduce(scale)

    facts, copy, content = copied(data, (320 // scale, 240 // scale))

    assert facts.orientation == opening.inspect(BytesIO(content)).orientation == 1
    assert is_like(copy, upright, difference=6)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
@pytest.mark.parametrize("size", [(320, 240), (1280, 960), (333, 250)])
def test_size__is_as_ordered_in_every_mode(mode: str, size: tuple[int, int]) -> None:
    image = Image.new("I;16", (640, 480), 0x8000) if mode == "I;16" else picture(mode, (640, 480))
    data = encoded(image, "TIFF")
    facts, copy, _ = copied(data, size)
    assert (facts.width, facts.height) == size
    if mode in ("RGB", "RGBA", "P"):
        assert is_like(copy, picture(size=size))
    if mode == "I;16":
        assert copy.getpixel((9, 9)) in (127, 128)


def test_bands__are_as_the_whole() -> None:
    noise = Image.effect_noise((1500, 1100), 80).convert("RGB")
    _, copy, _ = copied(encoded(noise, "TIFF"), (1200, 880))
    assert is_like(copy, noise.resize((1200, 880), Image.Resampling.HAMMING), difference=0.01)


@pytest.mark.parametrize(("ordered", "decoded"), [((1000, 750), 2), ((1001, 750), 1), ((500, 375), 4)])
def test_jpeg__is_reduced_by_its_decoder_as_far_as_possible(
    ordered: tuple[int, int], decoded: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def note(image: JpegImageFile, mode: str | None, size: tuple[int, int] | None) -> Any:
        asked.append(size)
        return draft(image, mode, size)

    draft = JpegImageFile.draft
    monkeypatch.setattr(JpegImageFile, "draft", note)
    facts, copy, _ = copied(encoded(picture(size=(2000, 1500)), "JPEG", quality=95), ordered)
    assert asked == [(2000 // decoded, 1500 // decoded)]
    assert (facts.format, copy.size) == ("JPEG", ordered)
    assert is_like(copy, picture(size=ordered))


def test_picture_that_no_png_has_room_for__is_a_jpeg_of_the_highest_quality_that_fits() -> None:
    data = encoded(Image.effect_noise((400, 300), 90).convert("RGB"), "TIFF")
    sizes = {most: copied(data, most_bytes=most)[2] for most in (400_000, 150_000, 110_000, 80_000)}
    assert [opening.inspect(BytesIO(content)).format for content in sizes.values()] == ["PNG", "JPEG", "JPEG", "JPEG"]
    assert len(sizes[150_000]) > len(sizes[110_000]) > len(sizes[80_000])
    with pytest.raises(TooComplex, match="No copy of the picture has 1000 bytes"):
        copied(data, most_bytes=1000)


def test_transparency__is_kept_by_a_png_and_grey_in_a_jpeg() -> None:
    noise = Image.effect_noise((300, 200), 90).convert("RGB")
    noise.putalpha(0)
    data = encoded(noise, "TIFF")
    assert copied(data)[1].getpixel((9, 9))[3] == 0  # type: ignore[index]
    assert copied(data, most_bytes=20_000)[1].getpixel((9, 9)) == (128, 128, 128)
    gif = encoded(picture("P"), "GIF", transparency=picture("P").getpixel((60, 40)))
    assert copied(gif)[1].convert("RGBA").getpixel((60, 40))[3] == 0  # type: ignore[index]
    assert copied(gif, (32, 24))[1].convert("RGBA").getpixel((30, 20))[3] == 0  # type: ignore[index]


def test_colours__keep_their_profile() -> None:
    for data in (encoded(picture(), "TIFF", icc_profile=PROFILE), encoded(picture(), "JPEG", icc_profile=PROFILE)):
        assert copied(data)[1].info["icc_profile"] == PROFILE


def test_profile_that_strict_decoders_refuse__is_applied() -> None:
    exchanged = PROFILE.replace(b"rXYZ", b"____", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"____", b"bXYZ", 1)
    long = struct.pack(">I", len(exchanged) + 1_300_000) + exchanged[4:] + bytes(1_300_000)
    data = encoded(picture(), "PNG", icc_profile=long)
    assert opening.inspect(BytesIO(data)).blemished
    _, image, _ = copied(data)
    assert "icc_profile" not in image.info
    assert image.getpixel((8, 40)) != BLUE


def test_cmyk__becomes_the_colours_that_are_seen() -> None:
    facts, image, _ = copied(encoded(Image.new("CMYK", (64, 48), (0, 255, 255, 0)), "TIFF"))
    assert (facts.format, image.mode) == ("PNG", "RGB")
    assert is_like(image, Image.new("RGB", (64, 48), RED), difference=12)


def chunk(kind: bytes, data: bytes, checksum: int | None = None) -> bytes:
    checksum = zlib.crc32(kind + data) if checksum is None else checksum
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def with_chunk(*chunks: bytes) -> bytes:
    png = encoded(picture(), "PNG")
    return png[:33] + b"".join(chunks) + png[33:]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(with_chunk(chunk(b"iCCP", b"ICC\0\0" + zlib.compress(PROFILE), 1)), id="checksum of a profile"),
        pytest.param(with_chunk(chunk(b"pHYs", struct.pack(">IIB", 2835, 2835, 1), 0)), id="checksum of a density"),
        pytest.param(with_chunk(chunk(b"zTXt", b"workflow\0\0" + zlib.compress(b"node " * 300_000))), id="long zTXt"),
        pytest.param(with_chunk(chunk(b"tEXt", b"workflow\0" + b"node " * 300_000)), id="long tEXt"),
        pytest.param(
            with_chunk(chunk(b"iTXt", b"w\0\1\0\0\0" + zlib.compress(b"node " * 300_000))), id="long compressed iTXt"
        ),
        pytest.param(with_chunk(chunk(b"iTXt", b"w\0\0\0\0\0" + b"node " * 300_000)), id="long iTXt"),
        pytest.param(with_chunk(chunk(b"zTXt", b"w\0\0no zlib")), id="broken text"),
        pytest.param(encoded(picture(), "PNG")[:-12], id="no IEND"),
        pytest.param(encoded(picture(), "JPEG", quality=95)[:-2], id="no end marker"),
        pytest.param(encoded(picture(), "JPEG", quality=95, exif=exif(1))[:-2], id="no end marker, and a preview"),
    ],
)
def test_blemish_that_browsers_forgive__is_copied_away(data: bytes) -> None:
    assert opening.inspect(BytesIO(data)).blemished
    assert is_like(copied(data)[1], picture(), difference=8)


@pytest.mark.parametrize(
    "data",
    [
        encoded(picture(), "JPEG"),
        encoded(picture(), "JPEG") + bytes(8) + b"ftypmp42" + bytes(1000),
        encoded(picture(), "MPO", save_all=True, append_images=[picture(size=(10, 10))]),
        encoded(picture(), "PNG"),
        encoded(picture(), "PNG") + b"and more",
        with_chunk(chunk(b"tEXt", b"a\0b"), chunk(b"prVt", bytes(2_000_000))),
        encoded(picture(), "JPEG", progressive=True),
        encoded(picture(), "JPEG", restart_marker_rows=1),
    ],
)
def test_file_without_a_blemish__has_none(data: bytes) -> None:
    assert not opening.inspect(BytesIO(data)).blemished


def test_hostile_structures__are_left_to_the_decoder() -> None:
    jpeg = encoded(picture(), "JPEG")
    assert not opening.inspect(BytesIO(jpeg[:2] + b"\xff\xe2\0\2" * 30_000 + jpeg[2:-2])).blemished
    assert not opening.inspect(BytesIO(with_chunk(chunk(b"aaAa", b"") * 30_000)[:-12])).blemished


def test_broken_picture__is_refused() -> None:
    data = encoded(Image.effect_noise((200, 200), 90).convert("RGB"), "WEBP")
    with pytest.raises(UnreadablePicture):
        copies.copy(BytesIO(data[:500]), CopyOrder(width=200, height=200, most_bytes=MANY))


# What is told of the origin

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description xmp:CreatorTool="Painter 9" exif:GPSLatitude="52,31N" '
    b'photoshop:City="Berlin"><Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/'
    b"trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType></rdf:Description></x:xmpmeta>"
)


def origin_tags() -> Image.Exif:
    tags = Image.Exif()
    tags[0x010F], tags[0x0131] = "Camera", "Generator 3"
    tags.get_ifd(0x8825)[1] = "N"
    tags.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    tags.get_ifd(0x8769)[0x9003] = "2026:07:01 09:30:00"
    tags.get_ifd(0x8769)[0x927C] = b"notes of a maker: 52.5N"
    return tags


@pytest.mark.parametrize(
    ("file_format", "copy_format"), [("JPEG", "JPEG"), ("PNG", "PNG"), ("WEBP", "PNG"), ("TIFF", "PNG")]
)
def test_origin__is_carried_over_and_no_place(file_format: str, copy_format: str) -> None:
    options = {"xmp": XMP} if file_format in ("JPEG", "WEBP") else {}
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    info.add_text("parameters", "a painted harbour, steps: 20")
    info.add_text("Location", "Berlin")
    if file_format == "PNG":
        options["pnginfo"] = info  # type: ignore[assignment]
    data = encoded(picture(), file_format, exif=origin_tags(), **options)
    facts, copy, content = copied(data)

    assert facts.format == copy_format
    found = copy.getexif()
    assert (found[0x010F], found[0x0131]) == ("Camera", "Generator 3")
    if file_format != "TIFF":  # Pillow writes none into it.
        assert found.get_ifd(0x8769) == {0x9003: "2026:07:01 09:30:00"}
    assert not found.get_ifd(0x8825)
    for place in (b"52", b"Berlin", b"notes of a maker", b"GPS"):
        assert place not in content.replace(b"2052", b"")
    if file_format != "TIFF":
        assert b"Painter 9" in copy.info["xmp"]
        assert b"trainedAlgorithmicMedia" in copy.info["xmp"]
    if file_format == "PNG":
        assert copy.info["parameters"] == "a painted harbour, steps: 20"


def jumbf(content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), b"jumb") + content


@pytest.mark.parametrize("length", [10, 200_000])
def test_content_credentials__are_carried_over(length: int) -> None:
    manifest = jumbf(b"c2pa" + b"x" * length)
    info = PngImagePlugin.PngInfo()
    info.add(b"caBX", manifest)
    png = encoded(picture(), "PNG", pnginfo=info)
    _, copy, _ = copied(png)
    assert provenance_of(copy).manifest == manifest

    jpeg = encoded(picture(), "JPEG", **provenance_of(copy).for_jpeg())
    _, copy, content = copied(jpeg)
    assert provenance_of(copy).manifest == manifest
    assert content.count(b"\xff\xeb") >= 1 + length // 60_000


def test_content_credentials_that_tell_a_place__are_not() -> None:
    info = PngImagePlugin.PngInfo()
    info.add(b"caBX", jumbf(b"exif:GPSLatitude"))
    assert b"caBX" not in copied(encoded(picture(), "PNG", pnginfo=info))[2]


@pytest.mark.parametrize("broken", [b"Exif\0\0", b"Exif\0\0MM", b"Exif\0\0" + b"\xff" * 40])
def test_broken_origin__says_nothing(broken: bytes) -> None:
    assert "exif" not in copied(encoded(picture(), "JPEG", exif=broken))[1].info
