"""The review desk in a real browser: real keys, the strictest policy, and no complaint of the console."""

from collections.abc import Callable
from datetime import timedelta
from time import sleep
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.reviewing import claims
from django_copyleaks_image.standings import Kind, Standing
from tests.admin.browsing import IN_A_BROWSER, until
from tests.admin.desk_in_browser import (
    FRONT,
    SEEN,
    announced,
    decide,
    front,
    hold_back,
    message,
    opened,
    press_physical,
    rest,
    stored,
)
from tests.admin.desk_requests import decided
from tests.admin.scans_to_show import pictured, unmeasured
from tests.samples import photo

pytestmark = IN_A_BROWSER


@pytest.fixture(autouse=True)
def _no_complaints(complaints: list[str]) -> Any:
    yield
    assert complaints == []


@pytest.fixture
def images() -> list[WatchedImage]:
    return [pictured(f"photo-{number}.jpg") for number in range(1, 6)]


@pytest.fixture
def desk(page: Any, images: list[WatchedImage]) -> Any:
    return opened(page)


# Deciding


def test_keys__decide_one_picture_after_the_other(desk: Any, images: list[WatchedImage]) -> None:
    for key in "acesa":
        decide(desk, key)
    decisions = stored(5)
    assert [decision.image_id for decision in decisions] == [image.pk for image in images]
    kinds = [Kind.CONFIRMED, Kind.CLEARED, Kind.ESCALATED, Kind.SKIPPED, Kind.CONFIRMED]
    assert [decision.kind for decision in decisions] == kinds
    # What was skipped comes last, and comes again.
    until(lambda: front(desk) == images[3].pk)
    decide(desk, "c")
    until(lambda: desk.locator(".copyleaks-empty").is_visible())
    assert len(stored(6)) == 6


def test_picture_skipped_while_more_was_asked_for__comes_again(page: Any) -> None:
    first, second = pictured("first.jpg"), pictured("second.jpg")
    opened(page)
    held_back = hold_back(page, "**/next/")
    decide(page, "a")
    until(lambda: front(page) == second.pk and held_back)
    decide(page, "s")
    held_back[0].continue_()
    page.unroute("**/next/")
    until(lambda: front(page) == second.pk)
    assert [it.image_id for it in stored(2)] == [first.pk, second.pk]


def test_next_picture__is_shown_without_loading_a_page(desk: Any) -> None:
    desk.evaluate("window.stillHere = true")
    for _ in range(3):
        decide(desk, "a")
    assert desk.evaluate("window.stillHere")


def test_next_pictures__are_loaded_before_they_are_shown(desk: Any, images: list[WatchedImage]) -> None:
    waiting = desk.locator(".copyleaks-item[hidden]")
    assert [int(it.get_attribute("data-pk")) for it in waiting.all()] == [image.pk for image in images[1:3]]
    for picture in desk.locator(".copyleaks-item[hidden] .copyleaks-frame img").all():
        assert picture.evaluate("it => it.complete && it.naturalWidth > 0")
    assert not waiting.first.is_visible()


def test_decision__is_announced_with_the_next_picture(desk: Any) -> None:
    decide(desk, "a")
    until(lambda: announced(desk).startswith("Confirmed as AI: photo-1.jpg. Next: photo-2.jpg."))
    assert "AI share of the area: 37 %" in announced(desk)
    assert desk.locator(".copyleaks-said").inner_text() == "Confirmed as AI: photo-1.jpg."


def test_held_key__decides_once(desk: Any) -> None:
    desk.keyboard.down("a")
    for _ in range(6):
        sleep(SEEN / 2)
        desk.keyboard.down("a")
    desk.keyboard.up("a")
    rest(desk)
    assert len(stored(1)) == 1


def test_held_enter_on_a_button__decides_once(desk: Any) -> None:
    desk.locator("[data-decide=cleared]").focus()
    desk.keyboard.down("Enter")
    for _ in range(6):
        sleep(SEEN / 2)
        desk.keyboard.down("Enter")
    desk.keyboard.up("Enter")
    rest(desk)
    assert len(stored(1)) == 1


def test_double_click__decides_once(desk: Any) -> None:
    desk.locator("[data-decide=confirmed]").hover()
    for count in (1, 2):
        desk.mouse.down(click_count=count)
        # The next picture was seen when the button of the mouse is let go, but not when it is pressed.
        sleep(0 if count == 1 else SEEN)
        desk.mouse.up(click_count=count)
    rest(desk)
    assert len(stored(1)) == 1


def test_clicks_one_after_the_other__decide_each_time(desk: Any) -> None:
    place = desk.locator("[data-decide=confirmed]").bounding_box()
    desk.mouse.move(place["x"] + 20, place["y"] + 20)
    # Near enough in time and place for the browser to count them.
    for count in range(1, 5):
        desk.mouse.down(click_count=count)
        desk.mouse.up(click_count=count)
        sleep(0.45)
    rest(desk)
    assert len(stored(4)) == 4


def test_click_begun_before_the_picture_was_seen__decides_nothing(page: Any, images: list[WatchedImage]) -> None:
    held_back = hold_back(page, "**/rendition/**")
    page.goto(reverse("admin:copyleaks_image_watchedimage_review"))
    until(lambda: page.locator(FRONT).count())
    page.locator("[data-decide=confirmed]").hover()
    page.mouse.down()
    for request in held_back:
        request.continue_()
    page.unroute("**/rendition/**")
    rest(page)
    page.mouse.up()
    assert front(page) == images[0].pk


def test_picture_that_is_not_there_yet__cannot_be_decided(page: Any, images: list[WatchedImage]) -> None:
    held_back = hold_back(page, "**/rendition/**")
    page.goto(reverse("admin:copyleaks_image_watchedimage_review"))
    until(lambda: page.locator(FRONT).count())
    sleep(SEEN)
    page.keyboard.press("a")
    assert front(page) == images[0].pk
    assert announced(page) == "Wait until the picture is there."
    for request in held_back:
        request.continue_()
    page.unroute("**/rendition/**")
    decide(page, "a")
    assert len(stored(1)) == 1


def test_picture_that_was_just_painted__cannot_be_decided(desk: Any, images: list[WatchedImage]) -> None:
    desk.evaluate(
        """() => {
            for (const _ of [1, 2]) {
                document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "a", code: "KeyA", bubbles: true }));
            }
        }"""
    )
    assert front(desk) == images[1].pk
    rest(desk)
    assert len(stored(1)) == 1


@pytest.mark.parametrize("modifier", ["Control", "Alt", "Meta"])
def test_key_with_modifier__decides_nothing(desk: Any, images: list[WatchedImage], modifier: str) -> None:
    desk.keyboard.press(f"{modifier}+c")
    assert front(desk) == images[0].pk


def test_key_of_a_layout_without_latin_letters__counts_by_its_place(desk: Any, images: list[WatchedImage]) -> None:
    press_physical(desk, key="ф", code="KeyA")
    assert front(desk) == images[1].pk
    assert stored(1)[0].kind == Kind.CONFIRMED


def test_letter_of_another_latin_layout__counts_as_what_is_written_on_it(desk: Any, images: list[WatchedImage]) -> None:
    press_physical(desk, key="o", code="KeyS")
    assert front(desk) == images[0].pk


def test_letter_written_with_alt_gr__decides_nothing(desk: Any, images: list[WatchedImage]) -> None:
    # On Linux it is no Ctrl and no Alt: AltGr and C write "¢", AltGr and A "æ".
    for key, code in (("¢", "KeyC"), ("æ", "KeyA"), ("a", "KeyA")):
        desk.evaluate(
            "event => document.body.dispatchEvent(new KeyboardEvent('keydown', event))",
            {"key": key, "code": code, "bubbles": True, "modifierAltGraph": True},
        )
    assert front(desk) == images[0].pk


def test_not_measured__is_a_queue_of_its_own(page: Any) -> None:
    image = unmeasured(photo("lost.jpg"))
    opened(page, "?queue=unmeasured")
    assert front(page) == image.pk
    # Of what was never measured nothing can be a false alarm.
    assert page.locator("[data-decide=cleared]").inner_text() == "C Show it"
    decide(page, "c")
    assert stored(1)[0].kind == Kind.CLEARED


# Notes and reasons


def test_typing__decides_nothing_and_the_note_goes_with_the_decision(desk: Any, images: list[WatchedImage]) -> None:
    desk.keyboard.press("n")
    desk.keyboard.type("a cat, see? 1 or 2")
    assert front(desk) == images[0].pk
    desk.keyboard.press("Enter")
    decide(desk, "c")
    assert stored(1)[0].note == "a cat, see? 1 or 2"
    assert desk.locator("[data-note]").input_value() == ""


def test_reason__is_chosen_by_its_number(desk: Any, images: list[WatchedImage], configure: Callable[..., None]) -> None:
    configure(REVIEW_REASONS=["Fake portrait", "Forged document"])
    opened(desk)
    desk.keyboard.press("a")
    assert desk.locator(".copyleaks-reasons").is_visible()
    assert front(desk) == images[0].pk
    assert announced(desk) == "Choose a reason by its number, or press Escape."
    desk.keyboard.press("2")
    (decision,) = stored(1)
    assert (decision.kind, decision.reason) == (Kind.CONFIRMED, "Forged document")
    assert front(desk) == images[1].pk


def test_reason__is_not_chosen_by_pressing_enter_once_more(
    desk: Any, images: list[WatchedImage], configure: Callable[..., None]
) -> None:
    configure(REVIEW_REASONS=["Fake portrait", "Forged document"])
    opened(desk)
    desk.locator("[data-decide=confirmed]").focus()
    desk.keyboard.press("Enter")
    desk.keyboard.press("Enter")
    assert desk.locator(".copyleaks-reasons").is_visible()
    assert front(desk) == images[0].pk
    desk.keyboard.press("Tab")
    desk.keyboard.press("Enter")
    assert stored(1)[0].reason == "Fake portrait"


def test_reasons__of_each_decision_are_its_own(
    desk: Any, images: list[WatchedImage], configure: Callable[..., None]
) -> None:
    configure(REVIEW_REASONS={"confirm": ["Hands", "Text"], "escalate": ["Minor"]})
    opened(desk)
    offered = desk.locator("[data-reason]:visible")
    assert desk.locator("[data-decide=cleared]").inner_text() == "C Clear (false alarm)"
    desk.keyboard.press("a")
    assert offered.all_inner_texts() == ["1 Hands", "2 Text"]
    desk.keyboard.press("Escape")
    desk.keyboard.press("e")
    assert offered.all_inner_texts() == ["1 Minor"]
    desk.keyboard.press("1")
    decide(desk, "c")
    assert [(it.kind, it.reason) for it in stored(2)] == [("escalated", "Minor"), ("cleared", "")]


def test_reason_that_says_nothing__asks_for_a_note(
    desk: Any, images: list[WatchedImage], configure: Callable[..., None]
) -> None:
    configure(REVIEW_REASONS={"confirm": ["Hands", "Other …"]}, REVIEW_NOTES=["Asked the author"])
    opened(desk)
    for key in ("a", "2", "Enter"):
        desk.keyboard.press(key)
    assert message(desk) == "This reason needs a note. Write it, then press Enter."
    assert announced(desk) == message(desk)
    assert front(desk) == images[0].pk
    note = desk.locator("[data-note]")
    assert note.evaluate("it => it === document.activeElement && it.list.options[0].value") == "Asked the author"
    desk.keyboard.press("Escape")
    assert front(desk) == images[0].pk
    for key in ("a", "2"):
        desk.keyboard.press(key)
    desk.keyboard.type("A logo")
    desk.keyboard.press("Enter")
    (decision,) = stored(1)
    assert (decision.kind, decision.reason, decision.note) == (Kind.CONFIRMED, "Other …", "A logo")
    assert front(desk) == images[1].pk
    assert not desk.locator(".copyleaks-message").is_visible()


def test_reason__is_given_up_by_escape(desk: Any, images: list[WatchedImage], configure: Callable[..., None]) -> None:
    configure(REVIEW_REASONS=["Fake portrait", "Forged document"])
    opened(desk)
    button = desk.locator("[data-decide=confirmed]")
    button.focus()
    desk.keyboard.press("Enter")
    assert desk.locator(".copyleaks-reasons").is_visible()
    desk.keyboard.press("Escape")
    assert not desk.locator(".copyleaks-reasons").is_visible()
    assert button.evaluate("it => it === document.activeElement")
    assert front(desk) == images[0].pk
    # Skipping needs no reason.
    decide(desk, "s")
    assert stored(1)[0].kind == Kind.SKIPPED


# Undoing


def test_undo__brings_back_one_picture_after_the_other(desk: Any, images: list[WatchedImage]) -> None:
    decide(desk, "a")
    decide(desk, "c")
    stored(2)
    desk.keyboard.press("u")
    until(lambda: front(desk) == images[1].pk)
    assert announced(desk).startswith("Undone: Cleared: photo-2.jpg. Next: photo-2.jpg.")
    desk.keyboard.press("u")
    until(lambda: front(desk) == images[0].pk)
    assert [it.kind for it in stored(4)] == [Kind.CONFIRMED, Kind.CLEARED, Kind.UNDONE, Kind.UNDONE]
    assert not WatchedImage.objects.exclude(standing=Standing.FLAGGED).exists()
    desk.keyboard.press("u")
    assert announced(desk) == "There is nothing to undo."
    decide(desk, "c")
    until(lambda: front(desk) == images[1].pk)


def test_undo__works_when_the_queue_is_empty(page: Any) -> None:
    image = pictured("only.jpg")
    opened(page)
    decide(page, "a")
    until(lambda: page.locator(".copyleaks-empty").is_visible())
    page.locator("[data-undo]").click()
    until(lambda: front(page) == image.pk)
    assert not page.locator(".copyleaks-empty").is_visible()


def test_undo_of_what_is_not_sent_yet__takes_it_back(desk: Any, images: list[WatchedImage]) -> None:
    held_back = hold_back(desk, "**/decide/")
    decide(desk, "a")
    decide(desk, "c")
    until(lambda: held_back)
    desk.keyboard.press("u")
    assert front(desk) == images[1].pk
    held_back[0].continue_()
    desk.unroute("**/decide/")
    rest(desk)
    assert [decision.image_id for decision in stored(1)] == [images[0].pk]


# When something goes wrong


def test_stale_decision__brings_back_the_picture_as_it_is_now(desk: Any, images: list[WatchedImage]) -> None:
    WatchedImage.objects.filter(pk=images[0].pk).update(version=F("version") + 1)
    decide(desk, "a")
    until(lambda: front(desk) == images[0].pk)
    assert "Nothing was changed." in message(desk)
    assert message(desk) in announced(desk)
    assert not Decision.objects.exists()
    decide(desk, "a")
    assert len(stored(1)) == 1
    assert message(desk) == ""


def test_picture_of_somebody_else__is_not_shown_again(desk: Any, images: list[WatchedImage]) -> None:
    other = User.objects.create_user("bert")
    WatchedImage.objects.filter(pk=images[0].pk).update(claimed_by=other)
    decide(desk, "a")
    until(lambda: "bert" in message(desk))
    assert message(desk).startswith("photo-1.jpg: ")
    assert front(desk) == images[1].pk


def test_failed_save__brings_the_pictures_back_and_loses_nothing(
    desk: Any, images: list[WatchedImage], complaints: list[str]
) -> None:
    desk.keyboard.press("n")
    desk.keyboard.type("six fingers")
    desk.keyboard.press("Enter")
    held_back = hold_back(desk, "**/decide/")
    decide(desk, "a")
    decide(desk, "c")
    until(lambda: held_back)
    held_back[0].abort()
    until(lambda: front(desk) == images[0].pk)
    failure = "The decision about photo-1.jpg was not saved; the picture is back. The server cannot be reached."
    assert message(desk) == failure
    assert announced(desk) == failure
    assert not Decision.objects.exists()
    desk.unroute("**/decide/")
    desk.locator("[data-retry]").click()
    decisions = stored(2)
    assert [(it.image_id, it.kind) for it in decisions] == [
        (images[0].pk, Kind.CONFIRMED),
        (images[1].pk, Kind.CLEARED),
    ]
    assert decisions[0].note == "six fingers"
    assert front(desk) == images[2].pk
    assert message(desk) == ""
    assert all("ERR_FAILED" in complaint for complaint in complaints)
    complaints.clear()


def test_brought_back_picture__can_be_decided_otherwise(
    desk: Any, images: list[WatchedImage], complaints: list[str]
) -> None:
    held_back = hold_back(desk, "**/decide/")
    decide(desk, "a")
    until(lambda: held_back)
    held_back[0].abort()
    until(lambda: front(desk) == images[0].pk)
    desk.unroute("**/decide/")
    decide(desk, "c")
    assert [it.kind for it in stored(1)] == [Kind.CLEARED]
    complaints.clear()


def test_decision_after_signing_out__says_so(desk: Any, images: list[WatchedImage]) -> None:
    Session.objects.all().delete()
    decide(desk, "a")
    until(lambda: front(desk) == images[0].pk)
    assert "Your session has ended." in message(desk)


def test_stale_decision_about_the_last_picture__is_told(page: Any) -> None:
    image = pictured("only.jpg")
    opened(page)
    WatchedImage.objects.filter(pk=image.pk).update(claimed_by=User.objects.create_user("bert"))
    decide(page, "a")
    until(lambda: page.locator(".copyleaks-empty").is_visible())
    rest(page)
    assert "bert" in message(page)


def test_desk_that_cannot_be_reached__says_so_and_tries_again(
    page: Any, images: list[WatchedImage], complaints: list[str]
) -> None:
    page.route("**/next/", lambda route: route.abort())
    page.goto(reverse("admin:copyleaks_image_watchedimage_review"))
    until(lambda: message(page) == "The server cannot be reached.")
    assert not page.locator(".copyleaks-empty").is_visible()
    page.unroute("**/next/")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    until(lambda: front(page) == images[0].pk)
    assert message(page) == ""
    complaints.clear()


def test_empty_desk__looks_again(page: Any) -> None:
    page.goto(reverse("admin:copyleaks_image_watchedimage_review"))
    until(lambda: page.locator(".copyleaks-empty").is_visible())
    button = page.locator("[data-look]")
    button.focus()
    page.keyboard.press("Enter")
    until(lambda: page.evaluate("document.activeElement.id") == "copyleaks-summary-title")
    image = pictured("new.jpg")
    button.focus()
    page.keyboard.press("Enter")
    until(lambda: front(page) == image.pk)
    assert page.evaluate("document.activeElement.className") == "copyleaks-item-title"


# Several moderators


def test_two_moderators__never_get_the_same_picture(desk: Any, images: list[WatchedImage], sign_in: Any) -> None:
    other = opened(sign_in(User.objects.create_superuser("bert")))
    pages = [desk, other]

    def held(page: Any) -> set[str]:
        return {it.get_attribute("data-pk") for it in page.locator(".copyleaks-item").all()}

    assert held(desk) & held(other) == set()
    assert other.locator(".copyleaks-others").inner_text() == "moderator is here too"
    while any(front(page) for page in pages):
        for page in pages:
            if front(page):
                decide(page, "a")
                rest(page)
                assert held(desk) & held(other) == set()
    decisions = stored(5)
    assert sorted(it.image_id for it in decisions) == [image.pk for image in images]
    assert len({it.decided_by_id for it in decisions}) == 2


def test_leaving__releases_the_claims(desk: Any) -> None:
    assert WatchedImage.objects.exclude(claimed_by=None).count() == 3
    desk.goto("/admin/")
    until(lambda: not WatchedImage.objects.exclude(claimed_by=None).exists())


def test_leaving__sends_what_is_not_sent_yet(desk: Any, images: list[WatchedImage]) -> None:
    held_back: list[Any] = []
    desk.route("**/decide/", lambda route: route.continue_() if held_back else held_back.append(route))
    decide(desk, "a")
    decide(desk, "c")
    until(lambda: held_back)
    desk.goto("/admin/")
    assert images[1].pk in [it.image_id for it in stored(1)]


def test_leaving_a_second_tab__keeps_the_claims_of_the_first(desk: Any, images: list[WatchedImage]) -> None:
    second = opened(desk.context.new_page())
    assert front(second) == front(desk)
    second.goto("/admin/")
    rest(desk)
    assert WatchedImage.objects.filter(claimed_by=User.objects.get()).count() == 3
    desk.goto("/admin/")
    until(lambda: not WatchedImage.objects.exclude(claimed_by=None).exists())


def test_claims__are_renewed_while_the_desk_is_used(desk: Any, images: list[WatchedImage]) -> None:
    soon = timezone.now() + timedelta(minutes=1)
    WatchedImage.objects.exclude(claimed_by=None).update(claimed_until=soon)
    desk.evaluate("{ const later = Date.now() + 240_000; Date.now = () => later; }")
    desk.mouse.move(300, 300)
    until(lambda: WatchedImage.objects.filter(claimed_until__gt=soon + timedelta(minutes=5)).count() == 3)


def test_coming_back__drops_what_is_somebody_elses_by_now(desk: Any, images: list[WatchedImage]) -> None:
    claims.release([images[0].pk, images[1].pk], User.objects.get())
    claims.claim(images[0].pk, User.objects.create_user("bert"))
    desk.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    until(lambda: front(desk) == images[2].pk)
    assert message(desk) == "Somebody else is looking at photo-1.jpg now."
    # The other one was free, and is claimed once more.
    until(lambda: WatchedImage.objects.get(pk=images[1].pk).claimed_by is not None)


def test_coming_back__says_that_a_picture_was_decided_meanwhile(desk: Any, images: list[WatchedImage]) -> None:
    claims.release([images[0].pk], User.objects.get())
    decided(images[0], User.objects.create_user("bert"), Kind.CLEARED)
    desk.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    until(lambda: front(desk) == images[1].pk)
    assert message(desk) == "photo-1.jpg was decided meanwhile, or was no longer reserved for you."


# Keys, focus and choices


def test_focus_inside_the_picture__goes_on_to_the_next_one(desk: Any) -> None:
    desk.locator(f"{FRONT} .copyleaks-aside summary").focus()
    decide(desk, "a")
    assert desk.evaluate(f"document.activeElement === document.querySelector('{FRONT} .copyleaks-item-title')")


def test_focus_in_the_bar__stays_there_until_the_queue_is_empty(page: Any) -> None:
    pictured("one.jpg")
    pictured("two.jpg")
    opened(page)
    button = page.locator("[data-decide=confirmed]")
    button.focus()
    for _ in range(2):
        rest(page)
        page.keyboard.press("Enter")
        assert button.evaluate("it => it === document.activeElement")
    until(lambda: page.locator(".copyleaks-empty").is_visible())
    assert button.evaluate("it => it === document.activeElement")


def test_focus_inside_the_last_picture__goes_to_the_summary(page: Any) -> None:
    pictured("one.jpg")
    opened(page)
    page.locator(f"{FRONT} .copyleaks-aside summary").focus()
    decide(page, "a")
    until(lambda: page.evaluate("document.activeElement.id") == "copyleaks-summary-title")


def test_dialog_of_keys__opens_and_gives_the_focus_back(desk: Any, images: list[WatchedImage]) -> None:
    button = desk.locator("[data-undo]")
    button.focus()
    desk.keyboard.press("?")
    dialog = desk.locator(".copyleaks-keys")
    assert dialog.is_visible()
    desk.keyboard.press("a")
    assert front(desk) == images[0].pk
    desk.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert button.evaluate("it => it === document.activeElement")


def test_key__changes_the_view(desk: Any) -> None:
    stage = desk.locator(f"{FRONT} [data-copyleaks-stage]")
    for key, view in (("1", "original"), ("3", "mask"), ("2", "outline")):
        desk.keyboard.press(key)
        assert stage.get_attribute("data-view") == view


def test_held_h__hides_the_overlay(desk: Any) -> None:
    def is_hidden() -> bool:
        return bool(desk.locator(f"{FRONT} .copyleaks-overlay-hidden").count())

    desk.keyboard.down("h")
    assert is_hidden()
    sleep(SEEN)
    desk.keyboard.up("h")
    assert not is_hidden()
    desk.keyboard.down("h")
    desk.evaluate("window.dispatchEvent(new Event('blur'))")
    assert not is_hidden()


def test_overlay__is_there_when_a_picture_comes_back(
    desk: Any, images: list[WatchedImage], complaints: list[str]
) -> None:
    held_back = hold_back(desk, "**/decide/")
    desk.keyboard.down("h")
    decide(desk, "a")
    desk.keyboard.up("h")
    until(lambda: held_back)
    held_back[0].abort()
    until(lambda: front(desk) == images[0].pk)
    assert desk.locator(".copyleaks-overlay-hidden").count() == 0
    complaints.clear()


def test_shortcuts__can_be_switched_off(desk: Any, images: list[WatchedImage]) -> None:
    button = desk.locator("[data-decide=confirmed]")
    assert button.get_attribute("aria-keyshortcuts") == "A"
    desk.locator(".copyleaks-preferences summary").click()
    desk.locator("[data-preference=shortcuts]").uncheck()
    assert announced(desk) == "Single-key shortcuts are off."
    for _ in range(2):
        for key in "acesun?1":
            desk.keyboard.press(key)
        assert front(desk) == images[0].pk
        assert not desk.locator(".copyleaks-keys").is_visible()
        assert desk.locator("#copyleaks-desk .copyleaks-decisions [aria-keyshortcuts]").count() == 0
        assert desk.locator(f"{FRONT} [aria-keyshortcuts]").count() == 0
        opened(desk)
    button.click()
    assert len(stored(1)) == 1
    desk.locator(".copyleaks-preferences summary").click()
    desk.locator("[data-preference=shortcuts]").check()
    assert button.get_attribute("aria-keyshortcuts") == "A"
    decide(desk, "a")
    assert len(stored(2)) == 2


def test_order__is_changed_by_choosing_it(desk: Any, images: list[WatchedImage]) -> None:
    WatchedImage.objects.filter(pk=images[4].pk).update(ai_share=0.99)
    with desk.expect_navigation():
        desk.locator("[name=order]").select_option("largest")
    until(lambda: front(desk) == images[4].pk)
