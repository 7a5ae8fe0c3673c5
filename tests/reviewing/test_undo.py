"""A person takes back a decision of their own, as long as nothing came after it."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from django_copyleaks_image.models import Decision, ImageScan
from django_copyleaks_image.reviewing import decide
from django_copyleaks_image.standings import Kind
from tests.samples import detection

from .stories import (
    MOSTLY_AI,
    answered,
    decided,
    flagged,
    image_of,
    lost,
    place,
    replace,
    rescan,
    unmeasured,
    without_ai,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        *product((flagged, unmeasured), (Kind.CONFIRMED, Kind.CLEARED, Kind.ESCALATED, Kind.SKIPPED)),
        *product((without_ai,), (Kind.CONFIRMED, Kind.CLEARED, Kind.ESCALATED)),
    ],
)
def test_undo__restores_what_was_before(make: Callable[[], ImageScan], kind: Kind, ada: Any) -> None:
    scan = make()
    before = place(scan)
    decision = decided(scan, ada, kind)

    reversal = decide.undo(decision.pk, user=ada)

    assert place(scan) == before
    assert (reversal.kind, reversal.reverses, reversal.decided_by) == (Kind.UNDONE, decision, ada)
    assert Decision.objects.count() == 2


def test_undo__of_a_decision_about_an_escalated_picture(ada: Any, ben: Any) -> None:
    scan = flagged()
    decided(scan, ada, Kind.ESCALATED)
    decision = decided(scan, ben, Kind.CONFIRMED)

    decide.undo(decision.pk, user=ben)

    assert place(scan) == ("escalated", "escalated")


def test_undo__of_a_change_of_mind(ada: Any, ben: Any) -> None:
    scan = flagged()
    decided(scan, ada, Kind.CONFIRMED)
    decision = decided(scan, ben, Kind.CLEARED)

    decide.undo(decision.pk, user=ben)

    assert place(scan) == ("", "confirmed")


def test_undo__at_what_was_never_measured_leaves_no_result_to_judge(ada: Any, ben: Any) -> None:
    escalated, settled = unmeasured("a.jpg"), unmeasured("b.jpg", colour="red")
    decided(escalated, ada, Kind.ESCALATED)
    decided(settled, ada, Kind.CONFIRMED)

    for scan in (escalated, settled):
        decide.undo(decided(scan, ben, Kind.CLEARED).pk, user=ben)

    assert place(escalated) == ("escalated", "escalated")
    assert place(settled) == ("", "confirmed")


def test_undo__is_for_those_who_decided(ada: Any, ben: Any) -> None:
    scan = flagged()
    decision = decided(scan, ada, Kind.CONFIRMED)

    with pytest.raises(decide.Refused) as refused:
        decide.undo(decision.pk, user=ben)

    assert not isinstance(refused.value, decide.Stale)
    assert place(scan) == ("", "confirmed")


def test_undo__of_a_deleted_users_decision(ada: Any) -> None:
    scan = flagged()
    decision = decided(scan, ada, Kind.CONFIRMED)
    ada.delete()

    with pytest.raises(decide.Refused):
        decide.undo(decision.pk, user=AnonymousUser())
    assert place(scan) == ("", "confirmed")


@pytest.mark.parametrize("kind", [Kind.CONFIRMED, Kind.SKIPPED])
def test_undo__happens_once(kind: Kind, ada: Any) -> None:
    scan = flagged()
    decision = decided(scan, ada, kind)
    reversal = decide.undo(decision.pk, user=ada)

    with pytest.raises(decide.Stale):
        decide.undo(decision.pk, user=ada)
    with pytest.raises(decide.Refused):
        decide.undo(reversal.pk, user=ada)


@pytest.mark.parametrize("kind", [Kind.CONFIRMED, Kind.SKIPPED])
def test_undo__twice_at_the_same_moment(kind: Kind, ada: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = flagged()
    decision = decided(scan, ada, kind)
    stood = decide._stands

    def stands_until_another_request_undoes_it(*args: Any) -> bool:
        monkeypatch.setattr(decide, "_stands", stood)
        seen = stood(*args)
        decide.undo(decision.pk, user=ada)
        return seen

    monkeypatch.setattr(decide, "_stands", stands_until_another_request_undoes_it)

    with pytest.raises(decide.Stale):
        decide.undo(decision.pk, user=ada)
    assert decision.reversal.kind == Kind.UNDONE
    assert Decision.objects.count() == 2


def test_undo__after_somebody_else_decided(ada: Any, ben: Any) -> None:
    scan = flagged()
    decision = decided(scan, ada, Kind.CONFIRMED)
    decided(scan, ben, Kind.CLEARED)

    with pytest.raises(decide.Stale):
        decide.undo(decision.pk, user=ada)
    assert place(scan) == ("", "cleared")


def test_undo__whatever_was_skipped_since(ada: Any, ben: Any) -> None:
    scan = flagged()
    decision = decided(scan, ada, Kind.ESCALATED)
    skipping = decided(scan, ben, Kind.SKIPPED)
    decide.undo(skipping.pk, user=ben)

    decide.undo(decision.pk, user=ada)

    assert place(scan) == ("review", "flagged")


def test_undo_of_skipping__although_it_was_decided_since(ada: Any, ben: Any) -> None:
    scan = flagged()
    skipping = decided(scan, ada, Kind.SKIPPED)
    decided(scan, ben, Kind.CLEARED)

    decide.undo(skipping.pk, user=ada)

    assert place(scan) == ("", "cleared")


def test_undo__after_a_late_result(ada: Any) -> None:
    scan = unmeasured()
    decision = decided(scan, ada, Kind.CONFIRMED)
    answered(scan)

    with pytest.raises(decide.Stale):
        decide.undo(decision.pk, user=ada)
    assert place(scan) == ("", "confirmed")


def test_undo__after_a_rescan_is_a_reversal_at_the_scan_that_counts_now(ada: Any) -> None:
    scan = flagged()
    decision = decided(scan, ada, Kind.CONFIRMED)
    again = answered(rescan(scan))
    lost(rescan(scan))
    assert decide.own_last_decision(image_of(scan), ada) == decision

    reversal = decide.undo(decision.pk, user=ada)

    assert (reversal.scan, reversal.reverses) == (again, decision)
    assert place(again) == ("review", "flagged")


def test_undo__after_a_rescan_that_found_something_else(ada: Any) -> None:
    scan = flagged()
    decision = decided(scan, ada, Kind.CONFIRMED)
    again = rescan(scan)
    answered(again, detection(again, **MOSTLY_AI))

    assert decide.own_last_decision(image_of(again), ada) is None
    with pytest.raises(decide.Stale):
        decide.undo(decision.pk, user=ada)
    assert place(again) == ("", "confirmed")


def test_undo__after_the_picture_was_replaced(ada: Any) -> None:
    scan = flagged()
    decision = decided(scan, ada, Kind.CONFIRMED)
    replace(scan, colour="red")

    assert decide.own_last_decision(image_of(scan), ada) is None
    with pytest.raises(decide.Stale):
        decide.undo(decision.pk, user=ada)
    assert place(scan) == ("", "waiting")
