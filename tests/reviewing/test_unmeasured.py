"""What was never measured is judged by eye, or small and odd files would evade moderation."""

from collections.abc import Callable
from typing import Any

import pytest

from django_copyleaks_image.api import request_scan
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.decision import Kind
from django_copyleaks_image.publishing import publishable
from django_copyleaks_image.publishing import standing as standing_of
from django_copyleaks_image.reviewing import standing
from django_copyleaks_image.scanning import submit
from tests.gallery.models import Photo
from tests.samples import clean, photo, picture

from .stories import (
    answered,
    at_desk,
    awaited,
    decided,
    flagged,
    fresh,
    last_scan,
    lost,
    overdue,
    overwrite,
    photo_of,
    place,
    replace,
    rescan,
    sent,
    unmeasured,
    without_ai,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_failed_scan__waits_for_a_person() -> None:
    assert place(unmeasured()) == ("unmeasured", "", "")


def test_skipped_picture__waits_for_a_person() -> None:
    photo("small.jpg", picture(size=(100, 100)))
    (scan,) = submit.claim(1)

    submit.work_on(scan)

    assert fresh(scan).status == "skipped"
    assert place(scan) == ("unmeasured", "", "")


def test_lost_result__leaves_the_desk_to_its_resubmission() -> None:
    scan = awaited()

    again = overdue(scan)
    assert (again.resubmission_of, place(scan), place(again)) == (scan, ("", "", ""), ("", "", ""))

    assert overdue(sent(again)) == again
    assert at_desk() == [again.pk]


def test_rescan_that_fails__leaves_the_earlier_scan_where_it_is(ada: Any) -> None:
    waiting, judged = flagged("a.jpg"), flagged("b.jpg", colour="red")
    decided(judged, ada, Kind.CLEARED)

    failed = [lost(rescan(scan)) for scan in (waiting, judged)]

    assert at_desk() == [waiting.pk]
    assert [place(scan) for scan in failed] == [("", "", ""), ("", "", "cleared")]


def test_rescan_of_what_was_never_measured__leaves_it_to_the_eye() -> None:
    scan = unmeasured()

    again = rescan(scan)
    assert at_desk() == [scan.pk]
    lost(again)

    assert at_desk() == [scan.pk]
    assert place(answered(rescan(scan))) == ("review", "pending", "")
    assert scan.pk not in at_desk()


def test_failing_scan__is_judged_by_eye_although_it_was_forced() -> None:
    photo()
    superseded = last_scan()

    again = lost(rescan(superseded))

    assert fresh(superseded).status == "superseded"
    assert at_desk() == [again.pk]


def test_failing_rescan_of_overwritten_bytes__is_judged_by_eye_whatever_the_former_were() -> None:
    measured = without_ai()
    unsent = overwrite(measured, colour="red")

    again = lost(rescan(unsent))

    assert fresh(unsent).status == "superseded"
    assert at_desk() == [again.pk]


def test_forced_scan_of_another_file__is_judged_by_eye(watch: Callable[..., None]) -> None:
    scan = flagged()
    watch(Photo, "image", when=lambda photo: False)
    replace(scan, colour="red")

    forced = lost(rescan(scan))

    assert at_desk() == [forced.pk]


@pytest.mark.parametrize("force", [False, True])
def test_another_try__counts_by_its_result_alone(force: bool, ada: Any) -> None:
    waiting, judged = unmeasured("a.jpg"), unmeasured("b.jpg", colour="red")
    decided(judged, ada, Kind.CLEARED)
    shown = photo_of(judged)

    tries = [sent(request_scan(photo_of(scan), "image", force=force)) for scan in (waiting, judged)]
    assert at_desk() == [waiting.pk]
    assert list(publishable(Photo.objects.all(), "image")) == [shown]
    assert standing_of(shown, "image").scan == judged
    for scan in tries:
        lost(scan)

    assert at_desk() == [waiting.pk]
    assert list(publishable(Photo.objects.all(), "image")) == [shown]

    again = [sent(request_scan(photo_of(scan), "image", force=force)) for scan in (waiting, judged)]
    for scan in again:
        answered(scan, clean(scan))
    assert at_desk() == []
    assert publishable(Photo.objects.all(), "image").count() == 2


def test_another_try__after_the_file_was_replaced_leaves_nothing_of_the_old_one_at_the_desk() -> None:
    scan = unmeasured()
    Photo.objects.update(image="photos/another.jpg")

    request_scan(photo_of(scan), "image")

    assert at_desk() == []


@pytest.mark.parametrize(("kind", "desk"), [(Kind.CONFIRMED, ""), (Kind.CLEARED, ""), (Kind.ESCALATED, "escalated")])
def test_same_bytes_that_fail_again__are_asked_once(kind: Kind, desk: str, ada: Any) -> None:
    scan = unmeasured()
    decided(scan, ada, kind)

    again = lost(sent(replace(scan, colour="teal")))

    assert place(again) == (desk, "", kind)


def test_failure_between_reading_and_writing__sees_the_decision(ada: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = unmeasured()
    again = sent(replace(scan, colour="teal"))
    read = standing.place_of_unmeasured
    too_early = read(again, ends_from=[ImageScan.Status.SUBMITTED])
    assert too_early is not None
    assert too_early.desk == "unmeasured"
    # The earlier scan has left the desk, but its page is still open.
    ImageScan.objects.filter(pk=again.pk).update(review_version=1, decision="cleared")

    def read_too_early(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(standing, "place_of_unmeasured", read)
        return too_early

    monkeypatch.setattr(standing, "place_of_unmeasured", read_too_early)
    lost(again)

    assert fresh(again).review_version == 2
