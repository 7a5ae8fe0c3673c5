"""Many pictures decided at once, in a real browser: seen first, decided, undone."""

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from django_copyleaks_image.admin import base
from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.renditions import wanted
from django_copyleaks_image.scanning import renditions
from django_copyleaks_image.standings import Kind, Standing
from tests.admin.axe import findings
from tests.admin.browsing import IN_A_BROWSER, until
from tests.admin.desk_in_browser import FRONT, opened
from tests.admin.scans_to_show import measured, pictured
from tests.samples import photo, picture

pytestmark = IN_A_BROWSER

LIST = "admin:copyleaks_image_watchedimage_changelist"
CHOSEN = ".copyleaks-chosen > li"


@pytest.fixture(autouse=True)
def _no_complaints(complaints: list[str]) -> Any:
    yield
    assert complaints == []


def drawn(number: int, *, are_alike: bool = False) -> list[WatchedImage]:
    """Return flagged pictures that a worker has drawn, of the same bytes if they are alike."""
    names = [f"photo-{it}.jpg" for it in range(1, number + 1)]
    images = [measured(photo(name, picture())).image if are_alike else pictured(name) for name in names]
    for image in images:
        assert image.scan is not None
        wanted.ask_ahead(image.scan)
    renditions.draw_due(at_most=number)
    return images


def standings(images: list[WatchedImage]) -> list[str]:
    found = {image.pk: image.standing for image in WatchedImage.objects.all()}
    return [found[image.pk] for image in images]


def asked(page: Any, action: str = "confirm_ai") -> Any:
    """Choose all pictures of the list, and an action for them."""
    page.goto(reverse(LIST))
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option(action)
    page.locator("button[name=index]").click()
    until(lambda: page.locator(CHOSEN).count())
    page.wait_for_load_state("networkidle")
    return page


def seen(page: Any) -> None:
    """Scroll through all pictures, each until it is there."""
    for entry in page.locator(CHOSEN).all():
        entry.scroll_into_view_if_needed()
        if photo := entry.locator(".copyleaks-photo").element_handle():
            page.wait_for_function("it => it.complete && it.naturalWidth > 0", arg=photo)
        page.evaluate("() => new Promise((call) => requestAnimationFrame(() => requestAnimationFrame(call)))")


def test_pictures__are_large_with_their_outlines_and_each_can_be_left_out(page: Any) -> None:
    images = drawn(3)
    asked(page)
    seen(page)
    box = page.locator(CHOSEN).first.locator(".copyleaks-photo").bounding_box()
    assert box["width"] >= 300
    assert page.locator(".copyleaks-edge").first.is_visible()
    assert not page.locator(".copyleaks-fill").first.is_visible()
    page.get_by_label("photo-2.jpg").uncheck()
    page.get_by_role("button", name="Confirm AI").click()
    page.wait_for_url(f"**{reverse(LIST)}")
    assert standings(images) == [Standing.CONFIRMED, Standing.FLAGGED, Standing.CONFIRMED]


def test_list__chooses_as_many_as_are_possible_across_its_pages(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "AT_ONCE", 2)
    monkeypatch.setattr(base.ReadOnlyAdmin, "list_per_page", 1)
    images = drawn(3)
    page.goto(reverse(LIST))
    page.locator("#action-toggle").check()
    page.get_by_role("button", name="Select the first 2").first.click()
    assert page.get_by_text("The first 2 are selected").first.is_visible()
    page.locator("select[name=action]").select_option("confirm_ai")
    page.locator("button[name=index]").click()
    until(lambda: page.locator(CHOSEN).count() == 2)
    seen(page)
    page.get_by_role("button", name="Confirm AI").click()
    page.get_by_text("2 pictures were confirmed as AI.").wait_for()
    # The newest ones come first.
    assert standings(images) == [Standing.FLAGGED, Standing.CONFIRMED, Standing.CONFIRMED]


def test_batch__is_undone_from_the_message_after_it(page: Any) -> None:
    images = drawn(2)
    asked(page, "escalate")
    seen(page)
    page.get_by_role("button", name="Escalate").click()
    page.get_by_role("link", name="Undo …").click()
    page.get_by_role("button", name="Undo 2 decisions").click()
    page.get_by_text("2 decisions were undone.").wait_for()
    assert standings(images) == [Standing.FLAGGED, Standing.FLAGGED]


def test_picture_that_was_not_on_the_screen__is_shown_before_it_is_decided(page: Any) -> None:
    images = drawn(4)
    page.set_viewport_size({"width": 390, "height": 700})
    asked(page)
    # A form that is sent from its first field, without a look at the rest.
    page.evaluate("document.querySelector('[name=kind]').click()")
    told = page.locator("[data-unseen]")
    until(told.is_visible)
    assert "Look at these pictures first" in told.inner_text()
    assert Decision.objects.count() == 0
    seen(page)
    page.get_by_role("button", name="Confirm AI").click()
    page.get_by_role("link", name="Undo …").wait_for()
    assert standings(images) == [Standing.CONFIRMED] * 4


def test_picture_that_cannot_be_loaded__is_left_out(page: Any, complaints: list[str]) -> None:
    images = drawn(2)
    page.route(f"**/rendition/{images[0].scan_id}/panel/", lambda route: route.fulfill(status=503))
    asked(page)
    page.locator(CHOSEN).last.scroll_into_view_if_needed()
    seen_entry = page.locator(CHOSEN).filter(has_text="photo-2.jpg")
    left_out = page.locator(CHOSEN).filter(has_text="photo-1.jpg")
    until(lambda: left_out.get_by_text("It could not be loaded, and is left out.").count())
    assert not left_out.locator("input[type=checkbox]").is_checked()
    assert seen_entry.locator("input[type=checkbox]").is_checked()
    page.get_by_role("button", name="Confirm AI").click()
    page.get_by_role("link", name="Undo …").wait_for()
    assert standings(images) == [Standing.FLAGGED, Standing.CONFIRMED]
    complaints.clear()  # Of the picture that was not there.


def test_all_copies__are_decided_from_the_desk(page: Any) -> None:
    images = drawn(3, are_alike=True)
    opened(page)
    shown = page.locator(FRONT)
    assert shown.get_by_text("2 more copies wait.").is_visible()
    shown.get_by_role("link", name="See the copies, and decide about all").click()
    until(lambda: page.locator(CHOSEN).count() == 3)
    seen(page)
    # Enter in the note decides nothing.
    page.get_by_label("Note").fill("The same series")
    page.keyboard.press("Enter")
    assert Decision.objects.count() == 0
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("3 pictures were cleared.").wait_for()
    assert [(it.kind, it.note) for it in Decision.objects.all()] == [(Kind.CLEARED, "The same series")] * 3
    assert "/review/?queue=review" in page.url
    page.get_by_role("link", name="Undo …").click()
    page.get_by_role("button", name="Undo 3 decisions").click()
    page.get_by_text("3 decisions were undone.").wait_for()
    assert standings(images) == [Standing.FLAGGED] * 3


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_pages__are_accessible(page: Any, scheme: Any, width: int, configure: Any, tmp_path: Path) -> None:
    configure(REVIEW_REASONS={"confirm": ["Hands", "Other …"]}, REVIEW_NOTES=["Asked the author"])
    drawn(3)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    asked(page)
    seen(page)
    assert [it for it in findings(page) if it.is_ours] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=tmp_path / "asked.png", full_page=True)
    page.get_by_label("Reason").select_option("Hands")
    page.get_by_role("button", name="Confirm AI").click()
    page.get_by_role("link", name="Undo …").click()
    page.get_by_role("button", name="Undo 3 decisions").wait_for()
    assert [it for it in findings(page) if it.is_ours] == []
    page.screenshot(path=tmp_path / "batch.png", full_page=True)
