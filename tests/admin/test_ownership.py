"""Whose a picture is, in the lists, at the desk, in the log and in the files; and the search for objects."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_copyleaks_image.admin.images import WatchedImageAdmin
from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.registry import register, unregister
from django_copyleaks_image.standings import Kind, Queue, Standing
from tests.admin.desk_requests import IMAGES, awaiting_second_look, decided, next_items
from tests.admin.scans_to_show import pictured
from tests.admin.test_export import read
from tests.gallery.models import Photo

LOG = "/admin/copyleaks_image/decision/"
NONE = "None of their other pictures was confirmed as AI"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def owned() -> Iterator[None]:
    """Let the title of a photo begin with the name of whose it is."""
    register(Photo, "image", owner=lambda instance: instance.title.partition("-")[0])
    yield
    unregister(Photo, "image")


@pytest.fixture
def lead(staff: Any) -> Client:
    client: Client = staff("view_watchedimage", "view_decision", "view_photo", "decide_watchedimage")
    return client


@pytest.fixture
def bert(db: None) -> User:
    return User.objects.create_user("bert", is_staff=True)


def listed(client: Client, address: str = IMAGES, **asked: Any) -> list[Any]:
    response = client.get(address, asked)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)[::-1]


def page_of(client: Client, image: WatchedImage) -> str:
    text: str = client.get(f"{IMAGES}{image.pk}/change/").content.decode()
    return text


def confirmed(name: str, by: User, **changes: Any) -> WatchedImage:
    image = pictured(name, **changes)
    decided(image, by, Kind.CONFIRMED)
    return image


def test_owner__is_a_filter_and_a_link_of_the_list(lead: Client) -> None:
    first, second = pictured("anna-1.jpg"), pictured("anna-2.jpg")
    pictured("carla-1.jpg")
    assert listed(lead, owner="text:anna") == [first, second]
    assert listed(lead, owner="text:nobody") == []
    page = lead.get(IMAGES).content.decode()
    assert '<a href="?owner=text%3Acarla"><bdi>carla</bdi></a>' in page
    assert "By owner" not in page
    page = lead.get(IMAGES, {"owner": "text:anna"}).content.decode()
    assert "By owner" in page
    assert 'href="?owner=text%3Aanna">anna</a>' in page


def test_owner__is_a_filter_of_the_log(lead: Client, bert: User) -> None:
    decision = decided(pictured("anna-1.jpg"), bert, Kind.CLEARED)
    decided(pictured("carla-1.jpg"), bert, Kind.CLEARED)
    assert listed(lead, LOG, owner="text:anna") == [decision]
    assert '<a href="?owner=text%3Aanna"><bdi>anna</bdi></a>' in lead.get(LOG).content.decode()


def test_owner__is_in_both_files(lead: Client, bert: User) -> None:
    decided(pictured("=anna-1.jpg"), bert, Kind.CLEARED)
    decided(pictured("carla-1.jpg"), bert, Kind.CLEARED)
    for address in (IMAGES, LOG):
        rows = read(lead.get(f"{address}export/"))
        assert [(row["owner"], row["owner_key"]) for row in rows] == [("carla", "text:carla"), ("'=anna", "text:=anna")]
        assert len(read(lead.get(f"{address}export/", {"owner": "text:carla"}))) == 1


def test_owner__is_told_and_confirmed_of_nobody_who_may_not_view_the_object(staff: Any, bert: User) -> None:
    image = confirmed("anna-1.jpg", bert)
    stranger = staff("view_watchedimage", "view_decision")
    assert listed(stranger) == [image]
    for address in (IMAGES, LOG):
        assert listed(stranger, address, owner="text:anna") == []
        assert listed(stranger, address, q="anna") == []
        assert "anna" not in stranger.get(address).content.decode()
        assert ">anna<" not in stranger.get(address, {"owner": "text:anna"}).content.decode()
    assert "anna" not in page_of(stranger, image)


def test_desk__says_how_many_other_pictures_of_the_owner_were_confirmed(lead: Client, bert: User) -> None:
    for number in range(2):
        confirmed(f"anna-{number}.jpg", bert)
    confirmed("carla-1.jpg", bert)
    confirmed("anna-mock.jpg", bert, sandbox=True)
    decided(pictured("anna-cleared.jpg"), bert, Kind.CLEARED)
    image = pictured("anna-new.jpg")
    (item,) = next_items(lead)
    link = f"{IMAGES}?owner=text%3Aanna&amp;standing=confirmed&amp;sandbox__exact=0"
    said = f'<a href="{link}">2 of their other pictures were confirmed as AI</a>'
    for shown in (item["html"], page_of(lead, image)):
        assert said in shown
        assert f'<a href="{IMAGES}?owner=text%3Aanna">All pictures of this owner</a>' in shown
    found = listed(lead, owner="text:anna", standing="confirmed", sandbox__exact=0)
    assert [it.standing for it in found] == [Standing.CONFIRMED] * 2


def test_count__is_bounded(lead: Client, bert: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_copyleaks_image.admin.ownership._COUNTED", 1)
    first = confirmed("anna-1.jpg", bert)
    assert f'<span class="copyleaks-line">{NONE}</span>' in page_of(lead, first)
    second = confirmed("anna-2.jpg", bert)
    assert "1 of their other pictures was confirmed as AI" in page_of(lead, second)
    confirmed("anna-3.jpg", bert)
    assert "More than 1 of their other pictures were confirmed as AI" in page_of(lead, second)


def test_count__tells_a_second_looker_of_no_first_look(lead: Client, bert: User) -> None:
    image = pictured("anna-1.jpg")
    awaiting_second_look(pictured("anna-2.jpg"), bert, Kind.CONFIRMED)
    assert NONE in page_of(lead, image)
    assert listed(lead, owner="text:anna", standing="confirmed") == []
    WatchedImage.objects.update(queue=Queue.NONE, queued_at=None, standing=Standing.CONFIRMED)
    assert "1 of their other pictures was confirmed as AI" in page_of(lead, image)


def test_count__leaves_out_what_the_rules_of_the_project_hide(
    lead: Client, bert: User, rule: Callable[..., None]
) -> None:
    hidden, image = confirmed("anna-1.jpg", bert), pictured("anna-2.jpg")
    rule(may_view=lambda access, model, row=None: row is None or row.pk != hidden.pk)
    assert NONE in page_of(lead, image)


def test_owner__that_is_a_user_is_a_link_for_those_who_may_view_users(lead: Client, staff: Any, bert: User) -> None:
    register(Photo, "image", owner=lambda instance: bert)
    image = pictured("a.jpg")
    seeing = staff("view_watchedimage", "view_photo", "view_user")
    assert f'<a href="/admin/auth/user/{bert.pk}/change/"><bdi>bert</bdi></a>' in page_of(seeing, image)
    page = page_of(lead, image)
    assert "<bdi>bert</bdi>" in page
    assert "/auth/user/" not in page
    WatchedImage.objects.update(owner_key="gone.model:3")
    assert "<bdi>bert</bdi>" in page_of(seeing, image)


def test_picture_without_owner__says_nothing_of_one(lead: Client) -> None:
    register(Photo, "image")
    image = pictured("a.jpg")
    for page in (page_of(lead, image), lead.get(IMAGES).content.decode(), next_items(lead)[0]["html"]):
        assert "Owner" not in page


def test_lists__cost_the_same_number_of_queries_for_1_and_9_owners(lead: Client, bert: User) -> None:
    def numbers() -> list[int]:
        found = []
        for address in (IMAGES, LOG, f"{IMAGES}?owner=text:first", f"{IMAGES}?q=first"):
            lead.get(address)
            with CaptureQueriesContext(connection) as captured:
                lead.get(address)
            found.append(len(captured))
        return found

    confirmed("first-1.jpg", bert)
    few = numbers()
    for number in range(8):
        confirmed(f"{number}-first.jpg", bert)
    assert numbers() == few


# The search


def test_search__finds_owners_and_titles(lead: Client, bert: User, monkeypatch: pytest.MonkeyPatch) -> None:
    image, other = pictured("anna-1.jpg"), pictured("carla-1.jpg")
    decision = decided(image, bert, Kind.CLEARED)
    Photo.objects.filter(pk=image.object_id).update(title="Harbour at dawn")
    assert listed(lead, q="anna") == [image]
    assert listed(lead, q="dawn") == []
    monkeypatch.setattr(site.get_model_admin(Photo), "search_fields", ("title",))
    assert listed(lead, q="dawn") == [image]
    assert listed(lead, LOG, q="dawn") == [decision]
    assert listed(lead, q=other.object_id + "x") == []
    assert len(read(lead.get(f"{IMAGES}export/", {"q": "dawn"}))) == 1


def test_search__finds_no_titles_of_what_the_user_may_not_view(
    staff: Any, rule: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = pictured("anna-1.jpg")
    Photo.objects.update(title="Harbour at dawn")
    monkeypatch.setattr(site.get_model_admin(Photo), "search_fields", ("title",))
    assert listed(staff("view_watchedimage"), q="dawn") == []
    seeing = staff("view_watchedimage", "view_photo")
    assert listed(seeing, q="dawn") == [image]
    rule(may_view=lambda access, model, row=None: row is None)
    assert listed(seeing, q="dawn") == []


def test_search__for_objects_is_the_projects_to_say(lead: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    image = pictured("anna-1.jpg")
    pictured("carla-1.jpg")

    def by_number(admin: Any, request: Any, model: Any, search_term: str) -> Any:
        return Photo.objects.filter(pk=image.object_id) if search_term == "#1" else None

    monkeypatch.setattr(WatchedImageAdmin, "search_objects", by_number)
    assert listed(lead, q="#1") == [image]
    assert listed(lead, q="#2") == []
