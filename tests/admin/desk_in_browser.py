"""What tests of the review desk in a real browser share."""

from time import sleep
from typing import Any

from django.urls import reverse

from django_copyleaks_image.models import Decision
from tests.admin.browsing import until
from tests.admin.csp import STRICT_POLICY

FRONT = ".copyleaks-item:not([hidden])"
# Longer than a picture must have been seen, so that a key would count.
SEEN = 0.4


def opened(page: Any, query: str = "") -> Any:
    """Go to the desk, and wait until a picture is there and has been seen."""
    answer = page.goto(reverse("admin:copyleaks_image_watchedimage_review") + query)
    assert answer.headers["content-security-policy"] == STRICT_POLICY
    until(lambda: page.locator(FRONT).count())
    rest(page)
    return page


def rest(page: Any) -> None:
    """Wait until nothing is loaded or sent any more and the picture was seen."""
    page.wait_for_load_state("networkidle")
    pictures = f"[...document.querySelectorAll('{FRONT} img:not([loading=lazy])')]"
    until(lambda: page.evaluate(f"{pictures}.every(it => it.complete)"))
    sleep(SEEN)


def front(page: Any) -> int | None:
    """Return the key of the picture that is shown."""
    shown = page.locator(FRONT)
    return int(shown.get_attribute("data-pk")) if shown.count() else None


def decide(page: Any, key: str) -> None:
    """Press a key until it counts: a decision takes the picture away at once."""
    before = until(lambda: front(page))

    def changed() -> bool:
        page.keyboard.press(key)
        return bool(front(page) != before)

    until(changed)


def stored(number: int) -> list[Decision]:
    """Return the decisions in their order as soon as there are so many."""
    return list(until(lambda: len(made := Decision.objects.order_by("pk")) >= number and made))


def message(page: Any) -> str:
    return str(page.locator(".copyleaks-message-text").inner_text())


def announced(page: Any) -> str:
    return str(page.locator(".copyleaks-live").text_content())


def hold_back(page: Any, pattern: str) -> list[Any]:
    """Return the list in which requests pile up instead of being sent."""
    held_back: list[Any] = []

    def hold(route: Any) -> None:
        held_back.append(route)

    page.route(pattern, hold)
    return held_back


def press_physical(page: Any, *, key: str, code: str) -> None:
    """Press the key of another layout, which Playwright's keyboard does not have."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": key, "code": code, "text": key})
    devtools.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": key, "code": code})
    devtools.detach()
