"""Taking pictures from those who look at them, and judging what is here while nothing is sent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.reviewing import claims
from django_copyleaks_image.scanning import account
from django_copyleaks_image.standings import Standing
from tests.admin.desk_requests import DESK, IMAGES, ask, next_items, next_keys, press
from tests.admin.drawn_pictures import get_drawn
from tests.admin.scans_to_show import pictured
from tests.admin.test_bulk import choose, told, versions
from tests.admin.test_decisions import page_of, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def bert(db: None) -> User:
    return User.objects.create_user("bert", is_staff=True)


@pytest.fixture
def reviewer(staff: Any) -> Client:
    client: Client = staff("view_watchedimage", "view_photo", "decide_watchedimage")
    return client


@pytest.fixture
def chief(staff: Any) -> Client:
    client: Client = staff("view_watchedimage", "view_photo", "decide_watchedimage", "release_watchedimage")
    return client


def test_release__gives_a_picture_back_to_all_and_is_logged(chief: Client, bert: User) -> None:
    held, free = pictured("a.jpg"), pictured("b.jpg")
    assert claims.claim(held.pk, bert)
    assert "bert is looking at it" in chief.get(IMAGES).content.decode()
    assert list(chief.get(IMAGES, {"held": "yes"}).context["cl"].result_list) == [held]
    page = page_of(chief, held)
    assert "bert is looking at this picture." in page
    assert 'value="release_claims"' in page
    choose(chief, "release_claims", held, free)
    assert sorted(told(chief)) == [
        "1 picture was released.",
        "1 was left out: Nobody is looking at this picture.",
    ]
    assert stored(held).claimed_by is None
    assert next_keys(chief) == [held.pk, free.pk]
    assert "Released from bert." in chief.get(f"{IMAGES}{held.pk}/history/").content.decode()


def test_release__is_for_those_who_may_and_who_see_the_object(
    reviewer: Client, staff: Any, bert: User, admin_client: Client
) -> None:
    image = pictured()
    assert claims.claim(image.pk, bert)
    assert "release_claims" not in page_of(reviewer, image)
    choose(reviewer, "release_claims", image)
    choose(staff("view_watchedimage", "release_watchedimage"), "release_claims", image)
    assert stored(image).claimed_by == bert
    choose(admin_client, "release_claims", image)
    assert stored(image).claimed_by is None


def test_release__is_checked_for_each_picture(chief: Client, bert: User, rule: Callable[..., None]) -> None:
    allowed, denied = pictured("a.jpg"), pictured("b.jpg")
    assert claims.claim(allowed.pk, bert)
    assert claims.claim(denied.pk, bert)
    rule(may_release=lambda access, image=None: image in (None, allowed))
    choose(chief, "release_claims", allowed, denied)
    assert sorted(told(chief)) == [
        "1 picture was released.",
        "1 was left out: You may not release this picture.",
    ]
    assert stored(denied).claimed_by == bert


def test_release__is_not_offered_for_what_the_user_may_not_see(staff: Any, bert: User) -> None:
    image = pictured()
    assert claims.claim(image.pk, bert)
    page = page_of(staff("view_watchedimage", "release_watchedimage"), image)
    assert "bert is looking at this picture." in page
    assert "release_claims" not in page


def test_claim_that_has_ended__is_nobodys(chief: Client, bert: User) -> None:
    image = pictured()
    assert claims.claim(image.pk, bert)
    WatchedImage.objects.filter(pk=image.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert "is looking at" not in page_of(chief, image)
    choose(chief, "release_claims", image)
    assert told(chief) == ["1 was left out: Nobody is looking at this picture."]


def test_empty_desk__leads_those_who_may_to_what_others_hold(reviewer: Client, chief: Client, bert: User) -> None:
    assert claims.claim(pictured().pk, bert)
    link = f'<a href="{IMAGES}?held=yes">'
    assert link in ask(chief, "next/")["today"]
    assert link not in ask(reviewer, "next/")["today"]


def test_pause__is_told_at_the_desk_where_pictures_are_judged_all_the_same(reviewer: Client) -> None:
    image, escalated = pictured("coffee.jpg"), pictured("tea.jpg")
    assert "Submissions are paused" not in reviewer.get(DESK).content.decode()
    row = account.state()
    row.paused_at, row.pause_reason = timezone.now(), "payment_required"
    row.save()
    page = reviewer.get(DESK).content.decode()
    assert "Submissions are paused since" in page
    assert "The account has no credits left. Meanwhile no new pictures are checked;" in page
    assert {item["pk"] for item in next_items(reviewer)} == {image.pk, escalated.pk}
    assert get_drawn(reviewer, f"{IMAGES}rendition/{image.scan_id}/page/").status_code == 200
    decision = press(reviewer, image, "cleared")["decision"]
    assert press(reviewer, escalated, "escalated")["decision"]
    assert stored(image).standing == Standing.CLEARED
    assert ask(reviewer, f"undo/{decision}/")["said"] == "Undone: Cleared: coffee.jpg."
    choose(reviewer, "clear_false_alarm", image, kind="cleared", **versions(stored(image)))
    assert stored(image).standing == Standing.CLEARED
    assert account.state().paused_at is not None
