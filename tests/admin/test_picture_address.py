"""The address of one picture at the desk: it opens that very picture, claimed, or says who holds it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.reviewing import claims
from django_copyleaks_image.standings import Kind
from tests.admin.desk_requests import DESK, IMAGES, ask, awaiting_second_look, decided, next_keys, user_of
from tests.admin.scans_to_show import pictured, unmeasured
from tests.samples import photo

pytestmark = pytest.mark.django_db

RIGHTS = ("view_watchedimage", "decide_watchedimage", "view_photo")


@pytest.fixture
def reviewer(staff: Any) -> Client:
    client: Client = staff(*RIGHTS)
    return client


def address(image: WatchedImage) -> str:
    return f"{DESK}{image.pk}/"


def page_of(image: WatchedImage) -> str:
    return f"{IMAGES}{image.pk}/change/"


def messages_at(client: Client, image: WatchedImage) -> list[str]:
    return [str(message) for message in client.get(page_of(image)).context["messages"]]


def test_link_on_the_page_of_a_picture__leads_to_its_own_address(reviewer: Client) -> None:
    pictured("a.jpg")
    image = pictured("b.jpg")

    assert f'<a href="{address(image)}">Open in the review desk</a>' in reviewer.get(page_of(image)).content.decode()
    decided(image, User.objects.create_user("first"), Kind.CLEARED)
    assert "Open in the review desk" not in reviewer.get(page_of(image)).content.decode()


@pytest.mark.parametrize("queue", ["review", "unmeasured"])
def test_address__opens_the_picture_in_its_queue_claimed(queue: str, reviewer: Client) -> None:
    pictured("a.jpg")
    image = pictured("b.jpg") if queue == "review" else unmeasured(photo("lost"))

    page = reviewer.get(address(image)).content.decode()
    assert f'data-picture="{image.pk}"' in page
    assert f'data-queue="{queue}"' in page

    answer = ask(reviewer, "next/", queue=queue, picture=str(image.pk))
    assert [item["pk"] for item in answer["items"]] == [image.pk]
    assert f'href="{address(image)}"' in answer["items"][0]["html"]
    assert WatchedImage.objects.get(pk=image.pk).claimed_by == user_of(reviewer)


def test_address__of_what_a_colleague_holds_leads_to_the_page_that_says_who(staff: Any, reviewer: Client) -> None:
    colleague, image = staff(*RIGHTS), pictured()
    assert next_keys(colleague) == [image.pk]

    response = reviewer.get(address(image))

    assert response.headers["Location"] == page_of(image)
    page = reviewer.get(page_of(image)).content.decode()
    assert f"{user_of(colleague).username} is looking at this picture." in page
    # Somebody who was faster since the page was opened is found as well, and nothing else is given in its place.
    pictured("other.jpg")
    assert ask(reviewer, "next/", picture=str(image.pk)) == {"elsewhere": address(image)}
    assert not WatchedImage.objects.filter(claimed_by=user_of(reviewer)).exists()


def test_address__of_what_one_holds_oneself_opens_it(reviewer: Client) -> None:
    image = pictured()
    claims.claim(image.pk, user_of(reviewer))

    assert reviewer.get(address(image)).status_code == 200


def test_address__of_what_waits_for_nobody_leads_to_its_page(reviewer: Client) -> None:
    image = pictured()
    decided(image, User.objects.create_user("first"), Kind.CLEARED)

    assert reviewer.get(address(image)).headers["Location"] == page_of(image)
    assert messages_at(reviewer, image) == ["This picture does not wait for you at the review desk."]


def test_address__of_an_escalated_picture_is_for_those_who_may_decide_about_it(reviewer: Client, staff: Any) -> None:
    senior, image = staff("view_watchedimage", "decide_escalated_watchedimage", "view_photo"), pictured()
    decided(image, User.objects.create_user("first"), Kind.ESCALATED)

    assert reviewer.get(address(image)).headers["Location"] == page_of(image)
    assert 'data-queue="escalated"' in senior.get(address(image)).content.decode()


def test_address__of_a_second_look_opens_it_as_a_first_one(reviewer: Client) -> None:
    image = awaiting_second_look(pictured(), User.objects.create_user("first"))

    page = reviewer.get(address(image)).content.decode()

    assert 'data-queue="review"' in page
    assert "second" not in page.lower()
    # Whoever took the first look hears nothing of another.
    other = awaiting_second_look(pictured("b.jpg"), user_of(reviewer))
    assert reviewer.get(address(other)).headers["Location"] == page_of(other)


def test_address__is_closed_to_those_who_may_not_decide_and_of_nothing(staff: Any, reviewer: Client) -> None:
    image = pictured()

    assert staff("view_watchedimage", "view_photo").get(address(image)).status_code == 403
    assert reviewer.get(f"{DESK}{image.pk + 1}/").status_code == 404


def test_address__shows_nobody_what_they_may_not_see(staff: Any) -> None:
    image = pictured()
    stranger = staff("view_watchedimage", "decide_watchedimage")

    assert stranger.get(address(image)).headers["Location"] == page_of(image)
    assert ask(stranger, "next/", picture=str(image.pk)) == {"elsewhere": address(image)}
    assert WatchedImage.objects.get(pk=image.pk).claimed_by is None


def test_address__without_a_script_leads_to_the_page_of_the_picture(reviewer: Client) -> None:
    image = pictured()

    assert (
        f'<a href="{page_of(image)}">Open the page of this picture</a>' in reviewer.get(address(image)).content.decode()
    )
