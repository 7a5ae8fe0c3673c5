"""Decisions outlive scans: what stands when another scan of a picture completes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from django_copyleaks_image.models import DetectionResult, ImageScan
from django_copyleaks_image.reviewing import decide, placing
from django_copyleaks_image.scanning import finishing, paykey
from django_copyleaks_image.standings import Kind
from django_copyleaks_image.verdicts import Verdict
from tests.gallery.models import Listing, Photo
from tests.samples import clean, detection, photo, submitted, upload

from .stories import (
    MOSTLY_AI,
    answered,
    at_desk,
    awaited,
    decided,
    flagged,
    fresh,
    image_of,
    last_scan,
    place,
    replace,
    rescan,
    sent,
    unmeasured,
    without_ai,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("kind", [Kind.CONFIRMED, Kind.CLEARED])
def test_decision__outlives_a_rescan_that_says_the_same(kind: Kind, ada: Any) -> None:
    scan = flagged()
    decided(scan, ada, kind)

    again = answered(rescan(scan))

    assert place(again) == ("", kind)
    assert place(scan) == ("", kind)


def test_decision__outlives_a_rescan_that_agrees_more(ada: Any) -> None:
    scan = flagged()
    decided(scan, ada, Kind.CONFIRMED)

    again = rescan(scan)
    answered(again, detection(again, **MOSTLY_AI))

    assert place(again) == ("", "confirmed")


@pytest.mark.parametrize("kind", [Kind.CONFIRMED, Kind.CLEARED])
def test_rescan_that_contradicts__reopens_and_overwrites_nothing(kind: Kind, ada: Any) -> None:
    scan = flagged() if kind == Kind.CONFIRMED else without_ai()
    decided(scan, ada, kind)

    again = rescan(scan)
    answered(again, clean(again) if kind == Kind.CONFIRMED else None)

    assert place(again) == ("review", kind)


def test_reopened_review__stays_open_until_somebody_has_seen_the_new_verdict(ada: Any) -> None:
    scan = without_ai()
    decided(scan, ada, Kind.CLEARED)
    answered(rescan(scan))

    third = answered(rescan(scan))

    assert at_desk() == [third.pk]
    assert place(third) == ("review", "cleared")
    decided(third, ada, Kind.CLEARED)
    assert place(answered(rescan(scan))) == ("", "cleared")


def test_rescan_below_the_threshold__does_not_contradict_who_cleared(ada: Any, watch: Callable[..., None]) -> None:
    scan = without_ai()
    decided(scan, ada, Kind.CLEARED)
    watch(Photo, "image", review_area=0.5)

    assert place(answered(rescan(scan))) == ("", "cleared")


def test_escalated_picture__stays_escalated(ada: Any) -> None:
    scan = flagged()
    decided(scan, ada, Kind.ESCALATED)

    again = rescan(scan)
    answered(again, clean(again))

    assert at_desk() == [again.pk]
    assert place(again) == ("escalated", "escalated")


def test_undone_decision__stands_no_more(ada: Any) -> None:
    scan = flagged()
    decision = decided(scan, ada, Kind.CLEARED)
    decide.undo(decision.pk, user=ada)

    again = answered(rescan(scan))

    assert place(again) == ("review", "flagged")
    assert at_desk() == [again.pk]


def test_decision_during_a_rescan__stands_on_it(ada: Any) -> None:
    scan = flagged()
    again = rescan(scan)
    assert at_desk() == [scan.pk]
    decided(scan, ada, Kind.CLEARED)

    answered(again)

    assert place(again) == ("", "cleared")
    assert at_desk() == []


@pytest.mark.parametrize(("make", "decision"), [(flagged, Kind.CLEARED), (without_ai, Kind.CONFIRMED)])
def test_decision_between_reading_and_writing__is_seen(
    make: Callable[[], ImageScan], decision: Kind, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = make()
    again = rescan(scan)
    read = placing.place_of_completed
    too_early = read(again, Verdict.PARTLY_AI, ai_share=0.4, needs_review=True)
    decided(scan, ada, decision)

    def read_too_early(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(placing, "place_of_completed", read)
        return too_early

    monkeypatch.setattr(placing, "place_of_completed", read_too_early)
    answered(again)

    assert place(again) == ("", decision)
    assert at_desk() == []


def test_other_bytes__start_undecided(ada: Any) -> None:
    scan = flagged()
    decided(scan, ada, Kind.CLEARED)

    new = answered(sent(replace(scan, colour="red")))

    assert place(new) == ("review", "flagged")


def test_same_bytes_under_another_name__are_asked_once(ada: Any) -> None:
    scan = flagged()
    second = answered(sent(replace(scan, colour="teal")))
    assert at_desk() == [second.pk]
    decided(second, ada, Kind.CLEARED)

    third = answered(sent(replace(scan, colour="teal", name="newer.jpg")))

    assert image_of(scan).scan == third
    assert place(third) == ("", "cleared")


def test_same_bytes_on_another_object__are_asked_separately(ada: Any) -> None:
    first, second = flagged("a.jpg"), flagged("b.jpg")

    decided(first, ada, Kind.CLEARED)

    assert place(second) == ("review", "flagged")


def test_same_bytes_in_another_field__are_asked_separately(ada: Any, watch: Callable[..., None]) -> None:
    watch(Listing, "front")
    watch(Listing, "back")
    Listing.objects.create(front=upload("a.jpg"), back=upload("b.jpg"))
    front, back = ImageScan.objects.select_related("content_type").order_by("field_name")[::-1]
    ImageScan.objects.update(sha256="0" * 64)
    for scan in (front, back):
        answered(submitted(fresh(scan)))

    decided(front, ada, Kind.CLEARED)

    assert (front.field_name, place(front)) == ("front", ("", "cleared"))
    assert (back.field_name, place(back)) == ("back", ("review", "flagged"))


def mocked(scan: ImageScan) -> ImageScan:
    """Return one more scan of the same file, answered by the sandbox."""
    mock = rescan(scan)
    ImageScan.objects.filter(pk=mock.pk).update(sandbox=True)
    return answered(fresh(mock))


def test_mock_of_the_sandbox__takes_the_place_of_no_real_result(ada: Any) -> None:
    scan = flagged()

    mocked(scan)

    assert at_desk() == [scan.pk]
    decided(scan, ada, Kind.CONFIRMED)
    mocked(scan)
    assert (place(scan), image_of(scan).scan) == (("", "confirmed"), scan)


def test_decision_about_a_mock__is_none_about_the_real_result(ada: Any) -> None:
    mock = mocked(unmeasured())
    decided(mock, ada, Kind.CLEARED)
    assert place(mock) == ("", "cleared")

    real = answered(rescan(mock))

    assert (place(real), image_of(real).scan) == (("review", "flagged"), real)


def test_duplicates__wait_each_on_its_own_object() -> None:
    first, duplicate = awaited("a.jpg"), photo("b.jpg")
    ImageScan.objects.update(content_key="k", sha256=fresh(first).sha256, **paykey.purchase_of_now())

    answered(first)

    second = ImageScan.objects.get(object_id=str(duplicate.pk))
    assert (fresh(first).result_id, place(first)) == (second.result_id, ("review", "flagged"))
    assert place(second) == ("review", "flagged")


def test_duplicate_whose_bytes_were_decided_about__inherits_on_its_own_object_only(ada: Any) -> None:
    scan = flagged()
    decided(scan, ada, Kind.CLEARED)
    same_object, other_object = replace(scan, colour="teal"), photo("b.jpg")
    payer = awaited("c.jpg")
    waiting = ImageScan.objects.exclude(status="completed")
    waiting.update(content_key="k", sha256=scan.sha256, **paykey.purchase_of_now())

    answered(payer)

    assert place(same_object) == ("", "cleared")
    assert place(ImageScan.objects.get(object_id=str(other_object.pk))) == ("review", "flagged")


def test_result__costs_one_query_its_own_update_the_row_of_its_picture_and_the_wish_for_a_rendition() -> None:
    awaited()
    scan = last_scan()
    result = DetectionResult.objects.create(is_ai_detected=True, ai_ratio=0.4)

    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        assert finishing.complete(scan, result)

    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "UPDATE", "INSERT", "INSERT"]
