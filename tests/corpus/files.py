"""Files of every format, orientation, colour space, depth, blemish and size that sites receive, made here.

None is anybody's picture. Each says what becomes of it, and whether it was measured before there were copies.
"""

import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO
from typing import Any, Literal

from PIL import Image, ImageCms, ImageDraw, PngImagePlugin, TiffImagePlugin

Sent = Literal["as it is", "copy", "nothing"]
Made = tuple[str, bytes]
SIZE = (720, 600)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A file with what is sent of it in async mode, and in sync mode where that differs.

    ``before`` says whether it was measured before there were copies; ``code`` names why nothing is sent.
    """

    name: str
    make: Callable[[], bytes]
    sent: Sent = "as it is"
    in_sync: Sent | None = None
    before: bool = True
    code: str = ""
    is_large: bool = False


def photograph(width: int = SIZE[0], height: int = SIZE[1], seed: int = 1) -> Image.Image:
    """Return a smooth picture, with a square at the upper left by which it can be told from a turned one."""
    return _drawn(width, height, seed).copy()  # Pillow leaves traces in what it saves.


@cache
def _drawn(width: int, height: int, seed: int) -> Image.Image:
    rnd = random.Random(seed)
    image = Image.frombytes("RGB", (12, 10), rnd.randbytes(360)).resize((width, height), Image.Resampling.BICUBIC)
    ImageDraw.Draw(image).rectangle((0, 0, width // 3, height // 3), fill=(220, 30, 30))
    return image


def saved(image: Image.Image, file_format: str, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def heif(image: Image.Image, **options: Any) -> bytes:
    import pillow_heif

    stream = BytesIO()
    pillow_heif.from_pillow(image).save(stream, **options)
    return stream.getvalue()


def frames(file_format: str, **options: Any) -> bytes:
    others = [photograph(seed=2), photograph(seed=3)]
    return saved(photograph(), file_format, save_all=True, append_images=others, **options)


def chunk(kind: bytes, data: bytes, checksum: int | None = None) -> bytes:
    checksum = zlib.crc32(kind + data) if checksum is None else checksum
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png(*chunks: bytes) -> bytes:
    content = saved(photograph(), "PNG")
    return content[:33] + b"".join(chunks) + content[33:]


def png_of(colour: int, bits: int, samples: int, *, palette: bytes = b"", interlaced: bool = False) -> bytes:
    """Return a PNG of vertical stripes in a colour type and depth that Pillow does not write."""
    width, height = SIZE
    row = bytes(number * 8 // width * 32 & 0xFF for number in range(width) for _ in range(samples))
    if bits == 16:
        row = b"".join(bytes((value, value)) for value in row)
    elif bits < 8:
        values = [value >> (8 - bits) for value in row]
        per_byte = 8 // bits
        row = bytes(
            sum(value << (8 - bits * (place + 1)) for place, value in enumerate(values[start : start + per_byte]))
            for start in range(0, len(values), per_byte)
        )
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    table = chunk(b"PLTE", palette) if palette else b""
    pixels = zlib.compress((b"\0" + row) * height)
    return b"\x89PNG\r\n\x1a\n" + header + table + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(7).randbytes(width * height * 3))


@cache
def corpus() -> tuple[Sample, ...]:
    """Return all samples; what cannot be made with what is installed is left out."""
    found: list[Sample] = []
    for family in (_orientations, _colours, _sequences, _blemishes, _sizes, _names, _others):
        found += family()
    Image.init()
    known = set(Image.registered_extensions().values())
    return tuple(sample for sample in found if not (sample.name.endswith(".avif") and "AVIF" not in known))


def _turned(orientation: int, file_format: str, **options: Any) -> bytes:
    """Return a file whose pixels are stored so that the orientation makes them upright."""
    turn = _TURNED.get(orientation)
    stored = photograph() if turn is None else photograph().transpose(turn)
    if file_format == "HEIF":
        return heif(stored, exif=exif(orientation).tobytes())
    if file_format == "TIFF":
        return saved(stored, "TIFF", tiffinfo=_tags(orientation), compression="tiff_lzw")
    return saved(stored, file_format, exif=exif(orientation), **options)


def _orientations() -> Iterator[Sample]:
    for orientation in range(1, 9):
        for file_format, extension in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("HEIF", "heic")):
            yield Sample(name=f"orientation-{orientation}.{extension}", make=partial(_turned, orientation, file_format))
        yield Sample(
            name=f"orientation-{orientation}.avif",
            make=partial(_turned, orientation, "AVIF", speed=10),
            sent="copy",
            before=False,
        )
        yield Sample(name=f"orientation-{orientation}.tiff", make=partial(_turned, orientation, "TIFF"), in_sync="copy")
    long_tag = b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\4\0\0\0\1\0\0\0\6\0\0\0\0"
    yield Sample(
        name="orientation-typed-long.jpg",
        make=lambda: _with_segment(saved(photograph(), "JPEG"), long_tag),
    )
    yield Sample(name="broken-exif.jpg", make=lambda: _with_segment(saved(photograph(), "JPEG"), b"Exif\0\0MM"))


def _tags(orientation: int) -> TiffImagePlugin.ImageFileDirectory_v2:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[274] = orientation
    return tags


def _with_segment(jpeg: bytes, content: bytes) -> bytes:
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


def _colours() -> Iterator[Sample]:
    def jpeg(mode: str, **options: Any) -> Callable[[], bytes]:
        return partial(_in, mode, "JPEG", **options)

    yield Sample(name="grey.jpg", make=jpeg("L"))
    yield Sample(name="cmyk.jpg", make=jpeg("CMYK"))
    yield Sample(name="progressive.jpg", make=jpeg("RGB", progressive=True))
    yield Sample(name="without-subsampling.jpg", make=jpeg("RGB", subsampling=0, quality=95))
    yield Sample(name="profile.jpg", make=jpeg("RGB", icc_profile=PROFILE))
    yield Sample(name="restart-markers.jpg", make=jpeg("RGB", restart_marker_rows=1))
    yield Sample(name="rgb.jpg", make=jpeg("RGB", keep_rgb=True))
    for bits in (1, 2, 4, 8, 16):
        yield Sample(name=f"grey-{bits}-bits.png", make=partial(png_of, 0, bits, 1))
    for bits in (8, 16):
        yield Sample(name=f"rgb-{bits}-bits.png", make=partial(png_of, 2, bits, 3))
        yield Sample(name=f"grey-alpha-{bits}-bits.png", make=partial(png_of, 4, bits, 2))
        yield Sample(name=f"rgba-{bits}-bits.png", make=partial(png_of, 6, bits, 4))
    for bits in (1, 2, 4, 8):
        palette = b"".join(bytes((value * 255 // (2**bits - 1), 90, 160)) for value in range(2**bits))
        yield Sample(name=f"palette-{bits}-bits.png", make=partial(png_of, 3, bits, 1, palette=palette))
    yield Sample(name="palette-transparent.png", make=lambda: saved(photograph().quantize(128), "PNG", transparency=5))
    yield Sample(name="profile.png", make=lambda: saved(photograph(), "PNG", icc_profile=PROFILE))
    yield Sample(name="lossless.webp", make=lambda: saved(photograph(), "WEBP", lossless=True, method=0))
    yield Sample(name="alpha.webp", make=lambda: saved(_with_alpha(), "WEBP", method=0))
    yield Sample(name="profile.webp", make=lambda: saved(photograph(), "WEBP", icc_profile=PROFILE, method=0))
    for mode in ("1", "L", "P", "RGB"):
        yield Sample(name=f"{mode}.bmp", make=partial(_in, mode, "BMP"))
    yield Sample(name="RGBA.bmp", make=lambda: saved(_with_alpha(), "BMP"))
    modes = {"1": "group4", "L": "tiff_lzw", "P": "packbits", "RGB": "tiff_adobe_deflate", "CMYK": "tiff_lzw"}
    for mode, compression in (*modes.items(), ("RGBA", "raw"), ("LAB", "raw"), ("I;16", "raw"), ("F", "raw")):
        yield Sample(
            name=f"{mode.replace(';', '-')}-{compression}.tiff",
            make=partial(_in, mode, "TIFF", compression=compression),
            in_sync="copy",
        )
    yield Sample(name="jpeg.tiff", make=lambda: saved(photograph(), "TIFF", compression="jpeg"), in_sync="copy")
    yield Sample(name="big.tiff", make=lambda: saved(photograph(), "TIFF", big_tiff=True), in_sync="copy")
    yield Sample(name="still.gif", make=lambda: saved(photograph(), "GIF"), sent="copy", before=False)
    yield Sample(name="grey.gif", make=lambda: saved(photograph().convert("L"), "GIF"), sent="copy", before=False)
    yield Sample(
        name="transparent.gif",
        make=lambda: saved(photograph().quantize(64), "GIF", transparency=3),
        sent="copy",
        before=False,
    )
    yield Sample(name="alpha.avif", make=lambda: saved(_with_alpha(), "AVIF", speed=10), sent="copy", before=False)
    yield Sample(
        name="grey.avif", make=lambda: saved(photograph().convert("L"), "AVIF", speed=10), sent="copy", before=False
    )
    streams: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("colours.jp2", "RGB", {}),
        ("grey.jp2", "L", {}),
        ("alpha.jp2", "RGBA", {}),
        ("stream.j2k", "RGB", {"no_jp2": True}),
    )
    for name, mode, options in streams:
        yield Sample(
            name=name,
            make=partial(_in, mode, "JPEG2000", **options),
            sent="copy",
            before=False,
        )


def _with_alpha() -> Image.Image:
    image = photograph().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(SIZE))
    return image


def _in(mode: str, file_format: str, **options: Any) -> bytes:
    return saved(_in_mode(mode), file_format, **options)


def _in_mode(mode: str) -> Image.Image:
    if mode == "I;16":
        return photograph().convert("L").convert("I").point(lambda value: value * 257).convert("I;16")
    if mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        converted = ImageCms.profileToProfile(photograph(), *profiles, outputMode="LAB")
        assert converted is not None
        return converted
    return photograph().convert("L").convert("F") if mode == "F" else photograph().convert(mode)


def _sequences() -> Iterator[Sample]:
    yield Sample(name="animated.gif", make=lambda: frames("GIF"), sent="copy", before=False)
    yield Sample(name="animated.webp", make=lambda: frames("WEBP", method=0), sent="copy", before=False)
    yield Sample(name="animated.png", make=lambda: frames("PNG"), sent="copy", before=False)
    yield Sample(name="animated.avif", make=lambda: frames("AVIF", speed=10), sent="copy", before=False)
    yield Sample(name="pages.tiff", make=lambda: frames("TIFF"), sent="copy", before=False)
    yield Sample(name="two-pictures.jpg", make=lambda: frames("MPO"))
    yield Sample(
        name="motion-photo.jpg", make=lambda: saved(photograph(), "JPEG") + bytes(8) + b"ftypmp42" + bytes(100_000)
    )


def _blemishes() -> Iterator[Sample]:
    def cut(file_format: str, share: float, **options: Any) -> Callable[[], bytes]:
        def make() -> bytes:
            content = saved(photograph(), file_format, **options)
            return content[: int(len(content) * share)]

        return make

    copied: dict[str, Any] = {"sent": "copy"}
    refused: dict[str, Any] = {"sent": "copy", "before": False}
    yield Sample(name="without-end-marker.jpg", make=lambda: saved(photograph(), "JPEG")[:-2], **refused)
    yield Sample(name="cut-at-70-percent.jpg", make=cut("JPEG", 0.7), **refused)
    yield Sample(name="cut-at-30-percent.jpg", make=cut("JPEG", 0.3, quality=95), **refused)
    yield Sample(name="cut-progressive.jpg", make=cut("JPEG", 0.7, progressive=True), **refused)
    yield Sample(name="cut-at-70-percent.png", make=cut("PNG", 0.7), **refused)
    yield Sample(name="cut-at-70-percent.gif", make=cut("GIF", 0.7), sent="copy", before=False)
    yield Sample(name="cut-at-70-percent.bmp", make=cut("BMP", 0.7), **refused)
    yield Sample(name="without-end.gif", make=lambda: saved(photograph(), "GIF")[:-1], sent="copy", before=False)
    yield Sample(name="more-behind.jpg", make=lambda: saved(photograph(), "JPEG") + b"\0" * 5000)
    yield Sample(name="more-behind.png", make=lambda: saved(photograph(), "PNG") + b"\0" * 5000)
    yield Sample(name="without-iend.png", make=lambda: saved(photograph(), "PNG")[:-12], **copied)
    for kind, data in (
        (b"iCCP", b"ICC\0\0" + zlib.compress(PROFILE)),
        (b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
        (b"tEXt", b"Software\0a program"),
        (b"gAMA", struct.pack(">I", 45455)),
    ):
        yield Sample(
            name=f"wrong-checksum-{kind.decode()}.png",
            make=partial(png, chunk(kind, data, checksum=1)),
            **refused,
        )
    long = b"node " * 300_000
    for name, content in (
        ("zTXt", b"workflow\0\0" + zlib.compress(long)),
        ("iTXt", b"workflow\0\1\0\0\0" + zlib.compress(long)),
    ):
        yield Sample(
            name=f"long-{name}.png",
            make=partial(png, chunk(name.encode(), content)),
            **refused,
        )
    yield Sample(name="long-tEXt.png", make=lambda: png(chunk(b"tEXt", b"workflow\0" + long)), sent="copy")
    profile = struct.pack(">I", len(PROFILE) + 1_300_000) + PROFILE[4:] + bytes(1_300_000)
    yield Sample(
        name="long-profile.png", make=lambda: png(chunk(b"iCCP", b"ICC\0\0" + zlib.compress(profile))), **refused
    )
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", "a harbour, steps: 20")
    yield Sample(name="parameters.png", make=lambda: saved(photograph(), "PNG", pnginfo=text))
    yield Sample(name="cut.webp", make=cut("WEBP", 0.7), before=False, sent="nothing", code="unreadable_image")


def _sizes() -> Iterator[Sample]:
    grey = Image.new
    yield Sample(name="largest.jpg", make=lambda: saved(grey("L", (6000, 4500), 99), "JPEG"), is_large=True)
    large: dict[str, Any] = {"sent": "copy", "before": False, "is_large": True}
    yield Sample(name="48-megapixels.jpg", make=lambda: saved(photograph(8064, 6048), "JPEG", quality=70), **large)
    yield Sample(name="48-megapixels-portrait.jpg", make=lambda: saved(grey("L", (6048, 8064), 99), "JPEG"), **large)
    yield Sample(name="108-megapixels.jpg", make=lambda: saved(grey("L", (12_000, 9000), 99), "JPEG"), **large)
    yield Sample(name="48-megapixels.png", make=lambda: saved(grey("RGB", (8064, 6048), (9, 99, 9)), "PNG"), **large)
    yield Sample(name="wide.heic", make=lambda: heif(photograph(6100, 900), quality=30), **large)
    yield Sample(name="panorama.jpg", make=lambda: saved(photograph(8000, 1000), "JPEG"), sent="copy", before=False)
    yield Sample(name="square.png", make=lambda: saved(grey("1", (5000, 5000)), "PNG"), sent="copy", before=False)
    yield Sample(name="35-megabytes.png", make=lambda: saved(noise(3600, 3300), "PNG", compress_level=0), **large)
    yield Sample(name="35-megabytes.bmp", make=lambda: saved(photograph(3600, 3300), "BMP"), **large)
    small: dict[str, Any] = {"sent": "nothing", "before": False, "code": "too_small"}
    yield Sample(name="avatar-256.jpg", make=lambda: saved(photograph(256, 256), "JPEG"), **small)
    yield Sample(name="banner-511.png", make=lambda: saved(photograph(900, 511), "PNG"), **small)
    yield Sample(
        name="ribbon.jpg",
        make=lambda: saved(grey("L", (20_000, 700), 99), "JPEG"),
        sent="nothing",
        before=False,
        code="too_large",
    )


def _names() -> Iterator[Sample]:
    """Names and endings say nothing about what is inside."""
    for name in (
        "IMG_0001.JPG",
        "ohne Endung",
        "zwei  Leerzeichen.jpeg",
        "häfen 港.jpg",
        "a%20b+c&d.jpg",
        "x" * 150 + ".jpg",
    ):
        yield Sample(name=name, make=lambda: saved(photograph(), "JPEG"))
    yield Sample(name="quote'\".png", make=lambda: saved(photograph(), "PNG"))
    yield Sample(name="png-called.jpg", make=lambda: saved(photograph(), "PNG"))
    yield Sample(name="webp-called.png", make=lambda: saved(photograph(), "WEBP", method=0))
    yield Sample(name="heic-called.jpg", make=lambda: heif(photograph()))
    yield Sample(name="gif-called.jpg", make=lambda: saved(photograph(), "GIF"), sent="copy", before=False)
    yield Sample(name="jpeg.php.jpg", make=lambda: saved(photograph(), "JPEG"))


def _others() -> Iterator[Sample]:
    nothing: dict[str, Any] = {"sent": "nothing", "before": False}
    broken: dict[str, Any] = nothing | {"code": "unreadable_image"}
    yield Sample(name="document.pdf", make=lambda: b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF", **broken)
    yield Sample(name="page.jpg", make=lambda: b"<!DOCTYPE html><html><body>403 Forbidden</body></html>", **broken)
    yield Sample(name="noise.jpg", make=lambda: random.Random(5).randbytes(5000), **broken)
    yield Sample(name="film.mp4", make=lambda: b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + bytes(500), **broken)
    yield Sample(name="empty.jpg", make=lambda: b"", **nothing, code="empty_file")
    drawing = b"<svg xmlns='http://www.w3.org/2000/svg' width='600' height='600'><rect width='300' height='300'/></svg>"
    yield Sample(name="drawing.svg", make=lambda: drawing, **broken)
    yield Sample(name="favicon.ico", make=lambda: saved(photograph(64, 64), "ICO"), **broken)
