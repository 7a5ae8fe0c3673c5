"""Our pages beneath each theme, light and dark, wide and narrow: readable, whole, and not wider than the window.

Screenshots of all are kept in the folder ``.themes`` of the checkout.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import django
import pytest

from tests.admin.browsing import CHROMIUM, scrolls_sideways, until
from tests.themes.themes import THEMES, Theme

pytest.importorskip("playwright", reason="needs Playwright")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="needs Chromium")]

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / ".themes" / f"django-{django.VERSION[0]}.{django.VERSION[1]}"
MEASURE = Path(__file__).with_name("measure.js").read_text()
# Baton fades its pages in.
IS_FADED_IN = """() => {
    let part = document.querySelector(".copyleaks-surface, .copyleaks-badge");
    while (part && getComputedStyle(part).opacity === "1") part = part.parentElement;
    return part === null;
}"""
IS_PAINTED = """() => {
    const painted = document.querySelector(".copyleaks-stage img.copyleaks-photo");
    return painted?.naturalWidth > 0 && !document.querySelector(".copyleaks-wait:not([hidden])")?.checkVisibility();
}"""
# The narrow one first: themes fold their menu when a page is loaded, and unfold it whenever there is room.
WIDTHS = (390, 1280)
# What the theme draws itself, with tables and forms that may be wider than a telephone.
THEIRS = ("pictures", "scans", "decisions", "host", "app", "panel")


@pytest.fixture(scope="module", params=THEMES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A site with a theme in a process of its own, since apps cannot be changed in this one; what it says of itself."""
    name, theme = request.param, THEMES[request.param]
    _need(theme)
    environment = {**os.environ, "NEIGHBOURS_FOLDER": str(tmp_path_factory.mktemp(name)), "PYTHONPATH": str(ROOT)}
    for inherited in ("DATABASE_URL", "PYTHONDEVMODE"):  # The latter makes every page slower.
        environment.pop(inherited, None)
    command = [sys.executable, "-m", "tests.themes.served", name]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as served:
        assert served.stdin
        assert served.stdout
        line = served.stdout.readline()
        assert line, f"{name} did not start"
        yield {"name": name, "theme": theme} | json.loads(line)
        served.stdin.close()


def _need(theme: Theme) -> None:
    """Skip a theme that is not installed, unless this is the environment that has them all."""
    try:
        version(theme.distribution)
    except PackageNotFoundError:
        if os.environ.get("THEMES_REQUIRED"):
            pytest.fail(f"{theme.distribution} should be installed here.")
        pytest.skip(f"{theme.distribution} is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        launched = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=30_000)
        yield launched
        launched.close()


@pytest.fixture
def sign_in(browser: Any, site: dict[str, Any]) -> Iterator[Callable[[str], Any]]:
    contexts = []

    def open_page(scheme: str) -> Any:
        context = browser.new_context(base_url=site["address"], color_scheme=scheme)
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": site["session"], "url": site["address"]}])
        # Baton asks others for its fonts.
        context.route(lambda url: not url.startswith(site["address"]), lambda route: route.abort())
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        return page

    yield open_page
    for context in contexts:
        context.close()


def look(page: Any, site: dict[str, Any], name: str) -> list[str]:
    """Return what is wrong with the page that is open, at each width."""
    scheme = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    until(lambda: page.evaluate(IS_FADED_IN))
    faults = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("() => new Promise(requestAnimationFrame)")
        page.screenshot(path=SCREENSHOTS / f"{site['name']}-{scheme}-{name}-{width}.png")
        faults += [f"{name} at {width}: {fault}" for fault in page.evaluate(MEASURE, name not in THEIRS)]
        if name not in THEIRS and scrolls_sideways(page):
            faults.append(f"{name} at {width}: scrolls sideways")
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    return faults


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages__are_readable_and_whole(site: dict[str, Any], sign_in: Callable[[str], Any], scheme: str) -> None:
    if scheme == "dark" and not site["theme"].has_dark:
        pytest.skip("this theme is always light")
    page = sign_in(scheme)
    faults = []
    for name, path in site["pages"].items():
        answer = page.goto(f"/admin/copyleaks_image/{path}")
        assert answer.status == 200, name
        if name in ("desk", "picture", "scan"):
            until(lambda: page.evaluate(IS_PAINTED))
        faults += look(page, site, name)
    page.goto(f"/admin/copyleaks_image/{site['pages']['picture']}")
    page.locator("button[value=scan_again]").click()
    page.locator(".copyleaks-cost").wait_for()
    faults += look(page, site, "asked")
    assert not faults, "\n".join(faults)


def test_ways__lead_from_the_lists(site: dict[str, Any], sign_in: Callable[[str], Any]) -> None:
    page = sign_in("light")
    for name, ways in (("pictures", ("Review", "Export as CSV")), ("scans", ("Overview", "Export as CSV"))):
        page.goto(f"/admin/copyleaks_image/{site['pages'][name]}")
        shown = page.locator(".copyleaks-ways a:visible").all_inner_texts()
        assert [way for way in ways if not any(text.startswith(way) for text in shown)] == []
    page.goto(f"/admin/copyleaks_image/{site['pages']['pictures']}")
    page.locator(".copyleaks-ways .copyleaks-review").click()
    until(lambda: page.locator(".copyleaks-item:not([hidden])").count())


def test_desk__decides_and_changes_its_order(site: dict[str, Any], sign_in: Callable[[str], Any]) -> None:
    page = sign_in("light")
    page.set_viewport_size({"width": WIDTHS[1], "height": 900})
    page.goto(f"/admin/copyleaks_image/{site['pages']['desk']}")
    front = page.locator(".copyleaks-item:not([hidden])")
    until(front.count)
    first = front.get_attribute("data-pk")

    def is_decided() -> bool:
        page.locator("[data-decide=cleared]").click()
        return bool(front.count() and front.get_attribute("data-pk") != first)

    until(is_decided)
    page.locator("select[name=order]").select_option(index=1)
    page.wait_for_url("**order=*")
