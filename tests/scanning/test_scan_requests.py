"""Asking for a scan: what is under way is returned, and paying again on purpose pays once."""

from typing import Any

import pytest
from django.db import connection

from django_copyleaks_image.api import request_scan
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.scanning import finishing
from django_copyleaks_image.scanning.scan_requests import repeat_scan
from tests.gallery.models import Photo
from tests.reviewing.stories import answered, flagged, photo_of, sent
from tests.samples import only_scan, photo, submitted
from tests.threads import together

pytestmark = pytest.mark.django_db(transaction=True)


def asked_for(instance: Photo, **choices: Any) -> ImageScan:
    return request_scan(instance, "image", **choices)


def test_request__returns_what_is_under_way_for_the_same_file() -> None:
    uploaded = photo()

    assert asked_for(uploaded) == only_scan()


def test_request__returns_no_waiting_scan_of_another_file() -> None:
    uploaded, other = photo("meadow.jpg"), photo("other.jpg")
    before = ImageScan.objects.get(object_id=str(uploaded.pk))
    Photo.objects.filter(pk=uploaded.pk).update(image=other.image.name)

    scan = asked_for(Photo.objects.get(pk=uploaded.pk))

    assert scan != before
    assert scan.file_name == other.image.name
    before.refresh_from_db()
    assert before.status == "superseded"


def test_force__leaves_an_ordinary_scan_that_may_be_paid_its_result() -> None:
    uploaded = photo()
    ordinary = submitted(only_scan())

    scan = asked_for(uploaded, force=True)

    assert scan.forced
    ordinary.refresh_from_db()
    assert ordinary.status == "submitted"


@pytest.mark.parametrize("is_sent", [False, True])
def test_force__twenty_times_is_one_scan(is_sent: bool) -> None:
    before = flagged()
    first = asked_for(photo_of(before), force=True)
    if is_sent:
        sent(first)

    assert {asked_for(photo_of(before), force=True).pk for _ in range(20)} == {first.pk}
    first.refresh_from_db()
    assert not first.is_finished


def test_force__of_another_file_than_the_one_under_way_is_a_scan_of_its_own() -> None:
    before, other = flagged(), photo("other.jpg")
    first = asked_for(photo_of(before), force=True)
    Photo.objects.filter(pk=before.object_id).update(image=other.image.name)

    assert asked_for(photo_of(before), force=True) != first


def test_force__after_the_end_pays_once_more() -> None:
    before = flagged()
    first = answered(sent(asked_for(photo_of(before), force=True)))
    second = asked_for(photo_of(before), force=True)
    assert second != first
    finishing.fail(second, "result_lost", "No result came.")

    assert asked_for(photo_of(before), force=True) not in (first, second)


def test_force__that_was_seen_to_be_asked_for_returns_the_scan_also_when_it_has_ended() -> None:
    before = flagged()
    first, is_new = repeat_scan(photo_of(before), "image", force=True, seen=before.pk)
    assert is_new
    answered(sent(first))

    again = repeat_scan(photo_of(before), "image", force=True, seen=before.pk)

    assert again == (first, False)


@pytest.mark.parametrize("has_scan", [True, False])
def test_force__at_once_by_many_is_one_scan(has_scan: bool) -> None:
    uploaded = photo_of(flagged())
    if not has_scan:
        ImageScan.objects.all().delete()

    asked = together(*[lambda: asked_for(Photo.objects.get(pk=uploaded.pk), force=True)] * 8)

    assert len({scan.pk for scan in asked}) == 1
    assert ImageScan.objects.filter(forced=True).count() == 1


@pytest.mark.parametrize("number_of_queries", [1, 2])
def test_force__while_somebody_else_asks_is_one_scan(number_of_queries: int) -> None:
    before = flagged()
    theirs: list[ImageScan] = []
    asked_so_far = 0

    def ask_in_between(execute: Any, sql: str, *args: Any) -> Any:
        nonlocal asked_so_far
        result = execute(sql, *args)
        asked_so_far += "copyleaks_image_imagescan" in sql
        if asked_so_far == number_of_queries and not theirs:
            theirs.append(before)
            theirs[0] = asked_for(photo_of(before), force=True)
        return result

    uploaded = photo_of(before)
    with connection.execute_wrapper(ask_in_between):
        ours = asked_for(uploaded, force=True)

    assert theirs == [ours]
    assert ImageScan.objects.filter(forced=True).count() == 1
