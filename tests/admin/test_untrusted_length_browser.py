"""What strangers write is shown in as much room as there is, and a picture's page is printed as evidence."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from PIL import Image

from django_copyleaks_image import masks, regions
from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.reviewing.decide import decide
from django_copyleaks_image.standings import Kind
from tests.admin.browsing import IN_A_BROWSER, box, scrolls_sideways, until
from tests.admin.desk_in_browser import FRONT, opened
from tests.admin.scans_to_show import measured, rectangle
from tests.gallery.models import Photo
from tests.samples import photo, picture

pytestmark = IN_A_BROWSER

SIZE = (800, 600)
GREY = (110, 110, 110)
# One of a quarter of the picture, and one that only a box around it shows.
LARGE, TINY = (200, 150, 400, 300), (780, 580, 4, 4)
PROMPT = "a portrait of a fisherman, " * 70


@pytest.fixture(autouse=True)
def _no_complaints(complaints: list[str]) -> Iterator[None]:
    yield
    assert complaints == []


def marked(title: str = "harbour.jpg", **changes: Any) -> WatchedImage:
    parts = [rectangle(*part, of_width=SIZE[0]) for part in (LARGE, TINY)]
    mask = masks.Mask([start for part in parts for start in part.starts], [n for part in parts for n in part.lengths])
    held = photo("harbour.png", picture("PNG", size=SIZE, colour=GREY))
    Photo.objects.filter(pk=held.pk).update(title=title)
    facts: dict[str, Any] = {
        "width": SIZE[0],
        "height": SIZE[1],
        "orientation": 1,
        "regions": regions.find(mask, *SIZE),
    }
    return measured(held, mask=mask, size=SIZE, **(facts | changes)).image


def page_of(image: WatchedImage) -> str:
    return reverse("admin:copyleaks_image_watchedimage_change", args=[image.pk])


@pytest.mark.parametrize("width", [390, 1280])
def test_title_of_two_hundred_letters__breaks_and_leaves_the_picture_on_the_screen(
    page: Any, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    image = marked("W" * 100)
    monkeypatch.setattr(Photo, "__str__", lambda self: self.title * 30)
    page.set_viewport_size({"width": width, "height": 900})
    opened(page)
    assert not scrolls_sideways(page)
    assert box(page, f"{FRONT} .copyleaks-item-title")["height"] < 60
    assert box(page, f"{FRONT} .copyleaks-pane")["bottom"] <= box(page, ".copyleaks-bar")["top"]
    for address in (page_of(image), reverse("admin:copyleaks_image_watchedimage_changelist")):
        page.goto(address)
        assert not scrolls_sideways(page)
        assert "W" * 199 + "…" in page.content()
        assert "W" * 200 not in page.content()


@pytest.mark.parametrize("title", ["   ", "\u200b", "\u3164 "])
def test_title_of_which_nothing_can_be_seen__is_given_a_name_to_click(
    page: Any, monkeypatch: pytest.MonkeyPatch, title: str
) -> None:
    image = marked(title)
    monkeypatch.setattr(Photo, "__str__", lambda self: self.title)
    opened(page)
    assert page.locator(f"{FRONT} .copyleaks-item-title").inner_text() == f"Photo {image.object_id}"
    page.get_by_role("link", name=f"Photo {image.object_id}").click()
    until(lambda: page.url.endswith(f"/photo/{image.object_id}/change/"))


def test_long_provenance__shows_its_start_and_the_rest_on_demand(page: Any) -> None:
    image = marked(metadata={"contentSummary": PROMPT, **{f"key{number}": "value" for number in range(20)}})
    decide(image.pk, user=User.objects.get(), kind=Kind.SKIPPED, version=image.version)
    opened(page)
    aside = page.locator(f"{FRONT} .copyleaks-aside")
    headings = aside.locator("h3").all_inner_texts()
    assert headings.index("History") < headings.index("Provenance")
    value = aside.locator("dd", has=page.locator(".copyleaks-more"))
    assert len(value.inner_text()) < 200
    assert not aside.get_by_text("key19").is_visible()
    value.get_by_text("more").click()
    assert value.inner_text().startswith("less")
    assert value.inner_text().count("fisherman") == 70
    value.get_by_text("less").click()
    assert len(value.inner_text()) < 200
    aside.get_by_text("more").last.click()
    assert aside.get_by_text("key19").is_visible()


# On paper


@pytest.mark.parametrize("before", ["", "0", "1", "3", "4", "5"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_paper__shows_picture_outline_legend_and_facts_whatever_is_on_the_screen(
    page: Any, before: str, theme: str
) -> None:
    image = marked(metadata={"contentSummary": PROMPT})
    page.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    page.goto(page_of(image))
    until(lambda: page.evaluate("document.querySelector('.copyleaks-photo').complete"))
    if before:
        page.keyboard.press(before)
    page.emulate_media(media="print", color_scheme=theme)
    pane, frame = box(page, ".copyleaks-pane"), box(page, ".copyleaks-frame")
    assert frame == pytest.approx(pane, abs=1)
    assert pane["width"] / pane["height"] == pytest.approx(SIZE[0] / SIZE[1], abs=0.01)
    seen = Image.open(BytesIO(page.locator(".copyleaks-pane").first.screenshot())).convert("RGB")
    x, y, width, height = (side * seen.width / SIZE[0] for side in LARGE)
    edge = seen.crop((int(x) - 6, int(y + height / 2), int(x) + 1, int(y + height / 2) + 1))
    assert _spread(edge) > 120
    assert _spread(seen.crop((int(x) + 9, int(y) + 9, int(x + width) - 9, int(y + height) - 9))) < 6
    x, y = (at * seen.width / SIZE[0] for at in TINY[:2])
    assert _spread(seen.crop((int(x) - 30, int(y) - 30, seen.width, seen.height))) > 120
    for part in (".copyleaks-legend", ".copyleaks-finding", ".copyleaks-facts >> nth=0"):
        assert page.locator(part).is_visible(), part
    for part in ("#header", ".copyleaks-views", ".copyleaks-zoom", ".copyleaks-decide-form", ".copyleaks-opacity"):
        assert not page.locator(f"{part}:visible").count(), part
    assert page.locator(".copyleaks-aside").inner_text().count("fisherman") == 70
    colour = "getComputedStyle(document.querySelector('.copyleaks-facts dd')).color"
    assert re.findall(r"[\d.]+", page.evaluate(colour))[:3] == ["0", "0", "0"]  # rgb(0, 0, 0) or color(srgb 0 0 0)


def test_desk__is_printed_as_the_picture_that_is_shown(page: Any) -> None:
    marked()
    opened(page)
    page.emulate_media(media="print")
    assert page.locator(f"{FRONT} .copyleaks-pane").first.is_visible()
    assert page.locator(f"{FRONT} .copyleaks-legend").is_visible()
    assert page.locator(f"{FRONT} .copyleaks-facts").first.is_visible()
    for part in (".copyleaks-bar", ".copyleaks-desk-head", "#header"):
        assert not page.locator(part).is_visible(), part
    assert page.pdf().startswith(b"%PDF")


def _spread(image: Image.Image) -> int:
    low, high = image.convert("L").getextrema()
    return int(high) - int(low)  # type: ignore[arg-type]
