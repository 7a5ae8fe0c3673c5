"""How long pictures wait: at the desk, in the list and on the overview."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.standings import Kind, Queue
from tests.admin.desk_requests import IMAGES, ask, awaiting_second_look, decided, user_of
from tests.admin.scans_to_show import pictured, unmeasured
from tests.samples import photo

OVERVIEW = "/admin/copyleaks_image/imagescan/overview/"

pytestmark = pytest.mark.django_db


def waited(image: WatchedImage, **time: float) -> WatchedImage:
    WatchedImage.objects.filter(pk=image.pk).update(queued_at=timezone.now() - timedelta(**time))
    image.refresh_from_db()
    return image


@pytest.fixture
def reviewer(staff: Any) -> Client:
    client: Client = staff("view_watchedimage", "decide_watchedimage", "view_photo")
    return client


def said(client: Client, **fields: str) -> str:
    """Return what the desk says about how much waits."""
    waiting: str = ask(client, "next/", **fields)["waiting"].replace("\xa0", " ")
    return waiting


def test_desk__says_how_long_the_oldest_has_waited(reviewer: Client) -> None:
    assert said(reviewer) == "0 waiting"
    waited(pictured("a.jpg"), hours=3)
    waited(pictured("b.jpg"), days=2)
    waited(unmeasured(photo("lost")), days=9)
    pictured("c.jpg", sandbox=True)

    assert said(reviewer) == "2 waiting, the oldest for 2 days"
    assert said(reviewer, queue="unmeasured") == "1 waiting, the oldest for 1 week"
    assert said(reviewer, sandbox="1") == "1 waiting"
    assert ask(reviewer, "claims/")["waiting"].replace("\xa0", " ") == "2 waiting, the oldest for 2 days"


def test_desk__counts_a_second_look_as_old_as_its_first_for_those_who_may_take_it(reviewer: Client) -> None:
    first = User.objects.create_user("first")
    looked_at_once = waited(pictured("a.jpg"), days=2)
    waited(pictured("b.jpg"), hours=3)

    awaiting_second_look(looked_at_once, first)
    assert said(reviewer) == "2 waiting, the oldest for 2 days"

    decided(looked_at_once, user_of(reviewer), Kind.CLEARED)
    assert said(reviewer) == "1 waiting, the oldest for 3 hours"


def test_list__says_since_when_a_picture_waits(reviewer: Client) -> None:
    waited(pictured("a.jpg"), days=2)
    done = pictured("b.jpg", detected=False, ai_ratio=0.0, mask=None)

    page = reviewer.get(IMAGES).content.decode().replace("\xa0", " ")

    assert page.count("Waits for: Review (<time") == 1
    assert ">2 days</time>)" in page
    assert WatchedImage.objects.get(pk=done.pk).queued_at is None


def test_filter__finds_what_has_waited_longer(reviewer: Client) -> None:
    pictured("new.jpg")
    two_days, two_weeks = waited(pictured("b.jpg"), days=2), waited(unmeasured(photo("lost")), days=14)
    # What was withdrawn waits for nobody, although it once did.
    left = waited(pictured("c.jpg"), days=14)
    WatchedImage.objects.filter(pk=left.pk).update(queue=Queue.NONE, standing="waiting")

    def listed(value: str) -> set[int]:
        result = reviewer.get(IMAGES, {"waiting": value}).context["cl"].result_list
        return {image.pk for image in result}

    assert listed("day") == {two_days.pk, two_weeks.pk}
    assert listed("week") == {two_weeks.pk}
    assert len(listed("nonsense")) == 4


def test_export__says_since_when_pictures_wait(reviewer: Client) -> None:
    image = waited(pictured("a.jpg"), days=2)
    assert image.queued_at is not None

    response: Any = reviewer.get(f"{IMAGES}export/")

    text = b"".join(response.streaming_content).decode()
    assert '"queued_at"' in text
    assert image.queued_at.isoformat(timespec="seconds") in text


def test_overview__says_how_long_the_oldest_picture_has_waited(moderator: Client) -> None:
    def line() -> str | None:
        wait: str | None = moderator.get(OVERVIEW).context["longest_wait"]
        return wait

    assert line() == ""
    waited(unmeasured(photo("lost")), days=3)
    waited(pictured("a.jpg"), hours=1)
    waited(pictured("b.jpg", sandbox=True), days=9)

    assert line() == "The oldest picture has waited for 3\xa0days."
    assert "has waited for 3\xa0days." in moderator.get(OVERVIEW).content.decode()
    assert moderator.get(OVERVIEW, {"sandbox": "1"}).context["longest_wait"].endswith("1\xa0week.")
