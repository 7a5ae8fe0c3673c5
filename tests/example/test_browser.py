"""The example site in a real browser, without a complaint of its console under the strict policy."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import PASSWORD, Site, jpeg

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.sockets,
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=30_000)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(chromium: Any, site: Site, complaints: list[str]) -> Iterator[Any]:
    """A moderator's page, whose violations and console errors are collected."""
    context = chromium.new_context(base_url=site.url)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(f"exception: {error}"))
    page.goto("/login/")
    page.get_by_label("Username").fill("moderator")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Mine").wait_for()
    yield page
    context.close()


def upload(page: Any, title: str, file_name: str) -> None:
    page.goto("/upload/")
    page.get_by_label("Title").fill(title)
    page.get_by_label("Picture").set_input_files({"name": file_name, "mimeType": "image/jpeg", "buffer": jpeg()})
    page.get_by_role("main").get_by_role("button", name="Upload").click()
    page.get_by_role("status").wait_for()


def test_upload__is_announced_and_waits_among_ones_own(page: Any, complaints: list[str]) -> None:
    upload(page, "Lighthouse", "lighthouse.jpg")
    assert "“Lighthouse” is uploaded" in page.get_by_role("status").inner_text()
    uploaded = page.get_by_role("listitem").filter(has_text="Lighthouse")
    assert "Being checked" in uploaded.inner_text()
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages__fit_the_screen_and_violate_no_policy(
    page: Any, site: Site, complaints: list[str], scheme: str, width: int
) -> None:
    upload(page, f"Pier {scheme} {width}", "pier.jpg")
    site.check_pictures()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/")
    photo = page.get_by_role("link", name=f"Pier {scheme} {width}").get_attribute("href")
    in_admin = "/admin/gallery/photo/"
    filtered = f"{in_admin}?copyleaks_image_verdict=no_ai&copyleaks_image_decision="
    panel = f"{in_admin}{photo.split('/')[-2]}/change/"
    for address in ("/", "/mine/", "/upload/", photo, in_admin, filtered, panel):
        page.goto(address, wait_until="networkidle")
        root = "document.documentElement"
        assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"), f"{address} scrolls sideways"
        broken = "[...document.images].filter(it => it.complete && !it.naturalWidth).map(it => it.src)"
        assert page.evaluate(broken) == []
    assert complaints == []
