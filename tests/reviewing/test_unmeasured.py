"""What was never measured is judged by eye, or small and odd files would evade moderation."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from django_copyleaks_image.api import request_scan
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.publishing import publishable
from django_copyleaks_image.publishing import standing as standing_of
from django_copyleaks_image.reviewing import placing
from django_copyleaks_image.scanning import finishing, submit
from django_copyleaks_image.standings import Kind
from tests.gallery.models import Photo
from tests.samples import clean, photo, picture, upload

from .stories import (
    answered,
    at_desk,
    awaited,
    decided,
    flagged,
    fresh,
    image_of,
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


def unread(uploaded: Photo) -> ImageScan:
    """Return the scan of a photo that the storage did not give out: nothing is known of its bytes."""
    scan = ImageScan.objects.filter(object_id=str(uploaded.pk)).latest("pk")
    assert finishing.fail(scan, "storage_failed", "The storage raised.")
    return fresh(scan)


def test_failed_scan__waits_for_a_person() -> None:
    assert place(unmeasured()) == ("unmeasured", "not_measured")


def test_skipped_picture__waits_for_a_person() -> None:
    photo("small.jpg", picture(size=(100, 100)))
    (scan,) = submit.claim(1)

    submit.work_on(scan)

    assert fresh(scan).status == "skipped"
    assert place(scan) == ("unmeasured", "not_measured")


def test_lost_result__leaves_the_desk_to_its_resubmission() -> None:
    scan = awaited()

    again = overdue(scan)
    assert (again.resubmission_of, place(scan)) == (scan, ("", "waiting"))

    assert overdue(sent(again)) == again
    assert at_desk() == [again.pk]


def test_rescan_that_fails__leaves_the_earlier_scan_where_it_is(ada: Any) -> None:
    waiting, judged = flagged("a.jpg"), flagged("b.jpg", colour="red")
    decided(judged, ada, Kind.CLEARED)

    for scan in (waiting, judged):
        lost(rescan(scan))

    assert at_desk() == [waiting.pk]
    assert image_of(judged).scan == judged
    assert [place(scan) for scan in (waiting, judged)] == [("review", "flagged"), ("", "cleared")]


def test_rescan_of_what_was_never_measured__leaves_it_to_the_eye() -> None:
    scan = unmeasured()

    again = rescan(scan)
    assert at_desk() == [scan.pk]
    lost(again)

    assert at_desk() == [scan.pk]
    assert place(answered(rescan(scan))) == ("review", "flagged")
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

    assert place(again) == (desk, kind)


def test_failure_between_reading_and_writing__sees_the_result_of_another_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    scan = awaited()
    again = rescan(scan)
    read = placing.place_of_unmeasured
    too_early = read(scan, "result_lost")
    answered(again)

    def read_too_early(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(placing, "place_of_unmeasured", read)
        return too_early

    monkeypatch.setattr(placing, "place_of_unmeasured", read_too_early)
    lost(scan)

    assert fresh(scan).status == "failed"
    assert (place(scan), image_of(scan).scan) == (("review", "flagged"), again)


def test_decision_about_a_file_that_nobody_could_read__stands_when_it_is_read_again(ada: Any) -> None:
    scan = unread(photo())
    decided(scan, ada, Kind.CONFIRMED)

    again = answered(sent(request_scan(photo_of(scan), "image")))

    assert (place(again), image_of(again).scan) == (("", "confirmed"), again)
    assert decided(again, ada, Kind.CLEARED).sha256 == again.sha256


def test_decision_about_a_file_that_nobody_could_read__is_none_about_the_next_file(ada: Any) -> None:
    scan = unread(photo())
    decided(scan, ada, Kind.CLEARED)

    again = unread(photo_of(replace(scan, colour="red")))

    assert place(again) == ("unmeasured", "not_measured")


def test_last_decision_about_a_file_that_nobody_could_read__stands(ada: Any) -> None:
    scan = unread(photo())
    decided(scan, ada, Kind.CLEARED)
    again = sent(request_scan(photo_of(scan), "image"))
    lost(again)
    decided(scan, ada, Kind.CONFIRMED)

    third = lost(sent(request_scan(photo_of(scan), "image")))

    assert place(third) == ("", "confirmed")
    assert not publishable(Photo.objects.all(), "image").exists()


def test_small_picture__is_asked_about_once_by_its_bytes(ada: Any) -> None:
    small = picture(size=(100, 100))

    def uploaded() -> ImageScan:
        (scan,) = submit.claim(1)
        submit.work_on(scan)
        return fresh(scan)

    shown = photo("small.jpg", small)
    scan = uploaded()
    assert (scan.error_code, scan.sha256) == ("too_small", hashlib.sha256(small).hexdigest())
    decided(scan, ada, Kind.CLEARED)

    shown.image = upload("again.jpg", small)
    shown.save()
    assert place(scan) == ("", "waiting")
    assert place(uploaded()) == ("", "cleared")
    shown.image = upload("other.jpg", picture(size=(90, 90)))
    shown.save()
    assert place(uploaded()) == ("unmeasured", "not_measured")


def test_file_that_the_site_leaves_out__counts_as_not_measured(watch: Callable[..., None]) -> None:
    scan = without_ai()
    assert publishable(Photo.objects.all(), "image").exists()
    watch(Photo, "image", when=lambda photo: False)
    replace(scan, colour="red")

    assert place(scan) == ("", "not_measured")
    assert not publishable(Photo.objects.all(), "image").exists()


def test_file_that_comes_back_after_one_that_the_site_leaves_out__is_scanned(watch: Callable[..., None]) -> None:
    scan = without_ai()
    name, shown = scan.file_name, photo_of(scan)
    watch(Photo, "image", when=lambda photo: photo.image.name == name)
    replace(scan, colour="red")
    shown.save()

    again = last_scan()
    assert (again.file_name, again.status) == (name, "queued")
    answered(sent(again), clean(again))
    assert place(again) == ("", "clean")
