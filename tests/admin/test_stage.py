"""What a stage offers for a scan, before any browser shows it."""

import pytest
from django.contrib import admin
from django.template.loader import render_to_string

from django_copyleaks_image import regions
from django_copyleaks_image.admin import ImageScanAdmin
from django_copyleaks_image.admin import stage as stages
from django_copyleaks_image.admin.stage import Stage, stage_of
from django_copyleaks_image.masks import Mask, MaskError
from django_copyleaks_image.models import DetectionResult, ImageScan
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.scanning import spooled
from tests.admin.scans_to_show import measured, measured_photo, rectangle
from tests.corpus.files import frames
from tests.samples import photo, picture

SCANS = "/admin/copyleaks_image/imagescan/"
MARKED = [[100, 200, 300, 150, 45_000], [10, 20, 4, 5, 20]]

pytestmark = pytest.mark.django_db


def stage(scan: ImageScan) -> Stage:
    url = ImageScanAdmin(ImageScan, admin.site).url
    return stage_of(ImageScan.objects.with_result().get(pk=scan.pk), url, alt="Scan of meadow.jpg")


def views(made: Stage) -> list[str]:
    return [view.name for view in made.views]


def test_stage__offers_every_view_of_a_marked_picture() -> None:
    made = stage(measured_photo(heatmap=picture("PNG", (64, 64))))
    assert views(made) == ["original", "outline", "mask", "side-by-side", "swipe", "heatmap"]
    assert [view.key for view in made.views] == ["1", "2", "3", "4", "5", "6"]
    assert made.first_view == "outline"


@pytest.mark.parametrize(
    ("parts", "offered", "first"),
    [
        ({"picture_url": "p"}, ["original"], "original"),
        ({"picture_url": "p", "heatmap_url": "h"}, ["original", "heatmap"], "original"),
        ({"overlay_url": "o"}, ["mask"], "mask"),
        ({"overlay_url": "o", "heatmap_url": "h"}, ["mask", "heatmap"], "mask"),
        ({"heatmap_url": "h"}, ["heatmap"], "heatmap"),
        ({}, [], "original"),
    ],
)
def test_stage__offers_no_view_of_what_there_is_not(parts: dict[str, str], offered: list[str], first: str) -> None:
    made = Stage(alt="", **parts)  # type: ignore[arg-type]
    assert views(made) == offered
    assert made.first_view == first


def test_stage__describes_the_picture_by_the_finding() -> None:
    assert stage(measured_photo(regions=MARKED)).alt == (
        "Scan of meadow.jpg: AI share of the area: 37 %, two regions, the larger at the centre"
    )
    waiting = ImageScan.objects.get(object_id=str(photo("b.jpg").pk))
    assert stage(waiting).alt == "Scan of meadow.jpg: Not measured"


def test_stage__takes_stored_regions_and_leaves_the_mask_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    scan = measured_photo(regions=MARKED)

    def read(result: DetectionResult) -> Mask:
        raise AssertionError("the mask was read")

    monkeypatch.setattr(DetectionResult, "read_mask", read)
    made = stage(scan)
    assert made.boxes == [(100, 200, 300, 150), (10, 20, 4, 5)]
    assert made.overlay_url == f"{SCANS}overlay/{scan.pk}.png"
    assert made.full_overlay_url == f"{SCANS}overlay/{scan.pk}/full.png"


def test_stage__seeks_regions_that_were_not_sought_unless_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    scan = measured_photo()
    assert stage(scan).boxes == [(100, 200, 300, 150)]
    monkeypatch.setattr(stages, "_MAX_RUNS", 10)
    made = stage(scan)
    assert made.boxes == []
    assert made.overlay_url


def test_stage__of_stored_regions_turns_them_upright() -> None:
    scan = measured(
        photo(content=picture(size=(800, 600))),
        mask=rectangle(10, 20, 30, 40, of_width=800),
        size=(800, 600),
        regions=[[10, 20, 30, 40, 1200]],
        width=800,
        height=600,
        orientation=6,
    )
    made = stage(scan)
    assert made.boxes == [(540, 10, 40, 30)]
    assert made.size == made.actual_size == (600, 800)


def test_stage__tells_the_size_of_the_picture_from_that_of_the_measured_one() -> None:
    scan = measured(
        photo(content=picture(size=(800, 600))),
        mask=rectangle(10, 20, 30, 40, of_width=400),
        size=(400, 300),
        width=800,
        height=600,
    )
    made = stage(scan)
    assert made.size == (400, 300)
    assert made.actual_size == (800, 600)


def test_stage__says_when_there_may_be_more_regions() -> None:
    many = [[number, number, 1, 1, 1] for number in range(regions.MOST)]
    assert stage(measured_photo(regions=many)).more_regions
    assert not stage(measured_photo("b.jpg", regions=many[1:])).more_regions


def test_stage__of_a_problem_with_the_mask_ignores_stored_regions() -> None:
    made = stage(measured_photo(regions=MARKED, mask_problem=Problem.MASK_CORRUPT().stored))
    assert made.overlay_url == ""
    assert made.notes == ["The mask is not drawn: The stored mask is corrupt."]


def test_stage__of_a_mask_that_does_not_fit_says_so_however_long_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "_MAX_RUNS", 10)
    made = stage(measured_photo(size=(10, 10)))
    assert made.overlay_url == ""
    assert "outside the picture" in made.notes[0]


def test_stage__of_a_measured_picture_reads_only_the_beginning_of_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*args: object) -> bytes:
        raise AssertionError("the whole file was read")

    monkeypatch.setattr(spooled, "copied", read)
    scan = measured_photo(orientation=1)
    made = stage(scan)
    assert made.picture_url == f"{SCANS}rendition/{scan.pk}/page/"
    assert made.original_url == f"{SCANS}original/{scan.pk}/"


@pytest.mark.parametrize(
    ("height", "said"),
    [(640, "The whole picture is marked"), (620, "Nearly the whole picture is marked"), (600, "")],
)
def test_mask_of_nearly_the_whole_picture__is_said_in_words(height: int, said: str) -> None:
    made = stage(measured_photo(mask=rectangle(0, 0, 640, height, of_width=640)))
    assert made.marked_all_over.startswith(said)
    assert bool(made.marked_all_over) is bool(said)


def test_mask_whose_regions_are_not_sought__is_of_nearly_the_whole_picture_by_its_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stages, "_MAX_RUNS", 10)
    assert stage(measured_photo(ai_ratio=0.97)).marked_all_over.startswith("Nearly")
    assert stage(measured_photo("b.jpg", ai_ratio=0.9)).marked_all_over == ""


def test_first_of_several_frames__is_said_to_be_beside_the_picture() -> None:
    moving = photo("moving.gif", frames("GIF"))
    said = "The file has several frames or pages: this is the first one."
    assert said in stage(measured(moving, several_frames=True)).notes
    assert said not in stage(measured_photo()).notes


def test_template__names_a_key_for_every_button() -> None:
    made = stage(measured_photo(heatmap=picture("PNG", (64, 64)), regions=MARKED))
    html = render_to_string("admin/copyleaks_image/includes/stage.html", {"stage": made})
    keys = {
        "original": "1",
        "outline": "2",
        "mask": "3",
        "side-by-side": "4",
        "swipe": "5",
        "heatmap": "6",
        "fit": "Z",
        "fit-width": "W",
        "actual-size": "0",
        "fill": "F",
        "toggle-overlay": "H",
        "reveal": "B",
        "zoom-in": "Plus",
        "zoom-out": "-",
        "next-region": "R",
    }
    assert html.count('data-act="') == len(keys)
    for action, key in keys.items():
        assert f'data-act="{action}" aria-keyshortcuts="{key}"' in html


def test_template__loads_no_original_by_itself() -> None:
    scan = measured_photo()
    html = render_to_string("admin/copyleaks_image/includes/stage.html", {"stage": stage(scan)})
    assert f'data-original="{SCANS}original/{scan.pk}/"' in html
    assert f'src="{SCANS}original' not in html


def test_template__tells_how_many_regions_can_be_stepped_through() -> None:
    few, many = Stage(alt="", boxes=[(0, 0, 1, 1)] * 2), Stage(alt="", boxes=[(0, 0, 1, 1)] * regions.MOST)
    template = "admin/copyleaks_image/includes/stage.html"
    assert 'data-text-region="Region {number} of {total}"' in render_to_string(template, {"stage": few})
    assert 'data-text-region="Region {number} of the {total} largest"' in render_to_string(template, {"stage": many})


def test_damaged_mask__is_not_drawn() -> None:
    scan = measured_photo(mask=None, mask_runs=3)
    DetectionResult.objects.update(mask=b"\x07damaged")
    with pytest.raises(MaskError):
        DetectionResult.objects.get().read_mask()
    assert stage(scan).notes == ["The mask is not drawn: The stored mask has an unknown version."]
