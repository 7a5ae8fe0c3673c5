"""A moderator: reads the number of a picture on the screen, decides by it with keys, and notes what was seen."""

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from threading import Event
from time import monotonic, sleep
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.processes import RunFailed

from . import code

DESK = "/admin/copyleaks_image/watchedimage/review/"
PATIENCE = 30
# Longer than a picture must have been seen before a key counts.
LOOK = 0.2
STATE = """() => {
    const item = document.querySelector(".copyleaks-item:not([hidden])");
    const empty = document.querySelector(".copyleaks-empty");
    const message = document.querySelector(".copyleaks-message-text").innerText;
    const said = document.querySelector(".copyleaks-said").innerText;
    if (!item) return { pk: null, isEmpty: !empty.hidden, headline: empty.innerText, message, said };
    const photo = item.querySelector(".copyleaks-photo");
    const problem = item.querySelector(".copyleaks-problem");
    const { x, y, width, height } = item.querySelector(".copyleaks-frame").getBoundingClientRect();
    return {
        pk: item.dataset.pk,
        isPainted: Boolean(photo?.complete && photo.naturalWidth && !photo.matches(".copyleaks-sign")),
        problem: problem.hidden ? "" : problem.innerText,
        message,
        said,
        frame: { x, y, width, height },
    };
}"""
# Two presses in one moment: the second one is about a picture that nobody has seen.
TWICE = """(key) => {
    for (let time = 0; time < 2; time += 1) {
        const options = { key, code: `Key${key.toUpperCase()}`, bubbles: true, cancelable: true };
        document.body.dispatchEvent(new KeyboardEvent("keydown", options));
    }
}"""


@dataclass(kw_only=True)
class Moderator:
    """``steps`` are those that should be in the database, in their order: number, kind and note."""

    name: str
    site: str
    session: str
    # Set when the shift ends before the pictures do.
    over: Event
    steps: list[tuple[int, str, str]] = field(default_factory=list)
    unseen: int = 0
    presses: int = 0
    _skipped: set[int] = field(default_factory=set)

    def work(self) -> None:
        """Decide until nothing is left; raise RunFailed when the desk stands still."""
        with sync_playwright() as running:
            chromium = shutil.which("chromium")
            browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=60_000)
            try:
                context = browser.new_context(base_url=self.site, viewport={"width": 1280, "height": 900})
                context.set_default_timeout(60_000)
                context.add_cookies([{"name": "sessionid", "value": self.session, "url": self.site}])
                page = context.new_page()
                page.goto(DESK)
                while not self.over.is_set() and self._takes_next(page):
                    pass
            except BaseException:
                self.over.set()
                raise
            finally:
                browser.close()

    def _takes_next(self, page: Page) -> bool:
        state = self._wait(page, lambda state: (state["pk"] is None and state["isEmpty"]) or _is_there(state))
        if state["pk"] is None:
            if "Others are looking" not in state["headline"]:
                return False
            sleep(1)
            page.locator("[data-look]").click()
            return True
        sleep(LOOK)
        number = self._number(page, state)
        if number is None:
            self._escalate_unseen(page, state)
        elif number % 10 == 3 and number not in self._skipped:
            self._skipped.add(number)
            self._press(page, "s", state, (number, "skipped", ""))
        elif number % 10 == 7:
            self._change_the_mind(page, state, number)
        else:
            note = f"about {number}" if number % 10 == 5 else ""
            if note:
                page.keyboard.press("n")
                page.keyboard.type(note)
                page.keyboard.press("Enter")
            key, kind = _decision(number)
            self._press(page, key, state, (number, kind, note), is_hasty=number % 4 == 0)
        return True

    def _change_the_mind(self, page: Page, state: Any, number: int) -> None:
        self._press(page, "a", state, (number, "confirmed", ""))
        # What was not sent yet is taken back without a trace.
        self._wait(page, lambda now: now["said"] == f"Confirmed as AI: {number}.")
        page.keyboard.press("u")
        self._wait(page, lambda now: now["said"] == f"Undone: Confirmed as AI: {number}.")
        self.steps.append((number, "undone", ""))
        sleep(LOOK)
        # The colleague may have been given it in the moment in which it waited again.
        if self._state(page)["pk"] == state["pk"]:
            self._wait(page, _is_there)
            if self._number(page, self._state(page)) != number:
                raise RunFailed(f"Undoing brought another picture than {number}.")
            self._press(page, "c", state, (number, "cleared", ""))

    def _escalate_unseen(self, page: Page, state: Any) -> None:
        """Try to clear what cannot be seen, and leave it to others: its title is all there is of its number."""
        title = page.locator(".copyleaks-item:not([hidden]) .copyleaks-item-title").inner_text()
        page.keyboard.press("c")
        sleep(LOOK)
        if self._state(page)["pk"] != state["pk"]:
            self.unseen += 1
            self.steps.append((int(title), "cleared", ""))
            return
        page.keyboard.press("Escape")
        self._press(page, "e", state, (int(title), "escalated", ""))

    def _press(self, page: Page, key: str, state: Any, step: tuple[int, str, str], *, is_hasty: bool = False) -> None:
        """Press a key until the picture goes, once in nearly all cases."""
        deadline = monotonic() + PATIENCE
        while self._state(page)["pk"] == state["pk"]:
            if monotonic() > deadline:
                raise RunFailed(f"{self.name}: {key} does nothing about {step[0]}: {self._state(page)}")
            self.presses += 1
            if is_hasty:
                page.evaluate(TWICE, key)
            else:
                page.keyboard.press(key)
            sleep(random.uniform(0.01, 0.1))
        self.steps.append(step)

    def _number(self, page: Page, state: Any) -> int | None:
        """Return the number on the screen; None when nothing is seen of a picture."""
        deadline = monotonic() + PATIENCE
        while state["isPainted"] and monotonic() < deadline:
            frame = state["frame"]
            clip: Any = {**frame, "height": frame["height"] * code.STRIP}
            number = code.read(Image.open(BytesIO(page.screenshot(clip=clip))))
            if number is not None:
                return number
            # A sign may say that the picture is being prepared.
            state = self._state(page)
        if state["isPainted"]:
            raise RunFailed(f"{self.name}: no number can be read on {state}.")
        return None

    def _wait(self, page: Page, is_so: Callable[[Any], object]) -> Any:
        deadline = monotonic() + PATIENCE
        while not is_so(state := self._state(page)):
            if monotonic() > deadline:
                raise RunFailed(f"{self.name}: the desk stands still: {state}")
            sleep(0.02)
        return state

    def _state(self, page: Page) -> Any:
        return page.evaluate(STATE)


def _is_there(state: Any) -> bool:
    return state["pk"] is not None and bool(state["isPainted"] or state["problem"])


def _decision(number: int) -> tuple[str, str]:
    """Return the key and the kind by which a picture is decided about: its number says it."""
    if number % 10 == 9:
        return "e", "escalated"
    return ("a", "confirmed") if number // 2 % 2 else ("c", "cleared")
