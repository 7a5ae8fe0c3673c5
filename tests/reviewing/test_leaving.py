"""One scan of a picture waits at the desk at a time: when the others leave it."""

from collections.abc import Callable
from typing import Any

import pytest

from django_copyleaks_image.api import request_scan
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.reviewing import decide
from django_copyleaks_image.scanning import scan_requests, submit
from django_copyleaks_image.standings import Kind
from tests.gallery.models import Photo

from .stories import (
    answered,
    at_desk,
    claimed,
    decided,
    flagged,
    fresh,
    image_of,
    last_scan,
    lost,
    photo_of,
    place,
    replace,
    rescan,
    unmeasured,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_result_of_a_rescan__takes_the_earlier_scan_from_the_desk(ada: Any) -> None:
    scan = flagged()
    claimed(scan, ada)
    seen = image_of(scan)
    again = answered(rescan(scan))

    assert at_desk() == [again.pk]
    assert image_of(scan).claimed_by is None
    with pytest.raises(decide.Stale):
        decide.decide(seen.pk, user=ada, kind=Kind.CLEARED, version=seen.version)


def test_replaced_picture__leaves_the_desk(ada: Any) -> None:
    scan = flagged()
    claimed(scan, ada)

    replace(scan, colour="red")

    assert place(scan) == ("", "waiting")
    assert image_of(scan).claimed_by is None


def test_picture_replaced_by_one_that_is_not_wanted__leaves_the_desk(watch: Callable[..., None]) -> None:
    scan = flagged()
    watch(Photo, "image", when=lambda photo: False)

    replace(scan, colour="red")

    assert at_desk() == []


@pytest.mark.parametrize("ending", ["failed", "submitted"])
def test_replaced_picture__leaves_the_desk_whatever_became_of_its_rescan(ending: str) -> None:
    scan = flagged()
    again = rescan(scan)
    if ending == "failed":
        lost(again)
    assert at_desk() == [scan.pk]

    replace(scan, colour="red")

    assert at_desk() == []


def test_other_bytes_found_under_the_same_name__take_the_earlier_scan_from_the_desk() -> None:
    scan = flagged()
    again = rescan(scan)

    scan_requests.bytes_changed(again)

    assert at_desk() == []
    assert last_scan().status == "queued"


@pytest.mark.parametrize("name", ["photos/elsewhere.jpg", ""])
def test_rescan_that_finds_another_file__takes_the_earlier_scan_from_the_desk(name: str) -> None:
    scan = flagged()
    request_scan(photo_of(scan), "image", force=True)
    Photo.objects.update(image=name)  # No signal tells of this.

    (again,) = submit.claim(1)
    submit.work_on(again)

    assert fresh(again).status == "superseded"
    assert at_desk() == []


@pytest.mark.parametrize("make", [flagged, unmeasured])
def test_deleted_picture__leaves_the_desk(make: Callable[[], ImageScan], ada: Any) -> None:
    scan = make()
    claimed(scan, ada)
    seen = image_of(scan).version

    photo_of(scan).delete()

    assert at_desk() == []
    assert image_of(scan).removed_at is not None
    assert image_of(scan).claimed_by is None
    assert image_of(scan).version > seen


def test_escalated_picture_that_is_deleted__keeps_what_was_decided(ada: Any) -> None:
    scan = flagged()
    decided(scan, ada, Kind.ESCALATED)

    photo_of(scan).delete()

    assert place(scan) == ("", "escalated")
