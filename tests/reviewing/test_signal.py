"""What the project hears of decisions."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from django_copyleaks_image import notify
from django_copyleaks_image.models import Decision
from django_copyleaks_image.reviewing import decide
from django_copyleaks_image.scanning import sweep
from django_copyleaks_image.signals import decision_made
from django_copyleaks_image.standings import Kind
from tests.gallery.models import Photo

from .stories import decided, flagged, photo_of, place

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heard() -> Iterator[list[dict[str, Any]]]:
    """What ``decision_made`` told."""
    calls: list[dict[str, Any]] = []

    def listen(**told: Any) -> None:
        calls.append(told)

    decision_made.connect(listen, weak=False)
    yield calls
    decision_made.disconnect(listen)


def test_decision__is_told_after_commit(ada: Any, heard: list[dict[str, Any]]) -> None:
    scan = flagged()

    decision = decided(scan, ada, Kind.CONFIRMED)
    decide.undo(decision.pk, user=ada)

    first, second = heard
    assert (first["sender"], first["scan"], first["instance"]) == (Photo, scan, photo_of(scan))
    assert (first["decision"], first["image"].standing) == (decision, "confirmed")
    assert (second["decision"].kind, second["decision"].reverses, second["image"].standing) == (
        "undone",
        decision,
        "flagged",
    )
    assert not Decision.objects.filter(notified_at=None).exists()


def test_skipping__is_told_to_nobody(ada: Any, heard: list[dict[str, Any]]) -> None:
    scan = flagged()

    decide.undo(decided(scan, ada, Kind.SKIPPED).pk, user=ada)

    assert heard == []
    assert not Decision.objects.filter(notified_at=None).exists()


def test_decision_of_a_process_that_died__is_told_by_the_sweep(
    ada: Any, heard: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(notify, "send_decision", lambda pk: None)
        decision = decided(flagged(), ada, Kind.CLEARED)
    sweep.sweep()
    assert heard == []  # The process is given time to do it by itself.

    Decision.objects.update(decided_at=timezone.now() - 2 * sweep.GRACE)
    sweep.sweep()
    sweep.sweep()

    assert [told["decision"] for told in heard] == [decision]


def test_decision__is_told_by_one_of_two_that_want_to(ada: Any, heard: list[dict[str, Any]]) -> None:
    decision = decided(flagged(), ada, Kind.CLEARED)

    notify.send_decision(decision.pk)

    assert len(heard) == 1


def test_receiver_that_raises__changes_nothing(ada: Any, heard: list[dict[str, Any]]) -> None:
    def fail(**told: Any) -> None:
        raise ZeroDivisionError

    scan = flagged()
    decision_made.connect(fail)
    try:
        decided(scan, ada, Kind.CLEARED)
    finally:
        decision_made.disconnect(fail)

    assert place(scan) == ("", "cleared")
    assert len(heard) == 1
    assert not Decision.objects.filter(notified_at=None).exists()
