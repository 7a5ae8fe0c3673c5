"""The mark of reconciliation trails the highest key: keys are given out before their transaction commits."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from django_copyleaks_image.models import AccountState
from django_copyleaks_image.scanning import full_scan, reconcile
from tests.gallery.models import Photo

pytestmark = pytest.mark.django_db(transaction=True)

LABEL = "gallery.Photo.image"


@pytest.fixture(autouse=True)
def _no_full_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing but the mark find a file."""
    monkeypatch.setattr(full_scan, "take_next_steps", lambda: 0)


def marks() -> list[Any]:
    return list(AccountState.objects.get().watermarks[LABEL])


def let_the_candidate_be_seen(at: datetime) -> None:
    mark, candidate, _ = marks()
    AccountState.objects.update(watermarks={LABEL: [mark, candidate, at.isoformat()]})


def test_transaction_that_commits_late__is_found_after_many_rounds() -> None:
    reconcile.reconcile()
    early, _ = Photo.objects.bulk_create([Photo(image="photos/a.jpg"), Photo(image="photos/b.jpg")])
    Photo.objects.filter(pk=early.pk).delete()  # Its transaction has not committed yet, as it were.
    for _ in range(5):
        reconcile.reconcile()
        mark, _, seen_at = marks()
        # Nearly as long as a transaction may take.
        let_the_candidate_be_seen(datetime.fromisoformat(seen_at) - (reconcile.GRACE - timedelta(minutes=1)) / 5)
    assert mark < early.pk

    Photo.objects.bulk_create([Photo(pk=early.pk, image="photos/a.jpg")])

    assert reconcile.reconcile() == 1


def test_mark__moves_to_what_was_the_highest_key_when_the_time_began() -> None:
    reconcile.reconcile()
    (first,) = Photo.objects.bulk_create([Photo(image="photos/a.jpg")])
    let_the_candidate_be_seen(timezone.now() - reconcile.GRACE)
    start, *_ = marks()
    reconcile.reconcile()
    mark, candidate, seen_at = marks()
    # Not yet to the new key: that was seen only now.
    assert (mark, candidate) == (start, first.pk)
    assert timezone.now() - datetime.fromisoformat(seen_at) < timedelta(minutes=1)

    let_the_candidate_be_seen(timezone.now() - reconcile.GRACE)
    reconcile.reconcile()
    assert marks()[0] == first.pk


def test_candidate_of_a_clock_that_was_ahead__is_seen_from_now_on() -> None:
    reconcile.reconcile()
    Photo.objects.bulk_create([Photo(image="photos/a.jpg")])
    let_the_candidate_be_seen(timezone.now() + timedelta(days=1))
    before = marks()
    reconcile.reconcile()

    assert marks()[:2] == before[:2]
    assert abs(timezone.now() - datetime.fromisoformat(marks()[2])) < timedelta(minutes=1)
