"""Uploads of any kind: what their headers say, and clean small copies of what can be shown."""

import random
import struct
import sys
import time
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from django_copyleaks_image import formats, opening
from django_copyleaks_image.formats import DecoderMissing, PictureFacts, TooComplex, UnreadablePicture
from django_copyleaks_image.opening import inspect
from django_copyleaks_image.pictures import full_size, reencode, renditions
from tests.decoding import hostile

ORIENTATION = 0x0112
RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128)


def picture(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Return a picture whose top left corner is red, its top right green, and the rest blue."""
    image = Image.new("RGB", size, BLUE)
    half = (size[0] // 2, size[1] // 2)
    image.paste(RED, (0, 0, *half))
    image.paste(GREEN, (half[0], 0, size[0], half[1]))
    return image.convert(mode)


def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags


def facts_of(data: bytes) -> PictureFacts:
    return inspect(BytesIO(data))


def rendition(file: BytesIO, *, max_side: int) -> bytes:
    return renditions(file, {"copy": max_side})["copy"]


def shown(data: bytes, *, max_side: int = 1600) -> Image.Image:
    image = Image.open(BytesIO(rendition(BytesIO(data), max_side=max_side)))
    image.load()
    return image


def close(image: Image.Image, x: int, y: int, colour: tuple[int, ...]) -> bool:
    """Compare a pixel, as far as lossy encoding allows."""
    pixel = image.getpixel((x, y))
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 12 for one, other in zip(pixel, colour, strict=True))


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that promises a size and holds no pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def big_tiff(**changes: tuple[int, int]) -> bytes:
    """Return a grey BigTIFF of 8 by 6 pixels; a change gives a tag's type and its value as an integer."""
    tags = {
        "width": (256, 3, 8),
        "height": (257, 3, 6),
        "bits": (258, 3, 8),
        "photometric": (262, 3, 1),
        "strip": (273, 16, 16),
        "rows": (278, 3, 6),
        "bytes": (279, 4, 48),
        "profile": (34675, 4, 7),
    }
    for name, (kind, value) in changes.items():
        tags[name] = (tags[name][0], kind, value)
    entries = [struct.pack("<HHQQ", tag, kind, 1, value) for tag, kind, value in tags.values()]
    directory = struct.pack("<Q", len(entries)) + b"".join(entries) + bytes(8)
    return b"II+\0\x08\0\0\0" + struct.pack("<Q", 64) + b"\x80" * 48 + directory


def heic(image: Image.Image, **options: Any) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    file = BytesIO()
    pillow_heif.from_pillow(image).save(file, **options)
    return file.getvalue()


class TestInspecting:
    @pytest.mark.parametrize(
        ("file_format", "content_type", "extension"),
        [
            ("JPEG", "image/jpeg", ".jpg"),
            ("PNG", "image/png", ".png"),
            ("WEBP", "image/webp", ".webp"),
            ("TIFF", "image/tiff", ".tiff"),
            ("BMP", "image/bmp", ".bmp"),
            ("GIF", "image/gif", ".gif"),
        ],
    )
    def test_formats(self, file_format: str, content_type: str, extension: str) -> None:
        facts = facts_of(encoded(picture(), file_format))
        assert facts == PictureFacts(format=file_format, width=64, height=48, animated=False, orientation=1)
        assert facts.content_type == content_type
        assert facts.extension == extension

    @pytest.mark.parametrize(
        ("brand", "file_format", "content_type", "extension"),
        [
            (b"heic", "HEIC", "image/heic", ".heic"),
            (b"mif1", "HEIF", "image/heif", ".heif"),
            (b"avif", "AVIF", "image/avif", ".avif"),
        ],
    )
    def test_heif__without_a_decoder(self, brand: bytes, file_format: str, content_type: str, extension: str) -> None:
        ispe = struct.pack(">I4sIII", 20, b"ispe", 0, 4032, 3024)
        ipco = struct.pack(">I4s", 8 + len(ispe), b"ipco") + ispe
        iprp = struct.pack(">I4s", 8 + len(ipco), b"iprp") + ipco
        meta = struct.pack(">I4sI", 12 + len(iprp), b"meta", 0) + iprp
        facts = facts_of(struct.pack(">I4s4sI", 16, b"ftyp", brand, 0) + meta)
        assert facts == PictureFacts(format=file_format, width=4032, height=3024, animated=False, orientation=1)
        assert (facts.content_type, facts.extension) == (content_type, extension)

    @pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_orientation__leaves_the_stored_size(self, file_format: str, orientation: int) -> None:
        facts = facts_of(encoded(picture(), file_format, exif=exif(orientation)))
        assert (facts.width, facts.height, facts.orientation) == (64, 48, orientation)

    def test_orientation_that_browsers_ignore__counts_as_upright(self) -> None:
        assert facts_of(encoded(picture(), "WEBP", exif=exif(6))).orientation == 1
        for kind, count, expected in ((3, 1, 6), (4, 1, 1), (3, 2, 1)):
            tags = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HHHIH", 1, ORIENTATION, kind, count, 6) + bytes(6)
            assert facts_of(encoded(picture(), "JPEG", exif=tags)).orientation == expected
            assert facts_of(encoded(picture(), "PNG", exif=tags)).orientation == expected

    @pytest.mark.parametrize("orientation", [0, 9, 65_535])
    def test_impossible_orientation__counts_as_upright(self, orientation: int) -> None:
        assert facts_of(encoded(picture(), "JPEG", exif=exif(orientation))).orientation == 1

    @pytest.mark.parametrize("broken", [b"Exif\0\0", b"Exif\0\0MM", b"Exif\0\0" + b"\xff" * 40])
    def test_broken_exif__counts_as_upright(self, broken: bytes) -> None:
        data = encoded(picture(), "PNG", exif=broken)
        assert facts_of(data) == PictureFacts(format="PNG", width=64, height=48, animated=False, orientation=1)

    @pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF", "GIF"])
    def test_several_frames(self, file_format: str) -> None:
        data = encoded(picture(), file_format, save_all=True, append_images=[ImageOps.invert(picture())])
        assert facts_of(data).animated

    def test_several_pictures_in_one_jpeg__count_as_the_first(self) -> None:
        data = encoded(picture(), "MPO", save_all=True, append_images=[picture(size=(10, 10))])
        assert facts_of(data) == PictureFacts(format="JPEG", width=64, height=48, animated=False, orientation=1)

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\0",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
            b"<!doctype html><title>404</title>",
            b"8BPS\0\1\0\0\0\0\0\0\0\3\0\0\0\x30\0\0\0\x40\0\x08\0\3",
            b"RIFF\x24\0\0\0WAVEfmt ",
            b"\0\0\0\x18ftypmp42\0\0\0\0isommp42",
            b"BM and so on",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff",
            b"\xff\xd8\xff\xd9",
            b"GIF89a\1",
            b"II*\0",
            b"MM\0*\0\0\0\x08\xff\xff",
            b"II+\0\x08\0\0\0" + b"\xff" * 8,
        ],
    )
    def test_other_files_and_mere_beginnings__are_refused(self, data: bytes) -> None:
        with pytest.raises(UnreadablePicture, match=r"^The .*\.$"):
            facts_of(data)

    @pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
    def test_file_cut_in_its_header__is_refused(self, file_format: str) -> None:
        data = encoded(picture(), file_format)
        for length in range(0, 24, 3):
            with pytest.raises(UnreadablePicture):
                facts_of(data[:length])

    def test_forged_size__is_reported_without_a_warning_and_never_decoded(self) -> None:
        data = png_header(100_000, 100_000)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            facts = facts_of(data)
            assert (facts.width, facts.height) == (100_000, 100_000)
            with pytest.raises(UnreadablePicture, match="100000 by 100000 pixels"):
                rendition(BytesIO(data), max_side=1600)
            with pytest.raises(UnreadablePicture, match="100000 by 100000 pixels"):
                reencode(data, max_side=1600)

    def test_size_at_which_pillow_warns__is_silent_in_threads_too(self) -> None:
        data = png_header(10_000, 10_000)
        filters = list(warnings.filters)
        with ThreadPoolExecutor(8) as threads:
            assert {facts.width for facts in threads.map(facts_of, [data] * 200)} == {10_000}
        assert warnings.filters == filters

    @pytest.mark.parametrize(("width", "height"), [(10_000, 10_000), (16_384, 16_384)])
    def test_forged_webp_canvas(self, width: int, height: int) -> None:
        still = encoded(picture(size=(8, 8)), "WEBP", lossless=True)[12:]
        frame = bytes(6) + (7).to_bytes(3, "little") * 2 + bytes(4) + still
        body = (
            b"WEBPVP8X"
            + struct.pack("<II", 10, 2)
            + (width - 1).to_bytes(3, "little")
            + (height - 1).to_bytes(3, "little")
            + b"ANIM"
            + struct.pack("<I", 6)
            + bytes(6)
            + b"ANMF"
            + struct.pack("<I", len(frame))
            + frame
        )
        data = b"RIFF" + struct.pack("<I", len(body)) + body
        with pytest.raises(UnreadablePicture, match="pixels"):
            rendition(BytesIO(data), max_side=100)

    def test_millions_of_tiny_header_parts__are_given_up(self) -> None:
        jpeg = encoded(picture(), "JPEG")
        data = jpeg[:2] + b"\xff\xe1\x00\x09Exif\0\0X" * 1_000_000 + jpeg[2:]
        began = time.thread_time()
        with pytest.raises(UnreadablePicture):
            facts_of(data)
        assert time.thread_time() - began < 8  # Pillow alone takes a quarter of a minute, and more for each.

    def test_too_many_bytes__are_not_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(opening, "MAX_BYTES", 1000)
        file = BytesIO(bytes(5000))
        with pytest.raises(UnreadablePicture, match="larger than 1000 bytes"):
            inspect(file)
        assert file.tell() <= 1001

    def test_reads_from_the_start(self) -> None:
        file = BytesIO(encoded(picture(), "PNG"))
        file.seek(0, 2)
        assert inspect(file).width == 64

    def test_failing_storage__is_no_unreadable_picture(self) -> None:
        class FailingStorage(BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                raise OSError("connection reset")

        with pytest.raises(OSError, match="connection reset"):
            inspect(FailingStorage(encoded(picture(), "PNG")))

    @given(
        st.sampled_from(
            [
                b"",
                b"\xff\xd8\xff",
                b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
                b"RIFF\x40\0\0\0WEBPVP8 ",
                b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0",
                b"II*\0\x08\0\0\0",
                b"MM\0+\0\x08\0\0\0\0\0\0\0\x10",
                b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0",
                b"GIF89a",
                b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            ]
        ),
        st.binary(max_size=300),
    )
    def test_arbitrary_bytes__are_described_or_refused(self, start: bytes, rest: bytes) -> None:
        for describe in (facts_of, lambda data: shown(data, max_side=10)):
            try:
                describe(start + rest)
            except UnreadablePicture:
                continue

    @settings(max_examples=150)
    @given(st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "BMP"]), st.randoms(use_true_random=False), st.data())
    def test_damaged_pictures__are_shown_or_refused(
        self, file_format: str, chance: random.Random, data: st.DataObject
    ) -> None:
        options = {} if file_format == "BMP" else {"exif": exif(6)}
        damaged = bytearray(encoded(picture(size=(20, 16)), file_format, **options))
        for _ in range(data.draw(st.integers(1, 8))):
            damaged[chance.randrange(min(len(damaged), 200))] = chance.choice([0, 1, 127, 128, 255])
        for describe in (facts_of, lambda data: shown(data, max_side=10)):
            try:
                describe(bytes(damaged))
            except UnreadablePicture:
                continue


class TestRendition:
    def test_longer_side_is_reduced(self) -> None:
        image = shown(encoded(picture(size=(3000, 1500)), "JPEG"), max_side=400)
        assert image.format == "WEBP"
        assert image.size == (400, 200)
        assert image.mode == "RGB"
        assert close(image, 50, 50, RED)
        assert close(image, 350, 50, GREEN)
        assert close(image, 50, 150, BLUE)

    def test_small_picture_is_not_enlarged(self) -> None:
        assert shown(encoded(picture(), "PNG")).size == (64, 48)

    @pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_every_orientation_is_shown_upright(self, file_format: str, orientation: int) -> None:
        data = encoded(picture(), file_format, exif=exif(orientation))
        with Image.open(BytesIO(data)) as original:
            upright = ImageOps.exif_transpose(original).convert("RGB")
        image = shown(data)
        assert image.size == upright.size == ((48, 64) if orientation >= 5 else (64, 48))
        for x, y in ((8, 8), (image.width - 8, 8), (8, image.height - 8)):
            pixel = upright.getpixel((x, y))
            assert isinstance(pixel, tuple)
            assert close(image, x, y, pixel)

    @pytest.mark.parametrize("orientation", [1, 3, 5, 6])
    def test_heic_is_shown_upright(self, orientation: int) -> None:
        data = heic(picture(), exif=exif(orientation).tobytes())
        facts = facts_of(data)
        assert (facts.format, facts.width, facts.height) == ("HEIC", 64, 48)
        assert facts.orientation == orientation
        image = shown(data)
        assert image.size == ((48, 64) if orientation >= 5 else (64, 48))
        red_at = {1: (8, 8), 3: (56, 40), 5: (8, 8), 6: (40, 8)}[orientation]
        assert close(image, *red_at, RED)

    @pytest.mark.parametrize("data", [b"\0\0\0\x14ftypheic\0\0\0\0heic", b""])
    def test_heic__broken(self, data: bytes) -> None:
        broken = data or heic(picture())[:-40]
        with pytest.raises(UnreadablePicture) as refusal:
            shown(broken)
        assert not isinstance(refusal.value, DecoderMissing)

    def test_heic_whose_crop_hides_its_size__is_refused_by_the_decoder(self) -> None:
        data = heic(picture(size=(64, 49)))
        size_at = data.index(b"ispe") + 8
        forged = data[:size_at] + struct.pack(">II", 60_000, 60_000) + data[size_at + 8 :]
        assert facts_of(forged).height == 49
        with pytest.raises(UnreadablePicture):
            shown(forged)

    def test_heic_without_its_decoder__names_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        data = heic(picture())
        for decoder in ("pillow_heif", "pi_heif"):
            monkeypatch.setitem(sys.modules, decoder, None)
        with pytest.raises(DecoderMissing, match=r"\[heif\]"):
            shown(data)

    def test_heic__is_read_by_the_decoder_without_an_encoder_as_well(self, monkeypatch: pytest.MonkeyPatch) -> None:
        data = heic(picture())
        monkeypatch.setitem(sys.modules, "pi_heif", sys.modules["pillow_heif"])
        monkeypatch.setitem(sys.modules, "pillow_heif", None)
        assert close(shown(data), 8, 8, RED)

    def test_avif_without_its_decoder__names_pillow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        if "AVIF" not in Image.registered_extensions().values():
            pytest.skip("this Pillow writes no AVIF")
        data = encoded(picture(), "AVIF")
        monkeypatch.setattr("PIL.AvifImagePlugin.SUPPORTED", False)
        with pytest.raises(DecoderMissing, match="Pillow"):
            shown(data)
        monkeypatch.setitem(sys.modules, "PIL.AvifImagePlugin", None)
        with pytest.raises(DecoderMissing, match="Pillow"):
            shown(data)

    @pytest.mark.parametrize("file_format", ["GIF", "AVIF", "JPEG2000"])
    def test_formats_that_copyleaks_refuses__are_shown(self, file_format: str) -> None:
        if file_format not in Image.registered_extensions().values():
            pytest.skip(f"this Pillow writes no {file_format}")
        data = encoded(picture(), file_format, **({"quality": 100} if file_format == "AVIF" else {}))
        assert facts_of(data).format == file_format
        assert close(shown(data), 8, 8, RED)
        assert close(shown(data), 56, 8, GREEN)

    @pytest.mark.parametrize(
        ("image", "file_format", "expected"),
        [
            pytest.param(Image.new("I;16", (9, 9), 0x8000), "PNG", GREY, id="16-bit PNG"),
            pytest.param(Image.new("I;16", (9, 9), 0x8000), "TIFF", GREY, id="16-bit TIFF"),
            pytest.param(Image.new("I;16B", (9, 9), 0x8000), "TIFF", GREY, id="16-bit big-endian TIFF"),
            pytest.param(Image.new("CMYK", (9, 9), (0, 255, 255, 0)), "JPEG", RED, id="CMYK JPEG"),
            pytest.param(Image.new("CMYK", (9, 9), (0, 255, 255, 0)), "TIFF", RED, id="CMYK TIFF"),
            pytest.param(Image.new("YCbCr", (9, 9), (76, 85, 255)), "TIFF", RED, id="YCbCr TIFF"),
            pytest.param(Image.new("L", (9, 9), 128), "JPEG", GREY, id="grey"),
            pytest.param(Image.new("1", (9, 9), 1), "PNG", (255, 255, 255), id="bilevel"),
            pytest.param(Image.new("RGB", (9, 9), RED).convert("P"), "PNG", RED, id="palette"),
            pytest.param(Image.new("LA", (9, 9), (0, 0)), "PNG", GREY, id="transparent grey"),
            pytest.param(Image.new("LA", (9, 9), (255, 255)), "PNG", (255, 255, 255), id="opaque grey"),
            pytest.param(Image.new("RGBA", (9, 9), (*RED, 0)), "PNG", GREY, id="transparent"),
            pytest.param(Image.new("RGBA", (9, 9), (*RED, 255)), "WEBP", RED, id="opaque"),
        ],
    )
    def test_modes_look_as_intended(self, image: Image.Image, file_format: str, expected: tuple[int, ...]) -> None:
        assert close(shown(encoded(image, file_format)), 4, 4, expected)

    @pytest.mark.parametrize("transparency", [b"\0\xff", 0])
    def test_transparent_palette_entry_becomes_grey(self, transparency: bytes | int) -> None:
        image = Image.new("P", (40, 20), 0)
        image.putpalette([*RED, *GREEN])
        image.paste(1, (20, 0, 40, 20))
        result = shown(encoded(image, "PNG", transparency=transparency))
        assert close(result, 5, 10, GREY)
        assert close(result, 35, 10, GREEN)

    def test_transparent_colour_becomes_grey(self) -> None:
        result = shown(encoded(picture(), "PNG", transparency=RED))
        assert close(result, 8, 8, GREY)
        assert close(result, 56, 8, GREEN)

    @pytest.mark.parametrize(("mode", "low", "high"), [("I", 0, 1_000_000), ("F", 0.0, 1.0), ("F", -5.0, 5.0)])
    def test_greys_of_unknown_range__go_from_black_to_white(self, mode: str, low: float, high: float) -> None:
        image = Image.new(mode, (60, 20), low)
        image.paste((low + high) / 2 if mode == "F" else 500_000, (20, 0, 40, 20))
        image.paste(high if mode == "F" else 1_000_000, (40, 0, 60, 20))
        result = shown(encoded(image, "TIFF"))
        assert close(result, 5, 10, (0, 0, 0))
        assert close(result, 30, 10, GREY)
        assert close(result, 55, 10, (255, 255, 255))

    def test_greys_all_the_same__and_not_a_number(self) -> None:
        for value in (7.0, float("nan"), float("inf")):
            assert shown(encoded(Image.new("F", (9, 9), value), "TIFF")).size == (9, 9)

    @pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP"])
    def test_colour_profile_is_converted(self, file_format: str) -> None:
        # sRGB with the primaries for red and blue exchanged.
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        profile = profile.replace(b"rXYZ", b"____", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"____", b"bXYZ", 1)
        result = shown(encoded(picture(), file_format, icc_profile=profile))
        assert close(result, 8, 8, BLUE)
        assert close(result, 8, 40, RED)

    @pytest.mark.parametrize("profile", [b"no profile", b"\0" * 4000])
    def test_broken_colour_profile_is_ignored(self, profile: bytes) -> None:
        assert close(shown(encoded(picture(), "JPEG", icc_profile=profile)), 8, 8, RED)

    def test_colour_profile_of_another_space_is_ignored(self) -> None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        data = encoded(Image.new("L", (9, 9), 128), "PNG", icc_profile=profile)
        assert close(shown(data), 4, 4, GREY)

    @pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
    def test_metadata_does_not_survive(self, file_format: str) -> None:
        tags = exif(6)
        tags[0x010F] = "SecretCamera"
        tags.get_ifd(0x8825)[1] = "SecretPlace"
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", "SecretText")
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        options: dict[str, dict[str, Any]] = {
            "JPEG": {"comment": b"SecretComment", "xmp": b"<x>SecretXmp</x>"},
            "PNG": {"pnginfo": text},
            "WEBP": {"xmp": b"<x>SecretXmp</x>"},
            "TIFF": {},
        }
        data = encoded(picture(), file_format, exif=tags, icc_profile=profile, **options[file_format])
        assert b"Secret" in data
        for copy in (
            rendition(BytesIO(data), max_side=1600),
            rendition(BytesIO(data), max_side=20),
        ):
            assert b"Secret" not in copy
            assert not any(mark in copy for mark in (b"Exif", b"EXIF", b"XMP", b"xap", b"ICC"))

    def test_first_frame_is_shown(self) -> None:
        data = encoded(picture(), "WEBP", save_all=True, append_images=[Image.new("RGB", (64, 48))])
        assert close(shown(data), 8, 8, RED)

    @pytest.mark.parametrize("file_format", ["JPEG", "PNG", "BMP"])
    def test_pixels_cut_short__are_grey_where_nothing_was_received(self, file_format: str) -> None:
        noise = Image.effect_noise((200, 200), 90).convert("RGB")
        data = encoded(noise, file_format)
        cut = data[: len(data) // 2]

        assert facts_of(cut).blemished
        assert not facts_of(data).blemished
        lacking = 10 if file_format == "BMP" else 190  # Whose rows stand from below to above.
        assert close(shown(cut), 100, lacking, GREY)
        assert shown(cut).getpixel((100, 200 - lacking)) == shown(data).getpixel((100, 200 - lacking))

    def test_pixels_of_a_webp_cut_short__are_refused(self) -> None:
        data = encoded(Image.effect_noise((200, 200), 90).convert("RGB"), "WEBP")
        with pytest.raises(UnreadablePicture, match="The WEBP file is broken or cut short"):
            shown(data[: len(data) // 2])

    @pytest.mark.parametrize(
        "changes", [{"strip": (16, 2**64 - 1)}, {"strip": (12, 0x4030000000000000)}], ids=["huge", "float"]
    )
    def test_tiff_tag_with_an_impossible_value__is_refused(self, changes: dict[str, tuple[int, int]]) -> None:
        with pytest.raises(UnreadablePicture, match="The TIFF file is broken"):
            shown(big_tiff(**changes))

    @pytest.mark.parametrize("kind", [3, 4, 5, 12])
    def test_tiff_of_more_parts_than_a_picture_has__is_too_complex(self, kind: int) -> None:
        for order, version in (("<", b"II*\0"), (">", b"MM\0*")):
            entry = struct.pack(f"{order}HHII", 273, kind, opening.MAX_TIFF_PARTS + 1, 8)
            data = version + struct.pack(f"{order}IH", 8, 1) + entry + bytes(4)
            with pytest.raises(TooComplex, match="takes longer to be read"):
                opening.inspect(BytesIO(data))

    @pytest.mark.parametrize("counts", [(opening.MAX_TIFF_PARTS + 1, 1), (1, opening.MAX_TIFF_PARTS + 1)])
    def test_big_tiff_of_more_parts_than_a_picture_has__is_too_complex(self, counts: tuple[int, int]) -> None:
        entries = b"".join(
            struct.pack("<HHQQ", tag, 16, count, 8) for tag, count in zip((273, 279), counts, strict=True)
        )
        with pytest.raises(TooComplex):
            opening.inspect(BytesIO(b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2) + entries + bytes(8)))

    def test_tiff_with_a_long_profile__is_read(self) -> None:
        assert opening.inspect(BytesIO(hostile.corpus()["long-profile.tiff"]())).width == 600

    def test_tiff_profile_that_is_a_number__is_ignored(self) -> None:
        assert close(shown(big_tiff()), 4, 3, GREY)

    def test_too_many_pixels__are_refused_before_decoding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(opening, "MAX_PIXELS", 3000)
        monkeypatch.setattr(opening, "MAX_JPEG_PIXELS", 3000)
        with pytest.raises(UnreadablePicture, match="64 by 48 pixels, more than 3000"):
            shown(encoded(picture(), "JPEG"))
        with pytest.raises(UnreadablePicture, match="64 by 48 pixels, more than 3000"):
            shown(heic(picture()))

    @pytest.mark.parametrize(("size", "reduced"), [((5000, 1), (100, 1)), ((1, 5000), (1, 100))])
    def test_thin_pictures_keep_a_pixel(self, size: tuple[int, int], reduced: tuple[int, int]) -> None:
        assert shown(encoded(picture(size=size), "PNG"), max_side=100).size == reduced


class TestFullSize:
    @pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
    def test_what_browsers_show__is_left_as_it_is(self, file_format: str) -> None:
        assert formats.is_shown_as_stored(file_format, 1)

    def test_turned_jpeg__is_left_to_the_browser(self) -> None:
        assert formats.is_shown_as_stored("JPEG", 6)

    @pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
    def test_what_browsers_may_show_askew__is_turned(self, file_format: str) -> None:
        data = encoded(picture(size=(640, 480)), file_format, exif=exif(6))
        assert not formats.is_shown_as_stored(file_format, 6)
        upright = Image.open(BytesIO(full_size(BytesIO(data))))
        assert (upright.format, upright.size) == ("JPEG", (480, 640))
        assert close(upright, 400, 20, RED)

    def test_pixels__are_all_kept(self) -> None:
        content = full_size(BytesIO(encoded(picture(size=(3000, 20)), "TIFF")))
        assert Image.open(BytesIO(content)).size == (3000, 20)

    @pytest.mark.parametrize("file_format", ["JPEG", "TIFF"])
    def test_too_many_pixels__are_refused(self, file_format: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(opening, "MAX_PIXELS", 64 * 48 - 1)
        with pytest.raises(UnreadablePicture, match="more than"):
            full_size(BytesIO(encoded(picture(), file_format)))


class TestReencoding:
    @pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
    def test_becomes_a_png_of_bounded_size(self, file_format: str) -> None:
        data = reencode(encoded(picture(size=(800, 400)), file_format), max_side=200)
        image = Image.open(BytesIO(data))
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (200, 100))
        assert close(image, 20, 20, RED)

    @pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
    def test_keeps_alpha(self, file_format: str) -> None:
        gradient = Image.new("RGBA", (64, 48), (*RED, 100))
        image = Image.open(BytesIO(reencode(encoded(gradient, file_format, lossless=True), max_side=1600)))
        assert image.mode == "RGBA"
        assert image.getpixel((5, 5)) == (*RED, 100)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: b"",
            lambda: b"<svg/>",
            lambda: encoded(picture(), "GIF"),
            lambda: encoded(picture(), "BMP"),
            lambda: encoded(picture(), "TIFF"),
            lambda: heic(picture()),
            lambda: encoded(picture(), "PNG")[:-30],
            lambda: png_header(8001, 8000),
        ],
        ids=["empty", "svg", "gif", "bmp", "tiff", "heic", "cut", "bomb"],
    )
    def test_anything_else_is_refused(self, make: Callable[[], bytes]) -> None:
        with pytest.raises(UnreadablePicture):
            reencode(make(), max_side=1600)

    def test_too_many_bytes__are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(opening, "MAX_BYTES", 50)
        with pytest.raises(UnreadablePicture, match="larger than 50 bytes"):
            reencode(encoded(picture(), "PNG"), max_side=1600)

    def test_drops_text_and_what_follows_the_picture(self) -> None:
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", "<script>")
        data = encoded(picture(), "PNG", pnginfo=text, icc_profile=b"Secret") + b"<script>"
        copy = reencode(data, max_side=1600)
        assert b"<script>" not in copy
        assert b"iCCP" not in copy

    @given(st.binary(max_size=300))
    def test_arbitrary_bytes__are_refused(self, data: bytes) -> None:
        for start in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x40\0\0\0WEBPVP8L"):
            with pytest.raises(UnreadablePicture):
                reencode(start + data, max_side=100)
