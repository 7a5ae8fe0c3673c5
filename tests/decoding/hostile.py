"""Hostile pictures, made here: small on disk, and huge in what they ask of a decoder.

Each is within the limits of bytes for an upload. Look at them only in a process that may die.
"""

import random
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from io import BytesIO
from typing import Any

from PIL import Image

Maker = Callable[[], bytes]

PNG = b"\x89PNG\r\n\x1a\n"
MILLION = 1_000_000


def corpus() -> dict[str, Maker]:
    """Return all of them by name; each is made only when it is called for."""
    found: dict[str, Maker] = {}
    for family in (_tiffs, _pngs, _jpegs, _webps, _gifs, _bmps, _heics, _others):
        for name, make in family():
            assert name not in found
            found[name] = make
    return found


def saved(image: Image.Image, image_format: str, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, image_format, **options)
    return stream.getvalue()


# TIFF


def tiff(*tags: tuple[int, int, int, int], rest: bytes = b"", next_at: int = 0) -> bytes:
    """Return a TIFF of one directory: tag, type, count and value or offset each."""
    entries = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + struct.pack("<I", next_at) + rest


def _grey(width: int, height: int, *others: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
    return [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), *others]


def _strips(count: int, side: int = 600) -> bytes:
    strips = [(273, 4, count, 200), (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, count, 200)]
    return tiff(*_grey(side, side, *strips), rest=bytes(4 * count + 300))


def _tiles(count: int) -> bytes:
    tiles = [(322, 4, 1, 16), (323, 4, 1, 16), (324, 4, count, 200), (325, 4, count, 200)]
    return tiff(*_grey(30_000, 2000, *tiles), rest=bytes(4 * count + 300))


def _long_tag(tag: int, kind: int, count: int, size: int) -> bytes:
    return tiff(
        *_grey(600, 600, (273, 4, 1, 8), (279, 4, 1, 8), (tag, kind, count, 200)), rest=bytes(count * size + 300)
    )


def _many_tags(count: int) -> bytes:
    return tiff(*((1000 + number, 4, 1, number) for number in range(count)))


def _page_chain(count: int) -> bytes:
    """Each directory is of one tag and points to the next."""
    size = 2 + 12 + 4
    pages = (
        struct.pack("<HHHIII", 1, 256, 4, 1, 600, 8 + (number + 1) * size if number < count - 1 else 0)
        for number in range(count)
    )
    return b"II*\0\x08\0\0\0" + b"".join(pages)


def _loop() -> bytes:
    return tiff(*_grey(600, 600, (273, 4, 1, 8), (279, 4, 1, 360_000)), rest=bytes(360_000), next_at=8)


def _exif_loop() -> bytes:
    return tiff(*_grey(600, 600, (273, 4, 1, 8), (279, 4, 1, 8), (34665, 4, 1, 8), (34853, 4, 1, 8)))


def _tiff_of(mode: str, side: int, compression: str, colour: Any = 0) -> bytes:
    return saved(Image.new(mode, (side, side), colour), "TIFF", compression=compression)


def _many_pages() -> bytes:
    page = Image.new("1", (64, 64))
    return saved(page, "TIFF", save_all=True, append_images=[page] * 300)


def _tiffs() -> Iterator[tuple[str, Maker]]:
    for count in (60_000, 250_000, MILLION, 4 * MILLION, 8 * MILLION):
        yield f"{count}-strips.tiff", partial(_strips, count)
    for count in (60_000, MILLION, 4 * MILLION):
        yield f"{count}-tiles.tiff", partial(_tiles, count)
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 8: 2, 10: 8, 11: 4, 12: 8}
    for kind, size in sizes.items():
        yield f"tag-of-type-{kind}.tiff", partial(_long_tag, 50_000, kind, 24 * MILLION // size, size)
    for tag, name in (
        (34675, "profile"),
        (700, "xmp"),
        (33723, "iptc"),
        (320, "colours"),
        (258, "bits"),
        (339, "kinds"),
    ):
        yield f"long-{name}.tiff", partial(_long_tag, tag, 7 if tag > 500 else 3, 8 * MILLION, 2)
    yield "60000-tags.tiff", partial(_many_tags, 60_000)
    yield "million-pages.tiff", partial(_page_chain, MILLION)
    yield "300-pages.tiff", _many_pages
    yield "loop.tiff", _loop
    yield "exif-loop.tiff", _exif_loop
    for width, height in ((2**31 - 1, 1), (1, 2**31 - 1), (2**31 - 1, 2**31 - 1), (65_536, 65_536), (8000, 8000)):
        yield (
            f"empty-{width}x{height}.tiff",
            partial(tiff, *_grey(width, height, (273, 4, 1, 8), (278, 4, 1, height), (279, 4, 1, 8))),
        )
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits"):
        yield f"64-megapixels-{compression}.tiff", partial(_tiff_of, "RGB", 8000, compression)
    yield "64-megapixels-cmyk.tiff", partial(_tiff_of, "CMYK", 8000, "tiff_lzw")
    yield "64-megapixels-float.tiff", partial(_tiff_of, "F", 8000, "tiff_adobe_deflate", 0.5)
    yield "64-megapixels-jpeg.tiff", partial(_tiff_of, "RGB", 8000, "jpeg")
    yield "big-offsets.tiff", lambda: b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**64 - 1) + b"\xff" * 4000


# PNG


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@cache
def zeros(size: int) -> bytes:
    """Return so many zeros, deflated piece by piece."""
    packer = zlib.compressobj(1)
    packed = [packer.compress(bytes(min(MILLION, size - start))) for start in range(0, size, MILLION)]
    return b"".join(packed) + packer.flush()


def png(width: int, height: int, bits: int = 8, colour: int = 2, *, interlaced: int = 0, before: bytes = b"") -> bytes:
    """Return a black PNG; ``before`` comes between its header and its pixels."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = 1 + (width * bits * channels + 7) // 8
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    palette = chunk(b"PLTE", bytes(768)) if colour == 3 else b""
    pixels = chunk(b"IDAT", zeros(min(row * height, 600 * MILLION)))
    return PNG + chunk(b"IHDR", header) + palette + before + pixels + chunk(b"IEND")


def _small_png(before: bytes) -> bytes:
    return png(600, 600, before=before)


def _text_bomb(kind: bytes, start: bytes, size: int) -> bytes:
    return _small_png(chunk(kind, start + zeros(size)))


def _many_chunks(kind: bytes, data: bytes, count: int) -> bytes:
    return _small_png(chunk(kind, data) * count)


def _frames_bomb(count: int) -> bytes:
    frame = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 600, 600, 0, 0, 1, 1, 0, 0))
    return _small_png(chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)) + frame * count)


def _pngs() -> Iterator[tuple[str, Maker]]:
    for bits, colour in ((1, 0), (8, 0), (16, 0), (8, 2), (16, 2), (8, 3), (8, 4), (8, 6), (16, 6)):
        yield f"8000x8000-{bits}-bits-{colour}.png", partial(png, 8000, 8000, bits, colour)
    yield "8000x8000-interlaced.png", partial(png, 8000, 8000, interlaced=1)
    yield "1x64-million.png", partial(png, 1, 64 * MILLION, 1, 0)
    yield "64-million-x1.png", partial(png, 64 * MILLION, 1, 1, 0)
    for width, height in ((2**31 - 1, 2**31 - 1), (2**31 - 1, 1), (60_000, 60_000), (100_000, 700)):
        yield f"empty-{width}x{height}.png", partial(_empty_png, width, height)
    for size in (MILLION, 60 * MILLION, 600 * MILLION):
        yield f"ztxt-{size}.png", partial(_text_bomb, b"zTXt", b"a\0\0", size)
        yield f"iccp-{size}.png", partial(_text_bomb, b"iCCP", b"a\0\0", size)
        yield f"itxt-{size}.png", partial(_text_bomb, b"iTXt", b"a\0\1\0\0\0", size)
    for kind, data in (
        (b"aaAa", b""),
        (b"tEXt", b"a\0b"),
        (b"zTXt", b"a\0\0" + zlib.compress(bytes(5000))),
        (b"IDAT", b""),
    ):
        yield (
            f"many-{kind.decode()}.png",
            partial(_many_chunks, kind, data, min(MILLION, 24 * MILLION // (12 + len(data)))),
        )
    yield "million-frames.png", partial(_frames_bomb, 500_000)
    yield "long-exif.png", lambda: _small_png(chunk(b"eXIf", _strips(MILLION)))
    yield "exif-loop.png", lambda: _small_png(chunk(b"eXIf", _loop()))


def _empty_png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND")


# JPEG


def segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


@cache
def jpeg(width: int = 600, height: int = 600, **options: Any) -> bytes:
    return saved(Image.new("RGB", (width, height), (9, 9, 9)), "JPEG", **options)


def scans(count: int, width: int, height: int) -> bytes:
    """Return a progressive JPEG that repeats its last scan."""
    whole = jpeg(width, height, progressive=True)
    last = whole.rfind(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * count + b"\xff\xd9"


def _resized_header(width: int, height: int, **options: Any) -> bytes:
    whole = jpeg(**options)
    at = whole.find(b"\xff\xc2" if options.get("progressive") else b"\xff\xc0") + 5
    return whole[:at] + struct.pack(">HH", height, width) + whole[at + 4 :]


def _into_jpeg(*segments: bytes) -> bytes:
    return jpeg()[:2] + b"".join(segments) + jpeg()[2:]


def _profile_parts(count: int, size: int) -> bytes:
    parts = (
        segment(0xE2, b"ICC_PROFILE\0" + bytes((number % 256, count % 256)) + bytes(size)) for number in range(count)
    )
    return _into_jpeg(*parts)


def _jpegs() -> Iterator[tuple[str, Maker]]:
    for count, width, height in ((6000, 5900, 4400), (2000, 8000, 8000), (20_000, 2000, 2000), (400, 8000, 8000)):
        yield f"{count}-scans-{width}.jpg", partial(scans, count, width, height)
    for progressive in (False, True):
        for width, height in ((65_535, 65_535), (8000, 8000), (65_500, 976), (1, 65_535)):
            kind = "progressive" if progressive else "baseline"
            yield f"{kind}-{width}x{height}.jpg", partial(_resized_header, width, height, progressive=progressive)
    yield "300000-segments.jpg", lambda: _into_jpeg(segment(0xE5, b"") * 300_000)
    yield "comments.jpg", lambda: _into_jpeg(segment(0xFE, bytes(60_000)) * 500)
    yield "exif-strips.jpg", lambda: _into_jpeg(segment(0xE1, b"Exif\0\0" + _strips(16_000)[:65_000]))
    yield "exif-loop.jpg", lambda: _into_jpeg(segment(0xE1, b"Exif\0\0" + _loop()[:60_000]))
    yield "many-exifs.jpg", lambda: _into_jpeg(segment(0xE1, b"Exif\0\0" + _many_tags(5000)) * 400)
    yield "profile-parts.jpg", partial(_profile_parts, 255, 65_000)
    yield "thousands-of-profile-parts.jpg", partial(_profile_parts, 100_000, 100)
    yield "tables.jpg", lambda: _into_jpeg(segment(0xDB, bytes((0,)) + bytes((1,)) * 64) * 200_000)
    yield "filled.jpg", lambda: jpeg()[:2] + b"\xff" * 16_000_000 + jpeg()[2:]
    yield "cmyk-64-megapixels.jpg", lambda: saved(Image.new("CMYK", (8000, 8000)), "JPEG")
    yield (
        "many-pictures.jpg",
        lambda: saved(
            Image.new("RGB", (64, 64)), "MPO", save_all=True, append_images=[Image.new("RGB", (64, 64))] * 2000
        ),
    )


# WebP


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1) for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _canvas(width: int, height: int, flags: int = 0) -> bytes:
    return struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def _frame(width: int, height: int) -> tuple[bytes, bytes]:
    """Return one chunk of a lossless picture of one colour."""
    data = _lossless(width, height)
    return data[12:16], data[20 : 20 + int.from_bytes(data[16:20], "little")]


@cache
def _lossless(width: int, height: int) -> bytes:
    return saved(Image.new("RGBA", (width, height)), "WEBP", lossless=True, quality=0, method=0)


def _patched_lossless(width: int, height: int) -> bytes:
    data = bytearray(_lossless(64, 64))
    data[21:25] = struct.pack("<I", (width - 1) | (height - 1) << 14 | 1 << 28)
    return bytes(data)


def _animated_webp(count: int, width: int, height: int) -> bytes:
    kind, data = _frame(1, 1)
    frame = kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)
    anmf = bytes(6) + bytes(6) + (100).to_bytes(3, "little") + b"\0" + frame
    return webp((b"VP8X", _canvas(width, height, 2)), (b"ANIM", bytes(6)), *[(b"ANMF", anmf)] * count)


def _webp_with(kind: bytes, data: bytes, flags: int) -> bytes:
    return webp((b"VP8X", _canvas(600, 600, flags)), (kind, data), _frame(600, 600))


def _webps() -> Iterator[tuple[str, Maker]]:
    for width, height in ((16_383, 3900), (8000, 8000), (16_384, 16_384), (16_384, 1)):
        yield f"forty-bytes-{width}x{height}.webp", partial(_patched_lossless, width, height)
    yield "16383x3900.webp", partial(_lossless, 16_383, 3900)
    yield "5400x5500.webp", partial(_lossless, 5400, 5500)
    for width, height in ((2**24, 2**24), (2**24, 4), (16_384, 16_384), (5000, 5900)):
        yield f"canvas-{width}x{height}.webp", partial(webp, (b"VP8X", _canvas(width, height)), (b"ALPH", b"\0"))
        yield f"animation-{width}x{height}.webp", partial(_animated_webp, 3, width, height)
    yield "100000-frames.webp", partial(_animated_webp, 100_000, 5000, 5900)
    yield "long-exif.webp", lambda: _webp_with(b"EXIF", _strips(4 * MILLION), 8)
    yield "long-profile.webp", lambda: _webp_with(b"ICCP", bytes(24 * MILLION), 32)


# GIF, BMP, HEIC and the rest


def _gif(width: int, height: int, frames: int) -> bytes:
    image = b"," + struct.pack("<HHHHB", 0, 0, min(width, 600), min(height, 600), 0) + b"\x08\x02\x4c\x01\0"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0) + bytes(768) + image * frames + b";"


def _gifs() -> Iterator[tuple[str, Maker]]:
    yield "65535x65535.gif", partial(_gif, 65_535, 65_535, 1)
    yield "million-frames.gif", partial(_gif, 600, 600, MILLION)


def bmp(width: int, height: int, *, bits: int = 24, compression: int = 0, colours: int = 0, rest: bytes = b"") -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, colours, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(rest), 0, 0, 54) + header + rest


def _bmps() -> Iterator[tuple[str, Maker]]:
    for bits in (1, 8, 24, 32):
        yield f"8000x8000-{bits}-bits.bmp", partial(bmp, 8000, 8000, bits=bits, rest=bytes(1000))
    yield "upside-down.bmp", partial(bmp, 8000, -(2**31), rest=bytes(1000))
    yield "empty-2147483647.bmp", partial(bmp, 2**31 - 1, 2**31 - 1, rest=bytes(1000))
    yield "four-billion-colours.bmp", partial(bmp, 600, 600, bits=8, colours=2**32 - 1, rest=bytes(4000))
    yield "run-lengths.bmp", partial(bmp, 8000, 8000, bits=8, compression=1, rest=bytes(1024) + b"\xff\0" * 250_100)
    yield (
        "runs-that-jump.bmp",
        partial(bmp, 8000, 8000, bits=8, compression=1, rest=bytes(1024) + b"\0\2\xff\xff" * 8000),
    )
    yield "end-of-lines.bmp", partial(bmp, 8000, 8000, bits=8, compression=1, rest=bytes(1024) + b"\0\0" * 8 * MILLION)


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + kind + data


def _heif(properties: bytes, associations: bytes, *, brand: bytes = b"heic", more: bytes = b"") -> bytes:
    primary = box(b"pitm", bytes(4) + struct.pack(">H", 1))
    described = box(b"iprp", box(b"ipco", properties) + box(b"ipma", associations))
    handler = box(b"hdlr", bytes(8) + b"pict" + bytes(13))
    meta = box(b"meta", bytes(4) + handler + primary + more + described)
    return box(b"ftyp", brand + bytes(4) + b"mif1" + brand) + meta + box(b"mdat", bytes(1000))


def _size(width: int, height: int) -> bytes:
    return box(b"ispe", bytes(4) + struct.pack(">II", width, height))


_FIRST = bytes(4) + struct.pack(">IHBB", 1, 1, 1, 1)


def _grid(rows: int, columns: int, width: int, height: int) -> bytes:
    """Return a picture that says to be made of tiles, each the same few bytes."""
    count = rows * columns
    infos = b"".join(
        box(b"infe", b"\2\0\0\0" + struct.pack(">HH", number, 0) + (b"grid" if number == 1 else b"hvc1") + b"\0")
        for number in range(1, count + 2)
    )
    items = box(b"iinf", bytes(4) + struct.pack(">H", count + 1) + infos)
    tiles = struct.pack(f">{count}H", *range(2, count + 2))
    references = box(b"iref", bytes(4) + box(b"dimg", struct.pack(">HH", 1, count) + tiles))
    places = box(
        b"iloc",
        b"\0\0\0\0\x44\0"
        + struct.pack(">H", count + 1)
        + b"".join(struct.pack(">HHHII", number, 0, 1, 8, 100) for number in range(1, count + 2)),
    )
    return _heif(_size(width, height), _FIRST, more=items + references + places)


def _heics() -> Iterator[tuple[str, Maker]]:
    for width, height in ((2**32 - 1, 2**32 - 1), (30_000, 30_000), (8000, 8000), (1, 64 * MILLION)):
        yield f"empty-{width}x{height}.heic", partial(_heif, _size(width, height), _FIRST)
    yield "grid-of-256-tiles.heic", partial(_grid, 16, 16, 8000, 8000)
    yield "grid-of-60000-tiles.heic", partial(_grid, 240, 250, 8000, 8000)
    yield "million-boxes.heic", lambda: _heif(box(b"free", b"") * MILLION, _FIRST)
    yield (
        "million-items.heic",
        lambda: _heif(_size(600, 600), bytes(4) + struct.pack(">I", MILLION) + struct.pack(">HBB", 1, 1, 1) * MILLION),
    )
    yield "nested.heic", lambda: box(b"ftyp", b"heic" + bytes(4) + b"mif1") + _nested(4000)
    yield "still-64-megapixels.avif", lambda: _heif(_size(8000, 8000), _FIRST, brand=b"avif")
    yield "still-64-megapixels.heic", _real_heic
    yield (
        "turned-a-million-times.heic",
        lambda: _heif(
            _size(600, 600) + box(b"irot", b"\1") * 100, bytes(4) + struct.pack(">IHB", 1, 1, 255) + b"\1" + b"\2" * 254
        ),
    )


def _nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = box(b"meta", bytes(4) + data)
    return data


def _real_heic() -> bytes:
    import pillow_heif

    stream = BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (8000, 8000), (9, 90, 9))).save(stream, quality=1)
    return stream.getvalue()


def _noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def _others() -> Iterator[tuple[str, Maker]]:
    yield (
        "icon.ico",
        lambda: b"\0\0\1\0" + struct.pack("<H", 65_535) + (bytes(4) + struct.pack("<HHII", 1, 32, 2**31, 22)) * 65_535,
    )
    yield "8000x8000.jp2", lambda: saved(Image.new("RGB", (4000, 4000)), "JPEG2000")
    yield (
        "huge.j2k",
        lambda: b"\xff\x4f\xff\x51" + struct.pack(">HH8IH", 47, 0, 2**31, 2**31, 0, 0, 1, 1, 0, 0, 3) + bytes(900),
    )
    yield "script.svg", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    yield "bomb.eps", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99999 99999\n{} loop\n"
    yield "huge.psd", lambda: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 56, 300_000, 300_000, 8, 4) + bytes(1000)
    yield "huge.ppm", lambda: b"P6 99999 99999 255\n" + bytes(1000)
    yield "zeros.jpg", lambda: b"\xff\xd8\xff" + bytes(24 * MILLION)
    for start, name in ((b"\xff\xd8\xff", "jpg"), (PNG, "png"), (b"II*\0", "tiff"), (b"GIF89a", "gif"), (b"BM", "bmp")):
        yield f"noise.{name}", partial(lambda start: start + _noise(8 * MILLION), start)
