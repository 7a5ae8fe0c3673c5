"""A moderator who presses keys in a real browser, judging by the outline, and a watch."""

import shutil
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from time import sleep
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.processes import RunFailed

DESK = "/admin/copyleaks_image/watchedimage/review/"
WATCH = Path(__file__).with_name("moderator.js").read_text()
PAUSES = (0.2, 1.0)
KEYS = ("a", "c")
# Two layers of one picture that are painted together are reported with the time of the same frame; this is less
# than one frame.
TOGETHER_MS = 8
# Seconds, and how often a key is pressed within them: a desk that ignored one shows in keys_per_decision.
PATIENCE = 20
PRESSES = 4


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What the browser is held to; throughput in bytes a second, latency in milliseconds."""

    throughput: float
    latency: float
    slowdown: float


SLOW = Conditions(throughput=20_000_000 / 8, latency=40, slowdown=4)


@dataclass
class Times:
    """From each key to the next picture, in milliseconds, and how many overlays were painted after their picture."""

    milliseconds: list[float] = field(default_factory=list)
    undecoded: int = 0
    keys: int = 0


def review(site: str, session: str, *, pictures: int, conditions: Conditions | None = None) -> Times:
    """Decide about so many pictures; raise RunFailed when one is not painted in time."""
    with sync_playwright() as running:
        chromium = shutil.which("chromium")
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=60_000)
        try:
            context = browser.new_context(base_url=site, viewport={"width": 1280, "height": 900})
            context.set_default_timeout(60_000)
            context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
            context.add_init_script(WATCH)
            page = context.new_page()
            if conditions:
                _hold_back(page, conditions)
            return _decide(page, pictures)
        finally:
            browser.close()


def _decide(page: Page, pictures: int) -> Times:
    page.goto(DESK)
    times = Times()
    shown = _next_painted(page, before=None, seconds=PATIENCE)
    if shown is None:
        raise RunFailed("The desk shows no picture.")
    # The two that are kept ready come while the first one is looked at.
    sleep(2)
    for pause, key, _ in zip(cycle(PAUSES), cycle(KEYS), range(pictures), strict=False):
        sleep(pause)
        shown = _press(page, key, before=shown["pk"])
        times.milliseconds.append(max(shown["photo"], shown["overlay"]) - shown["pressed"])
        times.undecoded += shown["overlay"] - shown["photo"] > TOGETHER_MS
    times.keys = shown["keys"]
    # The last decision is on its way.
    sleep(2)
    return times


def _press(page: Page, key: str, *, before: str) -> Any:
    """Press a key, again when the desk ignored it, and return what was painted then."""
    for _ in range(PRESSES):
        page.keyboard.press(key)
        if shown := _next_painted(page, before=before, seconds=PATIENCE / PRESSES):
            if not shown["isOutlined"]:
                raise RunFailed(f"The picture with the key {shown['pk']} is not shown with its outline alone.")
            return shown
    raise RunFailed(f"No picture was painted after the one with the key {before}.")


def _next_painted(page: Page, *, before: str | None, seconds: float) -> Any:
    return page.evaluate("([before, seconds]) => window.nextPainted(before ?? undefined, seconds)", [before, seconds])


def _hold_back(page: Page, conditions: Conditions) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": conditions.latency,
            "downloadThroughput": conditions.throughput,
            "uploadThroughput": conditions.throughput,
        },
    )
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": conditions.slowdown})
