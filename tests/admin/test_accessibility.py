"""axe-core finds no fault of ours, and none beyond stock admin's on the same Django."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from django_copyleaks_image.registry import register, unregister
from django_copyleaks_image.standings import Kind
from tests.admin import axe
from tests.admin.browsing import IN_A_BROWSER, scrolls_sideways, until
from tests.admin.desk_requests import decided
from tests.admin.scans_to_show import failed, measured_photo
from tests.gallery.models import Photo
from tests.reviewing.stories import flagged
from tests.samples import photo, upload

pytestmark = IN_A_BROWSER
pytest.importorskip("axe_playwright_python", reason="needs axe-core")

LIST = "/admin/copyleaks_image/imagescan/"
PICTURES = "/admin/copyleaks_image/watchedimage/"
LOG = "/admin/copyleaks_image/decision/"
STOCK = ("/admin/", "/admin/password_change/", "/admin/auth/user/", "/admin/auth/user/add/", "/admin/auth/group/")


@pytest.fixture(params=["light", "dark"])
def themed_page(page: Any, request: pytest.FixtureRequest) -> Any:
    page.emulate_media(color_scheme=request.param)
    return page


@pytest.fixture
def judge(themed_page: Any) -> Callable[[], None]:
    """Return a function that fails when the page, as it is now, has a fault that is not stock admin's."""
    stock: set[str] = set()
    user = reverse("admin:auth_user_change", args=[User.objects.get().pk])
    for address in (*STOCK, user):
        themed_page.goto(address)
        stock |= {found.rule for found in axe.findings(themed_page)}

    def check() -> None:
        found = axe.findings(themed_page)
        assert [it for it in found if it.is_ours and it.impact in axe.SERIOUS] == []
        assert [it for it in found if not it.is_ours and it.rule not in stock] == []

    return check


def test_desk__is_accessible(themed_page: Any, judge: Callable[[], None], configure: Callable[..., None]) -> None:
    configure(REVIEW_REASONS=["Fake portrait", "Forged document"])
    measured_photo("one.jpg")
    measured_photo("two.jpg")
    themed_page.goto(reverse("admin:copyleaks_image_watchedimage_review"))
    until(lambda: themed_page.locator(".copyleaks-item:not([hidden])").count())
    judge()
    themed_page.keyboard.press("?")
    judge()
    themed_page.keyboard.press("Escape")
    themed_page.locator(".copyleaks-preferences summary").click()
    until(lambda: _asks_for_a_reason(themed_page))
    judge()


def test_narrow_desk__is_accessible(themed_page: Any, judge: Callable[[], None]) -> None:
    # So high that nothing lies below the bar, which axe takes for a target that is too small.
    themed_page.set_viewport_size({"width": 390, "height": 2400})
    measured_photo("one.jpg")
    themed_page.goto(reverse("admin:copyleaks_image_watchedimage_review"))
    until(lambda: themed_page.locator(".copyleaks-item:not([hidden])").count())
    judge()
    themed_page.locator(".copyleaks-choices > summary").click()
    judge()


def test_questions_before_something_is_done_in_bulk__are_accessible(
    themed_page: Any, judge: Callable[[], None], configure: Callable[..., None]
) -> None:
    flagged()
    Photo.objects.bulk_create([Photo(title=f"Old {number}", image=upload(f"{number}.jpg")) for number in range(2)])
    configure(REVIEW_AREA=0.9, MOSTLY_AI_AREA=0.3)
    themed_page.set_viewport_size({"width": 390, "height": 1200})
    themed_page.goto("/admin/copyleaks_image/accountstate/thresholds/")
    assert themed_page.locator(".copyleaks-facts dd").count() == 1
    judge()
    assert not scrolls_sideways(themed_page)
    themed_page.goto("/admin/gallery/photo/")
    themed_page.locator("#action-toggle").check()
    themed_page.locator("select[name=action]").select_option("copyleaks_scan")
    themed_page.locator("button[name=index]").click()
    themed_page.locator(".copyleaks-cost").wait_for()
    judge()
    assert not scrolls_sideways(themed_page)


def _asks_for_a_reason(page: Any) -> bool:
    page.keyboard.press("a")
    return bool(page.locator(".copyleaks-reasons").is_visible())


def test_empty_desk__is_accessible(themed_page: Any, judge: Callable[[], None]) -> None:
    themed_page.goto(reverse("admin:copyleaks_image_watchedimage_review"))
    until(lambda: themed_page.locator(".copyleaks-empty").is_visible())
    judge()


def test_pages__of_scans_and_pictures_are_accessible(themed_page: Any, judge: Callable[[], None]) -> None:
    for scan in (measured_photo("one.jpg"), failed(photo("two.jpg"))):
        for address in (f"{LIST}{scan.pk}/change/", f"{PICTURES}{scan.image.pk}/change/"):
            themed_page.goto(address, wait_until="networkidle")
            judge()


def test_lists__are_accessible(themed_page: Any, judge: Callable[[], None], request: pytest.FixtureRequest) -> None:
    register(Photo, "image", owner="title")
    request.addfinalizer(lambda: unregister(Photo, "image"))
    decided(measured_photo("one.jpg").image, User.objects.get(), Kind.CONFIRMED)
    failed(photo("two.jpg"))
    for address in (LIST, PICTURES, f"{PICTURES}?owner=text:one.jpg", LOG):
        themed_page.goto(address, wait_until="networkidle")
        judge()


def test_overview__is_accessible(themed_page: Any, judge: Callable[[], None]) -> None:
    measured_photo("one.jpg")
    failed(photo("two.jpg"))
    themed_page.goto(reverse("admin:copyleaks_image_imagescan_overview"), wait_until="networkidle")
    judge()
