"""What a person does to assign an escalation, and to leave a note without deciding."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.standings import Kind, Queue
from tests.admin.browsing import IN_A_BROWSER, until
from tests.admin.desk_in_browser import FRONT, decide, front, message, opened, rest, stored
from tests.admin.desk_requests import IMAGES
from tests.admin.scans_to_show import pictured

pytestmark = IN_A_BROWSER


@pytest.fixture(autouse=True)
def _no_complaints(complaints: list[str]) -> Any:
    yield
    assert complaints == []


@pytest.fixture
def images() -> list[WatchedImage]:
    return [pictured(f"photo-{number}.jpg") for number in range(1, 4)]


@pytest.fixture
def anna(db: None) -> User:
    person = User.objects.create_user("anna", is_staff=True)
    names = ("view_watchedimage", "decide_escalated_watchedimage", "view_photo")
    person.user_permissions.set(Permission.objects.filter(codename__in=names))
    return person


@pytest.fixture
def desk(page: Any, images: list[WatchedImage], anna: User) -> Any:
    return opened(page)


def test_escalation_for_a_person__asks_for_the_note_and_is_theirs(desk: Any, images: list[Any], anna: User) -> None:
    desk.locator("[data-person]").select_option(label="anna")
    desk.locator(f"{FRONT} h2").focus()
    desk.keyboard.press("e")
    until(lambda: message(desk) == "Write a note for the person, then press Enter.")
    assert front(desk) == images[0].pk

    desk.keyboard.type("The shadow is odd")
    desk.keyboard.press("Enter")
    decision = stored(1)[0]
    assert (decision.kind, decision.assigned_to, decision.note) == (Kind.ESCALATED, anna, "The shadow is odd")
    # The next picture is for nobody in particular.
    assert desk.locator("[data-person]").input_value() == ""
    decide(desk, "e")
    assert stored(2)[1].assigned_to is None


def test_escalated_picture__is_handed_to_somebody_else(page: Any, images: list[Any], anna: User) -> None:
    WatchedImage.objects.update(queue=Queue.ESCALATED, standing="escalated")
    opened(page, "?queue=escalated")
    page.keyboard.press("t")
    until(lambda: message(page) == "Choose for whom it is.")

    page.locator("[data-person]").select_option(label="anna")
    page.locator("[data-note]").fill("You know the camera")
    page.locator("[data-decide=assigned]").click()

    assert stored(1)[0].assigned_to == anna
    until(lambda: front(page) == images[1].pk)
    page.goto(f"{IMAGES}{images[0].pk}/change/")
    assert page.get_by_text("Assigned to anna.").count() == 1
    assert page.get_by_text("You know the camera").count() == 1


def test_note__is_left_at_the_desk_without_deciding(desk: Any, images: list[Any]) -> None:
    desk.locator("[data-leave-note]").click()
    assert desk.evaluate("document.activeElement.matches('[data-note]')")
    desk.keyboard.type("I have asked the uploader")
    desk.locator("[data-leave-note]").click()

    until(lambda: desk.locator(f"{FRONT} [data-history]").get_by_text("I have asked the uploader").count())
    assert front(desk) == images[0].pk
    assert desk.locator("[data-note]").input_value() == ""
    assert Decision.objects.get().kind == Kind.NOTED
    rest(desk)
    decide(desk, "c")
    assert stored(2)[1].note == ""


def test_note__is_left_on_the_page_of_a_picture(page: Any, images: list[Any]) -> None:
    page.goto(f"{IMAGES}{images[0].pk}/change/")
    page.get_by_label("Note without a decision").fill("Seen elsewhere")
    page.get_by_role("button", name="Leave the note").click()

    page.wait_for_load_state()
    assert page.get_by_text("Seen elsewhere").count() == 1
    assert Decision.objects.get().kind == Kind.NOTED
