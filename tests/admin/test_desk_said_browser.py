"""What the desk says of its own accord: how much waits, what was saved, and that a key came too early."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import reverse

from django_copyleaks_image.admin.desk import sentences
from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.reviewing import queue
from tests.admin.browsing import IN_A_BROWSER, box, until
from tests.admin.desk_in_browser import decide, front, opened, rest, stored
from tests.admin.scans_to_show import pictured, unmeasured
from tests.samples import photo

pytestmark = IN_A_BROWSER

SAID = ".copyleaks-said"
# Presses two keys, the second as if at the moment at which the next picture was put in its place.
TWICE = """async (keys) => {
    const [first, second] = keys.map(
        (key) => new KeyboardEvent("keydown", { key, code: `Key${key.toUpperCase()}`, bubbles: true }),
    );
    document.body.dispatchEvent(first);
    Object.defineProperty(second, "timeStamp", { value: performance.now() });
    await new Promise((call) => setTimeout(call, 1000));
    document.body.dispatchEvent(second);
}"""


@pytest.fixture(autouse=True)
def _no_complaints(complaints: list[str]) -> Iterator[None]:
    yield
    assert complaints == []


@pytest.fixture
def images() -> list[WatchedImage]:
    return [pictured(f"photo-{number}.jpg") for number in range(1, 6)]


def counts(page: Any) -> dict[str, str]:
    """Return the numbers beside the queues by their names; that of the open one is said in a phrase of its own."""
    found = page.locator(".copyleaks-queue").evaluate_all(
        "all => all.map(it => [it.firstChild.textContent.trim(), it.querySelector('.copyleaks-count').textContent])"
    )
    return dict(found)


def waiting(page: Any) -> str:
    return str(page.locator(".copyleaks-waiting").inner_text())


def test_counts__follow_every_decision_and_its_undoing(page: Any, images: list[WatchedImage]) -> None:
    unmeasured(photo("lost.jpg"))
    opened(page)
    assert counts(page) == {"Review": "5", "Escalated": "0", "Not measured": "1"}
    decide(page, "e")
    until(lambda: waiting(page) == "4 waiting")
    assert counts(page) == {"Review": "4", "Escalated": "1", "Not measured": "1"}
    assert page.title() == "4 waiting | Review | Django site admin"
    rest(page)
    page.keyboard.press("u")
    until(lambda: waiting(page) == "5 waiting")
    assert counts(page) == {"Review": "5", "Escalated": "0", "Not measured": "1"}
    assert page.title().startswith("5 waiting | ")
    page.goto(reverse("admin:app_list", args=["copyleaks_image"]))
    assert "Review (5)" in page.locator("#copyleaks-queues").inner_text()


def test_counts__of_a_long_queue_are_said_to_be_more_than_what_is_counted_everywhere(
    page: Any, images: list[WatchedImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (queue, sentences):
        monkeypatch.setattr(module, "COUNTED", 3)
    opened(page)
    assert counts(page)["Review"] == "more than 3"
    assert waiting(page) == "more than 3 waiting"
    assert page.title().startswith("more than 3 waiting | ")
    decide(page, "a")
    decide(page, "a")
    until(lambda: waiting(page) == "3 waiting")
    assert counts(page)["Review"] == "3"
    rest(page)
    page.keyboard.press("u")
    until(lambda: waiting(page) == "more than 3 waiting")
    page.goto(reverse("admin:app_list", args=["copyleaks_image"]))
    assert "Review (more than 3)" in page.locator("#copyleaks-queues").inner_text()


@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_what_was_saved__is_shown_on_a_telephone_too(
    page: Any, images: list[WatchedImage], settings: Any, language: str
) -> None:
    settings.LANGUAGE_CODE = language
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page)
    before = box(page, ".copyleaks-bar")
    decide(page, "a")
    said = until(lambda: page.locator(SAID).inner_text())
    assert "photo-1.jpg" in said
    line = box(page, SAID)
    assert line["width"] > 340
    assert line["bottom"] <= 844
    assert line["top"] >= box(page, "[data-undo]")["bottom"]
    assert box(page, ".copyleaks-bar") == before


@pytest.mark.parametrize("width", [390, 1280])
def test_key_that_comes_too_early__is_seen_to_be_so(page: Any, images: list[WatchedImage], width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    opened(page)
    page.evaluate(TWICE, ["a", "c"])
    early = "Too early: the picture had only just come. Press again."
    assert page.locator(SAID).inner_text() == early
    assert page.locator(SAID).is_visible()
    assert front(page) == images[1].pk
    assert [it.image_id for it in stored(1)] == [images[0].pk]
    rest(page)
    assert page.locator(SAID).inner_text() == early
    decide(page, "c")
    until(lambda: "Cleared: photo-2.jpg." in page.locator(SAID).inner_text())
    assert "warning" not in page.locator(SAID).get_attribute("class")


def test_keys_of_the_site__decide_undo_and_open_the_note(
    page: Any, images: list[WatchedImage], configure: Callable[..., None]
) -> None:
    configure(REVIEW_KEYS={"confirm": "k", "clear": "l", "undo": "y", "note": "m"})
    opened(page)
    for unused in "acun":
        page.keyboard.press(unused)
    assert front(page) == images[0].pk
    page.keyboard.press("m")
    page.keyboard.type("kly")
    page.keyboard.press("Enter")
    decide(page, "k")
    decide(page, "l")
    assert [(it.kind, it.note) for it in stored(2)] == [("confirmed", "kly"), ("cleared", "")]
    rest(page)
    page.keyboard.press("y")
    until(lambda: front(page) == images[1].pk)
