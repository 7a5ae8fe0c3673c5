"""Which names a result may have, as far as they are documented or were seen: anything else is a change at the vendor.

See https://docs.copyleaks.com/reference/data-types/ai-detector/ai-image-detection-response/. Names are compared without
regard to case. What is called as somebody likes, the members of ``imageInfo.metadata``, is not looked at.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from django_copyleaks_image.redaction import redacted

from . import values
from .bodies import PayloadError, load_object
from .heatmaps import is_heatmap_key

# How many unknown keys of a body are noted, and how many letters of each: they are untrusted.
MOST_KEYS = 20
KEY_LENGTH = 64
# Members of a body that are looked at in all.
_MOST_MEMBERS = 1_000

_DOCUMENT = ("scanid", "actualcredits", "expectedcredits", "creationtime")
_ERROR = ("type", "id", "code", "message", "url", "details")
_KNOWN: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "": frozenset(
            {"model", "isaidetected", "result", "summary", "imageinfo", "scanneddocument", "scannedimage"}
            | {"developerpayload", "scanid", "error", "status", "message"}
        ),
        "result": frozenset({"starts", "lengths"}),
        "summary": frozenset({"human", "ai"}),
        "imageinfo": frozenset({"shape", "metadata"}),
        "imageinfo.shape": frozenset({"height", "width"}),
        "scanneddocument": frozenset(_DOCUMENT),
        "scannedimage": frozenset(_DOCUMENT),
        "error": frozenset(_ERROR),
    }
)
_WITH_HEATMAPS = frozenset({"", "result", "imageinfo"})


def unknown_keys(message: Mapping[str, object]) -> tuple[str, ...]:
    """Return the paths of the names that this version does not know, such as ``summary.confidence``; no values."""
    found: list[str] = []
    left = _MOST_MEMBERS
    for path, name, place in _members(message):
        left -= 1
        if len(found) == MOST_KEYS or not left:
            break
        folded = name.lower()
        if folded in _KNOWN[place] or (place in _WITH_HEATMAPS and is_heatmap_key(folded)):
            continue
        # A comma separates keys where they are stored.
        shown = redacted(values.text(f"{path}{name}".replace(",", " "), KEY_LENGTH))
        if shown and shown not in found:
            found.append(shown)
    return tuple(found)


def unknown_keys_of(body: bytes) -> tuple[str, ...]:
    """Return the same of a body as received; nothing of one that cannot be read."""
    try:
        return unknown_keys(load_object(body))
    except PayloadError:
        return ()


def heatmap_of(message: Mapping[str, object]) -> str:
    """Return where in a body the provider's picture is and how it is encoded, "absent" when there is none."""
    folded = values.folded(message)
    for place in ("", "result", "imageInfo"):
        holder = message if not place else folded.get(place.lower())
        for name, value in holder.items() if isinstance(holder, Mapping) else ():
            if value and is_heatmap_key(str(name).lower()):
                path = values.text(f"{place}.{name}".lstrip("."), KEY_LENGTH)
                return f"{path}: {_encoding_of(value)}"
    return "absent"


def _encoding_of(value: object) -> str:
    if isinstance(value, Mapping):
        inner = next(((str(name), it) for name, it in value.items() if it), ("", ""))
        return f"object with {values.text(inner[0], KEY_LENGTH)!r}, {_encoding_of(inner[1])}" if inner[0] else "object"
    if not isinstance(value, str):
        return type(value).__name__
    start = value[:100].lower()
    if start.startswith(("http://", "https://")):
        return "address"
    return values.text(start.partition(",")[0], KEY_LENGTH) if start.startswith("data:") else "base64"


def failure_of(message: Mapping[str, object]) -> str:
    """Return the shape in which a body tells of a failure, "no failure" when it tells of none."""
    folded = values.folded(message)
    error, status = folded.get("error"), folded.get("status")
    beside = "" if status is None else ", beside a status"
    if isinstance(error, str) and error:
        return f"error as text{beside}"
    if isinstance(error, dict):
        code = values.folded(error).get("code")
        return f"error as object {'without a code' if code is None else 'with a code'}{beside}"
    return "a status alone" if status else "no failure"


def _members(message: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """Yield the path before each name, the name, and in which known object it is."""
    waiting: list[tuple[str, str, Mapping[str, object]]] = [("", "", message)]
    while waiting:
        path, place, members = waiting.pop(0)
        for name, value in members.items():
            yield path, name, place
            inner = f"{place}.{name.lower()}".lstrip(".")
            if inner in _KNOWN and isinstance(value, dict):
                waiting.append((f"{path}{name}.", inner, value))
