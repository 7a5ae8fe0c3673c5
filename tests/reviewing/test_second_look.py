"""A share of the decisions is checked by another person, who does not know of the first."""

from collections.abc import Callable
from typing import Any

import pytest

from django_copyleaks_image.models import Decision, ImageScan, WatchedImage
from django_copyleaks_image.reviewing import claims, decide, queue
from django_copyleaks_image.reviewing.blindness import awaits_second_look_by, tells_of_first_looks
from django_copyleaks_image.reviewing.history import history_of
from django_copyleaks_image.reviewing.queue import Selection
from django_copyleaks_image.reviewing.users import AnyUser
from django_copyleaks_image.standings import Kind, Queue
from tests.samples import clean

from .stories import (
    answered,
    at_desk,
    decided,
    exchange,
    flagged,
    image_of,
    lost,
    photo_of,
    place,
    replace,
    rescan,
    unmeasured,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _everything_twice(configure: Callable[..., None]) -> None:
    configure(SECOND_LOOK_SHARE=1.0)


def taken(user: AnyUser) -> list[int]:
    found = queue.take(Selection(), user, want=10, besides=(), visible=lambda page: page)
    return [image.scan.pk for image in found.images if image.scan]


def after_a_first_look(user: AnyUser, kind: Kind = Kind.CLEARED) -> ImageScan:
    scan = flagged()
    decided(scan, user, kind)
    return scan


def test_first_look__stands_meanwhile(ada: Any) -> None:
    assert place(after_a_first_look(ada)) == ("second_look", "cleared")


@pytest.mark.parametrize(("share", "chance", "desk"), [(0.0, 0.0, ""), (0.3, 0.29, "second_look"), (0.3, 0.3, "")])
def test_share(
    share: float, chance: float, desk: str, ada: Any, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(SECOND_LOOK_SHARE=share)
    monkeypatch.setattr("random.random", lambda: chance)

    assert place(after_a_first_look(ada)) == (desk, "cleared")


def test_what_was_never_measured__is_looked_at_once(ada: Any) -> None:
    scan = unmeasured()

    decided(scan, ada, Kind.CLEARED)

    assert place(scan) == ("", "cleared")


def test_second_look__is_mixed_into_the_queue_of_another_person(ada: Any, ben: Any) -> None:
    scan, later = after_a_first_look(ada), flagged("later.jpg")

    assert queue.count(Selection(), ada) == 1
    assert taken(ada) == [later.pk]
    claims.release([image_of(later).pk], ada)
    assert queue.count(Selection(), ben) == 2
    assert taken(ben) == [scan.pk, later.pk]


def test_second_look__is_not_for_who_took_the_first(ada: Any) -> None:
    scan = after_a_first_look(ada)

    for kind in (Kind.CLEARED, Kind.CONFIRMED, Kind.SKIPPED):
        with pytest.raises(decide.Refused):
            decided(scan, ada, kind)
    assert place(scan) == ("second_look", "cleared")


def test_second_look_at_a_rescan__is_not_for_who_took_the_first(ada: Any, ben: Any) -> None:
    again = answered(rescan(after_a_first_look(ada)))

    assert place(again) == ("second_look", "cleared")
    assert taken(ada) == []
    assert taken(ben) == [again.pk]


def test_second_look_that_agrees(ada: Any, ben: Any) -> None:
    scan = after_a_first_look(ada)

    decision = decided(scan, ben, Kind.CLEARED)

    assert place(scan) == ("", "cleared")
    assert (decision.agrees, decision.is_second_look, decision.before) == (True, True, "cleared")


def test_second_look_that_contradicts__is_escalated_and_changes_nothing_else(ada: Any, ben: Any) -> None:
    scan = after_a_first_look(ada)

    decision = decided(scan, ben, Kind.CONFIRMED)

    assert place(scan) == ("escalated", "cleared")
    assert (decision.agrees, decision.is_second_look) == (False, True)


def test_second_look_that_is_unsure__neither_agrees_nor_contradicts(ada: Any, ben: Any) -> None:
    scan = after_a_first_look(ada)

    decision = decided(scan, ben, Kind.ESCALATED)

    assert place(scan) == ("escalated", "cleared")
    assert (decision.agrees, decision.is_second_look) == (None, True)


def test_second_look__can_be_skipped(ada: Any, ben: Any) -> None:
    scan = after_a_first_look(ada)

    decision = decided(scan, ben, Kind.SKIPPED)

    assert place(scan) == ("second_look", "cleared")
    assert (decision.agrees, decision.is_second_look) == (None, False)
    assert taken(ben) == [scan.pk]


@pytest.mark.parametrize("kind", [Kind.CLEARED, Kind.CONFIRMED, Kind.ESCALATED])
def test_second_look__can_be_undone_and_taken_again(kind: Kind, ada: Any, ben: Any) -> None:
    scan = after_a_first_look(ada)
    decision = decided(scan, ben, kind)

    decide.undo(decision.pk, user=ben)

    assert place(scan) == ("second_look", "cleared")
    assert taken(ben) == [scan.pk]
    decided(scan, ben, Kind.CONFIRMED)


def test_first_look__can_be_undone_until_somebody_looks_again(ada: Any, ben: Any) -> None:
    scan = after_a_first_look(ada)
    first = history_of(image_of(scan)).get()
    decide.undo(first.pk, user=ada)
    assert place(scan) == ("review", "flagged")

    again = decided(scan, ada, Kind.CLEARED)
    taken(ben)
    with pytest.raises(decide.Stale):
        decide.undo(again.pk, user=ada)

    decided(scan, ben, Kind.CLEARED)
    with pytest.raises(decide.Stale):
        decide.undo(again.pk, user=ada)
    assert place(scan) == ("", "cleared")


def test_second_look_at_other_bytes__is_none_at_these(ada: Any, configure: Callable[..., None]) -> None:
    configure(SECOND_LOOK_SHARE=0.0)
    looked_at_once = after_a_first_look(ada)
    configure(SECOND_LOOK_SHARE=1.0)
    exchange(looked_at_once, colour="red")
    others = answered(rescan(looked_at_once))
    decided(others, ada, Kind.CLEARED)
    assert at_desk() == [others.pk]
    exchange(looked_at_once, colour="teal")

    again = answered(rescan(looked_at_once))

    assert place(again) == ("", "cleared")
    assert at_desk() == []


def test_contradiction__outlives_a_rescan_until_it_is_settled(
    ada: Any, ben: Any, django_user_model: Any, configure: Callable[..., None]
) -> None:
    scan = after_a_first_look(ada)
    decided(scan, ben, Kind.CONFIRMED)

    again = answered(rescan(scan))
    assert at_desk() == [again.pk]
    assert place(again) == ("escalated", "cleared")

    configure(SECOND_LOOK_SHARE=0.0)
    decided(again, django_user_model.objects.create_user("carl"), Kind.CONFIRMED)
    assert place(again) == ("", "confirmed")
    assert place(answered(rescan(scan))) == ("", "confirmed")


def test_rescan_that_contradicts__needs_no_second_look_at_the_first_decision(ada: Any) -> None:
    again = rescan(after_a_first_look(ada, Kind.CONFIRMED))
    answered(again, clean(again))

    assert place(again) == ("review", "confirmed")


def test_rescan_that_fails__leaves_the_second_look_where_it_is(ada: Any, ben: Any) -> None:
    scan = after_a_first_look(ada)
    lost(rescan(scan))

    assert place(scan) == ("second_look", "cleared")
    assert taken(ben) == [scan.pk]


def test_secret__is_what_was_decided_about_the_picture(ada: Any, ben: Any) -> None:
    first = after_a_first_look(ada)
    decided(first, ben, Kind.SKIPPED)
    answered(rescan(first))
    same_bytes_elsewhere = flagged("elsewhere.jpg")
    decided(same_bytes_elsewhere, ada, Kind.CONFIRMED)
    WatchedImage.objects.same_target(same_bytes_elsewhere).update(queue=Queue.NONE)

    def told(user: Any) -> list[str]:
        log = Decision.objects.exclude(tells_of_first_looks(awaits_second_look_by(user)))
        return list(log.order_by("pk").values_list("kind", flat=True))

    assert list(WatchedImage.objects.filter(awaits_second_look_by(ben))) == [image_of(first)]
    assert not WatchedImage.objects.filter(awaits_second_look_by(ada)).exists()
    assert told(ben) == [Kind.SKIPPED, Kind.CONFIRMED]
    assert told(ada) == [Kind.CLEARED, Kind.SKIPPED, Kind.CONFIRMED]


def test_picture_that_was_replaced__needs_no_second_look(ada: Any) -> None:
    scan = after_a_first_look(ada)

    replace(scan, colour="red")

    assert place(scan) == ("", "waiting")


def test_picture_that_was_deleted__needs_no_second_look(ada: Any) -> None:
    scan = after_a_first_look(ada)

    photo_of(scan).delete()

    assert place(scan) == ("", "cleared")
    assert not queue.waiting(Selection(queue=Queue.SECOND_LOOK), ada).exists()
