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
_FETCHED = ("url", "object-url")
_KEPT = 200
# Pillow's gradient reaches its end in the corners of the square; ours must end where the ellipse does.
_INSIDE_THE_ELLIPSE = [max(0, level - 75) * 255 // 180 for level in range(256)]
_LEVELS = [level & 0xF0 for level in range(256)]
# From transparent over yellow to an opaque red.
_COLOURS = bytes(channel for level in range(256) for channel in (255, 220 - level * 200 // 255, 32))
_OPACITY = bytes(level * 4 // 5 for level in range(256))


def draw(finding: Finding, kind: str = "png") -> bytes:
    """Return a picture of at most 1,024 pixels a side; its intensity falls off from the centre of each blob.

    PNG and WebP are transparent where nothing was found, JPEG is black there.
    """
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
    if kind == "png":
        return file.getvalue()
    file, layer = BytesIO(), Image.open(file, formats=["PNG"]).convert("RGBA")
    if kind == "jpeg":
        black = Image.new("RGB", size)
        black.paste(layer, mask=layer.getchannel("A"))
        layer = black
    layer.save(file, kind)
    return file.getvalue()


class Heatmaps:
    """Put heatmaps into result bodies in the selected form, and keep the latest for those who fetch them."""

    def __init__(self, options: Options, origin: Callable[[], str]) -> None:
        self._options = options
        self._origin = origin
        self._kept: OrderedDict[str, tuple[bytes, str]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, scan_id: str) -> tuple[bytes, str] | None:
        """Return the heatmap of a scan and its media type."""
        with self._lock:
            return self._kept.get(scan_id)

    def add(self, body: dict[str, Any], finding: Finding, scan_id: str, faults: frozenset[str]) -> None:
        """Add the heatmap to a result body."""
        options = self._options.under(faults)
        if options.heatmap_encoding == "absent":
            return
        picture, media_type = draw(finding, options.heatmap_format), f"image/{options.heatmap_format}"
        if options.heatmap_encoding in _FETCHED:
            with self._lock:
                self._kept[scan_id] = picture, media_type
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        place = options.heatmap_place
        holder = body if place == "top" else body[place]
        text = base64.b64encode(picture).decode()
        address = f"{self._origin()}/_emulator/heatmaps/{scan_id}.{options.heatmap_format}"
        encodings: dict[str, str | dict[str, str]] = {
            "data-uri": f"data:{media_type};base64,{text}",
            "url": address,
            "base64": text,
            "object-url": {"url": address},
            "object-data": {"data": text},
            "object-base64": {"base64": text},
        }
        holder[options.heatmap_key] = encodings[options.heatmap_encoding]
