"""The sentence about a scan, as a project gets it; and the regions that it names, from the moment of receipt."""

from typing import Any

import pytest

from django_copyleaks_image import api
from django_copyleaks_image.models import DetectionResult, ImageScan
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.scanning import receive, results
from tests.admin.scans_to_show import failed, measured_photo
from tests.samples import as_json, detection, photo, submitted

pytestmark = pytest.mark.django_db

LEFT_AND_RIGHT = [[10, 250, 200, 100, 20000], [500, 500, 5, 5, 25]]


def received(**changes: Any) -> ImageScan:
    """Return the scan of a new photo after its result has come."""
    scan = submitted(ImageScan.objects.get(object_id=str(photo().pk)))
    assert receive.deliver(scan, as_json(detection(scan, **changes)), Source.WEBHOOK) == Outcome.APPLIED
    return ImageScan.objects.get(pk=scan.pk)


def test_finding__of_a_received_result_says_how_much_and_where() -> None:
    scan = received()
    assert api.finding(scan) == "AI share of the area: 2.0 %, one region at the top"
    assert DetectionResult.objects.get().regions == [[10, 0, 60, 2, 100]]


def test_finding__names_two_regions_by_the_larger() -> None:
    assert api.finding(measured_photo(regions=LEFT_AND_RIGHT)) == (
        "AI share of the area: 37 %, two regions, the larger at the left"
    )


@pytest.mark.parametrize(
    ("orientation", "place"), [(1, "left"), (2, "right"), (3, "right"), (4, "left"), (6, "top"), (8, "bottom")]
)
def test_finding__places_regions_on_the_upright_picture(orientation: int, place: str) -> None:
    scan = measured_photo(regions=LEFT_AND_RIGHT, orientation=orientation)
    assert api.finding(scan).endswith(f"the larger at the {place}")


def test_finding__of_a_mock_says_so() -> None:
    assert api.finding(measured_photo(sandbox=True, regions=LEFT_AND_RIGHT[:1])) == (
        "AI share of the area: 37 %, one region at the left (mock result of the sandbox, no evidence)"
    )


def test_finding__of_regions_that_were_not_sought_names_none() -> None:
    assert api.finding(measured_photo()) == "AI share of the area: 37 %"
    assert api.finding(measured_photo("b.jpg", mask=None, regions=[])) == "AI share of the area: 37 %, place not given"


def test_finding__without_ai_or_result() -> None:
    assert api.finding(measured_photo(detected=False, ai_ratio=0.0, mask=None, regions=[])) == "No AI detected"
    assert api.finding(failed(photo())) == "Not measured"
    assert api.finding(ImageScan.objects.get(object_id=str(photo("waits.jpg").pk))) == "Not measured"


def test_regions__are_left_to_the_page_when_there_are_too_many_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "RUNS_SEARCHED", 1)
    scan = received()
    assert DetectionResult.objects.get().regions is None
    assert api.finding(scan) == "AI share of the area: 2.0 %"


def test_regions__of_an_empty_mask_are_none() -> None:
    received(result={"starts": [], "lengths": []}, isAiDetected=False, summary={"human": 1.0, "ai": 0.0})
    assert DetectionResult.objects.get().regions == []


@pytest.mark.parametrize(
    "changes",
    [
        {"result": None},
        {"result": {"starts": [5000], "lengths": [1]}},
        # Without a size of the provider's own, the scanned picture's is taken, of 100 by 50 pixels.
        {"result": {"starts": [5000], "lengths": [1]}, "imageInfo": {}},
    ],
)
def test_regions__of_a_mask_that_is_missing_or_does_not_fit_are_not_sought(changes: dict[str, Any]) -> None:
    received(**changes)
    assert DetectionResult.objects.get().regions is None
