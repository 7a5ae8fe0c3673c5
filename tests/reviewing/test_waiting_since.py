"""Since when a picture waits for a person, and what a decision keeps of that."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.reviewing import claims, decide, queue
from django_copyleaks_image.reviewing.queue import Selection
from django_copyleaks_image.standings import Kind
from tests.samples import clean

from .stories import (
    answered,
    awaited,
    claimed,
    decided,
    exchange,
    flagged,
    image_of,
    lost,
    place,
    replace,
    rescan,
    sent,
    unmeasured,
    without_ai,
)

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = timezone.now() - timedelta(days=3)


def since(scan: ImageScan) -> datetime | None:
    return image_of(scan).queued_at


def long_ago(scan: ImageScan) -> ImageScan:
    """Let the picture of a scan have waited for days."""
    assert WatchedImage.objects.same_target(scan).waiting().update(queued_at=LONG_AGO)
    return scan


def is_new(scan: ImageScan) -> bool:
    moment = since(scan)
    return moment is not None and moment > timezone.now() - timedelta(minutes=1)


@pytest.mark.parametrize("come", [flagged, unmeasured])
def test_picture__waits_since_its_scan_has_ended(come: Callable[[], ImageScan]) -> None:
    assert is_new(come())


def test_picture_that_waits_for_nobody__has_no_age(ada: Any) -> None:
    decision_follows = flagged("b.jpg", colour="navy")
    decided(decision_follows, ada, Kind.CLEARED)

    assert since(without_ai("a.jpg")) is None
    assert since(decision_follows) is None


@pytest.mark.parametrize("come", [flagged, unmeasured])
@pytest.mark.parametrize("end", [answered, lost])
def test_rescan__does_not_look_new(come: Callable[[], ImageScan], end: Callable[[ImageScan], ImageScan]) -> None:
    scan = long_ago(come())

    again = end(rescan(scan))

    assert place(again)[0]
    assert since(again) == LONG_AGO


def test_file_that_can_be_read_at_last__does_not_look_new() -> None:
    scan = long_ago(unmeasured())
    WatchedImage.objects.same_target(scan).update(sha256="")

    assert since(answered(rescan(scan))) == LONG_AGO


def test_same_bytes_saved_once_more__do_not_look_new() -> None:
    scan = long_ago(flagged(colour="navy"))

    again = sent(replace(scan, colour="navy"))
    assert place(again) == ("", "waiting")

    assert since(answered(again)) == LONG_AGO


def test_other_bytes__look_new() -> None:
    saved = long_ago(flagged("a.jpg", colour="navy"))
    found_on_disk = long_ago(flagged("b.jpg", colour="teal"))
    exchange(found_on_disk, colour="red")

    assert is_new(answered(sent(replace(saved, colour="red"))))
    assert is_new(answered(rescan(found_on_disk)))


def test_bytes_that_come_back_after_others__look_new() -> None:
    scan = long_ago(flagged(colour="navy"))
    between = sent(replace(scan, colour="red", name="b.jpg"))
    answered(between, clean(between))

    assert is_new(answered(sent(replace(between, colour="navy", name="c.jpg"))))


def test_picture_without_ai_in_which_ai_is_found_later__looks_new() -> None:
    assert is_new(answered(rescan(without_ai())))


def test_contradicted_decision__waits_since_it_was_contradicted(ada: Any) -> None:
    scan = long_ago(flagged())
    decided(scan, ada, Kind.CONFIRMED)
    again = rescan(scan)

    assert place(answered(again, clean(again)))[0] == "review"
    assert is_new(again)


def test_escalated_picture__waits_since_it_was_escalated_also_after_a_rescan(ada: Any) -> None:
    scan = long_ago(flagged())
    decided(scan, ada, Kind.ESCALATED)
    assert is_new(scan)

    long_ago(scan)
    assert since(answered(rescan(scan))) == LONG_AGO


def test_undone_decision__brings_the_age_back(ada: Any) -> None:
    scan = long_ago(flagged())
    decision = decided(scan, ada, Kind.ESCALATED)
    assert is_new(scan)

    decide.undo(decision.pk, user=ada)

    assert since(scan) == LONG_AGO


def test_second_look__looks_as_old_as_the_first(ada: Any, configure: Callable[..., None]) -> None:
    configure(SECOND_LOOK_SHARE=1.0)
    scan = long_ago(flagged())

    decided(scan, ada, Kind.CLEARED)

    assert place(scan)[0] == "second_look"
    assert since(scan) == LONG_AGO


def test_queue__begins_with_what_has_waited_longest(ada: Any) -> None:
    first_uploaded, first_measured = awaited("a.jpg", colour="navy"), flagged("b.jpg")
    answered(first_uploaded)

    found = queue.take(Selection(), ada, want=2, besides=(), visible=list)

    assert [image.pk for image in found.images] == [image_of(first_measured).pk, image_of(first_uploaded).pk]


def test_decision__keeps_since_when_the_picture_has_waited_and_was_claimed(ada: Any, ben: Any) -> None:
    scan = long_ago(flagged())
    claimed(scan, ada, minutes=5)
    held_since = image_of(scan).claimed_at
    assert held_since is not None

    decision = decided(scan, ada, Kind.CONFIRMED)

    assert (decision.queued_at, decision.claimed_at) == (LONG_AGO, held_since)
    # Taken from no queue, and held by nobody.
    again = decided(scan, ben, Kind.CLEARED)
    assert (again.queued_at, again.claimed_at) == (None, None)


def test_decision__claims_of_others_that_have_ended_are_not_its_own(ada: Any, ben: Any) -> None:
    scan = flagged()
    claimed(scan, ada, minutes=-1)

    assert decided(scan, ben, Kind.CONFIRMED).claimed_at is None


def test_decision__keeps_how_long_the_person_has_looked_but_no_longer_than_their_claim(ada: Any) -> None:
    short, long, unclaimed = flagged("a.jpg"), flagged("b.jpg", colour="navy"), flagged("c.jpg", colour="red")
    for scan in (short, long):
        claims.claim(image_of(scan).pk, ada)
        WatchedImage.objects.same_target(scan).update(claimed_at=timezone.now() - timedelta(seconds=60))

    assert decided(short, ada, Kind.CONFIRMED, seconds=2.5).seconds == 2.5
    assert 60 <= (decided(long, ada, Kind.CONFIRMED, seconds=999_999).seconds or 0) < 999
    assert decided(unclaimed, ada, Kind.CONFIRMED, seconds=2.5).seconds is None
