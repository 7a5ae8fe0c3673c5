"""What the log says of people whose account was deleted."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.test.utils import isolate_apps
from django.urls import reverse

from django_copyleaks_image import receivers
from django_copyleaks_image.admin import figures
from django_copyleaks_image.admin.period import Period
from django_copyleaks_image.models import Day, DayCount, Decision
from django_copyleaks_image.models.day import About
from django_copyleaks_image.scanning import days
from django_copyleaks_image.standings import Kind
from tests.samples import count_days

from .stories import decided, flagged, image_of

pytestmark = pytest.mark.django_db(transaction=True)

LOG = reverse("admin:copyleaks_image_decision_changelist")


def names() -> list[str]:
    return list(Decision.objects.order_by("pk").values_list("decided_by_name", flat=True))


def real() -> figures.Figures:
    return figures.read(Period.latest(), sandbox=False)


def test_name__is_written_when_the_account_goes_and_not_before(ada: Any, ben: Any) -> None:
    decided(flagged("a.jpg"), ada, Kind.CLEARED)
    decided(flagged("b.jpg", colour="red"), ben, Kind.CLEARED)
    assert names() == ["", ""]

    ada.delete()

    assert names() == ["ada", ""]
    assert list(Decision.objects.order_by("pk").values_list("decided_by", flat=True)) == [None, ben.pk]


def test_names__are_written_when_many_accounts_go_at_once(ada: Any, ben: Any) -> None:
    decided(flagged("a.jpg"), ada, Kind.CLEARED)
    decided(flagged("b.jpg", colour="red"), ben, Kind.CLEARED)

    get_user_model().objects.all().delete()

    assert names() == ["ada", "ben"]


def test_account_that_was_deleted_as_a_proxy__leaves_its_name(ada: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with isolate_apps("tests.gallery"):

        class Visitor(User):
            class Meta:
                proxy = True
                app_label = "gallery"

    monkeypatch.setattr("django.apps.apps.get_models", lambda: [User, Visitor])
    receivers.connect_people()
    decided(flagged(), ada, Kind.CLEARED)

    Visitor._default_manager.get(pk=ada.pk).delete()

    assert names() == ["ada"]


def test_pseudonyms__tell_two_people_apart_and_nobody_who_they_are(
    ada: Any, ben: Any, configure: Callable[..., None]
) -> None:
    configure(DELETED_MODERATORS="pseudonym")
    first, second, third = (flagged(f"{colour}.jpg", colour=colour) for colour in ("red", "green", "blue"))
    one = decided(first, ada, Kind.CLEARED)
    two = decided(second, ben, Kind.CLEARED)
    decided(third, ada, Kind.CONFIRMED)

    ada.delete()
    ben.delete()

    assert names() == [f"Moderator {one.pk}", f"Moderator {two.pk}", f"Moderator {one.pk}"]


def test_whoever_was_only_asked__has_a_pseudonym_of_their_own(
    ada: Any, ben: Any, configure: Callable[..., None]
) -> None:
    configure(DELETED_MODERATORS="pseudonym")
    scan = flagged()
    asked = decided(scan, ada, Kind.ESCALATED, assigned_to=ben, note="Please look.")

    ada.delete()
    ben.delete()

    kept = Decision.objects.get()
    assert (kept.decided_by_name, kept.assigned_to_name) == (f"Moderator {asked.pk}", f"Moderator {asked.pk}-a")
    assert image_of(scan).assigned_to is None


def test_long_name__is_cut_and_one_that_no_database_takes_is_written(ada: Any) -> None:
    decided(flagged(), ada, Kind.CLEARED)
    ada.get_username = lambda: "\0" + "x" * 300

    ada.delete()

    assert names() == ["x" * 200]


def test_counts_of_a_person__stay_theirs(ada: Any, ben: Any) -> None:
    decided(flagged("a.jpg"), ada, Kind.CLEARED)
    decided(flagged("b.jpg", colour="red"), ben, Kind.CONFIRMED)
    count_days()

    ada.delete()
    ben.delete()

    for _ in range(2):
        work = real().by_person
        assert {key.name: it.decided for key, it in work.items()} == {"ada": 1, "ben": 1}
        days.count_anew(About.DECISIONS, list(Day.objects.filter(about=About.DECISIONS).values_list("date", flat=True)))
    assert set(DayCount.objects.filter(day__about=About.DECISIONS).values_list("person_name", flat=True)) == {
        "ada",
        "ben",
    }


@pytest.fixture
def lead(client: Client) -> Client:
    user = User.objects.create_user("lead", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    client.force_login(user)
    return client


def test_pages__say_who_it_was(lead: Client, ada: Any, ben: Any) -> None:
    scan = flagged()
    decided(scan, ada, Kind.ESCALATED, assigned_to=ben, note="Please look.")
    ada.delete()
    ben.delete()

    log = lead.get(LOG).content.decode()
    assert "ada (deleted)" in log
    assert "for ben (deleted)" in log
    answer: Any = lead.get(f"{LOG}export/")
    assert b',"ada",' in b"".join(answer.streaming_content)
    page = lead.get(reverse("admin:copyleaks_image_watchedimage_change", args=[image_of(scan).pk])).content.decode()
    assert "ada (deleted)" in page
    overview = lead.get(reverse("admin:copyleaks_image_imagescan_overview")).content.decode()
    assert "ada (deleted)" in overview
    assert "person=deleted%3Aada" in overview
