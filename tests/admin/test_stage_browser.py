"""The stage in a real browser: its views, its zoom, its regions and its keys."""

from io import BytesIO
from time import sleep
from typing import Any, cast

import pytest
from PIL import Image

from django_copyleaks_image import masks, regions
from django_copyleaks_image.models import ImageScan
from tests.admin.browsing import IN_A_BROWSER, box, scrolls_sideways, until
from tests.admin.desk_in_browser import hold_back
from tests.admin.scans_to_show import measured, rectangle
from tests.samples import photo, picture

LIST = "/admin/copyleaks_image/imagescan/"
GREY = (100, 110, 120)
SIZE = (2000, 1500)
# Of three million pixels: a large region, and one of 0.03 % far away from it.
LARGE, TINY = (200, 150, 600, 450), (1800, 1300, 30, 30)

pytestmark = IN_A_BROWSER


@pytest.fixture
def scan() -> ImageScan:
    return marked("grey.jpg")


@pytest.fixture
def stage(page: Any, scan: ImageScan) -> Any:
    """The page of the scan, once its stage is ready."""
    return visit(page, scan)


def marked(name: str, **changes: Any) -> ImageScan:
    """Return a scan of a grey picture in which two rectangles are marked."""
    parts = [rectangle(*box, of_width=SIZE[0]) for box in (LARGE, TINY)]
    mask = masks.Mask([start for part in parts for start in part.starts], [n for part in parts for n in part.lengths])
    content = picture(size=SIZE, colour=GREY)
    found = regions.find(mask, *SIZE)
    facts = {"width": SIZE[0], "height": SIZE[1], "orientation": 1, "regions": found}
    return measured(photo(name, content), mask=mask, size=SIZE, **facts, **changes)  # type: ignore[arg-type]


def visit(page: Any, scan: ImageScan) -> Any:
    page.goto(f"{LIST}{scan.pk}/change/")
    controller = "copyleaksImage.setUpStage(document.querySelector('[data-copyleaks-stage]'))"
    page.evaluate(f"{controller}.ready.then(() => new Promise(requestAnimationFrame))")
    return page


def is_filled(page: Any) -> bool:
    return bool(page.locator(".copyleaks-fill").first.is_visible())


def view_of(page: Any) -> str:
    view: str = page.evaluate("document.querySelector('.copyleaks-stage').dataset.view")
    return view


def scale(page: Any) -> float:
    """Return the CSS pixels for a pixel of the picture."""
    return box(page, ".copyleaks-frame")["width"] / SIZE[0]


def status(page: Any) -> str:
    text: str = page.locator(".copyleaks-status").inner_text()
    return text


def seen(page: Any) -> Image.Image:
    """Return the first pane as it is painted."""
    return Image.open(BytesIO(page.locator(".copyleaks-pane").first.screenshot())).convert("RGB")


def is_about(colour: Any, expected: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 6 for one, other in zip(colour, expected, strict=True))


def is_marked(image: Image.Image, x: float, y: float) -> bool:
    """Return whether anything but the grey of the picture is near a place, given in shares of the pane."""
    left, top = int(x * image.width), int(y * image.height)
    around = image.crop((left - 8, top - 8, left + 9, top + 9))
    extrema = cast("tuple[tuple[int, int], ...]", around.getextrema())
    return any(abs(value - grey) > 12 for pair, grey in zip(extrema, GREY, strict=True) for value in pair)


def test_first_view__is_the_whole_picture_with_the_outline_and_no_fill(stage: Any) -> None:
    assert view_of(stage) == "outline"
    frame, pane = box(stage, ".copyleaks-frame"), box(stage, ".copyleaks-pane")
    assert frame["width"] <= pane["width"] + 1
    assert frame["height"] <= pane["height"] + 1
    assert not is_filled(stage)
    image = seen(stage)

    def at(x: float, y: float) -> bool:
        across = (frame["x"] - pane["x"] + x / SIZE[0] * frame["width"]) / pane["width"]
        return is_marked(image, across, (frame["y"] - pane["y"] + y / SIZE[1] * frame["height"]) / pane["height"])

    assert not at(LARGE[0] + LARGE[2] / 2, LARGE[1] + LARGE[3] / 2)
    assert at(LARGE[0], LARGE[1] + LARGE[3] / 2)


def test_fill__is_a_key_and_a_touch_away_faint_and_remembered(page: Any, scan: ImageScan) -> None:
    visit(page, scan)
    button, opacity = page.locator("[data-act=fill]"), page.locator(".copyleaks-opacity input")
    page.keyboard.press("f")
    assert is_filled(page)
    assert button.get_attribute("aria-pressed") == "true"
    assert float(page.evaluate("getComputedStyle(document.querySelector('.copyleaks-fill')).opacity")) <= 0.15
    for _ in range(3):
        page.keyboard.press(".")
    page.keyboard.press(",")
    assert opacity.input_value() == "25"
    visit(page, marked("other.jpg"))
    assert is_filled(page)
    assert opacity.input_value() == "25"
    button.click()
    assert not is_filled(page)
    visit(page, scan)
    assert not is_filled(page)
    # A key that changes what is not there shows it first.
    page.keyboard.press(",")
    assert is_filled(page)
    assert opacity.input_value() == "25"


def test_fill__of_a_plain_view_shows_the_outline_too(stage: Any) -> None:
    stage.keyboard.press("1")
    stage.keyboard.press("f")
    assert view_of(stage) == "outline"
    assert is_filled(stage)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_mask_of_the_whole_picture__is_framed_and_filled_for_once(page: Any, scan: ImageScan, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    visit(page, scan).keyboard.press("f")
    everything = measured(
        photo("all.jpg", picture(size=SIZE, colour=GREY)),
        mask=masks.Mask([0], [SIZE[0] * SIZE[1]]),
        size=SIZE,
        width=SIZE[0],
        height=SIZE[1],
        orientation=1,
        ai_ratio=1.0,
    )
    visit(page, everything)
    assert page.locator(".copyleaks-all-over-note").inner_text().startswith("The whole picture is marked")
    assert not is_filled(page)
    image = seen(page)
    frame, pane = box(page, ".copyleaks-frame"), box(page, ".copyleaks-pane")
    left = (frame["x"] - pane["x"]) / pane["width"]
    assert is_marked(image, left + 0.01, 0.5)
    assert not is_marked(image, 0.5, 0.5)
    page.keyboard.press("f")
    assert is_filled(page)
    visit(page, everything)
    assert not is_filled(page)
    visit(page, scan)
    assert is_filled(page)


def test_chosen_view__is_the_first_one_of_the_next_picture_unless_it_hides_the_picture(
    page: Any, scan: ImageScan
) -> None:
    visit(page, scan).keyboard.press("4")
    page.keyboard.press("3")
    visit(page, scan)
    assert view_of(page) == "side-by-side"
    plain = measured(photo("plain.jpg", picture(size=SIZE)), mask=None, size=SIZE)
    visit(page, plain)
    assert view_of(page) == "original"
    visit(page, scan)
    assert view_of(page) == "side-by-side"


def test_picture_that_is_loading__is_said_to_be(page: Any, scan: ImageScan) -> None:
    held_back = hold_back(page, "**/rendition/**")
    page.goto(f"{LIST}{scan.pk}/change/", wait_until="commit")
    wait = page.locator(".copyleaks-wait")
    until(lambda: wait.is_visible() and held_back)
    assert wait.inner_text() == "The picture is loading…"
    held_back[0].continue_()
    until(lambda: not wait.is_visible())


@pytest.mark.parametrize(
    ("key", "view"),
    [("1", "original"), ("2", "outline"), ("3", "mask"), ("4", "side-by-side"), ("5", "swipe")],
)
def test_key__chooses_a_view_as_its_button_does(stage: Any, complaints: list[str], key: str, view: str) -> None:
    stage.keyboard.press("2" if key == "1" else "1")
    stage.keyboard.press(key)
    assert view_of(stage) == view
    pressed = stage.locator(".copyleaks-views [aria-pressed=true]")
    assert pressed.get_attribute("data-act") == view
    assert pressed.get_attribute("aria-keyshortcuts") == key
    stage.locator("[data-act=original]").click()
    pressed.click()
    stage.locator(f"[data-act={view}]").press("Enter")
    assert view_of(stage) == view
    assert complaints == []


def test_heatmap__is_a_view_only_where_there_is_one(page: Any) -> None:
    visit(page, marked("a.jpg"))
    page.keyboard.press("6")
    assert view_of(page) == "outline"
    gradient = picture("PNG", (200, 150), colour=(255, 0, 0))
    visit(page, marked("b.jpg", heatmap=gradient))
    assert not page.locator(".copyleaks-heatmap").is_visible()
    page.keyboard.press("6")
    until(lambda: page.evaluate("document.querySelector('.copyleaks-heatmap').naturalWidth"))
    # Half of the grey of the photo and half of the red that is laid over it.
    assert until(lambda: is_about(seen(page).getpixel((100, 100)), (178, 55, 60)))
    assert not page.locator(".copyleaks-over").is_visible()


def test_heatmap__has_a_legend_and_an_opacity_of_its_own(page: Any, complaints: list[str]) -> None:
    scan = marked("b.jpg", heatmap=picture("PNG", (200, 150), colour=(255, 0, 0)))
    visit(page, scan)
    opacity = page.locator(".copyleaks-opacity input")
    legend, other = page.locator(".copyleaks-legend-of-heatmap"), page.locator(".copyleaks-legend-of-overlay")
    assert (opacity.input_value(), legend.is_visible(), other.is_visible()) == ("15", False, True)
    page.keyboard.press("6")
    assert (opacity.input_value(), legend.is_visible(), other.is_visible()) == ("50", True, False)
    assert "the stronger, the surer" in legend.inner_text()
    opacity.fill("100")
    assert until(lambda: is_about(seen(page).getpixel((100, 100)), (255, 0, 0)))
    opacity.fill("5")
    assert until(lambda: is_about(seen(page).getpixel((100, 100)), (108, 104, 114)))
    page.keyboard.press(".")
    assert opacity.input_value() == "10"
    page.keyboard.press("2")
    assert opacity.input_value() == "15"
    visit(page, scan)
    page.keyboard.press("6")
    assert opacity.input_value() == "10"
    assert complaints == []


@pytest.mark.parametrize(("width", "beside"), [(1280, True), (390, False)])
def test_side_by_side__shows_the_plain_picture_beside_or_below(stage: Any, width: int, beside: bool) -> None:
    stage.set_viewport_size({"width": width, "height": 844})
    stage.keyboard.press("4")
    one, other = stage.evaluate(
        "[...document.querySelectorAll('.copyleaks-pane')].map(it => it.getBoundingClientRect().toJSON())"
    )
    assert (one["width"], one["height"]) == (other["width"], other["height"])
    assert (one["top"] == other["top"]) is beside
    assert (one["left"] == other["left"]) is not beside
    assert stage.locator(".copyleaks-plain .copyleaks-photo").is_visible()
    assert stage.locator(".copyleaks-plain .copyleaks-photo").get_attribute("alt") == ""
    assert stage.locator(".copyleaks-plain .copyleaks-over").count() == 0
    stage.keyboard.press("2")
    assert not stage.locator(".copyleaks-plain").is_visible()


def test_side_by_side__moves_both_pictures_together(stage: Any) -> None:
    stage.keyboard.press("4")
    for key in ("+", "+", "ArrowLeft"):
        stage.keyboard.press(key)
    one, other = stage.evaluate(
        "[...document.querySelectorAll('.copyleaks-frame')].map(it => [it.style.left, it.style.top, it.style.width])"
    )
    assert one == other


@pytest.mark.parametrize("width", [390, 1280])
def test_divider__is_the_centre_of_its_thumb(stage: Any, width: int) -> None:
    stage.set_viewport_size({"width": width, "height": 844})
    stage.keyboard.press("5")
    frame = box(stage, ".copyleaks-frame")
    divider = stage.locator(".copyleaks-swipe")
    for share in (0, 0.25, 1):
        divider.fill(str(share * 100))
        x = frame["x"] + share * frame["width"]
        shown = box(stage, ".copyleaks-swipe")
        # Of an input that is wider by one thumb, the centre of the thumb is here.
        assert shown["x"] + 22 + share * (shown["width"] - 44) == pytest.approx(x, abs=0.5)
        clip = stage.evaluate(
            "getComputedStyle(document.querySelector('.copyleaks-frame')).getPropertyValue('--divider-in-frame')"
        )
        assert float(clip.removesuffix("px")) == pytest.approx(share * frame["width"], abs=0.5)
        assert not scrolls_sideways(stage)


def test_divider__parts_overlay_and_plain_picture(stage: Any) -> None:
    stage.keyboard.press("5")
    stage.keyboard.press("f")
    divider = stage.locator(".copyleaks-swipe")
    middle = (LARGE[0] + LARGE[2] / 2) / SIZE[0]
    divider.fill(str(middle * 100))
    frame, pane = box(stage, ".copyleaks-frame"), box(stage, ".copyleaks-pane")
    margin = (pane["width"] - frame["width"]) / 2
    image = seen(stage)

    def at(share: float) -> float:
        return (margin + share * frame["width"]) / pane["width"]

    assert is_marked(image, at(middle - 0.08), 0.25)
    assert not is_marked(image, at(middle + 0.08), 0.25)


def test_divider__is_moved_by_its_arrow_keys_which_leave_the_zoomed_picture_where_it_is(stage: Any) -> None:
    stage.keyboard.press("5")
    stage.keyboard.press("+")
    stage.locator(".copyleaks-swipe").focus()
    before = box(stage, ".copyleaks-frame")
    stage.keyboard.press("ArrowRight")
    assert float(stage.locator(".copyleaks-swipe").input_value()) > 50
    assert stage.locator(".copyleaks-swipe").get_attribute("aria-valuetext") == "51 %"
    assert box(stage, ".copyleaks-frame") == before
    # Other keys mean what they always mean.
    stage.keyboard.press("2")
    assert view_of(stage) == "outline"


def test_zoom__keeps_picture_overlay_and_boxes_together(stage: Any) -> None:
    stage.keyboard.press("f")
    for _ in range(6):
        stage.keyboard.press("+")
    frame = box(stage, ".copyleaks-frame")
    for part in (".copyleaks-photo", ".copyleaks-edge", ".copyleaks-fill", ".copyleaks-boxes"):
        for side, value in box(stage, part).items():
            assert value == pytest.approx(frame[side], abs=0.01), part
    assert frame["width"] > 8 * box(stage, ".copyleaks-pane")["width"] * 0.8
    assert frame["height"] / frame["width"] == pytest.approx(SIZE[1] / SIZE[0], rel=1e-4)


def test_zoom__by_key_button_and_wheel(stage: Any) -> None:
    fit = scale(stage)
    stage.keyboard.press("+")
    assert scale(stage) == pytest.approx(fit * 1.5)
    stage.locator("[data-act=zoom-in]").click()
    assert scale(stage) == pytest.approx(fit * 2.25)
    stage.keyboard.press("-")
    stage.locator("[data-act=zoom-out]").click()
    stage.keyboard.press("-")
    assert scale(stage) == pytest.approx(fit)
    pane = box(stage, ".copyleaks-pane")
    place = (pane["x"] + pane["width"] * 0.6, pane["y"] + pane["height"] * 0.4)
    stage.mouse.move(*place)
    stage.evaluate("scrollTo(0, 0)")
    before = box(stage, ".copyleaks-frame")
    stage.mouse.wheel(0, -300)
    until(lambda: scale(stage) > fit * 1.2)
    after = box(stage, ".copyleaks-frame")
    # What is under the pointer stays there.
    for at, side, start in ((place[0], "width", "x"), (place[1], "height", "y")):
        assert (at - after[start]) / after[side] == pytest.approx((at - before[start]) / before[side], abs=0.002)


def test_wheel__scrolls_the_page_where_there_is_nothing_to_zoom_out_of(stage: Any) -> None:
    before = scale(stage)
    stage.set_viewport_size({"width": 1280, "height": 500})
    assert until(lambda: scale(stage) < before)
    stage.evaluate("scrollTo(0, 0)")
    fit, pane = scale(stage), box(stage, ".copyleaks-pane")
    stage.mouse.move(pane["x"] + 200, pane["y"] + 100)
    stage.mouse.wheel(0, 400)
    assert until(lambda: stage.evaluate("scrollY > 100"))
    assert scale(stage) == pytest.approx(fit)
    # The picture's upper edge is out of sight: whoever turns the wheel wants the page.
    assert box(stage, ".copyleaks-pane")["y"] < 0
    stage.mouse.move(pane["x"] + 200, 100)
    stage.mouse.wheel(0, -100)
    sleep(0.3)
    assert scale(stage) == pytest.approx(fit)
    stage.keyboard.down("Control")
    stage.mouse.wheel(0, -100)
    stage.keyboard.up("Control")
    assert until(lambda: scale(stage) > fit * 1.2)


def test_sizes__are_chosen_by_key_and_button_and_kept(page: Any, complaints: list[str]) -> None:
    content = picture(size=(600, 1800), colour=GREY)
    scan = measured(photo("tall.jpg", content), size=(600, 1800), mask=None, width=600, height=1800)
    visit(page, scan)
    pane, whole = box(page, ".copyleaks-pane"), box(page, ".copyleaks-frame")
    assert whole["height"] == pytest.approx(pane["height"], abs=1)

    def is_pressed(size: str) -> bool:
        return bool(page.locator(f"[data-act={size}]").get_attribute("aria-pressed") == "true")

    assert is_pressed("fit")
    page.keyboard.press("w")
    wide = box(page, ".copyleaks-frame")
    assert (wide["width"], wide["y"]) == pytest.approx((pane["width"], pane["y"]), abs=1)
    assert is_pressed("fit-width")
    visit(page, scan)
    assert box(page, ".copyleaks-frame")["width"] == pytest.approx(wide["width"], abs=1)
    page.keyboard.press("+")
    assert not is_pressed("fit-width")
    page.keyboard.press("z")
    assert box(page, ".copyleaks-frame")["height"] == pytest.approx(whole["height"], abs=1)
    page.locator("[data-act=fit-width]").click()
    assert is_pressed("fit-width")
    page.locator("[data-act=fit]").click()
    visit(page, scan)
    assert is_pressed("fit")
    assert complaints == []


def test_original_pixels__are_those_of_the_region_that_is_looked_at(stage: Any) -> None:
    pane = box(stage, ".copyleaks-pane")

    def middle() -> tuple[float, float]:
        frame = box(stage, ".copyleaks-frame")
        x, y = pane["x"] + pane["width"] / 2 - frame["x"], pane["y"] + pane["height"] / 2 - frame["y"]
        return x, y

    # As long as the whole picture is seen, of the largest; here the edges of the picture come first.
    stage.keyboard.press("0")
    assert scale(stage) == pytest.approx(1)
    assert middle() == pytest.approx((LARGE[0] + LARGE[2] / 2, LARGE[1] + LARGE[3] / 2), abs=1)
    stage.keyboard.press("0")
    stage.keyboard.press("r")
    stage.keyboard.press("r")
    stage.keyboard.press("0")
    assert scale(stage) == pytest.approx(1)
    frame = box(stage, ".copyleaks-frame")
    centre = frame["x"] + TINY[0] + TINY[2] / 2, frame["y"] + TINY[1] + TINY[3] / 2
    assert pane["x"] < centre[0] < pane["x"] + pane["width"]
    assert pane["y"] < centre[1] < pane["y"] + pane["height"]


def test_double_click__shows_the_original_pixels_of_a_place_and_goes_back(stage: Any) -> None:
    stage.evaluate("scrollTo(0, 0)")
    whole, pane = box(stage, ".copyleaks-frame"), box(stage, ".copyleaks-pane")
    place = (pane["x"] + pane["width"] * 0.7, pane["y"] + pane["height"] * 0.6)
    at = ((place[0] - whole["x"]) / whole["width"], (place[1] - whole["y"]) / whole["height"])
    stage.mouse.dblclick(*place)
    assert scale(stage) == pytest.approx(1)
    frame = box(stage, ".copyleaks-frame")
    assert ((place[0] - frame["x"]) / SIZE[0], (place[1] - frame["y"]) / SIZE[1]) == pytest.approx(at, abs=0.002)
    assert until(lambda: stage.locator(".copyleaks-original").count())
    stage.mouse.dblclick(*place)
    assert box(stage, ".copyleaks-frame") == whole


def test_zoomed_picture__is_moved_by_keys_and_pointer_up_to_its_edges(stage: Any) -> None:
    stage.evaluate("scrollTo(0, 0)")
    scrolled = stage.evaluate("scrollY")
    for _ in range(4):
        stage.keyboard.press("+")
    pane, before = box(stage, ".copyleaks-pane"), box(stage, ".copyleaks-frame")
    stage.keyboard.press("ArrowRight")
    stage.keyboard.press("ArrowDown")
    moved = box(stage, ".copyleaks-frame")
    assert before["x"] - moved["x"] == pytest.approx(0.15 * pane["width"], abs=1)
    assert before["y"] - moved["y"] == pytest.approx(0.15 * pane["height"], abs=1)
    stage.mouse.move(pane["x"] + 200, pane["y"] + 200)
    stage.mouse.down()
    stage.mouse.move(pane["x"] + 260, pane["y"] + 230, steps=3)
    stage.mouse.up()
    stage.mouse.move(pane["x"] + 400, pane["y"] + 400)
    dragged = box(stage, ".copyleaks-frame")
    assert (dragged["x"] - moved["x"], dragged["y"] - moved["y"]) == pytest.approx((60, 30), abs=1)
    for _ in range(60):
        stage.keyboard.press("ArrowLeft")
    assert box(stage, ".copyleaks-frame")["x"] == pytest.approx(pane["x"], abs=1)
    assert stage.evaluate("scrollY") == scrolled


def test_two_fingers__zoom_the_picture(stage: Any) -> None:
    fit = scale(stage)
    stage.evaluate(
        """() => {
            const pane = document.querySelector(".copyleaks-pane");
            const { left, top, width, height } = pane.getBoundingClientRect();
            pane.setPointerCapture = () => {};
            const send = (type, pointerId, x, y) =>
                pane.dispatchEvent(new PointerEvent(type, {
                    bubbles: true, pointerType: "touch", pointerId, buttons: 1,
                    clientX: left + x * width, clientY: top + y * height,
                }));
            send("pointerdown", 11, 0.45, 0.5);
            send("pointerdown", 12, 0.55, 0.5);
            send("pointermove", 12, 0.65, 0.5);
            send("pointerup", 11, 0.45, 0.5);
            send("pointerup", 12, 0.65, 0.5);
        }"""
    )
    assert scale(stage) == pytest.approx(fit * 2, rel=0.01)


def test_picture_that_fits__leaves_the_arrow_keys_to_the_page(stage: Any) -> None:
    before = box(stage, ".copyleaks-frame")
    stage.keyboard.press("ArrowLeft")
    assert box(stage, ".copyleaks-frame") == before
    assert stage.locator(".copyleaks-pane").get_attribute("tabindex") is None


def test_enlarged_picture__can_be_focused_and_moved_without_single_keys(stage: Any) -> None:
    stage.evaluate("localStorage.setItem('copyleaks-image.shortcuts', 'off')")
    stage.reload()
    stage.locator("[data-act=zoom-in]").click()
    stage.locator("[data-act=zoom-in]").click()
    pane = stage.locator(".copyleaks-pane")
    assert pane.get_attribute("aria-label") == "Enlarged picture, moved with the arrow keys"
    pane.focus()
    before = box(stage, ".copyleaks-frame")
    stage.keyboard.press("ArrowRight")
    assert box(stage, ".copyleaks-frame")["x"] < before["x"]


def test_original__is_loaded_for_its_pixels_and_for_nothing_else(page: Any, complaints: list[str]) -> None:
    scan = marked("grey.jpg")
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    visit(page, scan)
    for key in ("1", "3", "4", "5", "2", "+", "+", "r", "r"):
        page.keyboard.press(key)
    assert not [url for url in requested if "/original/" in url]
    page.keyboard.press("0")
    assert scale(page) == pytest.approx(1, abs=0.001)
    assert page.locator("[data-act=actual-size]").get_attribute("aria-pressed") == "true"
    until(lambda: status(page) == "Original pixels (1:1)")
    original = box(page, ".copyleaks-frame .copyleaks-original")
    assert (original["width"], original["height"]) == pytest.approx(SIZE, abs=0.01)
    assert page.evaluate("document.querySelector('.copyleaks-original').naturalWidth") == SIZE[0]
    page.keyboard.press("0")
    assert page.locator("[data-act=actual-size]").get_attribute("aria-pressed") == "false"
    assert scale(page) < 1
    page.keyboard.press("0")
    assert len([url for url in requested if "/original/" in url]) == 1
    assert complaints == []


def test_enlarged_overlay__has_the_pixels_of_the_picture(stage: Any) -> None:
    edge = "document.querySelector('.copyleaks-edge').naturalWidth"
    assert stage.evaluate(edge) == 1600
    for _ in range(3):
        stage.keyboard.press("+")
    assert until(lambda: stage.evaluate(edge) == SIZE[0])
    assert "full.png" in stage.evaluate("document.querySelector('.copyleaks-frame').style.getPropertyValue('--mask')")


def test_original_that_is_gone__is_said_to_be(stage: Any, scan: ImageScan) -> None:
    scan.target.image.storage.delete(scan.file_name)
    stage.keyboard.press("0")
    assert until(lambda: status(stage) == "The file is not in the storage.")
    assert stage.locator(".copyleaks-photo").count() == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_next_region__goes_from_the_largest_to_the_smallest_and_round(stage: Any, width: int) -> None:
    stage.set_viewport_size({"width": width, "height": 844})
    button = stage.locator("[data-act=next-region]")
    places = []
    for expected in ("Region 1 of 2", "Region 2 of 2", "Region 1 of 2"):
        button.click()
        assert status(stage) == expected
        places.append(box(stage, ".copyleaks-frame"))
    pane, large = box(stage, ".copyleaks-pane"), scale(stage)
    shares = LARGE[2] * large / pane["width"], LARGE[3] * large / pane["height"]
    assert max(shares) == pytest.approx(0.8, abs=0.01)
    assert places[0] == places[2] != places[1]
    assert stage.locator(".copyleaks-status").get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("width", [390, 1280])
def test_region_of_three_hundredths_of_a_percent__is_found(stage: Any, width: int) -> None:
    stage.set_viewport_size({"width": width, "height": 844})
    fit = scale(stage)
    assert TINY[2] * fit < 28
    # At first it has a box, which is larger than itself.
    dashes = box(stage, ".copyleaks-dashes")
    assert (dashes["width"], dashes["height"]) == pytest.approx((28, 28), abs=2.1)
    stage.keyboard.press("f")
    stage.keyboard.press("r")
    stage.keyboard.press("r")
    frame, pane = box(stage, ".copyleaks-frame"), box(stage, ".copyleaks-pane")
    centre = frame["x"] + (TINY[0] + TINY[2] / 2) / SIZE[0] * frame["width"]
    assert pane["x"] < centre < pane["x"] + pane["width"]
    assert TINY[2] * scale(stage) >= 40
    image = seen(stage)
    middle = (frame["y"] + (TINY[1] + TINY[3] / 2) / SIZE[1] * frame["height"] - pane["y"]) / pane["height"]
    assert is_marked(image, (centre - pane["x"]) / pane["width"], middle)
    assert not scrolls_sideways(stage)


def is_overlay_hidden(page: Any) -> bool:
    visibility = page.evaluate("getComputedStyle(document.querySelector('.copyleaks-over')).visibility")
    return bool(visibility == "hidden")


def test_held_h__hides_the_overlay_until_it_is_let_go(stage: Any) -> None:
    stage.keyboard.down("h")
    assert is_overlay_hidden(stage)
    sleep(0.4)
    stage.keyboard.up("h")
    assert not is_overlay_hidden(stage)


def test_pressed_h__hides_the_overlay_until_it_is_pressed_again(stage: Any) -> None:
    button = stage.locator("[data-act=toggle-overlay]")
    stage.keyboard.press("h")
    assert is_overlay_hidden(stage)
    assert button.get_attribute("aria-pressed") == "true"
    stage.keyboard.press("h")
    assert not is_overlay_hidden(stage)
    button.click()
    assert is_overlay_hidden(stage)
    button.click()
    assert not is_overlay_hidden(stage)


@pytest.mark.parametrize(
    "leave",
    ["window.dispatchEvent(new Event('blur'))", "document.dispatchEvent(new Event('visibilitychange'))"],
)
def test_held_h__ends_when_the_page_is_left(stage: Any, leave: str) -> None:
    stage.keyboard.down("h")
    stage.evaluate(leave)
    assert not is_overlay_hidden(stage)


@pytest.mark.parametrize("modifier", ["Control", "Alt", "Meta"])
def test_keys__with_a_modifier_are_left_to_the_browser(stage: Any, modifier: str) -> None:
    stage.evaluate(
        f"document.body.dispatchEvent(new KeyboardEvent('keydown', "
        f"{{key: '1', code: 'Digit1', bubbles: true, {modifier.replace('Control', 'ctrl').lower()}Key: true}}))"
    )
    assert view_of(stage) == "outline"


def test_keys__are_text_where_text_is_typed(stage: Any) -> None:
    stage.evaluate(
        "document.querySelector('.copyleaks-stage').append("
        "Object.assign(document.createElement('input'), { id: 'note', className: 'vTextField' }))"
    )
    stage.locator("#note").focus()
    stage.keyboard.type("1r3")
    assert stage.locator("#note").input_value() == "1r3"
    assert view_of(stage) == "outline"
    assert status(stage) == ""


@pytest.mark.parametrize(
    ("key", "code", "shift", "view"),
    [
        ("к", "KeyR", False, None),  # Russian: R
        ("&", "Digit1", False, "original"),  # French: 1 without Shift
        ("!", "Digit1", True, "outline"),  # United States: Shift and 1
        ("\u0661", "Digit1", False, "original"),  # Arabic: its own digits
    ],
)
def test_keys__of_other_layouts_count_by_their_place(
    stage: Any, key: str, code: str, shift: bool, view: str | None
) -> None:
    stage.evaluate(
        "event => document.body.dispatchEvent(new KeyboardEvent('keydown', {...event, bubbles: true}))",
        {"key": key, "code": code, "shiftKey": shift},
    )
    if view is None:
        assert status(stage) == "Region 1 of 2"
    else:
        assert view_of(stage) == view


def test_keys__can_be_switched_off_in_this_browser(stage: Any) -> None:
    assert stage.locator(".copyleaks-views kbd").first.is_visible()
    stage.locator(".copyleaks-shortcuts input").uncheck()
    stage.keyboard.press("1")
    assert view_of(stage) == "outline"
    stage.reload()
    until(lambda: stage.locator("[data-act=outline][aria-pressed=true]").count())
    assert not stage.locator(".copyleaks-shortcuts input").is_checked()
    assert not stage.locator(".copyleaks-views kbd").first.is_visible()
    assert stage.locator(".copyleaks-stage [aria-keyshortcuts]").count() == 0
    stage.keyboard.press("1")
    assert view_of(stage) == "outline"
    stage.locator(".copyleaks-shortcuts input").check()
    assert stage.locator("[data-act=original]").get_attribute("aria-keyshortcuts") == "1"
    stage.keyboard.press("1")
    assert view_of(stage) == "original"


def test_overlay__is_loaded_once_and_decoded_when_the_stage_is_ready(page: Any) -> None:
    scan = marked("grey.jpg")
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    visit(page, scan)
    images = "[...document.querySelectorAll('.copyleaks-frame img')]"
    assert page.evaluate(f"{images}.map(it => it.complete && it.naturalWidth > 0)") == [True, True]
    page.wait_for_load_state("networkidle")
    assert len([url for url in requested if url.endswith(f"/overlay/{scan.pk}.png")]) == 1


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("**/overlay/*.png", "The overlay could not be loaded."),
        ("**/rendition/**", "The picture could not be loaded."),
    ],
)
def test_failed_picture__is_told_and_the_stage_is_ready_all_the_same(
    page: Any, scan: ImageScan, address: str, words: str
) -> None:
    page.route(address, lambda route: route.abort())
    visit(page, scan)
    assert page.locator(".copyleaks-problem").inner_text() == words


def test_opacity__is_one_for_all_stages_of_a_page(stage: Any) -> None:
    stage.evaluate(
        """() => {
            const stage = document.querySelector("[data-copyleaks-stage]");
            const other = stage.cloneNode(true);
            stage.after(other);
            copyleaksImage.setUpStage(other);
        }"""
    )
    stage.locator(".copyleaks-opacity input").first.fill("80")
    assert stage.locator(".copyleaks-opacity output").all_inner_texts() == ["80 %", "80 %"]
    assert stage.locator("#copyleaks-outline").count() == 1


@pytest.mark.parametrize(("width", "least"), [(390, 44), (1280, 24)])
def test_targets__are_large_enough(stage: Any, width: int, least: int) -> None:
    stage.set_viewport_size({"width": width, "height": 844})
    sizes = stage.evaluate(
        "[...document.querySelectorAll('.copyleaks-stage :is(.copyleaks-button, .copyleaks-opacity input)')]"
        ".filter(it => it.checkVisibility())"
        ".map(it => it.getBoundingClientRect()).map(it => Math.min(it.height, it.width))"
    )
    assert len(sizes) == 14
    assert min(sizes) >= least


def test_right_to_left_page__keeps_the_picture_from_left_to_right(page: Any, settings: Any, scan: ImageScan) -> None:
    settings.LANGUAGE_CODE = "ar"
    visit(page, scan)
    assert page.evaluate("document.dir || document.documentElement.dir") == "rtl"
    frame, large = box(page, ".copyleaks-frame"), LARGE[0] + LARGE[2] / 2
    pane = box(page, ".copyleaks-pane")
    x = (frame["x"] + large / SIZE[0] * frame["width"] - pane["x"]) / pane["width"]
    page.keyboard.press("f")
    image = seen(page)
    assert is_marked(image, x, 0.25)
    assert not is_marked(image, 1 - x, 0.25)
    page.keyboard.press("5")
    assert box(page, ".copyleaks-swipe")["x"] == pytest.approx(frame["x"] - 22, abs=1)
    page.keyboard.press("4")
    assert box(page, ".copyleaks-pane")["x"] < box(page, ".copyleaks-plain")["x"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_views__fit_a_telephone_and_violate_no_policy(
    page: Any, scan: ImageScan, complaints: list[str], scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, scan)
    for key in "123450":
        page.keyboard.press(key)
        assert not scrolls_sideways(page), key
    assert complaints == []


def test_forced_colours__leave_the_hatch(page: Any, scan: ImageScan) -> None:
    page.emulate_media(forced_colors="active")
    visit(page, scan)
    page.keyboard.press("f")
    fill = "getComputedStyle(document.querySelector('.copyleaks-fill')).backgroundImage"
    assert "rgb(253, 231, 37)" in page.evaluate(fill)


def test_panel_of_the_host__draws_the_overlay_on_a_small_copy(
    page: Any, scan: ImageScan, complaints: list[str]
) -> None:
    page.goto(f"/admin/gallery/photo/{scan.object_id}/change/", wait_until="networkidle")
    frame = box(page, ".copyleaks-panel .copyleaks-frame")
    assert frame["width"] / frame["height"] == pytest.approx(SIZE[0] / SIZE[1], rel=0.01)
    image = seen(page)
    left = (image.width - frame["width"]) / 2 / image.width
    # The outline, and nothing that would hide what is in it.
    assert is_marked(image, left + LARGE[0] / SIZE[0] * frame["width"] / image.width, 0.25)
    assert not is_marked(image, left + 0.25 * frame["width"] / image.width, 0.25)
    assert complaints == []
