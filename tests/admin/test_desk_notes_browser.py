"""A note stays with the picture about which it was written, whatever comes in between."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F

from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.reviewing import claims
from tests.admin.browsing import IN_A_BROWSER, until
from tests.admin.desk_in_browser import FRONT, decide, front, hold_back, opened, rest, stored
from tests.admin.scans_to_show import pictured

pytestmark = IN_A_BROWSER


@pytest.fixture(autouse=True)
def _no_complaints(complaints: list[str]) -> Any:
    yield
    assert complaints == []


@pytest.fixture
def images() -> list[WatchedImage]:
    return [pictured(f"photo-{number}.jpg") for number in range(1, 4)]


@pytest.fixture
def desk(page: Any, images: list[WatchedImage]) -> Any:
    return opened(page)


def write(page: Any, text: str) -> None:
    page.keyboard.press("n")
    page.keyboard.type(text)


def note(page: Any) -> str:
    return str(page.locator("[data-note]").input_value())


def is_focused(page: Any, selector: str) -> bool:
    return bool(page.locator(selector).evaluate("it => it === document.activeElement"))


def test_picture_that_is_lost__takes_its_note_along(desk: Any, images: list[WatchedImage]) -> None:
    write(desk, "six fingers")
    WatchedImage.objects.filter(pk=images[0].pk).update(claimed_by=User.objects.create_user("bert"))
    desk.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    until(lambda: front(desk) == images[1].pk)
    assert note(desk) == ""
    desk.keyboard.press("Enter")
    rest(desk)
    decide(desk, "a")
    assert stored(1)[0].note == ""


def test_picture_that_comes_back__comes_with_its_own_note(desk: Any, images: list[WatchedImage]) -> None:
    WatchedImage.objects.filter(pk=images[0].pk).update(version=F("version") + 1)
    held_back = hold_back(desk, "**/decide/")
    write(desk, "about the first")
    desk.keyboard.press("Enter")
    decide(desk, "a")
    write(desk, "about the second")
    until(lambda: front(desk) and held_back)
    held_back[0].continue_()
    desk.unroute("**/decide/")
    until(lambda: front(desk) == images[0].pk)
    assert note(desk) == "about the first"
    desk.keyboard.press("Enter")
    rest(desk)
    decide(desk, "c")
    assert front(desk) == images[1].pk
    assert note(desk) == "about the second"
    rest(desk)
    decide(desk, "a")
    notes = {decision.image_id: decision.note for decision in stored(2)}
    assert notes == {images[0].pk: "about the first", images[1].pk: "about the second"}


def test_undone_picture__comes_with_its_own_note(desk: Any, images: list[WatchedImage]) -> None:
    write(desk, "about the first")
    desk.keyboard.press("Enter")
    decide(desk, "a")
    stored(1)
    held_back = hold_back(desk, "**/undo/**")
    desk.keyboard.press("u")
    until(lambda: front(desk) and held_back)
    write(desk, "about the second")
    held_back[0].continue_()
    desk.unroute("**/undo/**")
    until(lambda: front(desk) == images[0].pk)
    assert note(desk) == "about the first"
    desk.keyboard.press("Enter")
    rest(desk)
    decide(desk, "c")
    assert note(desk) == "about the second"
    assert stored(3)[2].note == "about the first"


@pytest.mark.parametrize("key", ["Enter", "Escape"])
def test_note_that_was_clicked_into__is_left_for_the_heading(desk: Any, key: str) -> None:
    desk.locator("[data-note]").click()
    desk.keyboard.type("a")
    desk.keyboard.press(key)
    assert is_focused(desk, f"{FRONT} .copyleaks-item-title")


def test_note_opened_from_a_picture_that_has_gone__is_left_for_the_next_one(
    desk: Any, images: list[WatchedImage]
) -> None:
    desk.locator(f"{FRONT} .copyleaks-aside summary").focus()
    write(desk, "six fingers")
    claims.release([images[0].pk], User.objects.get())
    claims.claim(images[0].pk, User.objects.create_user("bert"))
    desk.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    until(lambda: front(desk) == images[1].pk)
    desk.keyboard.press("Enter")
    assert is_focused(desk, f"{FRONT} .copyleaks-item-title")


def test_note_opened_by_its_key__gives_the_focus_back(desk: Any) -> None:
    desk.locator("[data-decide=cleared]").focus()
    write(desk, "six fingers")
    desk.keyboard.press("Escape")
    assert is_focused(desk, "[data-decide=cleared]")
