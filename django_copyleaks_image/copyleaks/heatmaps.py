"""The provider's own gradient picture in whatever form it arrives: key and encoding are nowhere documented.

Accepted are an address, a data URI, bare base64, or an object that holds one of them. Nothing is fetched
here.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlsplit

from django_copyleaks_image.problems import Problem, SentenceError

from . import values

MAX_BYTES = 8 * 1024 * 1024
MAX_URL_LENGTH = 4096

_KEY = re.compile(r"(heat_?map|overlay|mask)_?(image|picture|url|uri|link|data|base64|png)?")
_MEMBERS = ("url", "data", "base64")
_DATA_URI = re.compile(r"data:[^,;]{0,100}(;[^,;]{0,100}){0,4};base64,", re.IGNORECASE)
_URL_SAFE_ALPHABET = str.maketrans("-_", "+/")


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatmapUrl:
    """Where the provider offers its picture: http or https, otherwise unchecked, possibly signed."""

    url: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatmapImage:
    """The provider's picture itself: bytes that begin like a PNG, JPEG or WebP file, otherwise unchecked."""

    data: bytes = field(repr=False)


Heatmap: TypeAlias = HeatmapUrl | HeatmapImage


class _Unusable(SentenceError, ValueError):
    """A value is no picture; the message says why without quoting it."""


def read_heatmap(places: Iterable[Mapping[str, object]]) -> tuple[Heatmap | None, str]:
    """Return the first usable picture in these objects with lower-case names, and why another was not usable.

    Both are empty when the provider sent none, which is normal.
    """
    problem = ""
    for place in places:
        for name, value in place.items():
            # A null, an empty string and an empty object all say "none".
            if not value or not is_heatmap_key(name):
                continue
            try:
                return _read(value), ""
            except _Unusable as error:
                problem = problem or error.message
    return None, problem


def is_heatmap_key(name: str) -> bool:
    """Return whether a name in lower case may be that of the provider's picture."""
    return bool(_KEY.fullmatch(name))


def _read(value: object) -> Heatmap:
    if isinstance(value, dict):
        members = values.folded(value)
        value = next((members[name] for name in _MEMBERS if members.get(name)), None)
    if not isinstance(value, str):
        raise _Unusable(Problem.HEATMAP_OF_NO_FORM())
    if value[:8].lower().startswith(("http://", "https://")):
        return HeatmapUrl(url=_checked_url(value))
    return HeatmapImage(data=_decoded(value))


def _checked_url(url: str) -> str:
    if len(url) > MAX_URL_LENGTH:
        raise _Unusable(Problem.HEATMAP_LONG_ADDRESS())
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host or not url.isascii() or not url.isprintable() or " " in url:
        raise _Unusable(Problem.HEATMAP_ODD_ADDRESS())
    return url


def _decoded(value: str) -> bytes:
    if value[:5].lower() == "data:":
        start = _DATA_URI.match(value)
        if start is None:
            raise _Unusable(Problem.HEATMAP_ODD_DATA_URI())
        value = value[start.end() :]
    if len(value) > MAX_BYTES * 3 // 2:
        raise _Unusable(Problem.HEATMAP_TOO_LARGE())
    value = "".join(value.split()).translate(_URL_SAFE_ALPHABET).rstrip("=")
    try:
        data = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _Unusable(Problem.HEATMAP_NO_BASE64()) from None
    if len(data) > MAX_BYTES:
        raise _Unusable(Problem.HEATMAP_TOO_LARGE())
    if not is_picture(data):
        raise _Unusable(Problem.HEATMAP_NO_PICTURE())
    return data


def is_picture(data: bytes) -> bool:
    """Return whether bytes begin like a PNG, JPEG or WebP file."""
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return is_webp or data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))
