"""Whoever opens a picture holds it for a while, and nobody else gets it meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.reviewing import claims

from .stories import claimed, flagged, image_of, without_ai

pytestmark = pytest.mark.django_db(transaction=True)


def test_claim__is_exclusive_and_can_be_repeated(ada: Any, ben: Any) -> None:
    scan = flagged()

    assert claims.claim(image_of(scan).pk, ada)
    assert claims.claim(image_of(scan).pk, ada)
    assert not claims.claim(image_of(scan).pk, ben)

    assert image_of(scan).claimed_by == ada


def test_claim__ends_by_itself(ada: Any, ben: Any) -> None:
    scan = flagged()
    claimed(scan, ada, minutes=-1)

    assert claims.claim(image_of(scan).pk, ben)
    assert image_of(scan).claimed_by == ben


def test_claim__ends_with_the_account(ada: Any, ben: Any) -> None:
    scan = flagged()
    claims.claim(image_of(scan).pk, ada)

    ada.delete()

    assert claims.claim(image_of(scan).pk, ben)


def test_claim__of_what_has_left_the_desk(ada: Any) -> None:
    scan = without_ai()

    assert not claims.claim(image_of(scan).pk, ada)
    assert image_of(scan).claimed_by is None


def test_release__is_of_ones_own_claims(ada: Any, ben: Any) -> None:
    mine, theirs = flagged("a.jpg"), flagged("b.jpg")
    claims.claim(image_of(mine).pk, ada)
    claims.claim(image_of(theirs).pk, ben)

    assert claims.release([image_of(mine).pk, image_of(theirs).pk], ada) == 1

    assert claims.claim(image_of(mine).pk, ben)
    assert image_of(theirs).claimed_by == ben


def test_renewal__is_of_ones_own_claims(ada: Any, ben: Any) -> None:
    mine, theirs = flagged("a.jpg"), flagged("b.jpg")
    claimed(mine, ada, minutes=1)
    claimed(theirs, ben, minutes=1)
    soon = timezone.now() + claims.CLAIM / 2

    assert claims.renew([image_of(mine).pk, image_of(theirs).pk], ada) == 1

    renewed = WatchedImage.objects.filter(claimed_until__gt=soon)
    assert list(renewed) == [image_of(mine)]


@pytest.mark.parametrize("by", [claims.renew, lambda pks, user: claims.claim(pks[0], user)], ids=["renewed", "taken"])
def test_claim__lasts_for_a_bounded_time_however_often_it_is_prolonged(
    by: Callable[[list[int], Any], object], ada: Any, ben: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = flagged()
    begun = timezone.now()
    assert claims.claim(image_of(scan).pk, ada)

    for minutes in range(0, 58, 2):
        monkeypatch.setattr(timezone, "now", lambda minutes=minutes: begun + timedelta(minutes=minutes))
        by([image_of(scan).pk], ada)
        assert not claims.claim(image_of(scan).pk, ben)

    monkeypatch.setattr(timezone, "now", lambda: begun + claims.LONGEST)
    assert claims.claim(image_of(scan).pk, ben)


def test_claim_that_has_run_out__begins_anew(ada: Any) -> None:
    scan = flagged()
    claimed(scan, ada, minutes=-1)
    WatchedImage.objects.update(claimed_at=timezone.now() - timedelta(hours=2))

    assert claims.renew([image_of(scan).pk], ada) == 0
    assert list(claims.held_among([image_of(scan).pk], ada)) == []
    assert claims.claim(image_of(scan).pk, ada)

    assert WatchedImage.objects.filter(claimed_at__gt=timezone.now() - timedelta(minutes=1)).exists()
    assert list(claims.held_among([image_of(scan).pk], ada)) == [image_of(scan)]


def test_claim_that_is_taken_away__is_that_of_the_named_person(ada: Any, ben: Any) -> None:
    scan = flagged()
    claims.claim(image_of(scan).pk, ada)

    assert not claims.take_away(image_of(scan).pk, held_by=ben)
    assert claims.take_away(image_of(scan).pk, held_by=ada)
    assert not claims.take_away(image_of(scan).pk, held_by=ada)

    assert claims.claim(image_of(scan).pk, ben)


def test_claim_that_has_run_out__is_taken_away_from_nobody(ada: Any) -> None:
    scan = flagged()
    assert claims.claim(image_of(scan).pk, ada)
    WatchedImage.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert not claims.take_away(image_of(scan).pk, held_by=ada)


def test_others_at_the_desk__are_those_with_live_claims(ada: Any, ben: Any, django_user_model: Any) -> None:
    carl, dora = (django_user_model.objects.create_user(name) for name in ("carl", "dora"))
    for name, person, minutes in (("a", dora, 5), ("b", dora, 5), ("c", ben, 5), ("d", ada, 5), ("e", carl, -1)):
        claimed(flagged(f"{name}.jpg"), person, minutes=minutes)

    assert claims.others_at_the_desk(ada) == ["ben", "dora"]
