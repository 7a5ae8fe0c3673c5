"""A result as Copyleaks delivers it, by webhook or as the synchronous answer → a detection or a failure.

See https://docs.copyleaks.com/reference/data-types/ai-detector/ai-image-detection-response/. Keys are read
without regard to case, everything is bounded, and what nobody needs for the verdict never loses it.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, TypeVar

from django_copyleaks_image.masks import Mask, MaskError, read_mask
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.setting_values import Secret

from . import values
from .bodies import PayloadError, load_object
from .contract import unknown_keys
from .errors import CopyleaksError, error_from_payload
from .heatmaps import Heatmap, read_heatmap

MAX_SIDE = 100_000
MAX_CREDITS = 1_000_000
MODEL_LENGTH = 100
# Longer than any id of ours, so that a cut one never equals it.
ID_LENGTH = 100
METADATA_ENTRIES = 32
METADATA_NAME_LENGTH = 64
METADATA_VALUE_LENGTH = 2000
# How far outside 0 to 1 a ratio may be and still count as a rounding error.
RATIO_TOLERANCE = 1e-3

_DOCUMENTED_METADATA = {name.lower(): name for name in ("issuedTime", "issuedBy", "appOrDeviceUsed", "contentSummary")}

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """What Copyleaks measured. Ratios are shares of the picture's area from 0 to 1; sizes are in pixels.

    ``scan_id`` and ``developer_payload`` are what the body claims: they can confirm the scan that the
    callback's address names, or contradict it, never choose it. ``unknown_keys`` are names that this version does not
    know.
    """

    model: str
    is_ai_detected: bool
    ai_ratio: float | None
    human_ratio: float | None
    mask: Mask | None = field(repr=False)
    mask_problem: str
    width: int | None
    height: int | None
    metadata: Mapping[str, str] = field(repr=False)
    credits: int | None
    scanned_at: datetime | None
    scan_id: str | None
    developer_payload: str | None
    heatmap: Heatmap | None
    heatmap_problem: str
    unknown_keys: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Copyleaks gave up on a scan."""

    error: CopyleaksError
    scan_id: str | None
    developer_payload: str | None
    unknown_keys: tuple[str, ...] = ()


Callback: TypeAlias = Detection | Failure


def parse_callback(body: bytes, *, hide: Collection[Secret] = ()) -> Callback:
    """Read a result body as received, decompressed; ``hide`` lists texts that an error message must not show.

    Raises NotJsonObject when the body is no JSON object or was cut short, PayloadError when it is one that
    holds neither a verdict nor a failure.
    """
    received = load_object(body)
    message, unknown = values.folded(received), unknown_keys(received)
    error = message.get("error")
    if error and isinstance(error, dict | str):
        return _failure(message, error_from_payload(error, hide=hide), unknown)
    summary, result = values.folded(message.get("summary")), values.folded(message.get("result"))
    stated = _stated_verdict(message.get("isaidetected"))
    ai_ratio, human_ratio = _ratio(summary, "ai"), _ratio(summary, "human")
    width, height = _shape(message)
    mask, mask_problem = _mask(result, width, height)
    if stated is None and ai_ratio is None and mask is None:
        # Sibling products say 0 for success; https://docs.copyleaks.com/reference/data-types/authenticity/webhooks/error/
        if message.get("status"):
            return _failure(message, error_from_payload(message, hide=hide), unknown)
        raise PayloadError(Problem.BODY_WITHOUT_VERDICT())
    if ai_ratio is None and mask is not None and width and height:
        ai_ratio = min(mask.area / (width * height), 1.0)
    heatmap, heatmap_problem = read_heatmap((message, result, values.folded(message.get("imageinfo"))))
    return Detection(
        model=values.text(message.get("model"), MODEL_LENGTH),
        is_ai_detected=bool(ai_ratio) or bool(mask) if stated is None else stated,
        ai_ratio=ai_ratio,
        human_ratio=human_ratio,
        mask=mask,
        mask_problem=mask_problem,
        width=width,
        height=height,
        metadata=_metadata(message),
        credits=_credits(message),
        scanned_at=values.moment(_document(message).get("creationtime")),
        scan_id=_scan_id(message),
        developer_payload=_developer_payload(message),
        heatmap=heatmap,
        heatmap_problem=heatmap_problem,
        unknown_keys=unknown,
    )


def _failure(message: Mapping[str, object], error: CopyleaksError, unknown: tuple[str, ...]) -> Failure:
    return Failure(
        error=error,
        scan_id=_scan_id(message),
        developer_payload=_developer_payload(message),
        unknown_keys=unknown,
    )


def _stated_verdict(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise PayloadError(Problem.BODY_ODD_VERDICT(name="isAiDetected"))


def _ratio(summary: Mapping[str, object], name: str) -> float | None:
    value = summary.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PayloadError(Problem.BODY_NO_NUMBER(name=f"summary.{name}"))
    # Written so that NaN is outside as well.
    if not -RATIO_TOLERANCE <= value <= 1 + RATIO_TOLERANCE:
        raise PayloadError(Problem.BODY_NO_SHARE(name=f"summary.{name}"))
    return min(max(float(value), 0.0), 1.0)


def _shape(message: Mapping[str, object]) -> tuple[int | None, int | None]:
    shape = values.folded(values.folded(message.get("imageinfo")).get("shape"))
    width, height = (values.whole_number(shape.get(side), at_least=1, at_most=MAX_SIDE) for side in ("width", "height"))
    return width, height


def _mask(result: Mapping[str, object], width: int | None, height: int | None) -> tuple[Mask | None, str]:
    """Return the runs, and why those that were sent are not usable."""
    starts, lengths = result.get("starts"), result.get("lengths")
    if starts is None and lengths is None:
        return None, ""
    try:
        return read_mask(starts, lengths, pixels=width * height if width and height else None), ""
    except MaskError as error:
        return None, error.message


def _document(message: Mapping[str, object]) -> Mapping[str, object]:
    """Return the description of the scan; newer siblings of the endpoint call it scannedImage."""
    return values.folded(message.get("scanneddocument")) or values.folded(message.get("scannedimage"))


def _metadata(message: Mapping[str, object]) -> dict[str, str]:
    """Return the documented entries first, then any other scalar; all are untrusted text."""
    given = values.folded(message.get("imageinfo")).get("metadata")
    if not isinstance(given, dict):
        return {}
    found: dict[str, str] = {}
    for name, value in sorted(given.items(), key=lambda entry: entry[0].lower() not in _DOCUMENTED_METADATA):
        key = _DOCUMENTED_METADATA.get(name.lower()) or values.text(name, METADATA_NAME_LENGTH)
        content = values.text(_scalar_text(value), METADATA_VALUE_LENGTH)
        if key and content:
            found[key] = content
        if len(found) == METADATA_ENTRIES:
            break
    return found


def _scalar_text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return str(value)
    return value if isinstance(value, str) else None


def _credits(message: Mapping[str, object]) -> int | None:
    document = _document(message)
    counts = (
        values.whole_number(document.get(name), at_least=0, at_most=MAX_CREDITS)
        for name in ("actualcredits", "expectedcredits")
    )
    return _first(counts)


def _scan_id(message: Mapping[str, object]) -> str | None:
    claims = _document(message).get("scanid"), message.get("scanid")
    return _first(values.text(claim, ID_LENGTH) or None for claim in claims)


def _developer_payload(message: Mapping[str, object]) -> str | None:
    return values.text(message.get("developerpayload"), ID_LENGTH) or None


def _first(candidates: Iterable[T | None]) -> T | None:
    return next((candidate for candidate in candidates if candidate is not None), None)
