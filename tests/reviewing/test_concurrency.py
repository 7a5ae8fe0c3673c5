"""What holds when people, callbacks and uploads meet: real threads, each with a connection of its own.

The same tests run on SQLite, PostgreSQL and MariaDB; ``DATABASE_URL`` chooses. What each of them may find depends on
who is first, so they assert what must be true either way; the protections have deterministic tests elsewhere.
"""

from collections.abc import Callable
from typing import Any

import pytest

from django_copyleaks_image.models import Decision, ImageScan
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.reviewing import claims, decide, queue
from django_copyleaks_image.reviewing.queue import Selection
from django_copyleaks_image.reviewing.users import AnyUser
from django_copyleaks_image.scanning import receive
from django_copyleaks_image.standings import Kind
from tests.samples import as_json, clean, detection
from tests.threads import together

from .stories import (
    AI,
    answered,
    at_desk,
    awaited,
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
    sent,
    unmeasured,
)

pytestmark = pytest.mark.django_db(transaction=True)


def attempt(work: Callable[[], object]) -> bool:
    """Return whether something was done, rather than refused because something else had come before it."""
    try:
        work()
    except decide.Stale:
        return False
    return True


def cleared(scan: ImageScan, user: Any) -> Callable[[], bool]:
    image = image_of(scan)
    return lambda: attempt(lambda: decide.decide(image.pk, user=user, kind=Kind.CLEARED, version=image.version))


def confirmed(scan: ImageScan, user: Any) -> Callable[[], bool]:
    image = image_of(scan)
    return lambda: attempt(lambda: decide.decide(image.pk, user=user, kind=Kind.CONFIRMED, version=image.version))


def test_two_people_who_take_at_once__never_get_the_same(ada: Any, ben: Any) -> None:
    for number in range(8):
        flagged(f"{number}.jpg")

    def take(user: AnyUser) -> list[int]:
        found = queue.take(Selection(), user, want=4, besides=(), visible=lambda page: page)
        return [scan.pk for scan in found.images]

    batches = together(lambda: take(ada), lambda: take(ben))

    assert [len(batch) for batch in batches] == [4, 4]
    assert len({pk for batch in batches for pk in batch}) == 8


def test_claims_at_once__one_wins(ada: Any, ben: Any) -> None:
    scan = flagged()

    got = together(*[lambda user=user: claims.claim(image_of(scan).pk, user) for user in (ada, ben)])

    assert sorted(got) == [False, True]


def test_decisions_at_once__one_wins_and_the_other_is_stale(ada: Any, ben: Any) -> None:
    scan = flagged()

    done = together(confirmed(scan, ada), cleared(scan, ben))

    assert sorted(done) == [False, True]
    decision = Decision.objects.get()
    assert place(scan) == ("", decision.kind)


def test_decision_and_undo_at_once__one_is_first(ada: Any, ben: Any) -> None:
    scan = flagged()
    first = decided(scan, ada, Kind.CONFIRMED)

    done = together(cleared(scan, ben), lambda: attempt(lambda: decide.undo(first.pk, user=ada)))

    assert sorted(done) == [False, True]
    latest = Decision.objects.latest("pk")
    assert place(scan) == (("review", "flagged") if latest.kind == Kind.UNDONE else ("", "cleared"))


@pytest.mark.parametrize("kind", [Kind.CONFIRMED, Kind.SKIPPED])
def test_undo_at_once__happens_once(kind: Kind, ada: Any) -> None:
    scan = flagged()
    decision = decided(scan, ada, kind)

    done = together(*[lambda: attempt(lambda: decide.undo(decision.pk, user=ada))] * 4)

    assert done.count(True) == 1
    assert Decision.objects.filter(kind=Kind.UNDONE).count() == 1
    assert place(scan) == ("review", "flagged")


@pytest.mark.parametrize("contradicts", [False, True])
def test_decision_and_end_of_a_rescan_at_once(contradicts: bool, ada: Any) -> None:
    scan = flagged()
    again = rescan(scan)

    together(confirmed(scan, ada), lambda: bool(answered(again, clean(again) if contradicts else None)))

    if Decision.objects.exists():
        expected = ("review", "confirmed") if contradicts else ("", "confirmed")
    else:
        expected = ("", "clean") if contradicts else ("review", "flagged")
    assert place(again) == expected
    assert at_desk() == ([again.pk] if expected[0] else [])


def test_decision_by_eye_and_late_result_at_once(ada: Any) -> None:
    scan = unmeasured()

    together(cleared(scan, ada), lambda: bool(answered(scan)))

    assert place(scan) == ("review", "cleared" if Decision.objects.exists() else "flagged")


def test_decision_and_replacement_at_once(ada: Any) -> None:
    scan = flagged()

    together(cleared(scan, ada), lambda: bool(replace(scan, colour="red")))

    assert place(scan) == ("", "waiting")
    assert at_desk() == []


def test_decision_and_deletion_at_once(ada: Any) -> None:
    scan = flagged()
    photo = photo_of(scan)
    image = image_of(scan)

    together(
        lambda: attempt(lambda: decide.decide(image.pk, user=ada, kind=Kind.ESCALATED, version=image.version)),
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
    assert place(again) == (("review", "flagged") if undone else ("", "confirmed"))
    assert at_desk() == ([again.pk] if undone else [])


@pytest.mark.parametrize("fails", [False, True])
def test_two_scans_of_one_picture_that_end_at_once__make_one_row(fails: bool) -> None:
    first = awaited()
    again = rescan(first)

    together(lambda: bool(lost(first) if fails else answered(first)), lambda: bool(answered(again)))

    assert image_of(first).scan == again
    assert place(first) == ("review", "flagged")


def test_result_and_replacement_at_once__the_new_file_counts() -> None:
    scan = awaited()

    together(
        lambda: bool(receive.deliver(scan, as_json(detection(scan, **AI)), Source.WEBHOOK)),
        lambda: bool(replace(scan, colour="red")),
    )

    assert place(scan) == ("", "waiting")
    new = answered(sent(last_scan()))
    assert (place(scan), image_of(scan).scan) == (("review", "flagged"), new)


def test_late_result_and_replacement_at_once__the_new_file_counts() -> None:
    scan = unmeasured()

    together(lambda: bool(answered(scan)), lambda: bool(replace(scan, colour="red")))

    assert place(scan) == ("", "waiting")
    assert image_of(scan).scan == last_scan()


def test_result_and_deletion_at_once__nothing_waits() -> None:
    scan = unmeasured()

    together(lambda: bool(answered(scan)), lambda: bool(photo_of(scan).delete()))

    assert at_desk() == []
    assert image_of(scan).removed_at is not None
