"""What a person can do with a picture, and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from django_copyleaks_image.models import Decision, ImageScan, WatchedImage
from django_copyleaks_image.reviewing import decide
from django_copyleaks_image.standings import Kind

from .stories import (
    answered,
    claimed,
    decided,
    flagged,
    image_of,
    photo_of,
    place,
    replace,
    rescan,
    sent,
    unmeasured,
    without_ai,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.CONFIRMED, ("", "confirmed")),
        (Kind.CLEARED, ("", "cleared")),
        (Kind.ESCALATED, ("escalated", "escalated")),
        (Kind.SKIPPED, ("review", "flagged")),
    ],
)
def test_decision__is_logged_and_stands(kind: Kind, expected: tuple[str, str], ada: Any) -> None:
    scan = flagged()
    claimed(scan, ada)

    decision = decided(scan, ada, kind, note="  A look at the hands.  ")

    assert place(scan) == expected
    assert image_of(scan).claimed_by is None
    assert decision == Decision.objects.get()
    assert (decision.kind, decision.decided_by, decision.note) == (kind, ada, "A look at the hands.")
    assert (decision.image, decision.scan, decision.sha256) == (image_of(scan), scan, scan.sha256)
    assert (decision.verdict, decision.before, decision.queue) == ("partly_ai", "flagged", "review")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.CONFIRMED, ("", "confirmed")),
        (Kind.CLEARED, ("", "cleared")),
        (Kind.ESCALATED, ("escalated", "escalated")),
        (Kind.SKIPPED, ("unmeasured", "not_measured")),
    ],
)
def test_unmeasured_picture__is_judged_by_eye(kind: Kind, expected: tuple[str, str], ada: Any) -> None:
    scan = unmeasured()

    decided(scan, ada, kind)

    assert place(scan) == expected


def test_escalated_picture__is_decided_in_its_queue(ada: Any, ben: Any) -> None:
    scan = flagged()
    decided(scan, ada, Kind.ESCALATED)

    with pytest.raises(decide.Refused):
        decided(scan, ben, Kind.ESCALATED)
    decision = decided(scan, ben, Kind.CLEARED)

    assert place(scan) == ("", "cleared")
    assert (decision.before, decision.queue) == ("escalated", "escalated")


def test_picture_that_needed_no_review__can_be_decided_about(ada: Any) -> None:
    scan = without_ai()

    decided(scan, ada, Kind.CONFIRMED)

    assert place(scan) == ("", "confirmed")


def test_nothing_is_skipped_that_does_not_wait(ada: Any) -> None:
    scan = without_ai()

    with pytest.raises(decide.Stale):
        decided(scan, ada, Kind.SKIPPED)


def test_stale_decision__is_refused_with_what_happened(ada: Any, ben: Any) -> None:
    scan = flagged()
    seen = image_of(scan)
    decided(scan, ada, Kind.CONFIRMED)

    with pytest.raises(decide.Stale) as refused:
        decide.decide(seen.pk, user=ben, kind=Kind.CLEARED, version=seen.version)

    assert refused.value.image.standing == "confirmed"
    assert refused.value.latest is not None
    assert refused.value.latest.decided_by == ada
    assert place(scan) == ("", "confirmed")
    assert Decision.objects.count() == 1


def test_skipping__is_no_change_that_others_must_see(ada: Any, ben: Any) -> None:
    scan = flagged()
    seen = image_of(scan)
    decided(scan, ada, Kind.SKIPPED)

    decide.decide(seen.pk, user=ben, kind=Kind.CLEARED, version=seen.version)

    assert place(scan) == ("", "cleared")


def test_picture_that_another_looks_at__is_theirs_until_their_claim_ends(ada: Any, ben: Any) -> None:
    scan = flagged()
    claimed(scan, ada)

    with pytest.raises(decide.Stale):
        decided(scan, ben, Kind.CLEARED)
    assert image_of(scan).claimed_by == ada

    claimed(scan, ada, minutes=-1)
    decided(scan, ben, Kind.CLEARED)


@pytest.mark.parametrize("make", [flagged, without_ai, unmeasured])
def test_picture_that_is_being_scanned__cannot_be_decided_about(make: Callable[[], ImageScan], ada: Any) -> None:
    scan = make()
    replace(scan, colour="red")

    with pytest.raises(decide.Stale):
        decided(scan, ada, Kind.CLEARED)
    assert place(scan) == ("", "waiting")


@pytest.mark.parametrize("make", [flagged, without_ai])
def test_picture_that_was_deleted__cannot_be_decided_about(make: Callable[[], ImageScan], ada: Any) -> None:
    scan = make()
    photo_of(scan).delete()

    with pytest.raises(decide.Stale):
        decided(scan, ada, Kind.CLEARED)
    assert not WatchedImage.objects.waiting().exists()


def test_picture_that_was_replaced__cannot_be_decided_about_as_it_was_seen(ada: Any) -> None:
    scan = flagged()
    seen = image_of(scan)
    new = answered(sent(replace(scan, colour="red")))

    with pytest.raises(decide.Stale):
        decide.decide(seen.pk, user=ada, kind=Kind.CLEARED, version=seen.version)
    assert place(new) == ("review", "flagged")


def test_scan_before_a_rescan__counts_until_there_is_another_result(ada: Any) -> None:
    scan = flagged()
    again = rescan(scan)
    decided(scan, ada, Kind.ESCALATED)
    assert image_of(scan).scan == scan

    answered(again)
    decision = decided(again, ada, Kind.CLEARED)

    assert image_of(scan).scan == again
    assert decision.scan == again
    assert place(again) == ("", "cleared")


def test_reasons__are_asked_of_those_who_confirm_or_clear(ada: Any, configure: Callable[..., None]) -> None:
    configure(REVIEW_REASONS=["Hands", "Text"])
    scan = flagged()

    for kind, reason in ((Kind.CLEARED, ""), (Kind.CLEARED, "Ears"), (Kind.SKIPPED, "Hands")):
        with pytest.raises(decide.Refused):
            decided(scan, ada, kind, reason=reason)
    decided(scan, ada, Kind.SKIPPED)

    assert decided(scan, ada, Kind.CLEARED, reason="Hands").reason == "Hands"


def test_reason__is_refused_where_none_is_known(ada: Any) -> None:
    with pytest.raises(decide.Refused):
        decided(flagged(), ada, Kind.CLEARED, reason="Hands")


def test_undone__is_no_choice(ada: Any) -> None:
    with pytest.raises(decide.Refused):
        decided(flagged(), ada, Kind.UNDONE)
