"""Pictures of the admin for the documentation, taken of the demo in an installed Chromium."""

import shutil
from pathlib import Path

from django.urls import reverse
from playwright.sync_api import Page, sync_playwright

from .processes import DemoError

SCREENS = {"light": ("light", 1280), "dark": ("dark", 1280), "light-390": ("light", 390), "dark-390": ("dark", 390)}
HEIGHT = 860


def take(site: str, folder: Path, *, name: str, password: str) -> None:
    """Take every page in light and dark, wide and narrow; raise DemoError when there is no Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise DemoError("Screenshots need an installed Chromium.")
    pages = {
        "desk": reverse("admin:copyleaks_image_watchedimage_review") + "?order=largest",
        "overview": reverse("admin:copyleaks_image_imagescan_overview"),
        "list": reverse("admin:copyleaks_image_watchedimage_changelist") + "?queue=review",
    }
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=60_000)
        for screen, (scheme, width) in SCREENS.items():
            context = browser.new_context(
                base_url=site,
                viewport={"width": width, "height": HEIGHT},
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            page = context.new_page()
            _log_in(page, name, password)
            for title, address in pages.items():
                page.goto(address, wait_until="networkidle")
                _settle(page)
                page.screenshot(path=folder / f"{title}-{screen}.png")
                print(f"{folder / f'{title}-{screen}.png'}", flush=True)
            _first_picture(page)
            page.screenshot(path=folder / f"picture-{screen}.png")
            context.close()
        browser.close()


def _log_in(page: Page, name: str, password: str) -> None:
    page.goto(reverse("admin:login") + "?next=" + reverse("admin:index"))
    page.fill("#id_username", name)
    page.fill("#id_password", password)
    page.click("[type=submit]")


def _first_picture(page: Page) -> None:
    """Open the page of the picture that waits with the largest share in the list."""
    page.locator("#result_list tbody .field-finding a, #result_list tbody th a").first.click()
    page.wait_for_load_state("networkidle")
    _settle(page)


def _settle(page: Page) -> None:
    """Wait until every picture in view is there, and what was clicked has lost its highlight."""
    page.mouse.move(0, 0)
    page.wait_for_function("!document.querySelector('.copyleaks-sign')")  # The worker draws what is looked at.
    page.wait_for_timeout(1_000)
