"""What a picture says of its origin, carried over to a copy of it: who made it, with what and when, but not where.

Only what is named here is carried over. Neither notes of a camera's maker, which nobody can read, nor anything else of
an unknown meaning is, since a place may be in it. Sources: EXIF 2.32, section 4.6; XMP parts 1 and 2; IPTC photo
metadata 2023; C2PA 2.1, A.3 (JPEG) and A.4 (PNG).
"""

import re
from dataclasses import dataclass
from struct import pack
from typing import Any

from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

_BASE = frozenset(
    {
        ExifTags.Base.ImageDescription,
        ExifTags.Base.Make,
        ExifTags.Base.Model,
        ExifTags.Base.Software,
        ExifTags.Base.DateTime,
        ExifTags.Base.Artist,
        ExifTags.Base.Copyright,
    }
)
_CAMERA = frozenset(
    {
        ExifTags.Base.ExposureTime,
        ExifTags.Base.FNumber,
        ExifTags.Base.ISOSpeedRatings,
        ExifTags.Base.DateTimeOriginal,
        ExifTags.Base.DateTimeDigitized,
        ExifTags.Base.FocalLength,
        ExifTags.Base.UserComment,  # In which some generators keep their prompt.
        ExifTags.Base.LensMake,
        ExifTags.Base.LensModel,
    }
)
# As attributes or elements of an XMP packet.
_XMP = re.compile(
    rb"(?P<name>xmp:CreatorTool|Iptc4xmpExt:DigitalSourceType|photoshop:Credit|photoshop:Source|tiff:Software)"
    rb"(?:\s*=\s*[\"'](?P<attribute>[^\"'<>]{1,500})[\"']|>(?P<element>[^<>]{1,500})<)"
)
_XMP_PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    b'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    b'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    b"%s/></rdf:RDF></x:xmpmeta>"
)
# Of a PNG: what generators write of their work.
_TEXTS = ("Software", "Source", "Author", "Copyright", "Creation Time", "parameters", "prompt", "Comment")
_LONGEST = 64 * 1024
# Content credentials, which may say where as well. A copy does not match their hash, as after any other change.
_LONGEST_MANIFEST = 1024 * 1024
_PLACES = (b"gps", b"latitude", b"location")
_JPEG_XT = b"JP"
_JUMBF_HEAD = 8
_SEGMENT = 60_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """What is carried over; empty where a picture says nothing."""

    exif: bytes
    xmp: bytes
    texts: tuple[tuple[str, str], ...]
    manifest: bytes

    def for_jpeg(self) -> dict[str, Any]:
        """Return the options with which Pillow writes it into a JPEG."""
        return {"exif": self.exif, "xmp": self.xmp, "extra": _segments(self.manifest)}

    def for_png(self) -> dict[str, Any]:
        """Return the options with which Pillow writes it into a PNG."""
        info = PngInfo()
        for name, text in self.texts:
            info.add_itxt(name, text)
        if self.xmp:
            info.add_itxt("XML:com.adobe.xmp", self.xmp.decode("utf-8", "replace"))
        if self.manifest:
            info.add(b"caBX", self.manifest)
        return {"pnginfo": info} | ({"exif": self.exif} if self.exif else {})


def provenance_of(image: Image.Image) -> Provenance:
    """Return what a picture says of its origin. One that says it in a broken way says nothing."""
    return Provenance(exif=_exif(image), xmp=_xmp(image), texts=tuple(_texts(image)), manifest=_manifest(image))


def _exif(image: Image.Image) -> bytes:
    try:
        found, kept = image.getexif(), Image.Exif()
        for tag in _BASE & found.keys():
            kept[tag] = _bounded(found[tag])
        camera = found.get_ifd(ExifTags.IFD.Exif)
        if chosen := {tag: _bounded(camera[tag]) for tag in _CAMERA & camera.keys()}:
            kept[ExifTags.IFD.Exif] = chosen
        return kept.tobytes() if len(kept) else b""
    except Exception:  # noqa: BLE001 - whatever Pillow meets in it: the picture is measured all the same
        return b""


def _bounded(value: object) -> object:
    return value[:_LONGEST] if isinstance(value, str | bytes) else value


def _xmp(image: Image.Image) -> bytes:
    packet = image.info.get("xmp", b"")
    if isinstance(packet, str):
        packet = packet.encode()
    if not isinstance(packet, bytes):
        return b""
    found = {match["name"]: match["attribute"] or match["element"] for match in _XMP.finditer(packet[:_LONGEST])}
    attributes = b" ".join(b'%s="%s"' % (name, value.replace(b'"', b"&quot;")) for name, value in found.items())
    return _XMP_PACKET % attributes if found else b""


def _texts(image: Image.Image) -> list[tuple[str, str]]:
    found = [(name, image.info.get(name)) for name in _TEXTS]
    return [(name, str(text)[:_LONGEST]) for name, text in found if isinstance(text, str)]


def _manifest(image: Image.Image) -> bytes:
    """Return the JUMBF box with the content credentials of a JPEG or PNG."""
    segments = [content for name, content in getattr(image, "applist", ()) if name == "APP11"]
    chunks = [chunk[1] for chunk in getattr(image, "private_chunks", ()) if chunk[0] == b"caBX"]
    manifest = chunks[0] if chunks else _joined(segments)
    is_silent = not any(place in manifest.lower() for place in _PLACES)
    return manifest if len(manifest) <= _LONGEST_MANIFEST and is_silent else b""


def _joined(segments: list[bytes]) -> bytes:
    """Return the box that segments of a JPEG hold together: each begins with two numbers, and repeats its head."""
    parts = sorted(
        (int.from_bytes(content[4:8], "big"), content[8:]) for content in segments if content[:2] == _JPEG_XT
    )
    return b"".join(part if number == 1 else part[_JUMBF_HEAD:] for number, part in parts)


def _segments(manifest: bytes) -> bytes:
    """Return the segments of a JPEG that hold a box together."""
    head, segments = manifest[:_JUMBF_HEAD], []
    for number, start in enumerate(range(_JUMBF_HEAD, len(manifest), _SEGMENT), start=1):
        content = _JPEG_XT + pack(">HI", 1, number) + head + manifest[start : start + _SEGMENT]
        segments.append(b"\xff\xeb" + pack(">H", len(content) + 2) + content)
    return b"".join(segments)
