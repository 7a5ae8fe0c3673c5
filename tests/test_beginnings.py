"""What a file is, by its first and last bytes."""

import time
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from django_copyleaks_image.beginnings import is_cut_off, is_picture
from tests.samples import picture

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "ICO", "AVIF")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def encoded(image_format: str) -> bytes:
    if image_format == "ICO":
        return picture("ICO", size=(64, 64))
    return picture(image_format)


@pytest.mark.parametrize("image_format", FORMATS)
def test_every_format_that_browsers_show__is_a_picture(image_format: str) -> None:
    assert is_picture(encoded(image_format)[:64])


@pytest.mark.parametrize(
    "beginning",
    [
        SVG,
        b"\xef\xbb\xbf\n" + SVG,
        b'<?xml version="1.0"?>\n<!-- drawn -- by -> hand --><!---->\n' + SVG,
        b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd" [<!ENTITY a "b">]>' + SVG,
        b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf",
        b"\xff\x0a and what follows",
    ],
)
def test_other_pictures__are_known(beginning: bytes) -> None:
    assert is_picture(beginning)


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"<!DOCTYPE html><html><body>" + SVG,
        b"<!-- " + SVG,
        b"RIFF\0\0\0\0WAVEfmt ",
        b"RIFF\0\0\0\0AVI LIST",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
        b"\x1aE\xdf\xa3webm",
        b"These are no pixels.",
    ],
)
def test_anything_else__is_none(beginning: bytes) -> None:
    assert not is_picture(beginning)


def test_text_of_a_stranger__takes_no_time() -> None:
    started = time.process_time()
    for repeated in (b"<!---->", b"<!--", b" ", b"<?xml >", b"<!DOCTYPE svg [", b"<!DOCTYPE svg>"):
        assert not is_picture(repeated * 10_000)

    # Exponential, it would take longer than anybody can wait.
    assert time.process_time() - started < 30


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
def test_file_without_its_end__is_cut_off(image_format: str) -> None:
    options: dict[str, Any] = {"lossless": True} if image_format == "WEBP" else {}
    stream = BytesIO()
    Image.effect_noise((300, 300), 60).convert("RGB").save(stream, image_format, **options)
    whole = stream.getvalue()
    half = whole[: len(whole) // 2].replace(b"\xff\xd9", b"\xff\xd8").replace(b";", b":")

    assert not is_cut_off(BytesIO(whole), len(whole))
    assert not is_cut_off(BytesIO(whole + b"\0" * 1000), len(whole) + 1000)
    assert is_cut_off(BytesIO(half), len(half))
