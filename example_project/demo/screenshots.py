"""Pictures of the admin for the documentation, taken of the demo in an installed Chromium."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from django.urls import reverse
from PIL import Image
from playwright.sync_api import Page, Route, sync_playwright

from .processes import DemoError

SCREENS = {"light": ("light", 1280), "dark": ("dark", 1280), "light-390": ("light", 390), "dark-390": ("dark", 390)}
HEIGHT = 860
DRAWN_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A page by its address, with what is done there, and in which screens it is taken."""

    title: str
    address: str
    act: Callable[[Page], None] = lambda page: None
    screens: tuple[str, ...] = ("light", "dark-390")


def take(site: str, folder: Path, *, name: str, password: str, everywhere: bool = False) -> None:
    """Take every page, wide and narrow, in light and dark; raise DemoError when there is no Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise DemoError("Screenshots need an installed Chromium.")
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
            for shot in shots():
                if everywhere or screen in shot.screens:
                    page.goto(shot.address, wait_until="networkidle")
                    _settle(page)
                    shot.act(page)
                    path = folder / f"{shot.title}-{screen}.png"
                    _keep(page.screenshot(), path)
                    print(path, flush=True)
                    page.unroute_all()
            context.close()
        browser.close()


def shots() -> list[Shot]:
    """Return what is taken, in the order of a moderator's day."""
    pictures = reverse("admin:copyleaks_image_watchedimage_changelist")
    desk = reverse("admin:copyleaks_image_watchedimage_review") + "?order=oldest"
    return [
        Shot(title="desk", address=desk, screens=tuple(SCREENS)),
        Shot(title="desk-unseen", address=pictures, act=_open_desk_without_pictures),
        Shot(title="desk-filled", address=desk, act=_fill),
        Shot(title="list", address=pictures + "?queue=review", screens=tuple(SCREENS)),
        Shot(title="picture", address=pictures + "?queue=review", act=_first_picture, screens=tuple(SCREENS)),
        Shot(title="bulk", address=pictures + "?queue=review", act=_choose_some),
        Shot(title="log", address=reverse("admin:copyleaks_image_decision_changelist")),
        Shot(title="overview", address=reverse("admin:copyleaks_image_imagescan_overview"), screens=tuple(SCREENS)),
        Shot(title="thresholds", address=reverse("admin:copyleaks_image_accountstate_thresholds")),
        Shot(title="receipt", address=reverse("admin:copyleaks_image_imagescan_changelist"), act=_first_receipt),
    ]


def _keep(png: bytes, path: Path) -> None:
    """Store a picture with 256 colours: a third of the bytes, and nobody sees the difference on a page."""
    with Image.open(BytesIO(png)) as taken:
        taken.convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)


def _log_in(page: Page, name: str, password: str) -> None:
    page.goto(reverse("admin:login") + "?next=" + reverse("admin:index"))
    page.fill("#id_username", name)
    page.fill("#id_password", password)
    page.click("[type=submit]")


def _fill(page: Page) -> None:
    page.keyboard.press("f")
    _settle(page)


def _open_desk_without_pictures(page: Page) -> None:
    """Open the desk while no picture comes through."""

    def refuse(route: Route) -> None:
        route.abort()

    page.route(lambda url: "/rendition/" in url or "/original/" in url, refuse)
    page.goto(reverse("admin:copyleaks_image_watchedimage_review") + "?order=oldest", wait_until="networkidle")
    page.wait_for_timeout(1_500)


def _first_picture(page: Page) -> None:
    """Open the page of the picture that waits with the largest share in the list."""
    page.locator("#result_list tbody .field-finding a, #result_list tbody th a").first.click()
    page.wait_for_load_state("networkidle")
    _settle(page)


def _choose_some(page: Page) -> None:
    """Choose some pictures in the list, and go on to where they are decided at once."""
    for box in page.locator("#result_list .action-select").all()[:4]:
        box.check()
    page.select_option("select[name=action]", label="Confirm AI …")
    page.click("button[name=index]")
    page.wait_for_load_state("networkidle")
    _settle(page)


def _first_receipt(page: Page) -> None:
    """Open the newest delivery of the newest scan that has one."""
    page.goto(reverse("admin:copyleaks_image_imagescan_changelist") + "?status=completed", wait_until="networkidle")
    page.locator("#result_list tbody th a").first.click()
    page.wait_for_load_state("networkidle")
    page.locator("a[href*='/webhookreceipt/']").first.click()
    page.wait_for_load_state("networkidle")


def _settle(page: Page) -> None:
    """Wait until every picture in view is there, and what was clicked has lost its highlight."""
    page.mouse.move(0, 0)
    deadline = time.monotonic() + DRAWN_SECONDS  # The worker draws what is looked at.
    while page.locator(".copyleaks-sign").count() and time.monotonic() < deadline:
        page.wait_for_timeout(200)
    page.wait_for_timeout(1_000)
