"""Results that come after a scan had failed, and what happened to the picture meanwhile."""

from collections.abc import Iterator
from typing import Any

import pytest

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.reviewing import decide
from django_copyleaks_image.scanning import receive
from django_copyleaks_image.signals import scan_completed
from django_copyleaks_image.standings import Kind
from tests.samples import as_json, clean, detection

from .stories import (
    AI,
    answered,
    at_desk,
    awaited,
    claimed,
    decided,
    fresh,
    image_of,
    lost,
    overdue,
    photo_of,
    place,
    replace,
    sent,
    unmeasured,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told() -> Iterator[list[ImageScan]]:
    scans: list[ImageScan] = []

    def listen(*, scan: ImageScan, **kwargs: Any) -> None:
        scans.append(scan)

    scan_completed.connect(listen, weak=False)
    yield scans
    scan_completed.disconnect(listen)


def test_late_result__of_what_waits_to_be_judged_by_eye(ada: Any) -> None:
    scan = unmeasured()
    claimed(scan, ada)
    seen = image_of(scan)

    answered(scan)

    assert place(scan) == ("review", "flagged")
    assert image_of(scan).claimed_by is None
    with pytest.raises(decide.Stale):
        decide.decide(seen.pk, user=ada, kind=Kind.CLEARED, version=seen.version)


def test_late_result_without_ai__of_what_waits_to_be_judged_by_eye() -> None:
    scan = unmeasured()

    answered(scan, clean(scan))

    assert place(scan) == ("", "clean")


@pytest.mark.parametrize(
    ("kind", "agrees", "expected"),
    [
        (Kind.CONFIRMED, True, ("", "confirmed")),
        (Kind.CONFIRMED, False, ("review", "confirmed")),
        (Kind.CLEARED, True, ("", "cleared")),
        (Kind.CLEARED, False, ("review", "cleared")),
        (Kind.ESCALATED, True, ("escalated", "escalated")),
    ],
)
def test_late_result__of_what_was_judged_by_eye(kind: Kind, agrees: bool, expected: tuple[str, str], ada: Any) -> None:
    scan = unmeasured()
    decided(scan, ada, kind)

    answered(scan, clean(scan) if (kind == Kind.CLEARED) == agrees else None)

    assert place(scan) == expected


def test_late_result__of_a_picture_that_was_replaced(told: list[ImageScan]) -> None:
    scan = unmeasured()
    new = answered(sent(replace(scan, colour="red")))

    answered(scan)

    assert (fresh(scan).status, image_of(scan).scan) == ("completed", new)
    assert at_desk() == [new.pk]
    assert told == [new]


def test_late_result__of_a_picture_that_was_deleted(told: list[ImageScan]) -> None:
    scan = unmeasured()
    photo_of(scan).delete()

    answered(scan)

    assert (fresh(scan).status, image_of(scan).verdict) == ("completed", "")
    assert at_desk() == []
    assert told == []


def test_late_result__after_that_of_the_resubmission(ada: Any) -> None:
    scan = awaited()
    again = answered(sent(overdue(scan)))
    decided(again, ada, Kind.CLEARED)

    answered(scan)

    assert place(scan) == ("", "cleared")
    assert place(again) == ("", "cleared")


def test_late_result__before_that_of_the_resubmission(ada: Any) -> None:
    scan = awaited()
    again = sent(overdue(scan))

    answered(scan)
    assert at_desk() == [scan.pk]
    answered(again)

    assert at_desk() == [again.pk]


def test_late_result__after_the_resubmission_failed_too() -> None:
    scan = awaited()
    again = lost(sent(overdue(scan)))
    assert at_desk() == [again.pk]

    answered(scan)

    assert at_desk() == [scan.pk]


def test_late_result_of_a_replaced_scan__is_kept_from_the_desk() -> None:
    scan = awaited()
    new = replace(scan, colour="red")

    assert receive.deliver(scan, as_json(detection(scan, **AI)), Source.WEBHOOK) == Outcome.SHARED
    assert at_desk() == []
    assert place(new) == ("", "waiting")
