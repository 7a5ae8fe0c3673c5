"""Pictures that are being prepared, in a real browser: said, and renewed by themselves."""

from collections.abc import Callable
from typing import Any

import pytest

from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.scanning import renditions
from django_copyleaks_image.standings import Standing
from tests.admin.browsing import IN_A_BROWSER, scrolls_sideways, until
from tests.admin.scans_to_show import measured, measured_photo
from tests.samples import photo, picture

LIST = "/admin/copyleaks_image/imagescan/"
DESK = "/admin/copyleaks_image/reviewdesk/"
PHOTO = "document.querySelector('.copyleaks-photo')"
THUMBNAIL = "document.querySelector('.copyleaks-thumbnail')"

pytestmark = IN_A_BROWSER


@pytest.fixture
def page(page: Any, configure: Callable[..., None]) -> Any:
    """A page of a site whose worker comes later."""
    configure(DISPATCHER="django_copyleaks_image.dispatch.outbox")
    return page


def is_sign(page: Any, image: str) -> bool:
    return bool(page.evaluate(f"{image}?.classList.contains('copyleaks-sign')"))


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("place", "image"), [("list", THUMBNAIL), ("scan", PHOTO), ("desk", PHOTO)])
def test_picture_that_is_being_prepared__is_renewed_by_itself(
    page: Any, complaints: list[str], place: str, image: str, scheme: str, width: int
) -> None:
    scan = measured_photo()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto({"list": LIST, "scan": f"{LIST}{scan.pk}/change/", "desk": DESK}[place])
    until(lambda: page.query_selector(image.split("'")[1]))
    until(lambda: is_sign(page, image))
    assert not scrolls_sideways(page)

    renditions.draw_due(at_most=5)

    until(lambda: not is_sign(page, image) and page.evaluate(f"{image}.src").endswith("?drawn"), seconds=30)
    side = 160 if place == "list" else 640
    until(lambda: page.evaluate(f"{image}.naturalWidth") == side)
    assert complaints == []


def test_picture_that_cannot_be_shown_after_all__says_why(page: Any, complaints: list[str]) -> None:
    scan = measured(photo("cut.webp", picture("WEBP")[:-40]))
    page.goto(f"{LIST}{scan.pk}/change/")
    until(lambda: is_sign(page, PHOTO))

    renditions.draw_due(at_most=5)

    until(lambda: "The WEBP file is broken or cut short." in page.inner_text(".copyleaks-problem"), seconds=30)
    # Browsers log what is not found.
    assert all("404" in complaint for complaint in complaints)


def test_desk__decides_nothing_about_a_picture_that_nobody_has_seen(page: Any) -> None:
    measured_photo()
    page.goto(DESK)
    until(lambda: is_sign(page, PHOTO))
    page.keyboard.press("c")
    page.wait_for_timeout(500)
    assert WatchedImage.objects.get().standing == Standing.FLAGGED

    renditions.draw_due(at_most=5)
    until(lambda: page.evaluate(f"{PHOTO}.naturalWidth") == 640, seconds=30)
    page.wait_for_timeout(500)
    page.keyboard.press("c")

    def is_decided() -> bool:
        return WatchedImage.objects.get().standing == Standing.CLEARED

    until(is_decided)
