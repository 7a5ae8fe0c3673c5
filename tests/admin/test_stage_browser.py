"""The stage in a real browser: its views, its zoom, its regions and its keys."""

from io import BytesIO
from typing import Any, cast

import pytest
from PIL import Image

from django_copyleaks_image import masks, regions
from django_copyleaks_image.models import ImageScan
from tests.admin.browsing import IN_A_BROWSER, box, scrolls_sideways, until
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


def is_marked(image: Image.Image, x: float, y: float) -> bool:
    """Return whether anything but the grey of the picture is near a place, given in shares of the pane."""
    left, top = int(x * image.width), int(y * image.height)
    around = image.crop((left - 8, top - 8, left + 9, top + 9))
    extrema = cast("tuple[tuple[int, int], ...]", around.getextrema())
    return any(abs(value - grey) > 12 for pair, grey in zip(extrema, GREY, strict=True) for value in pair)


@pytest.mark.parametrize(
    ("key", "view"),
    [("1", "original"), ("2", "overlay"), ("3", "mask"), ("4", "side-by-side"), ("5", "swipe")],
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
    assert view_of(page) == "overlay"
    gradient = picture("PNG", (200, 150), colour=(255, 0, 0))
    visit(page, marked("b.jpg", heatmap=gradient))
    assert not page.locator(".copyleaks-heatmap").is_visible()
    page.keyboard.press("6")
    until(lambda: page.evaluate("document.querySelector('.copyleaks-heatmap').naturalWidth"))
    assert until(lambda: seen(page).getpixel((100, 100)) == (255, 0, 0))
    assert not page.locator(".copyleaks-over").is_visible()


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
    assert view_of(stage) == "overlay"


def test_zoom__keeps_picture_overlay_and_boxes_together(stage: Any) -> None:
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
    stage.mouse.wheel(0, -300)
    assert scale(stage) == pytest.approx(fit)
    stage.evaluate("scrollTo(0, 0)")
    before = box(stage, ".copyleaks-frame")
    stage.keyboard.down("Control")
    stage.mouse.wheel(0, -300)
    stage.keyboard.up("Control")
    until(lambda: scale(stage) > fit * 1.2)
    after = box(stage, ".copyleaks-frame")
    # What is under the pointer stays there.
    for at, side, start in ((place[0], "width", "x"), (place[1], "height", "y")):
        assert (at - after[start]) / after[side] == pytest.approx((at - before[start]) / before[side], abs=0.002)


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


def test_hold_h__hides_the_overlay_until_it_is_let_go(stage: Any) -> None:
    stage.keyboard.down("h")
    assert stage.evaluate("getComputedStyle(document.querySelector('.copyleaks-over')).visibility") == "hidden"
    stage.keyboard.up("h")
    assert stage.evaluate("getComputedStyle(document.querySelector('.copyleaks-over')).visibility") == "visible"


@pytest.mark.parametrize(
    "leave",
    ["window.dispatchEvent(new Event('blur'))", "document.dispatchEvent(new Event('visibilitychange'))"],
)
def test_held_h__ends_when_the_page_is_left(stage: Any, leave: str) -> None:
    stage.keyboard.down("h")
    stage.evaluate(leave)
    assert stage.evaluate("getComputedStyle(document.querySelector('.copyleaks-over')).visibility") == "visible"


@pytest.mark.parametrize("modifier", ["Control", "Alt", "Meta"])
def test_keys__with_a_modifier_are_left_to_the_browser(stage: Any, modifier: str) -> None:
    stage.evaluate(
        f"document.body.dispatchEvent(new KeyboardEvent('keydown', "
        f"{{key: '1', code: 'Digit1', bubbles: true, {modifier.replace('Control', 'ctrl').lower()}Key: true}}))"
    )
    assert view_of(stage) == "overlay"


def test_keys__are_text_where_text_is_typed(stage: Any) -> None:
    stage.evaluate(
        "document.querySelector('.copyleaks-stage').append("
        "Object.assign(document.createElement('input'), { id: 'note', className: 'vTextField' }))"
    )
    stage.locator("#note").focus()
    stage.keyboard.type("1r3")
    assert stage.locator("#note").input_value() == "1r3"
    assert view_of(stage) == "overlay"
    assert status(stage) == ""


@pytest.mark.parametrize(
    ("key", "code", "shift", "view"),
    [
        ("к", "KeyR", False, None),  # Russian: R
        ("&", "Digit1", False, "original"),  # French: 1 without Shift
        ("!", "Digit1", True, "overlay"),  # United States: Shift and 1
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
    assert view_of(stage) == "overlay"
    stage.reload()
    until(lambda: stage.locator("[data-act=overlay][aria-pressed=true]").count())
    assert not stage.locator(".copyleaks-shortcuts input").is_checked()
    assert not stage.locator(".copyleaks-views kbd").first.is_visible()
    assert stage.locator(".copyleaks-stage [aria-keyshortcuts]").count() == 0
    stage.keyboard.press("1")
    assert view_of(stage) == "overlay"
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
        ".map(it => it.getBoundingClientRect()).map(it => Math.min(it.height, it.width))"
    )
    assert len(sizes) == 10
    assert min(sizes) >= least


def test_right_to_left_page__keeps_the_picture_from_left_to_right(page: Any, settings: Any, scan: ImageScan) -> None:
    settings.LANGUAGE_CODE = "ar"
    visit(page, scan)
    assert page.evaluate("document.dir || document.documentElement.dir") == "rtl"
    frame, large = box(page, ".copyleaks-frame"), LARGE[0] + LARGE[2] / 2
    pane = box(page, ".copyleaks-pane")
    x = (frame["x"] + large / SIZE[0] * frame["width"] - pane["x"]) / pane["width"]
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
    assert is_marked(image, left + 0.25 * frame["width"] / image.width, 0.25)
    assert complaints == []
