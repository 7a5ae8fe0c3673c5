"""The review desk on wide and narrow screens: what is seen at once, within reach and in which order."""

from typing import Any

import pytest
from django.urls import reverse

from django_copyleaks_image import masks, regions
from django_copyleaks_image.models import WatchedImage
from tests.admin.browsing import IN_A_BROWSER, box, scrolls_sideways, until
from tests.admin.desk_in_browser import FRONT, decide, front, hold_back, opened, rest
from tests.admin.scans_to_show import measured, pictured, rectangle
from tests.samples import photo, picture

pytestmark = IN_A_BROWSER

LANGUAGES = ["en", "de", "es", "ar"]
SIZE = (800, 600)
CHOICES = ".copyleaks-choices > summary"
PREFERENCES = ".copyleaks-preferences > summary"


@pytest.fixture(autouse=True)
def _no_complaints(complaints: list[str]) -> Any:
    yield
    assert complaints == []


@pytest.fixture
def image() -> WatchedImage:
    """A picture of 4:3 with all that can be shown of one: regions, an overlay and the provider's heatmap."""
    parts = [rectangle(40, 30, 400, 300, of_width=SIZE[0]), rectangle(700, 500, 60, 60, of_width=SIZE[0])]
    mask = masks.Mask([start for part in parts for start in part.starts], [n for part in parts for n in part.lengths])
    facts: dict[str, Any] = {"width": SIZE[0], "height": SIZE[1], "orientation": 1}
    facts |= {"regions": regions.find(mask, *SIZE), "heatmap": picture("PNG", (80, 60), colour=(255, 0, 0))}
    return measured(photo("harbour.jpg", picture(size=SIZE)), mask=mask, size=SIZE, **facts).image


def show(page: Any, settings: Any, *, language: str = "en", width: int = 390, height: int = 844) -> Any:
    settings.LANGUAGE_CODE = language
    page.set_viewport_size({"width": width, "height": height})
    return opened(page)


def choose(page: Any, preference: str) -> None:
    page.locator(CHOICES if page.locator(CHOICES).is_visible() else PREFERENCES).click()
    page.locator(f"[data-preference={preference}]").check()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [320, 390, 640, 800, 1280])
def test_desk__fits_the_screen(page: Any, image: WatchedImage, settings: Any, language: str, width: int) -> None:
    show(page, settings, language=language, width=width)
    assert page.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert not scrolls_sideways(page)
    page.locator(CHOICES if width < 768 else PREFERENCES).click()
    assert not scrolls_sideways(page)
    decisions = [f"[data-decide={kind}]" for kind in ("confirmed", "cleared", "escalated", "skipped")]
    for part in (*decisions, "[data-undo]", "[data-note]", "[data-preference=blur]"):
        place = box(page, part)
        assert place["left"] >= 0, part
        assert place["right"] <= width, part
        assert place["bottom"] <= 844, part


@pytest.mark.parametrize("language", LANGUAGES)
def test_narrow_screen__shows_the_whole_picture_between_the_finding_and_the_bar(
    page: Any, image: WatchedImage, settings: Any, language: str
) -> None:
    show(page, settings, language=language)
    pane = box(page, f"{FRONT} .copyleaks-pane")
    assert pane["width"] == 360
    assert pane["height"] == pytest.approx(270, abs=1)
    assert pane["top"] > box(page, f"{FRONT} .copyleaks-finding")["bottom"]
    assert pane["bottom"] <= box(page, ".copyleaks-bar")["top"]


def test_narrow_screen__shows_the_whole_of_an_upright_picture(page: Any, settings: Any) -> None:
    measured(photo("tower.jpg", picture(size=(600, 800))), size=(600, 800), width=600, height=800)
    show(page, settings)
    pane = box(page, f"{FRONT} .copyleaks-pane")
    assert pane["bottom"] <= box(page, ".copyleaks-bar")["top"]
    assert pane["height"] > 300


def test_narrow_screen__has_queues_and_number_in_one_line_and_all_choices_in_one_box(
    page: Any, image: WatchedImage, settings: Any
) -> None:
    show(page, settings)
    queues, waiting = box(page, ".copyleaks-queues"), box(page, ".copyleaks-waiting")
    assert queues["top"] < waiting["top"] < waiting["bottom"] < queues["bottom"]
    order = page.locator("[name=order]")
    assert not order.is_visible()
    page.locator(CHOICES).click()
    assert order.is_visible()
    assert page.locator("[data-preference=shortcuts]").is_visible()
    page.set_viewport_size({"width": 1280, "height": 844})
    until(lambda: not page.locator("[data-preference=shortcuts]").is_visible())
    assert order.is_visible()
    assert not page.locator(CHOICES).is_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_focus__goes_through_the_controls_as_they_are_seen(
    page: Any, image: WatchedImage, settings: Any, width: int
) -> None:
    show(page, settings, width=width)
    page.locator(f"{FRONT} [data-act=zoom-in]").click()
    page.locator(f"{FRONT} .copyleaks-views button").first.focus()
    tops, names = [], []
    for _ in range(13):
        names.append(page.evaluate("document.activeElement.dataset.act ?? document.activeElement.className"))
        tops.append(page.evaluate("document.activeElement.getBoundingClientRect().top + scrollY"))
        page.keyboard.press("Tab")
    views = ["original", "outline", "mask", "side-by-side", "swipe", "heatmap"]
    zoom = ["zoom-out", "zoom-in", "fit", "fit-width", "actual-size", "next-region"]
    pane = ["copyleaks-pane copyleaks-sized copyleaks-movable"]
    assert names[:13] == (views + pane + zoom if width == 390 else views + zoom + pane)
    assert tops == sorted(tops)


def test_turned_screen__keeps_the_focus_on_the_zoom(page: Any, image: WatchedImage, settings: Any) -> None:
    show(page, settings, width=1280)
    button = page.locator(f"{FRONT} [data-act=zoom-in]")
    button.focus()
    page.set_viewport_size({"width": 390, "height": 844})
    until(lambda: page.locator(f"{FRONT} .copyleaks-controls [data-act=zoom-in]").count())
    assert button.evaluate("it => it === document.activeElement")


def test_wide_screen__has_views_and_zoom_in_one_line(page: Any, image: WatchedImage, settings: Any) -> None:
    show(page, settings, width=1280)
    tops = page.locator(f"{FRONT} .copyleaks-stage-tools button").evaluate_all(
        "all => all.map(it => it.getBoundingClientRect().top)"
    )
    assert len(tops) == 12
    assert len(set(tops)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_targets_on_a_narrow_screen__are_large_enough(
    page: Any, image: WatchedImage, settings: Any, language: str
) -> None:
    show(page, settings, language=language)
    page.locator(CHOICES).click()
    small = page.locator(
        f":is(.copyleaks-desk-head, {FRONT} .copyleaks-stage, .copyleaks-bar) :is(button, a, select, label, summary)"
    ).evaluate_all(
        "all => all.filter(it => it.checkVisibility()).map(it => [it.textContent.trim(), it.getBoundingClientRect()])"
        ".filter(([, { width, height }]) => Math.min(width, height) < 43.9).map(([text]) => text)"
    )
    assert small == []


# Blurred pictures


def blur(page: Any, selector: str) -> str:
    return str(page.locator(selector).first.evaluate("it => getComputedStyle(it).filter"))


def test_blur__lasts_until_the_picture_is_hovered(page: Any, image: WatchedImage) -> None:
    shown = f"{FRONT} .copyleaks-photo"
    opened(page)
    assert blur(page, shown) == "none"
    choose(page, "blur")
    assert "blur" in blur(page, shown)
    opened(page)
    page.mouse.move(5, 5)
    assert "blur" in blur(page, shown)
    page.locator(f"{FRONT} .copyleaks-pane").hover()
    assert blur(page, shown) == "none"
    page.mouse.move(5, 5)
    page.locator(f"{FRONT} .copyleaks-views button").first.focus()
    assert blur(page, shown) == "none"


def test_blur__is_kept_on_the_page_of_a_scan_and_in_the_list(page: Any, image: WatchedImage) -> None:
    opened(page)
    choose(page, "blur")
    page.goto(reverse("admin:copyleaks_image_watchedimage_change", args=[image.pk]))
    page.mouse.move(5, 5)
    assert "blur" in blur(page, ".copyleaks-photo")
    page.locator(".copyleaks-pane").hover()
    assert blur(page, ".copyleaks-photo") == "none"
    page.goto(reverse("admin:copyleaks_image_watchedimage_changelist"))
    page.mouse.move(5, 5)
    assert "blur" in blur(page, ".copyleaks-thumbnail")
    page.locator("#result_list .action-select").first.focus()
    assert blur(page, ".copyleaks-thumbnail") == "none"


# What is on the way


def test_picture_that_never_comes__says_so_and_can_only_be_skipped(page: Any) -> None:
    first, second = pictured("first.jpg"), pictured("second.jpg")
    page.route(f"**/rendition/{first.pk}/**", lambda route: None)
    page.goto(reverse("admin:copyleaks_image_watchedimage_review"))
    until(lambda: front(page) == first.pk)
    warning = page.locator(".copyleaks-unseen p")
    for _ in range(3):
        page.keyboard.press("a")
    assert front(page) == first.pk
    until(warning.is_visible)
    assert warning.inner_text() == "Wait until the picture is there."
    decide(page, "s")
    assert front(page) == second.pk
    until(lambda: not warning.is_visible())
    page.unroute(f"**/rendition/{first.pk}/**")


def test_picture_that_comes_late__takes_the_request_to_wait_away(page: Any) -> None:
    image = pictured("first.jpg")
    late = hold_back(page, f"**/rendition/{image.pk}/**")
    page.goto(reverse("admin:copyleaks_image_watchedimage_review"))
    until(lambda: front(page) == image.pk and late)
    page.keyboard.press("a")
    until(lambda: page.locator(".copyleaks-unseen").is_visible())
    late[0].continue_()
    until(lambda: not page.locator(".copyleaks-unseen").is_visible())
    rest(page)
    decide(page, "a")


# Room


@pytest.mark.parametrize("language", ["de", "ar"])
@pytest.mark.parametrize(("width", "height"), [(390, 844), (800, 700), (1024, 768), (1280, 720), (1920, 1080)])
def test_controls_of_the_picture__are_never_under_the_bar(
    page: Any, settings: Any, language: str, width: int, height: int
) -> None:
    measured(
        photo("tower.jpg", picture(size=(600, 1200))), mask=rectangle(9, 9, 90, 90, of_width=600), size=(600, 1200)
    )
    show(page, settings, language=language, width=width, height=height)
    row = f"{FRONT} .copyleaks-{'controls' if width > 767 else 'zoom'}"
    pane, controls, bar = (box(page, part) for part in (f"{FRONT} .copyleaks-pane", row, ".copyleaks-bar"))
    assert bar["bottom"] == pytest.approx(height, abs=1)
    assert pane["bottom"] <= controls["top"] < controls["bottom"] <= bar["top"]
    assert pane["height"] >= 200
    page.set_viewport_size({"width": width, "height": height - 60})
    until(lambda: box(page, row)["bottom"] <= box(page, ".copyleaks-bar")["top"])
