"""The picture with what is marked on it, ready for the template ``includes/stage.html``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_copyleaks_image import regions
from django_copyleaks_image.alignment import EXCHANGES_SIDES, Box, Size
from django_copyleaks_image.findings import align_scan, finding
from django_copyleaks_image.masks import MaskError, check_shape
from django_copyleaks_image.models import DetectionResult, ImageScan
from django_copyleaks_image.outcomes import in_words
from django_copyleaks_image.problems import Problem, stored

from . import files

# Regions that were left out on receipt are found by Python: this many runs take it a tenth of a second.
_MAX_RUNS = 50_000
# The share of the area from which on a mask is said to be of nearly the whole picture: a fill would hide all of it, and
# an outline, which is drawn around what is marked, has no place.
_ALL_OVER = 0.95
# Gives the address of one of the pictures of a scan.
Url = Callable[..., str]


class View(NamedTuple):
    """One way to look at the picture, with the key that chooses it; ``js/stage-keys.js`` knows the names and keys."""

    name: str
    key: str
    label: Promise


_ORIGINAL = View(name="original", key="1", label=gettext_lazy("Original"))
_OUTLINE = View(name="outline", key="2", label=gettext_lazy("Outline"))
_MASK = View(name="mask", key="3", label=gettext_lazy("Mask only"))
_SIDE_BY_SIDE = View(name="side-by-side", key="4", label=gettext_lazy("Side by side"))
_SWIPE = View(name="swipe", key="5", label=gettext_lazy("Swipe"))
_HEATMAP = View(name="heatmap", key="6", label=gettext_lazy("Heatmap"))


@dataclass(kw_only=True, slots=True)
class Stage:
    """Addresses are empty for what there is not.

    Boxes are in pixels of the upright picture as the provider measured it, which has the sides ``size``. The sides
    of the scanned one, ``actual_size``, are those that a view of original pixels needs. ``marked_all_over`` says so of
    a mask of nearly the whole picture, and is empty otherwise. ``file_url`` is that of the file itself where
    nothing could be drawn of it. ``again_url`` is where a picture may come from after all
    that did not come, or could not be shown.
    """

    alt: str
    size: Size | None = None
    actual_size: Size | None = None
    picture_url: str = ""
    picture_problem: str = ""
    original_url: str = ""
    file_url: str = ""
    again_url: str = ""
    overlay_url: str = ""
    full_overlay_url: str = ""
    heatmap_url: str = ""
    boxes: list[Box] = field(default_factory=list)
    marked_all_over: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def boxes_as_text(self) -> str:
        """Return ``x,y,width,height`` of every box, separated by spaces, for a data attribute."""
        return " ".join(",".join(map(str, box)) for box in self.boxes)

    @property
    def more_regions(self) -> bool:
        """Return whether there may be smaller regions than those in ``boxes``."""
        return len(self.boxes) >= regions.MOST

    @property
    def views(self) -> list[View]:
        """Return the ways to look at this stage; the first is chosen by itself if there is no overlay."""
        if self.overlay_url:
            views = [_ORIGINAL, _OUTLINE, _MASK, _SIDE_BY_SIDE, _SWIPE] if self.picture_url else [_MASK]
        else:
            views = [_ORIGINAL] if self.picture_url else []
        return [*views, _HEATMAP] if self.heatmap_url else views

    @property
    def first_view(self) -> str:
        """Return the name of the view that is shown at first."""
        views = self.views or [_ORIGINAL]
        return (_OUTLINE if _OUTLINE in views else views[0]).name


def stage_of(scan: ImageScan, url: Url, *, alt: str) -> Stage:
    """Return the stage of a scan for a user who may view its picture; ``alt`` names the picture."""
    examination = files.examine(scan)
    described = _("%(picture)s: %(finding)s") % {"picture": alt, "finding": finding(scan)}
    stage = Stage(alt=described, picture_problem=examination.problem, again_url=url("rendition", scan.pk, "page"))
    if examination.has_file:
        stage.file_url = url("original", scan.pk)
    if not examination.problem:
        stage.picture_url = url("rendition", scan.pk, "page")
        stage.original_url = url("original", scan.pk)
        if scan.several_frames:
            stage.notes.append(_("The file has several frames or pages: this is the first one."))
    if scan.width and scan.height:
        exchanged = examination.orientation in EXCHANGES_SIDES
        stage.size = stage.actual_size = (scan.height, scan.width) if exchanged else (scan.width, scan.height)
    if scan.result is not None:
        _add_overlay(stage, scan, scan.result, url, examination.orientation)
        _add_heatmap(stage, scan, scan.result, url)
    return stage


def small_stage_of(scan: ImageScan, url: Url, *, alt: str) -> Stage:
    """Return a small picture with the outline of what is marked, for pages with many of them: nothing is asked."""
    stage = Stage(alt=alt, picture_url=url("rendition", scan.pk, "panel"))
    if scan.result is not None and scan.result.mask_runs and not scan.result.mask_problem:
        stage.overlay_url = url("overlay", scan.pk)
    return stage


def _add_overlay(stage: Stage, scan: ImageScan, result: DetectionResult, url: Url, orientation: int | None) -> None:
    problem = result.mask_problem
    found: list[list[int]] | None = None
    try:
        found = None if problem else _regions(result)
    except MaskError as error:
        problem = stored(error.message)
    if problem:
        stage.notes.append(_("The mask is not drawn: %(why)s") % {"why": in_words(problem)})
        return
    if found == []:
        empty = _("The provider marked no place.") if result.is_ai_detected else _("Nothing is marked as AI.")
        stage.notes.append(empty)
        return
    alignment = align_scan(scan, (result.image_width or 1, result.image_height or 1), orientation)
    stage.overlay_url = url("overlay", scan.pk)
    stage.full_overlay_url = url("full_overlay", scan.pk)
    stage.size = alignment.size
    stage.boxes = [alignment.box(regions.box_of(region)) for region in found or ()]
    stage.marked_all_over = _all_over_in_words(result, found)
    if stage.picture_url and not alignment.certain:
        stage.notes.append(
            _("The alignment is assumed: nothing tells whether the provider measured the picture upright.")
        )


def _all_over_in_words(result: DetectionResult, found: list[list[int]] | None) -> str:
    """Return what is said of a mask of nearly the whole picture, empty for any other."""
    if found is None:  # They were not sought.
        share = result.ai_ratio or 0.0
    else:
        share = sum(region[-1] for region in found) / ((result.image_width or 1) * (result.image_height or 1))
    if share >= 1:
        return _("The whole picture is marked: it is framed, and filled only when you ask for it.")
    if share >= _ALL_OVER:
        return _("Nearly the whole picture is marked: it is framed, and filled only when you ask for it.")
    return ""


def _regions(result: DetectionResult) -> list[list[int]] | None:
    """Return the marked regions, None when it would take too long to find them.

    Raises MaskError when the mask cannot be drawn; regions that are stored are of one that can.
    """
    if result.regions is not None:
        return list(result.regions)
    mask = result.read_mask()
    if not mask:
        return []
    if not (result.image_width and result.image_height):
        raise MaskError(Problem.MASK_OF_UNKNOWN_SIZE())
    if result.mask_runs <= _MAX_RUNS:
        return regions.find(mask, result.image_width, result.image_height)
    check_shape(mask, result.image_width, result.image_height)
    return None


def _add_heatmap(stage: Stage, scan: ImageScan, result: DetectionResult, url: Url) -> None:
    if result.heatmap_problem:
        why = in_words(result.heatmap_problem)
        stage.notes.append(_("The provider's heatmap is not shown: %(why)s") % {"why": why})
        return
    if result.heatmap_due_at is not None:
        stage.notes.append(_("The provider's heatmap is still to be fetched."))
    elif files.has_heatmap(result):
        stage.heatmap_url = url("heatmap", scan.pk)
