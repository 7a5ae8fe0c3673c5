"""What a person does with the address of a picture at the desk."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.reviewing import claims
from tests.admin.browsing import IN_A_BROWSER, until
from tests.admin.desk_in_browser import FRONT, decide, front, rest, stored
from tests.admin.desk_requests import DESK
from tests.admin.scans_to_show import pictured
from tests.threads import together

pytestmark = IN_A_BROWSER


@pytest.fixture(autouse=True)
def _no_complaints(complaints: list[str]) -> Any:
    yield
    assert complaints == []


@pytest.fixture
def images() -> list[WatchedImage]:
    return [pictured(f"photo-{number}.jpg") for number in range(1, 5)]


def test_open_in_the_review_desk__shows_that_very_picture_then_the_queue(page: Any, images: list[Any]) -> None:
    third = images[2]
    page.goto(f"/admin/copyleaks_image/watchedimage/{third.pk}/change/")
    page.get_by_text("Open in the review desk").click()
    until(lambda: page.locator(FRONT).count())
    rest(page)

    assert front(page) == third.pk
    assert page.url.endswith(f"/review/{third.pk}/")
    until(lambda: WatchedImage.objects.get(pk=third.pk).claimed_by)

    decide(page, "c")
    assert front(page) == images[0].pk
    assert page.url.endswith("/review/?queue=review")
    decision = stored(1)[0]
    assert decision.image_id == third.pk
    assert decision.claimed_at is not None
    assert 0 < (decision.seconds or 0) < 600


def test_address__in_the_hands_of_a_colleague_says_who_holds_it(page: Any, images: list[Any]) -> None:
    ben = User.objects.create_user("ben")
    second = images[1]
    page.goto(f"{DESK}{second.pk}/")
    until(lambda: front(page) == second.pk)
    address = page.locator(f"{FRONT} .copyleaks-address a").get_attribute("href")
    assert address.endswith(f"/review/{second.pk}/")
    page.goto("/admin/")

    until(lambda: claims.claim(second.pk, ben))
    page.goto(address)
    assert page.url.endswith(f"/watchedimage/{second.pk}/change/")
    assert page.get_by_text("ben is looking at this picture.").count() == 1


def test_address__that_somebody_takes_while_the_page_opens_shows_no_other_picture(page: Any, images: list[Any]) -> None:
    ben = User.objects.create_user("ben")
    second = images[1]

    def take(route: Any) -> None:
        together(lambda: claims.claim(second.pk, ben))  # In a thread, since nobody closes the connections of a handler.
        route.continue_()

    page.route("**/review/next/", take)
    page.goto(f"{DESK}{second.pk}/")

    page.wait_for_url(f"**/watchedimage/{second.pk}/change/")
    assert page.get_by_text("ben is looking at this picture.").count() == 1
