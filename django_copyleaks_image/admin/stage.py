"""The picture with what is marked on it, ready for the template ``includes/stage.html``."""

from dataclasses import dataclass, field

from django.contrib.admin.sites import AdminSite
from django.utils.translation import gettext as _

from django_copyleaks_image.masks import Mask, MaskError, check_shape, regions
from django_copyleaks_image.models import DetectionResult, ImageScan, home_database

from . import files
from .alignment import EXCHANGES_SIDES, Box, Size
from .images import image_url

# Regions are found by Python: this many runs take it a tenth of a second.
_MAX_RUNS = 50_000
_MAX_BOXES = 50


@dataclass(kw_only=True, slots=True)
class Stage:
    """Addresses are empty for what there is not; size and boxes are in pixels of the upright picture.

    ``region_count`` is None when it is not known.
    """

    alt: str
    size: Size | None = None
    picture_url: str = ""
    picture_problem: str = ""
    overlay_url: str = ""
    heatmap_url: str = ""
    boxes: list[Box] = field(default_factory=list)
    region_count: int | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def boxes_as_text(self) -> str:
        """Return ``x,y,width,height`` of every box, separated by spaces, for a data attribute."""
        return " ".join(",".join(map(str, box)) for box in self.boxes)


def stage_of(scan: ImageScan, admin_site: AdminSite, *, alt: str) -> Stage:
    """Return the stage of a scan for a user who may view its picture; reads the file once."""
    examination = files.examine(scan)
    stage = Stage(alt=alt, picture_problem=examination.problem)
    if not examination.problem:
        stage.picture_url = image_url(admin_site, "rendition", scan.pk, "page")
    if scan.width and scan.height:
        exchanged = examination.orientation in EXCHANGES_SIDES
        stage.size = (scan.height, scan.width) if exchanged else (scan.width, scan.height)
    if scan.result is not None:
        _add_overlay(stage, scan, scan.result, admin_site, examination.orientation)
        _add_heatmap(stage, scan, scan.result, admin_site)
    return stage


def _add_overlay(
    stage: Stage, scan: ImageScan, result: DetectionResult, admin_site: AdminSite, orientation: int | None
) -> None:
    try:
        mask, measured = _drawable(result)
    except MaskError as error:
        stage.notes.append(_("The mask is not drawn: %(why)s") % {"why": error})
        return
    if not mask:
        empty = _("The provider marked no place.") if result.is_ai_detected else _("Nothing is marked as AI.")
        stage.notes.append(empty)
        return
    alignment = files.alignment(scan, measured, orientation)
    stage.overlay_url = image_url(admin_site, "overlay", scan.pk)
    stage.size = alignment.size
    if result.mask_runs <= _MAX_RUNS:
        found = regions(mask, *measured, limit=_MAX_BOXES)
        stage.boxes = [alignment.box(region) for region in found]
        stage.region_count = len(found) if len(found) < _MAX_BOXES else None
    if stage.picture_url and not alignment.certain:
        stage.notes.append(
            _("The alignment is assumed: nothing tells whether the provider measured the picture upright.")
        )


def _drawable(result: DetectionResult) -> tuple[Mask, Size]:
    """Return the mask and the sides of the measured picture; raise MaskError when one does not fit the other."""
    if result.mask_problem:
        raise MaskError(result.mask_problem)
    mask = result.read_mask()
    if mask and not (result.image_width and result.image_height):
        raise MaskError(_("The provider did not say how large the picture is."))
    measured = result.image_width or 1, result.image_height or 1
    if mask:
        check_shape(mask, *measured)
    return mask, measured


def _add_heatmap(stage: Stage, scan: ImageScan, result: DetectionResult, admin_site: AdminSite) -> None:
    if result.heatmap_problem:
        stage.notes.append(_("The provider's heatmap is not shown: %(why)s") % {"why": result.heatmap_problem})
        return
    same = DetectionResult.objects.using(home_database()).filter(pk=result.pk)
    if result.heatmap_due_at is not None:
        stage.notes.append(_("The provider's heatmap is still to be fetched."))
    # Asked of the database, because the picture itself may be several megabytes.
    elif same.exclude(heatmap=b"").exists():
        stage.heatmap_url = image_url(admin_site, "heatmap", scan.pk)
