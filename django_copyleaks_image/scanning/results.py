"""What a body states → the row that is stored of it."""

from django.utils import timezone

from django_copyleaks_image import masks, regions
from django_copyleaks_image.copyleaks.heatmaps import HeatmapUrl
from django_copyleaks_image.copyleaks.payloads import Detection
from django_copyleaks_image.models import DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.problems import stored

# Regions are found by Python: this many runs take it 40 ms.
RUNS_SEARCHED = 20_000


def result_of(detection: Detection, scan: ImageScan, receipt: WebhookReceipt) -> DetectionResult:
    """Return the result that a receipt states about a scan, not saved yet."""
    sent = (scan.copy_width, scan.copy_height) if scan.is_on_copy else (scan.width, scan.height)
    width, height = detection.width or sent[0], detection.height or sent[1]
    return DetectionResult(
        is_ai_detected=detection.is_ai_detected,
        ai_ratio=detection.ai_ratio,
        human_ratio=detection.human_ratio,
        model=detection.model or scan.model,
        image_width=width,
        image_height=height,
        mask=masks.pack(detection.mask) if detection.mask else b"",
        mask_runs=len(detection.mask.starts) if detection.mask else 0,
        mask_problem=stored(detection.mask_problem),
        regions=_regions(detection.mask, width, height),
        metadata=detection.metadata,
        credits=detection.credits,
        scanned_at=detection.scanned_at,
        received_at=receipt.received_at,
        receipt=receipt,
        **_heatmap_columns(detection),
    )


def _regions(mask: masks.Mask | None, width: int | None, height: int | None) -> list[list[int]] | None:
    """Return the marked regions as stored, None when they cannot be sought or are left to the page that shows them."""
    if mask is None or not width or not height or len(mask.starts) > RUNS_SEARCHED:
        return None
    try:
        return regions.find(mask, width, height)
    except masks.MaskError:  # The page says why such a mask is not drawn.
        return None


def _heatmap_columns(detection: Detection) -> dict[str, object]:
    """Return where the provider's own gradient is: inline, or at an address that the worker fetches later."""
    heatmap = detection.heatmap
    if heatmap is None:
        return {"heatmap_problem": stored(detection.heatmap_problem)}
    if isinstance(heatmap, HeatmapUrl):
        return {"heatmap_url": heatmap.url, "heatmap_due_at": timezone.now()}
    return {"heatmap": heatmap.data}
