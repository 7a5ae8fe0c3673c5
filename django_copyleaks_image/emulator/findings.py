"""What the emulator finds in a picture: decided by the name of the file, fitted to the picture itself."""

import re
import struct
from dataclasses import dataclass
from pathlib import PurePosixPath

from .pictures import measure
from .regions import NOTHING, Region, region

_SHARE = re.compile(r"(?<![a-z0-9])ai-(\d{1,3}(?:\.\d{1,6})?)(?![a-z0-9])", re.IGNORECASE)

CONTENT_CREDENTIALS = {
    "issuedTime": "2026-07-01T09:30:00Z",
    "issuedBy": "OpenAI",
    "appOrDeviceUsed": "ChatGPT",
    "contentSummary": "This image was generated with an AI tool.",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The outcome of one scan; ``ai`` and ``human`` are shares of the pixels, 0 to 1."""

    width: int
    height: int
    detected: bool
    ai: float
    human: float
    region: Region
    metadata: dict[str, str]


def examine(content: bytes, file_name: str, formats: tuple[str, ...]) -> Finding:
    """Scan a picture; raise Refusal when it is none the vendor would scan.

    ``ai-37`` anywhere in the name marks 37 % of the area, ``nomask`` detects without saying where,
    ``chatgpt`` carries content credentials; any other picture has no AI.
    """
    width, height = measure(content, formats)
    stem = PurePosixPath(file_name).stem.lower()
    share = marked_share(stem)
    without_mask = "nomask" in stem
    marked = NOTHING
    if share and not without_mask:
        marked = region(share, width, height, seed=stem)
        share = sum(marked.lengths) / (width * height)
    return Finding(
        width=width,
        height=height,
        detected=share > 0 or without_mask,
        ai=float32(share),
        human=float32(1 - share),
        region=marked,
        metadata=dict(CONTENT_CREDENTIALS) if "chatgpt" in stem else {},
    )


def marked_share(stem: str) -> float:
    """Return the share of the area, 0 to 1, that a file name asks for."""
    match = _SHARE.search(stem)
    return min(1.0, float(match[1]) / 100) if match else 0.0


def float32(value: float) -> float:
    """Round to single precision and return its shortest decimal, as the vendor's numbers are printed."""
    packed = struct.pack("f", value)
    (single,) = struct.unpack("f", packed)
    # Nine digits always tell two single-precision numbers apart.
    candidates = (float(f"{single:.{digits}g}") for digits in range(1, 10))
    return next(short for short in candidates if struct.pack("f", short) == packed)
