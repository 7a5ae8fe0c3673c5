"""The gradient picture of ``maskType: heatmap``; where the vendor puts it, and how encoded, is unknown."""

import base64
import threading
from collections import OrderedDict
from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image, ImageChops, ImageOps

from .findings import Finding
from .options import Options

MAX_SIDE = 1024
_KEPT = 200
# Pillow's gradient reaches its end in the corners of the square; ours must end where the ellipse does.
_INSIDE_THE_ELLIPSE = [max(0, level - 75) * 255 // 180 for level in range(256)]
_LEVELS = [level & 0xF0 for level in range(256)]
# From transparent over yellow to an opaque red.
_COLOURS = bytes(channel for level in range(256) for channel in (255, 220 - level * 200 // 255, 32))
_OPACITY = bytes(level * 4 // 5 for level in range(256))


def draw(finding: Finding) -> bytes:
    """Return a PNG of at most 1,024 pixels a side; its intensity falls off from the centre of each blob."""
    factor = min(1.0, MAX_SIDE / max(finding.width, finding.height))
    size = max(1, round(finding.width * factor)), max(1, round(finding.height * factor))
    canvas = Image.new("L", size)
    glow = ImageOps.invert(Image.radial_gradient("L")).point(_INSIDE_THE_ELLIPSE)
    for blob in finding.region.blobs:
        box = max(1, round(2 * blob.radius_x * factor)), max(1, round(2 * blob.radius_y * factor))
        corner = round((blob.x - blob.radius_x) * factor), round((blob.y - blob.radius_y) * factor)
        layer = Image.new("L", size)
        layer.paste(glow.resize(box), corner)
        canvas = ImageChops.lighter(canvas, layer)
    # Few levels compress well, and a heatmap of this size is looked at, not measured.
    canvas = canvas.point(_LEVELS)
    canvas.putpalette(_COLOURS)
    file = BytesIO()
    canvas.save(file, "PNG", transparency=_OPACITY)
    return file.getvalue()


class Heatmaps:
    """Put heatmaps into result bodies in the selected form, and keep the latest for those who fetch them."""

    def __init__(self, options: Options, origin: Callable[[], str]) -> None:
        self._options = options
        self._origin = origin
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, scan_id: str) -> bytes | None:
        with self._lock:
            return self._kept.get(scan_id)

    def add(self, body: dict[str, Any], finding: Finding, scan_id: str) -> None:
        """Add the heatmap to a result body."""
        if self._options.heatmap_encoding == "absent":
            return
        png = draw(finding)
        with self._lock:
            self._kept[scan_id] = png
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        place = self._options.heatmap_place
        holder = body if place == "top" else body[place]
        holder[self._options.heatmap_key] = self._encode(png, scan_id)

    def _encode(self, png: bytes, scan_id: str) -> str | dict[str, str]:
        text = base64.b64encode(png).decode()
        address = f"{self._origin()}/_emulator/heatmaps/{scan_id}.png"
        encodings: dict[str, str | dict[str, str]] = {
            "data-uri": f"data:image/png;base64,{text}",
            "url": address,
            "base64": text,
            "object-url": {"url": address},
            "object-data": {"data": text},
            "object-base64": {"base64": text},
        }
        return encodings[self._options.heatmap_encoding]
