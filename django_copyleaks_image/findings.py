"""What a scan found, as one sentence: on badges and pages, as the text of pictures, and for the project."""

from django.utils.translation import gettext as _

from . import regions, verdicts
from .alignment import Alignment, Size, align
from .models import DetectionResult, ImageScan
from .verdicts import Verdict


def finding(scan: ImageScan) -> str:
    """Return what a scan found, such as ``AI share of the area: 37 %, one region at the upper left``.

    It is in the active language. ``Not measured`` stands for every scan without a verdict; a mock result of the
    sandbox is called one, and so is what was measured on a copy. Reads the scan's result, if that was not joined, and
    no other row.
    """
    if not scan.verdict or scan.result is None:
        return str(Verdict.NOT_MEASURED.label)
    sentence = verdicts.finding_in_words(
        detected=scan.result.is_ai_detected,
        ai_ratio=scan.result.ai_ratio,
        # A mask that does not fit was given all the same; why it is not drawn is said next to the picture.
        has_mask=bool(scan.result.mask_runs or scan.result.mask_problem),
        places=_places(scan, scan.result),
    )
    if scan.is_on_copy:
        sides = {"width": scan.copy_width, "height": scan.copy_height}
        sentence = _("%(finding)s; measured on a copy of %(width)s × %(height)s") % {"finding": sentence, **sides}
    if scan.sandbox:
        return _("%(finding)s (mock result of the sandbox, no evidence)") % {"finding": sentence}
    return sentence


def _places(scan: ImageScan, result: DetectionResult) -> str:
    """Return the regions in words, as they lie on the upright picture; empty when they were not sought."""
    if not result.regions or not result.image_width or not result.image_height:
        return ""
    alignment = align_scan(scan, (result.image_width, result.image_height), scan.orientation)
    return regions.in_words([alignment.box(regions.box_of(region)) for region in result.regions], alignment.size)


def align_scan(scan: ImageScan, measured: Size, orientation: int | None) -> Alignment:
    """Return how a picture of the size that the provider measured lies on the scanned one."""
    if scan.is_on_copy:  # Which is upright.
        return Alignment(measured=measured, orientation=1, certain=True)
    stored = (scan.width, scan.height) if scan.width and scan.height else None
    turned = scan.image_format in ("HEIC", "HEIF")
    return align(stored=stored, measured=measured, orientation=orientation, turned_by_decoder=turned)
