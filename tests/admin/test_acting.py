"""A session that was taken over, as django-hijack does it: what is decided in it names both people."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.reviewing.people import keep_name
from tests.admin.desk_requests import IMAGES, ask, press
from tests.admin.scans_to_show import measured_photo

pytestmark = pytest.mark.django_db

LOG = "/admin/copyleaks_image/decision/"


@pytest.fixture
def grace() -> User:
    return User.objects.create_superuser("grace")


@pytest.fixture
def taken_over(grace: User) -> Client:
    """Return the browser of grace, who has taken over the session of ada."""
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    session = client.session
    session["hijack_history"] = [str(grace.pk)]
    session.save()
    return client


@pytest.fixture
def image() -> WatchedImage:
    measured_photo()
    return WatchedImage.objects.get()


def test_what_is_decided_and_undone__names_both_wherever_it_is_shown(
    taken_over: Client, image: WatchedImage, grace: User
) -> None:
    press(taken_over, image, "confirmed")
    decision = Decision.objects.get()
    log = taken_over.get(LOG).content.decode()
    page = taken_over.get(f"{IMAGES}{image.pk}/change/").content.decode()
    ask(taken_over, f"undo/{decision.pk}/")

    assert decision.decided_by == User.objects.get(username="ada")
    assert decision.acted_by == grace
    assert "ada, by grace in their place" in log
    assert "ada, by grace in their place" in page
    assert Decision.objects.get(reverses=decision).acted_by == grace


def test_own_session__names_one(image: WatchedImage) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))

    press(client, image, "confirmed")

    assert Decision.objects.get().acted_by is None
    assert "in their place" not in client.get(LOG).content.decode()


def test_person_who_acted__is_named_when_their_account_is_gone(
    taken_over: Client, image: WatchedImage, grace: User
) -> None:
    press(taken_over, image, "confirmed")
    keep_name(grace)
    grace.delete()

    assert "ada, by grace (deleted) in their place" in taken_over.get(LOG).content.decode()
