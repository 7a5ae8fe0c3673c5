"""The log and the owner of a picture in a real browser: what a lead looks for, and what a moderator takes back."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.registry import register, unregister
from django_copyleaks_image.standings import Kind, Queue
from tests.admin.browsing import IN_A_BROWSER, scrolls_sideways, until
from tests.admin.desk_requests import decided
from tests.admin.scans_to_show import pictured
from tests.gallery.models import Photo

LOG = "/admin/copyleaks_image/decision/"

pytestmark = IN_A_BROWSER


@pytest.fixture
def owned() -> Iterator[None]:
    register(Photo, "image", owner="title")
    yield
    unregister(Photo, "image")


@pytest.fixture
def anna(db: None) -> User:
    """A moderator, who may not view the whole log."""
    anna = User.objects.create_user("anna", is_staff=True)
    codenames = ("view_watchedimage", "decide_watchedimage", "view_photo")
    anna.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return anna


def rows(page: Any) -> list[str]:
    return [row.inner_text() for row in page.locator("#result_list tbody tr").all()]


def are_thumbnails_there(page: Any) -> bool:
    loaded = "[...document.querySelectorAll('img.copyleaks-thumbnail')].map(it => it.complete && it.naturalWidth > 0)"
    found = page.evaluate(loaded)
    return bool(found) and all(found)


def test_moderator__takes_back_the_last_decision_from_the_index_and_after_a_reload(
    sign_in: Callable[[User], Any], anna: User, complaints: list[str]
) -> None:
    page = sign_in(anna)
    image = pictured("coffee.jpg")
    decided(image, anna, Kind.CONFIRMED)
    decided(pictured("tea.jpg"), User.objects.create_user("bert"), Kind.CLEARED)
    page.goto("/admin/")
    page.locator("#content-main .model-decision th a").click()
    until(lambda: page.locator("h1", has_text="My decisions").count())
    (row,) = rows(page)
    assert "coffee.jpg" in row
    until(lambda: are_thumbnails_there(page))
    page.reload()
    page.get_by_role("button", name="Undo").click()
    assert "Undone: Confirmed as AI: coffee.jpg." in page.locator(".messagelist").inner_text()
    assert page.url.endswith(LOG)
    assert len(rows(page)) == 2
    assert page.get_by_role("button", name="Undo").count() == 0
    assert WatchedImage.objects.get(pk=image.pk).queue == Queue.REVIEW
    assert complaints == []


def test_lead__finds_what_somebody_decided_on_some_days(page: Any, complaints: list[str]) -> None:
    bert, carla = (User.objects.create_user(name) for name in ("bert", "carla"))
    for number, user in enumerate((bert, bert, carla)):
        decision = decided(pictured(f"{number}.jpg"), user, Kind.CLEARED)
        at = timezone.now() - timedelta(days=10 * number)
        Decision.objects.filter(pk=decision.pk).update(decided_at=at)
    page.goto("/admin/")
    page.locator("#content-main .model-decision th a").click()
    page.locator("#changelist-filter").get_by_role("link", name="bert").click()
    until(lambda: len(rows(page)) == 2)
    page.get_by_label("From").fill((timezone.localdate() - timedelta(days=12)).isoformat())
    page.get_by_label("Until").fill((timezone.localdate() - timedelta(days=5)).isoformat())
    page.get_by_role("button", name="Show").click()
    until(lambda: len(rows(page)) == 1)
    assert "1.jpg" in rows(page)[0]
    assert f"person={bert.pk}" in page.url
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    assert download.value.path().read_text("utf-8-sig").count("\n") == 2
    assert complaints == []


def test_lead__finds_all_pictures_of_an_owner_from_one(page: Any, owned: None, complaints: list[str]) -> None:
    bert = User.objects.create_user("bert")
    first, second = pictured("anna"), pictured("anna")
    pictured("carla")
    decided(first, bert, Kind.CONFIRMED)
    page.goto("/admin/copyleaks_image/watchedimage/")
    page.locator(f"tr:has(a[href*='/{second.pk}/change/']) .field-thumbnail a").click()
    page.get_by_role("link", name="1 of their other pictures was confirmed as AI").click()
    until(lambda: len(rows(page)) == 1)
    assert "Confirmed as AI" in rows(page)[0]
    page.go_back()
    page.get_by_role("link", name="All pictures of this owner").click()
    until(lambda: len(rows(page)) == 2)
    until(lambda: are_thumbnails_there(page))
    assert complaints == []


def test_narrow_log__does_not_scroll_sideways(page: Any, owned: None) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    decided(pictured("anna" * 20), User.objects.get(), Kind.CONFIRMED, note="A long note. " * 30)
    page.goto(LOG)
    until(lambda: are_thumbnails_there(page))
    assert not scrolls_sideways(page)
