"""The pages in a real browser, under the strictest policy and without a single complaint of its console."""

import math
from io import BytesIO
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from PIL import Image

from django_copyleaks_image import masks
from django_copyleaks_image.models import ImageScan
from tests.admin.browsing import IN_A_BROWSER, scrolls_sideways, until
from tests.admin.csp import STRICT_POLICY
from tests.admin.scans_to_show import failed, measured, rectangle
from tests.samples import photo, picture

LIST = "/admin/copyleaks_image/imagescan/"
PICTURES = "/admin/copyleaks_image/watchedimage/"
HATCH = {(0x44, 0x01, 0x54), (0xFD, 0xE7, 0x25)}
GREY = (100, 110, 120)

pytestmark = IN_A_BROWSER


def painted(page: Any) -> Image.Image:
    """Return what the frame looks like once its pictures are there."""
    pictures = "[...document.querySelectorAll('.copyleaks-frame img')]"
    until(lambda: page.evaluate(f"{pictures}.every(it => it.complete && it.naturalWidth)"))
    sleep(0.2)
    return Image.open(BytesIO(page.locator(".copyleaks-frame").screenshot())).convert("RGB")


def at(image: Image.Image, x: float, y: float) -> Any:
    """Return the colour at a place given as shares of the width and height."""
    return image.getpixel((int(x * image.width), int(y * image.height)))


def is_near(one: Any, other: Any) -> bool:
    return math.dist(one, other) < 12


def large_and_tiny() -> ImageScan:
    """Return a scan of a grey picture: its left upper quarter is marked, and four pixels at the right."""
    quarter = rectangle(0, 0, 400, 300, of_width=800)
    dot = rectangle(700, 500, 2, 2, of_width=800)
    mask = masks.Mask([*quarter.starts, *dot.starts], [*quarter.lengths, *dot.lengths])
    grey = photo("grey.jpg", picture(size=(800, 600), colour=GREY))
    return measured(grey, mask=mask, size=(800, 600), width=800, height=600, ai_ratio=0.25)


def fill(page: Any, value: int) -> None:
    """Fill what is marked, at an opacity in per cent."""
    page.locator("[data-act=fill][aria-pressed=false]").click()
    page.locator(".copyleaks-opacity input").fill(str(value))


def test_scan_page__paints_the_overlay_where_the_mask_is(page: Any, complaints: list[str]) -> None:
    scan = large_and_tiny()
    answer = page.goto(f"{LIST}{scan.pk}/change/")
    assert answer.headers["content-security-policy"] == STRICT_POLICY
    fill(page, 100)
    shown = painted(page)
    inside = [at(shown, x / 100, y / 100) for x in range(5, 45, 3) for y in range(5, 45, 3)]
    assert all(any(math.dist(pixel, colour) < 200 for colour in HATCH) for pixel in inside)
    for colour in HATCH:
        assert sum(is_near(pixel, colour) for pixel in inside) > len(inside) / 5
    assert is_near(at(shown, 0.75, 0.25), GREY)
    assert is_near(at(shown, 0.25, 0.75), GREY)
    # Outside the mask, a white line and then a black one.
    edge = [shown.getpixel((x, shown.height // 4)) for x in range(shown.width // 2 - 2, shown.width // 2 + 8)]
    assert any(is_near(pixel, (255, 255, 255)) for pixel in edge)
    assert any(is_near(pixel, (0, 0, 0)) for pixel in edge)
    assert complaints == []


def test_scan_page__puts_a_box_around_a_tiny_region(page: Any) -> None:
    scan = large_and_tiny()
    page.goto(f"{LIST}{scan.pk}/change/")
    until(lambda: page.locator(".copyleaks-boxes rect").count())
    boxes = page.evaluate(
        "[...document.querySelectorAll('.copyleaks-dashes')].map(it => it.getBoundingClientRect().toJSON())"
    )
    frame = page.evaluate("document.querySelector('.copyleaks-frame').getBoundingClientRect().toJSON()")
    (box,) = boxes
    assert box["x"] + box["width"] / 2 - frame["x"] == pytest.approx(frame["width"] * 701 / 800, abs=1)
    assert box["y"] + box["height"] / 2 - frame["y"] == pytest.approx(frame["height"] * 501 / 600, abs=1)


def test_scan_page__switches_views_by_keyboard(page: Any, complaints: list[str]) -> None:
    scan = large_and_tiny()
    page.goto(f"{LIST}{scan.pk}/change/")
    until(lambda: page.locator("[data-act=outline][aria-pressed=true]").count())
    page.locator("[data-act=original]").press("Enter")
    assert is_near(at(painted(page), 0.25, 0.25), GREY)
    page.locator("[data-act=mask]").press("Space")
    shown = painted(page)
    assert is_near(at(shown, 0.75, 0.25), (0, 0, 0))
    assert not is_near(at(shown, 0.25, 0.25), (0, 0, 0))
    assert complaints == []


def test_scan_page__remembers_the_opacity(page: Any) -> None:
    scan = large_and_tiny()
    page.goto(f"{LIST}{scan.pk}/change/")
    fill(page, 80)
    page.reload()
    until(lambda: page.locator(".copyleaks-opacity output").inner_text() == "80 %")
    assert page.locator(".copyleaks-opacity input").input_value() == "80"


def test_scan_page__says_why_a_broken_picture_is_not_shown(page: Any) -> None:
    scan = large_and_tiny()
    path = Path(scan.target.image.path)
    broken = path.read_bytes()[:3] + b"and no header"  # Browsers forgive more, and so do we.
    path.write_bytes(broken)
    ImageScan.objects.update(sha256="")
    page.goto(f"{LIST}{scan.pk}/change/")
    until(lambda: "broken" in page.locator(".copyleaks-problem").inner_text())
    assert page.locator(".copyleaks-photo").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages__fit_the_screen_and_violate_no_policy(page: Any, complaints: list[str], scheme: str, width: int) -> None:
    scan = large_and_tiny()
    lost = failed(photo("lost.jpg"))
    failed(photo("closed.jpg"), "no_public_url")  # The longest words of all reasons.
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    addresses = [
        LIST,
        f"{LIST}{scan.pk}/change/",
        f"{LIST}{lost.pk}/change/",
        PICTURES,
        f"{PICTURES}{scan.image.pk}/change/",
        f"{PICTURES}{lost.image.pk}/change/",
        "/admin/copyleaks_image/webhookreceipt/",
        "/admin/copyleaks_image/accountstate/",
        "/admin/gallery/photo/",
        f"/admin/gallery/photo/{scan.object_id}/change/",
    ]
    for address in addresses:
        page.goto(address, wait_until="networkidle")
        assert not scrolls_sideways(page), f"{address} scrolls sideways"
    assert complaints == []
