"""An escalation is assigned to a person, with a note; and notes are left without deciding."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client

from django_copyleaks_image.admin import PictureAccess
from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.reviewing import decide as deciding
from django_copyleaks_image.signals import decision_made
from django_copyleaks_image.standings import Kind, Queue
from tests.admin.desk_requests import (
    DESK,
    IMAGES,
    ask,
    awaiting_second_look,
    decided,
    next_items,
    next_keys,
    press,
    user_of,
)
from tests.admin.scans_to_show import pictured

pytestmark = pytest.mark.django_db

REVIEWER = ("view_watchedimage", "decide_watchedimage", "view_photo")
SENIOR = ("view_watchedimage", "decide_escalated_watchedimage", "view_photo")
MAY_NOT = "This person may not decide about this picture, or may not see it."


@pytest.fixture
def reviewer(staff: Any) -> Client:
    client: Client = staff(*REVIEWER)
    return client


@pytest.fixture
def anna(staff: Any) -> Client:
    client: Client = staff(*SENIOR)
    return client


@pytest.fixture
def bert(staff: Any) -> Client:
    client: Client = staff(*SENIOR)
    return client


def current(image: WatchedImage) -> WatchedImage:
    return WatchedImage.objects.get(pk=image.pk)


def assigned(image: WatchedImage, by: Client, to: Client, note: str = "Please look") -> Decision:
    kind = Kind.ASSIGNED if current(image).queue == Queue.ESCALATED else Kind.ESCALATED
    return decided(image, user_of(by), kind, assigned_to=user_of(to), note=note)


def history(client: Client, image: WatchedImage) -> str:
    return str(client.get(f"{IMAGES}{image.pk}/change/").content.decode())


def test_escalation__is_assigned_with_a_note(reviewer: Client, anna: Client) -> None:
    image, name = pictured(), user_of(anna).username

    answer = press(reviewer, image, "escalated", assigned_to=user_of(anna).pk, note="The shadow, lower left")

    assert answer["said"] == "Escalated: meadow.jpg."
    assert (current(image).queue, current(image).assigned_to) == (Queue.ESCALATED, user_of(anna))
    assert Decision.objects.get().assigned_to == user_of(anna)
    (item,) = next_items(anna, queue="escalated")
    assert f"Assigned to {name}." in item["html"]
    assert f"Escalated, for {name}" in item["html"]
    assert "The shadow, lower left" in item["html"]


def test_assignment__needs_a_note_and_a_person_who_may_decide_about_the_picture_and_see_it(
    reviewer: Client, anna: Client, staff: Any
) -> None:
    image = pictured()
    blind, nobody = staff("view_watchedimage", "decide_escalated_watchedimage"), User.objects.create_user("nobody")

    def said(person: User, note: str = "Look") -> str:
        answer = press(reviewer, image, "escalated", assigned_to=person.pk, note=note)
        assert answer["refused"]
        return str(answer["said"])

    assert said(user_of(anna), note=" ") == "Write a note for the person."
    for other in (user_of(reviewer), user_of(blind), nobody):
        assert said(other) == MAY_NOT
    assert press(reviewer, image, "escalated", assigned_to="x", note="Look")["said"] == MAY_NOT
    assert current(image).queue == Queue.REVIEW


def test_assignment__follows_the_rules_of_the_project(
    reviewer: Client, anna: Client, rule: Callable[..., None]
) -> None:
    image = pictured()
    rule(may_decide_escalated=lambda access, image=None: image is None or access.request.user != user_of(anna))

    assert press(reviewer, image, "escalated", assigned_to=user_of(anna).pk, note="Look")["said"] == MAY_NOT


def test_people_who_are_offered__may_decide_about_escalated_pictures_on_this_site(
    reviewer: Client, anna: Client, rule: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.create_superuser("absent", is_active=False)

    def offered() -> list[str]:
        return [person.get_username() for person in reviewer.get(DESK).context["people"]]

    assert offered() == [user_of(anna).username]
    rule(assignees=lambda access: [*PictureAccess.assignees(access), user_of(reviewer), User(username="outsider")])
    assert offered() == sorted([user_of(anna).username, user_of(reviewer).username])

    def has_token(request: Any) -> bool:
        # As django-otp's site does, whose middleware has noted it on the user of the request alone.
        is_there = request.user == user_of(reviewer)
        return bool(is_there or (request.user.is_staff and request.user.is_verified()))

    monkeypatch.setattr(admin.site, "has_permission", has_token)
    assert offered() == sorted([user_of(anna).username, user_of(reviewer).username])


def test_escalated_picture__is_assigned_to_another_and_back_by_undo(
    anna: Client, bert: Client, reviewer: Client
) -> None:
    image = pictured()
    assigned(image, reviewer, anna)

    decision = press(anna, image, "assigned", assigned_to=user_of(bert).pk, note="You know the camera")["decision"]
    assert (current(image).queue, current(image).assigned_to) == (Queue.ESCALATED, user_of(bert))

    deciding.undo(decision, user=user_of(anna))
    assert current(image).assigned_to == user_of(anna)
    decided(image, user_of(anna), Kind.CLEARED)
    assert current(image).assigned_to is None


@pytest.mark.parametrize(("kind", "said"), [("assigned", "The picture is not escalated."), ("cleared", "")])
def test_what_is_not_escalated__is_not_assigned(kind: str, said: str, reviewer: Client, anna: Client) -> None:
    image = pictured()

    answer = press(reviewer, image, kind, assigned_to=user_of(anna).pk, note="Look")

    assert answer["said"] == said or "decision" in answer
    assert current(image).assigned_to is None


def test_queue__gives_people_what_is_theirs_first_and_what_is_for_others_last(
    reviewer: Client, anna: Client, bert: Client
) -> None:
    for_bert, for_all, for_anna = (pictured(f"{name}.jpg") for name in "abc")
    assigned(for_bert, reviewer, bert)
    decided(for_all, user_of(reviewer), Kind.ESCALATED)
    assigned(for_anna, reviewer, anna)

    assert next_keys(anna, queue="escalated") == [for_anna.pk, for_all.pk, for_bert.pk]


def test_filter__finds_what_is_assigned_to_me(reviewer: Client, anna: Client, bert: Client) -> None:
    mine, all_of_us, others = (pictured(f"{name}.jpg") for name in "abc")
    assigned(mine, reviewer, anna)
    decided(all_of_us, user_of(reviewer), Kind.ESCALATED)
    assigned(others, reviewer, bert)
    pictured("d.jpg")

    def listed(value: str) -> list[int]:
        return [image.pk for image in anna.get(IMAGES, {"assigned": value}).context["cl"].result_list]

    assert [listed(value) for value in ("me", "nobody", "others")] == [[mine.pk], [all_of_us.pk], [others.pk]]
    assert len(listed("x")) == 4
    assert f"Assigned to {user_of(bert).username}" in anna.get(IMAGES).content.decode()


@pytest.mark.django_db(transaction=True)
def test_signal__tells_of_an_assignment_and_of_no_note(reviewer: Client, anna: Client, bert: Client) -> None:
    heard: list[tuple[str, Any]] = []

    def hear(decision: Decision, **kwargs: Any) -> None:
        heard.append((decision.kind, decision.assigned_to))

    decision_made.connect(hear)
    try:
        image = pictured()
        assigned(image, reviewer, anna)
        assigned(image, anna, bert)
        deciding.leave_note(image.pk, user=user_of(anna), note="Looked twice")
    finally:
        decision_made.disconnect(hear)

    assert heard == [("escalated", user_of(anna)), ("assigned", user_of(bert))]


def test_note__is_left_without_deciding_and_shown_to_everybody_who_judges(reviewer: Client, staff: Any) -> None:
    image, colleague = pictured(), staff(*REVIEWER)
    next_items(reviewer)

    answer = ask(reviewer, f"{image.pk}/note/", note=" <b>The uploader has sent the raw file ")

    assert answer["said"] == "The note about meadow.jpg was left."
    assert "&lt;b&gt;The uploader has sent the raw file" in answer["history"]
    left = current(image)
    assert (left.queue, left.version, left.claimed_by) == (Queue.REVIEW, image.version, user_of(reviewer))
    assert "The uploader has sent the raw file" in history(colleague, image)
    # It is beside what is decided, and is nobody's last decision.
    decision = press(reviewer, image, "cleared", version=image.version)["decision"]
    deciding.leave_note(image.pk, user=user_of(reviewer), note="One more")
    assert ask(reviewer, f"undo/{decision}/")["said"].startswith("Undone")


def test_note__says_something_about_a_picture_that_is_there(reviewer: Client) -> None:
    image = pictured()

    assert ask(reviewer, f"{image.pk}/note/", note=" ")["said"] == "Write the note first."
    WatchedImage.objects.update(queue=Queue.NONE, standing="waiting")
    assert ask(reviewer, f"{image.pk}/note/", note="Look")["refused"]
    assert not Decision.objects.exists()


def test_note__is_left_by_those_who_may_decide_and_see_the_picture(staff: Any) -> None:
    image = pictured()
    address = f"{DESK}{image.pk}/note/"

    for rights in (("view_watchedimage", "view_photo"), ("view_watchedimage", "decide_watchedimage")):
        assert staff(*rights).post(address, {"note": "Look"}).status_code == 403
    assert not Decision.objects.exists()
    # Whoever escalated it may add something.
    decided(image, User.objects.create_user("first"), Kind.ESCALATED)
    assert staff(*REVIEWER).post(address, {"note": "It is a collage"}).status_code == 200


def test_second_look__hears_of_no_note_but_ones_own(reviewer: Client, staff: Any) -> None:
    first = staff(*REVIEWER)
    image = pictured()
    deciding.leave_note(image.pk, user=user_of(reviewer), note="My own thought")
    deciding.leave_note(image.pk, user=user_of(first), note="Painted, surely")
    awaiting_second_look(image, user_of(first))
    deciding.leave_note(image.pk, user=user_of(first), note="As I have decided")

    (item,) = next_items(reviewer)
    answer = ask(reviewer, f"{image.pk}/note/", note="One more of mine")

    for shown in (item["html"], history(reviewer, image), answer["history"]):
        assert "My own thought" in shown
        assert "Painted, surely" not in shown
        assert "As I have decided" not in shown
    assert "One more of mine" in answer["history"]
    assert "Painted, surely" in history(first, image)
    log = staff(*REVIEWER, "view_decision").get("/admin/copyleaks_image/decision/").content.decode()
    assert "Painted, surely" not in log


def test_forms__work_without_a_script(reviewer: Client, anna: Client) -> None:
    image = pictured()
    page = history(reviewer, image)
    assert f'<option value="{user_of(anna).pk}">{user_of(anna).username}</option>' in page

    reviewer.post(f"{DESK}{image.pk}/note/", {"note": "Seen before", "back": f"{IMAGES}{image.pk}/change/"})
    assert "Seen before" in history(reviewer, image)
