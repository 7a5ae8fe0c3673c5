"""A session that ends at the desk loses nothing: the moderator logs in elsewhere and goes on with what was typed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session

from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.standings import Kind
from tests.admin.browsing import IN_A_BROWSER, until
from tests.admin.desk_in_browser import decide, front, message, opened, rest, stored
from tests.admin.scans_to_show import pictured

pytestmark = IN_A_BROWSER

LOG_IN, RETRY = "[data-log-in]", "[data-retry]"


@pytest.fixture(autouse=True)
def _complaints_about_refusals_alone(complaints: list[str]) -> Iterator[None]:
    yield
    assert all("403 (Forbidden)" in complaint for complaint in complaints)


@pytest.fixture
def images() -> list[WatchedImage]:
    return [pictured(f"photo-{number}.jpg") for number in range(1, 5)]


@pytest.fixture
def desk(page: Any, images: list[WatchedImage]) -> Any:
    return opened(page)


def write(page: Any, text: str) -> None:
    page.keyboard.press("n")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def log_in(page: Any, name: str) -> None:
    """Follow the link that the desk offers, and log in under a name that is its own password."""
    with page.context.expect_page() as opening:
        page.locator(LOG_IN).click()
    tab = opening.value
    tab.locator("[name=username]").fill(name)
    tab.locator("[name=password]").fill(name)
    tab.locator("[type=submit]").click()
    tab.wait_for_url("**/admin/copyleaks_image/")
    tab.close()


def test_session_that_ended__is_followed_by_a_login_in_a_new_tab_with_note_and_decision_kept(
    desk: Any, images: list[WatchedImage]
) -> None:
    Session.objects.all().delete()
    write(desk, "six fingers")
    decide(desk, "a")
    until(lambda: front(desk) == images[0].pk)
    assert "Your session has ended." in message(desk)
    log_in(desk, "moderator")
    assert desk.locator("[data-note]").input_value() == "six fingers"
    desk.locator(RETRY).click()
    (decision,) = stored(1)
    assert (decision.image_id, decision.kind, decision.note) == (images[0].pk, Kind.CONFIRMED, "six fingers")
    assert decision.decided_by == User.objects.get()
    until(lambda: message(desk) == "")
    assert not desk.locator(LOG_IN).is_visible()
    rest(desk)
    assert front(desk) == images[1].pk
    decide(desk, "c")
    assert stored(2)[1].image_id == images[1].pk


def test_reason__is_kept_over_a_login(page: Any, images: list[WatchedImage], configure: Callable[..., None]) -> None:
    configure(REVIEW_REASONS=["Spam", "Deepfake"])
    desk = opened(page)
    Session.objects.all().delete()
    desk.keyboard.press("a")
    desk.keyboard.press("2")
    until(lambda: front(desk) == images[0].pk and desk.locator(LOG_IN).is_visible())
    log_in(desk, "moderator")
    desk.locator(RETRY).click()
    assert [(it.image_id, it.reason) for it in stored(1)] == [(images[0].pk, "Deepfake")]


def test_login_in_another_tab__goes_unnoticed(desk: Any, images: list[WatchedImage]) -> None:
    tab = desk.context.new_page()
    desk.context.clear_cookies(name="sessionid")
    tab.goto("/admin/login/")
    tab.locator("[name=username]").fill("moderator")
    tab.locator("[name=password]").fill("moderator")
    tab.locator("[type=submit]").click()
    tab.wait_for_url("**/admin/")
    decide(desk, "a")
    assert [it.image_id for it in stored(1)] == [images[0].pk]
    rest(desk)
    assert message(desk) == ""
    assert front(desk) == images[1].pk


def test_somebody_else__does_not_decide_in_the_name_of_the_one_at_the_desk(
    desk: Any, images: list[WatchedImage]
) -> None:
    User.objects.create_superuser("bert", password="bert")
    Session.objects.all().delete()
    decide(desk, "a")
    until(lambda: desk.locator(LOG_IN).is_visible())
    log_in(desk, "bert")
    desk.locator(RETRY).click()
    until(lambda: "Somebody else is logged in" in message(desk))
    assert front(desk) == images[0].pk
    desk.locator(RETRY).click()
    rest(desk)
    assert not Decision.objects.exists()


def test_missing_permission__is_told_apart_from_a_refused_token(
    sign_in: Callable[[User], Any], images: list[WatchedImage]
) -> None:
    user = User.objects.create_user("anna", is_staff=True)
    names = ["view_watchedimage", "view_photo", "decide_watchedimage"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    desk = opened(sign_in(user))
    user.user_permissions.clear()
    decide(desk, "a")
    until(lambda: front(desk) == images[0].pk)
    assert "You may not decide about this picture." in message(desk)
    assert not desk.locator(LOG_IN).is_visible()


def test_token_that_is_refused_again__is_no_missing_permission(desk: Any, images: list[WatchedImage]) -> None:
    desk.route("**/decide/", lambda route: route.fulfill(status=403, content_type="text/html", body="CSRF"))
    decide(desk, "a")
    until(lambda: front(desk) == images[0].pk)
    assert "took the request for a forged one" in message(desk)
    assert "You may not" not in message(desk)
    desk.unroute("**/decide/")
    desk.locator(RETRY).click()
    assert [it.image_id for it in stored(1)] == [images[0].pk]
