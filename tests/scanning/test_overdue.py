"""That a picture has waited for too long is told once, and not before a day has passed again."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from django_copyleaks_image.models import WatchedImage, account_row
from django_copyleaks_image.scanning import account, overdue, sweep
from django_copyleaks_image.signals import queue_overdue
from tests.admin.scans_to_show import pictured

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    told: list[Any] = []

    def hear(image: WatchedImage, **kwargs: Any) -> None:
        assert image.queued_at == kwargs["since"]
        told.append(image)

    queue_overdue.connect(hear, sender=WatchedImage)
    yield told
    queue_overdue.disconnect(hear, sender=WatchedImage)


@pytest.fixture(autouse=True)
def _after_a_day(configure: Callable[..., None]) -> None:
    configure(OVERDUE_HOURS=24)
    account.state()


def waited(name: str, **changes: Any) -> WatchedImage:
    hours = changes.pop("hours")
    image = pictured(name, **changes)
    WatchedImage.objects.filter(pk=image.pk).update(queued_at=timezone.now() - timedelta(hours=hours))
    return image


def test_oldest_picture__is_told_of_once_by_the_sweep(heard: list[Any]) -> None:
    waited("a.jpg", hours=25)
    oldest = waited("b.jpg", hours=30)

    sweep.sweep()
    sweep.sweep()

    assert heard == [oldest]


def test_what_is_still_overdue__is_told_again_after_a_day(heard: list[Any]) -> None:
    waited("a.jpg", hours=30)
    assert overdue.tell_if_due()

    account_row().update(overdue_told_at=timezone.now() - timedelta(hours=23))
    assert not overdue.tell_if_due()
    account_row().update(overdue_told_at=timezone.now() - timedelta(hours=25))
    assert overdue.tell_if_due()
    assert len(heard) == 2


def test_what_a_wrong_clock_has_told__is_told_again(heard: list[Any]) -> None:
    waited("a.jpg", hours=30)
    account_row().update(overdue_told_at=timezone.now() + timedelta(days=300))

    assert overdue.tell_if_due()


def test_nothing__is_told_of_what_is_younger_or_a_mock(heard: list[Any]) -> None:
    waited("a.jpg", hours=23)
    waited("b.jpg", hours=30, sandbox=True)

    assert not overdue.tell_if_due()
    assert heard == []


def test_nothing__is_told_where_nobody_asked_for_it(heard: list[Any], configure: Callable[..., None]) -> None:
    waited("a.jpg", hours=30)
    configure(OVERDUE_HOURS=None)

    assert not overdue.tell_if_due()
    # Nor is it noted as told where nobody listens.
    configure(OVERDUE_HOURS=24)
    queue_overdue.receivers, receivers = [], queue_overdue.receivers
    queue_overdue.sender_receivers_cache.clear()
    try:
        assert not overdue.tell_if_due()
    finally:
        queue_overdue.receivers = receivers
        queue_overdue.sender_receivers_cache.clear()
    assert overdue.tell_if_due()


def test_receiver_that_raises__keeps_nobody_from_the_rest(heard: list[Any]) -> None:
    def fail(**kwargs: Any) -> None:
        raise ConnectionError("The mail server is down.")

    queue_overdue.connect(fail, sender=WatchedImage)
    try:
        waited("a.jpg", hours=30)
        assert overdue.tell_if_due()
    finally:
        queue_overdue.disconnect(fail, sender=WatchedImage)
    assert len(heard) == 1
