"""What holds when people, callbacks and uploads meet: real threads, each with a connection of its own.

The same tests run on SQLite, PostgreSQL and MariaDB; ``DATABASE_URL`` chooses. What each of them may find depends on
who is first, so they assert what must be true either way; the protections have deterministic tests elsewhere.
"""

from collections.abc import Callable
from typing import Any

import pytest

from django_copyleaks_image.models import Decision, ImageScan
from django_copyleaks_image.models.decision import Kind
from django_copyleaks_image.reviewing import claims, decide, queue
from django_copyleaks_image.reviewing.queue import Selection
from django_copyleaks_image.reviewing.users import AnyUser
from tests.samples import clean
from tests.threads import together

from .stories import answered, at_desk, decided, flagged, fresh, photo_of, place, replace, rescan, unmeasured

pytestmark = pytest.mark.django_db(transaction=True)


def attempt(work: Callable[[], object]) -> bool:
    """Return whether something was done, rather than refused because something else had come before it."""
    try:
        work()
    except decide.Stale:
        return False
    return True


def cleared(scan: ImageScan, user: AnyUser) -> Callable[[], bool]:
    version = fresh(scan).review_version
    return lambda: attempt(lambda: decide.decide(scan.pk, user=user, kind=Kind.CLEARED, version=version))


def confirmed(scan: ImageScan, user: AnyUser) -> Callable[[], bool]:
    version = fresh(scan).review_version
    return lambda: attempt(lambda: decide.decide(scan.pk, user=user, kind=Kind.CONFIRMED, version=version))


def test_two_people_who_take_at_once__never_get_the_same(ada: Any, ben: Any) -> None:
    for number in range(8):
        flagged(f"{number}.jpg")

    def take(user: AnyUser) -> list[int]:
        found = queue.take(Selection(), user, want=4, besides=(), visible=lambda page: page)
        return [scan.pk for scan in found.scans]

    batches = together(lambda: take(ada), lambda: take(ben))

    assert [len(batch) for batch in batches] == [4, 4]
    assert len({pk for batch in batches for pk in batch}) == 8


def test_claims_at_once__one_wins(ada: Any, ben: Any) -> None:
    scan = flagged()

    got = together(*[lambda user=user: claims.claim(scan.pk, user) for user in (ada, ben)])

    assert sorted(got) == [False, True]


def test_decisions_at_once__one_wins_and_the_other_is_stale(ada: Any, ben: Any) -> None:
    scan = flagged()

    done = together(confirmed(scan, ada), cleared(scan, ben))

    assert sorted(done) == [False, True]
    decision = Decision.objects.get()
    assert place(scan) == ("", "decided", decision.kind)


def test_decision_and_undo_at_once__one_is_first(ada: Any, ben: Any) -> None:
    scan = flagged()
    first = decided(scan, ada, Kind.CONFIRMED)

    done = together(cleared(scan, ben), lambda: attempt(lambda: decide.undo(first.pk, user=ada)))

    assert sorted(done) == [False, True]
    latest = Decision.objects.latest("pk")
    assert place(scan) == (("review", "pending", "") if latest.kind == Kind.UNDONE else ("", "decided", "cleared"))


@pytest.mark.parametrize("kind", [Kind.CONFIRMED, Kind.SKIPPED])
def test_undo_at_once__happens_once(kind: Kind, ada: Any) -> None:
    scan = flagged()
    decision = decided(scan, ada, kind)

    done = together(*[lambda: attempt(lambda: decide.undo(decision.pk, user=ada))] * 4)

    assert done.count(True) == 1
    assert Decision.objects.filter(kind=Kind.UNDONE).count() == 1
    assert place(scan) == ("review", "pending", "")


@pytest.mark.parametrize("contradicts", [False, True])
def test_decision_and_end_of_a_rescan_at_once(contradicts: bool, ada: Any) -> None:
    scan = flagged()
    again = rescan(scan)

    together(confirmed(scan, ada), lambda: bool(answered(again, clean(again) if contradicts else None)))

    if Decision.objects.exists():
        expected = ("review", "pending", "confirmed") if contradicts else ("", "decided", "confirmed")
    else:
        expected = ("", "", "") if contradicts else ("review", "pending", "")
    assert place(again) == expected
    assert at_desk() == ([again.pk] if expected[0] else [])
    assert fresh(scan).decision == fresh(again).decision


def test_decision_by_eye_and_late_result_at_once(ada: Any) -> None:
    scan = unmeasured()

    together(cleared(scan, ada), lambda: bool(answered(scan)))

    decision = "cleared" if Decision.objects.exists() else ""
    assert place(scan) == ("review", "pending", decision)


def test_decision_and_replacement_at_once(ada: Any) -> None:
    scan = flagged()

    together(cleared(scan, ada), lambda: bool(replace(scan, colour="red")))

    stood = "cleared" if Decision.objects.exists() else ""
    assert place(scan) == ("", "decided" if stood else "", stood)
    assert at_desk() == []


def test_decision_and_deletion_at_once(ada: Any) -> None:
    scan = flagged()
    photo = photo_of(scan)
    version = fresh(scan).review_version

    together(
        lambda: attempt(lambda: decide.decide(scan.pk, user=ada, kind=Kind.ESCALATED, version=version)),
        lambda: bool(photo.delete()),
    )

    assert at_desk() == []
    assert fresh(scan).removed_at is not None


def test_undo_and_rescan_at_once(ada: Any) -> None:
    scan = flagged()
    first = decided(scan, ada, Kind.CONFIRMED)
    again = rescan(scan)

    together(lambda: attempt(lambda: decide.undo(first.pk, user=ada)), lambda: bool(answered(again)))

    undone = Decision.objects.filter(kind=Kind.UNDONE).exists()
    assert place(again) == (("review", "pending", "") if undone else ("", "decided", "confirmed"))
    assert at_desk() == ([again.pk] if undone else [])
