"""Nothing is decided unseen: what stands in the way of a picture, and what is done about it, in a real browser."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.standings import Kind, Seen, Standing
from tests.admin.browsing import IN_A_BROWSER, until
from tests.admin.desk_in_browser import FRONT, announced, decide, front, hold_back, opened, rest, stored
from tests.admin.scans_to_show import measured, pictured
from tests.samples import photo, picture

FINAL = ("confirmed", "cleared")
REVIEW = "admin:copyleaks_image_watchedimage_review"

pytestmark = IN_A_BROWSER


@pytest.fixture(autouse=True)
def _no_exceptions(complaints: list[str]) -> Any:
    yield
    assert [it for it in complaints if "exception" in it or "Content Security" in it] == []


def arrive(page: Any) -> Any:
    """Go to the desk, whose picture does not come."""
    page.goto(reverse(REVIEW))
    until(lambda: front(page))
    until(lambda: page.locator(".copyleaks-unseen").is_visible())
    page.wait_for_timeout(400)
    return page


def is_off(page: Any, kind: str) -> bool:
    return bool(page.locator(f"[data-decide={kind}]").get_attribute("aria-disabled") == "true")


def why(page: Any) -> str:
    return str(page.locator(".copyleaks-unseen p").inner_text())


def fail(page: Any) -> None:
    page.route("**/rendition/**", lambda route: route.fulfill(status=503, body="busy", content_type="text/html"))


def test_picture_that_failed_to_load__is_not_decided(page: Any) -> None:
    first, second = pictured("first.jpg"), pictured("second.jpg")
    fail(page)
    arrive(page)
    assert why(page) == "The picture could not be loaded."
    assert [is_off(page, kind) for kind in (*FINAL, "escalated", "skipped")] == [True, True, False, False]
    for kind in FINAL:
        assert page.locator(f"[data-decide={kind}]").get_attribute("aria-describedby") == "copyleaks-unseen-why"
    for key in "acac":
        page.keyboard.press(key)
    page.locator("[data-decide=cleared]").click(force=True)
    page.wait_for_timeout(500)
    assert front(page) == first.pk
    assert announced(page) == "The picture could not be loaded."
    assert not Decision.objects.exists()
    decide(page, "e")
    until(lambda: front(page) == second.pk)
    page.wait_for_timeout(500)
    decide(page, "s")
    assert [(it.kind, it.seen) for it in stored(2)] == [(Kind.ESCALATED, Seen.UNSEEN), (Kind.SKIPPED, Seen.UNSEEN)]


def test_picture_that_failed_to_load__is_loaded_again(page: Any) -> None:
    image = pictured("first.jpg")
    fail(page)
    arrive(page)
    page.locator("[data-load-again]").click()
    page.wait_for_timeout(300)
    assert is_off(page, "cleared")
    page.unroute("**/rendition/**")
    page.locator("[data-load-again]").click()
    until(lambda: not is_off(page, "cleared"))
    assert not page.locator(".copyleaks-unseen").is_visible()
    assert not page.locator(f"{FRONT} .copyleaks-problem").is_visible()
    assert page.locator(f"{FRONT} .copyleaks-photo").is_visible()
    decide(page, "c")
    (decision,) = stored(1)
    assert (decision.image_id, decision.seen) == (image.pk, Seen.SEEN)


def test_decision_without_seeing__asks_once_more_and_is_recorded(page: Any) -> None:
    first, second = pictured("first.jpg"), pictured("second.jpg")
    fail(page)
    arrive(page)
    dialog = page.locator("[data-unseen-dialog]")
    page.locator("[data-unseen]").click()
    assert "The picture could not be loaded." in dialog.inner_text()
    for key in "ac":
        page.keyboard.press(key)
    dialog.locator("[data-back]").click()
    assert not dialog.is_visible()
    assert front(page) == first.pk
    page.locator("[data-unseen]").click()
    dialog.locator("[data-decide-unseen=confirmed]").click()
    until(lambda: front(page) == second.pk)
    (decision,) = stored(1)
    assert (decision.image_id, decision.kind, decision.seen) == (first.pk, Kind.CONFIRMED, Seen.UNSEEN)
    # The next one is asked about anew.
    page.wait_for_timeout(500)
    page.keyboard.press("a")
    assert front(page) == second.pk


def test_reason__goes_with_a_decision_without_seeing(page: Any, configure: Any) -> None:
    configure(REVIEW_REASONS=["Fake portrait"])
    pictured("first.jpg")
    fail(page)
    arrive(page)
    page.locator("[data-unseen]").click()
    page.locator("[data-decide-unseen=cleared]").click()
    until(lambda: page.locator(".copyleaks-reasons").is_visible())
    page.keyboard.press("1")
    (decision,) = stored(1)
    assert (decision.reason, decision.seen) == ("Fake portrait", Seen.UNSEEN)


def test_picture_that_cannot_be_drawn__is_not_seen(page: Any) -> None:
    measured(photo("cut.webp", picture("WEBP")[:-40]))
    arrive(page)
    until(lambda: why(page) == "The WEBP file is broken or cut short.")
    page.keyboard.press("c")
    page.wait_for_timeout(300)
    assert is_off(page, "cleared")
    assert not Decision.objects.exists()


def test_bytes_that_are_not_the_measured_ones__are_not_seen(page: Any) -> None:
    image = pictured("first.jpg")
    assert image.scan is not None
    stored_file = image.scan.target.image
    stored_file.storage.delete(stored_file.name)
    arrive(page)
    assert why(page) == "The file is not in the storage."
    assert all(is_off(page, kind) for kind in FINAL)
    page.keyboard.press("c")
    page.wait_for_timeout(300)
    assert WatchedImage.objects.get().standing == Standing.FLAGGED


def test_blurred_picture__is_seen_by_key_pointer_and_touch(page: Any) -> None:
    images = [pictured(f"{number}.jpg") for number in range(4)]
    page.add_init_script("localStorage.setItem('copyleaks-image.blur', 'on')")
    opened(page)
    page.mouse.move(5, 5)
    photo_filter = f"getComputedStyle(document.querySelector('{FRONT} .copyleaks-photo')).filter"
    assert "blur" in page.evaluate(photo_filter)
    assert all(is_off(page, kind) for kind in FINAL)
    assert why(page).startswith("The picture is blurred")
    page.keyboard.press("c")
    assert front(page) == images[0].pk
    page.keyboard.press("b")
    assert page.evaluate(photo_filter) == "none"
    assert not is_off(page, "cleared")
    decide(page, "c")
    # Each picture is blurred anew.
    until(lambda: front(page) == images[1].pk)
    assert "blur" in page.evaluate(photo_filter)
    assert is_off(page, "cleared")
    page.locator(f"{FRONT} .copyleaks-reveal").focus()
    page.keyboard.press("Enter")
    assert page.evaluate(photo_filter) == "none"
    decide(page, "c")
    until(lambda: front(page) == images[2].pk)
    page.locator(f"{FRONT} .copyleaks-pane").hover()
    until(lambda: not is_off(page, "cleared"))
    page.wait_for_timeout(400)
    page.mouse.move(5, 5)
    # What was seen stays seen.
    assert "blur" in page.evaluate(photo_filter)
    decide(page, "c")
    assert [it.seen for it in stored(3)] == [Seen.SEEN] * 3


def test_blurred_picture__is_shown_by_a_tap(sign_in: Any) -> None:
    pictured("first.jpg")
    page = sign_in(User.objects.create_superuser("moderator"), has_touch=True)
    page.add_init_script("localStorage.setItem('copyleaks-image.blur', 'on')")
    opened(page)
    assert is_off(page, "cleared")
    page.locator(f"{FRONT} .copyleaks-pane").tap(position={"x": 20, "y": 20})
    until(lambda: not is_off(page, "cleared"))
    page.wait_for_timeout(400)
    page.locator("[data-decide=cleared]").tap()
    assert stored(1)[0].seen == Seen.SEEN


def test_shades_of_grey__are_a_key_and_a_preference(page: Any) -> None:
    pictured("first.jpg")
    opened(page)
    photo_filter = f"getComputedStyle(document.querySelector('{FRONT} .copyleaks-photo')).filter"
    page.keyboard.press("g")
    assert page.evaluate(photo_filter) == "grayscale(1)"
    assert page.locator("[data-preference=grey]").is_checked()
    opened(page)
    assert page.evaluate(photo_filter) == "grayscale(1)"
    page.keyboard.press("g")
    assert page.evaluate(photo_filter) == "none"


def test_mask_alone__is_no_picture(page: Any) -> None:
    pictured("first.jpg")
    late = hold_back(page, "**/rendition/**")
    page.goto(reverse(REVIEW))
    until(lambda: front(page) and late)
    page.keyboard.press("3")
    late[0].continue_()
    until(lambda: why(page) == "Only the mask is shown, and not the picture.")
    page.wait_for_timeout(400)
    page.keyboard.press("c")
    assert not Decision.objects.exists()
    page.keyboard.press("2")
    until(lambda: not is_off(page, "cleared"))


def test_next_pictures__wait_until_the_first_one_is_there(page: Any) -> None:
    images = [pictured(f"{number}.jpg") for number in range(3)]
    late = hold_back(page, "**/rendition/**")
    page.goto(reverse(REVIEW))
    until(lambda: front(page) and late)
    page.wait_for_timeout(600)
    assert [f"/{images[0].scan_id}/" in route.request.url for route in late] == [True]
    late[0].continue_()
    until(lambda: page.locator(".copyleaks-item").count() == 2 and len(late) == 2)
    late[1].continue_()
    until(lambda: page.locator(".copyleaks-item").count() == 3 and len(late) == 3)


def test_page_of_a_picture__says_for_its_reader_what_was_seen(page: Any) -> None:
    image = pictured("first.jpg")
    fail(page)
    address = f"/admin/copyleaks_image/watchedimage/{image.pk}/change/"
    page.goto(address)
    seen, unseen = page.locator("[name=seen][value=seen]"), page.locator("[name=seen][value=unseen]")
    until(lambda: "The picture could not be loaded." in page.locator("[data-obstacle]").inner_text())
    assert (seen.is_disabled(), seen.is_checked(), unseen.is_checked()) == (True, False, False)
    page.locator("[name=kind][value=cleared]").click()
    page.wait_for_timeout(300)
    assert not Decision.objects.exists()
    page.unroute("**/rendition/**")
    page.goto(address)
    until(seen.is_checked)
    page.locator("[name=kind][value=cleared]").click()
    rest(page)
    assert stored(1)[0].seen == Seen.SEEN


def test_page_of_a_picture_without_a_script__leaves_the_word_to_its_reader(sign_in: Any) -> None:
    image = pictured("first.jpg")
    page = sign_in(User.objects.create_superuser("moderator"), java_script_enabled=False)
    page.goto(f"/admin/copyleaks_image/watchedimage/{image.pk}/change/")
    assert page.locator("[name=seen]:checked").count() == 0
    page.locator("[name=kind][value=confirmed]").click()
    page.wait_for_timeout(300)
    assert not Decision.objects.exists()
    page.locator("[name=seen][value=seen]").check()
    page.locator("[name=kind][value=confirmed]").click()
    assert stored(1)[0].seen == Seen.SEEN
