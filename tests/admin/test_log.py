"""The log of decisions: what a lead asks it, and what a moderator finds of their own."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.registry import register, unregister
from django_copyleaks_image.reviewing.decide import undo
from django_copyleaks_image.standings import Kind, Queue
from tests.admin.desk_requests import DESK, IMAGES, awaiting_second_look, decided, press, user_of
from tests.admin.scans_to_show import pictured
from tests.gallery.models import Photo, Product
from tests.samples import picture, upload

LOG = "/admin/copyleaks_image/decision/"
INDEX = "/admin/copyleaks_image/"
AS_A_FORM = {"Accept": "text/html"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(staff: Any) -> Client:
    client: Client = staff("view_watchedimage", "view_decision", "view_photo")
    return client


@pytest.fixture
def anna(staff: Any) -> Client:
    """A client of a moderator, who may not view the whole log."""
    client: Client = staff("view_watchedimage", "decide_watchedimage", "view_photo")
    return client


@pytest.fixture
def bert(db: None) -> User:
    return User.objects.create_user("bert", is_staff=True)


def listed(client: Client, **asked: Any) -> list[Decision]:
    """Return what the list shows, the oldest first."""
    response = client.get(LOG, asked)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)[::-1]


def exported(client: Client, **asked: Any) -> list[dict[str, str]]:
    response: Any = client.get(f"{LOG}export/", asked)
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))[::-1]


def told(client: Client) -> list[str]:
    return [str(message) for message in client.get(LOG).context["messages"]]


# What a lead asks


def test_person__is_a_filter_also_once_the_account_is_gone(lead: Client, bert: User) -> None:
    carla, left = User.objects.create_user("carla"), User.objects.create_user("left")
    by_bert, by_carla, by_nobody = (
        decided(pictured(f"{user}.jpg"), user, Kind.CLEARED) for user in (bert, carla, left)
    )
    left.delete()
    User.objects.create_user("nameless")
    by_nameless = decided(pictured("nameless.jpg"), User.objects.get(username="nameless"), Kind.CLEARED)
    Decision.objects.filter(pk=by_nameless.pk).update(decided_by=None)  # Before names were kept, or by SQL.
    assert listed(lead, person=bert.pk) == [by_bert]
    assert listed(lead, person=carla.pk) == [by_carla]
    assert listed(lead, person="deleted:left") == [by_nobody]
    assert listed(lead, person="deleted") == [by_nameless]
    assert listed(lead, person=4711) == []
    assert len(listed(lead, person="nonsense")) == 4
    page = lead.get(LOG).content.decode()
    assert f'href="?person={bert.pk}">bert</a>' in page
    assert 'href="?person=deleted%3Aleft">left (deleted)</a>' in page
    assert 'href="?person=deleted">a deleted user</a>' in page
    assert listed(lead, q="left") == [by_nobody]


def test_person__is_found_by_the_search(lead: Client, bert: User) -> None:
    by_bert = decided(pictured("a.jpg"), bert, Kind.CLEARED)
    decided(pictured("b.jpg"), User.objects.create_user("carla"), Kind.CLEARED)
    assert listed(lead, q="bert") == [by_bert]


def test_reason__is_a_filter_also_when_it_is_offered_no_more(lead: Client, bert: User, configure: Any) -> None:
    configure(REVIEW_REASONS=["Hands", "Text"])
    by_hands = decided(pictured("a.jpg"), bert, Kind.CONFIRMED, reason="Hands")
    decided(pictured("b.jpg"), bert, Kind.CLEARED, reason="Text")
    assert listed(lead, reason="Hands") == [by_hands]
    configure(REVIEW_REASONS=["Text"])
    assert listed(lead, reason="Hands") == [by_hands]
    assert 'href="?reason=Hands">Hands</a>' not in lead.get(LOG).content.decode()


def test_field__is_a_filter(staff: Any, bert: User) -> None:
    lead = staff("view_watchedimage", "view_decision", "view_photo", "view_product")
    of_photo = decided(pictured("a.jpg"), bert, Kind.CLEARED)
    register(Product, "image_key")
    try:
        assert listed(lead, field="gallery.Photo.image") == [of_photo]
    finally:
        unregister(Product, "image_key")
    other = pictured("b.jpg")
    WatchedImage.objects.filter(pk=other.pk).update(field_name="thumbnail")
    decided(other, bert, Kind.CLEARED)
    assert listed(lead, field="gallery.Photo.image") == [of_photo]
    assert len(listed(lead, field="nonsense")) == 2


def test_overturned__is_what_was_undone_or_replaced_by_the_opposite(lead: Client, bert: User) -> None:
    carla = User.objects.create_user("carla")
    images = {name: pictured(f"{name}.jpg") for name in ("stands", "repeated", "undone", "replaced", "restored")}
    first = {name: decided(image, bert, Kind.CONFIRMED) for name, image in images.items()}
    again = decided(images["repeated"], carla, Kind.CONFIRMED)
    reversal = undo(first["undone"].pk, user=bert)
    opposite = decided(images["replaced"], carla, Kind.CLEARED)
    passing = decided(images["restored"], carla, Kind.CLEARED)
    undo(passing.pk, user=carla)
    skipped = decided(pictured("skipped.jpg"), bert, Kind.SKIPPED)
    assert listed(lead, overturned="yes") == [first["undone"], first["replaced"], passing]
    assert listed(lead, overturned="undone") == [first["undone"], passing]
    assert listed(lead, overturned="replaced") == [first["replaced"]]
    stand = [first["stands"], first["repeated"], first["restored"], again, opposite]
    assert listed(lead, overturned="no") == stand
    assert {reversal, skipped}.isdisjoint(stand)
    assert len(listed(lead, overturned="nonsense")) == 11


def test_overturned__is_about_the_same_bytes(lead: Client, bert: User) -> None:
    image = pictured("a.jpg")
    decided(image, bert, Kind.CONFIRMED)
    WatchedImage.objects.filter(pk=image.pk).update(
        sha256="b" * 64, standing="flagged", queue=Queue.REVIEW, queued_at=timezone.now()
    )
    decided(image, bert, Kind.CLEARED)
    assert listed(lead, overturned="yes") == []


def test_second_look__is_a_filter_by_whether_it_agreed(lead: Client, staff: Any, bert: User) -> None:
    second = staff("view_watchedimage", "decide_watchedimage", "view_photo")
    agreed, disagreed = (awaiting_second_look(pictured(f"{name}.jpg"), bert) for name in ("same", "other"))
    press(second, agreed, "cleared")
    press(second, disagreed, "confirmed")
    assert [it.image for it in listed(lead, second_look="agreed")] == [agreed]
    assert [it.image for it in listed(lead, second_look="disagreed")] == [disagreed]


def test_dates__are_days_of_the_sites_time_zone(lead: Client, bert: User, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    moments = [datetime(2026, 7, day, hour, 30, tzinfo=UTC) for day, hour in ((1, 21), (1, 22), (2, 21), (2, 22))]
    rows = [decided(pictured(f"{at:%d%H}.jpg"), bert, Kind.CLEARED) for at in moments]
    for row, at in zip(rows, moments, strict=True):
        Decision.objects.filter(pk=row.pk).update(decided_at=at)
    day = {"from": "2026-07-02", "until": "2026-07-02"}
    assert listed(lead, **day) == rows[1:3]
    assert listed(lead, **{"from": "2026-07-03"}) == rows[3:]
    assert listed(lead, until="2026-07-01") == rows[:1]
    assert listed(lead, until="9999-12-31") == rows
    for nonsense in ("2026-02-30", "yesterday", ""):
        assert listed(lead, **{"from": nonsense}) == rows
    page = lead.get(LOG, day | {"kind__exact": "cleared"}).content.decode()
    assert '<input type="date" name="from" value="2026-07-02">' in page
    assert '<input type="hidden" name="kind__exact" value="cleared">' in page
    assert f'href="?from={timezone.localdate()}&amp;kind__exact=cleared">Today</a>' in page


def test_log__has_thumbnails_of_what_was_decided_about(lead: Client, bert: User) -> None:
    image = pictured("a.jpg")
    decided(image, bert, Kind.CONFIRMED)
    thumbnail = f"{IMAGES}rendition/{image.scan_id}/thumbnail/"
    assert thumbnail in lead.get(LOG).content.decode()
    WatchedImage.objects.filter(pk=image.pk).update(sha256="b" * 64)
    assert thumbnail not in lead.get(LOG).content.decode()


def test_thumbnail__is_kept_from_whoever_may_not_view_the_object(staff: Any, bert: User) -> None:
    image = pictured("secret.jpg")
    decided(image, bert, Kind.CONFIRMED)
    page = staff("view_watchedimage", "view_decision").get(LOG).content.decode()
    assert f"rendition/{image.scan_id}" not in page
    assert "secret.jpg" not in page


def test_export__says_who_decided_what_when_why_and_what_they_saw(lead: Client, bert: User, configure: Any) -> None:
    configure(REVIEW_REASONS=["Hands"])
    image = pictured("a.jpg")
    decision = decided(image, bert, Kind.CONFIRMED, reason="Hands", note="=1+1")
    reversal = undo(decision.pk, user=bert)
    first, second = exported(lead)
    assert first == {
        "decision_id": str(decision.pk),
        "decided_at": decision.decided_at.astimezone(UTC).isoformat(timespec="seconds"),
        "decided_by": "bert",
        "acted_by": "",
        "decision": "confirmed",
        "batch": "",
        "undoes": "",
        "reason": "Hands",
        "note": "'=1+1",
        "taken_from": "review",
        "standing_before": "flagged",
        "agrees_with_first_look": "",
        "undone_at": reversal.decided_at.astimezone(UTC).isoformat(timespec="seconds"),
        "undone_by": "bert",
        "object": "gallery.Photo",
        "object_id": image.object_id,
        "field_name": "image",
        "owner": "",
        "owner_key": "",
        "sha256": image.sha256,
        "scan_id": image.scan.scan_id if image.scan else "",
        "sandbox": "no",
        "verdict": "partly_ai",
        "seen": "",
        "finding": "AI share of the area: 37 %",
    }
    assert (second["decision"], second["undoes"]) == ("undone", str(decision.pk))
    assert exported(lead, overturned="no") == []


def test_export__of_the_log_is_for_those_who_may_see_the_pictures_and_take_no_second_look(
    lead: Client, staff: Any, bert: User
) -> None:
    awaiting_second_look(pictured("a.jpg"), bert)
    assert len(exported(lead)) == 1
    assert exported(staff("view_watchedimage", "view_decision")) == []
    assert exported(staff("view_watchedimage", "view_decision", "view_photo", "decide_watchedimage")) == []


# What a moderator finds


def test_own_decisions__are_in_the_index_of_every_moderator(anna: Client, moderator: Client, bert: User) -> None:
    own = press(anna, pictured("mine.jpg"), "cleared")["decision"]
    decided(pictured("others.jpg"), bert, Kind.CLEARED)
    assert f'href="{LOG}"' in anna.get(INDEX).content.decode()
    assert f'href="{LOG}"' not in moderator.get(INDEX).content.decode()
    assert [row.pk for row in listed(anna)] == [own]
    assert listed(anna, person=bert.pk) == []
    assert [row["decision_id"] for row in exported(anna)] == [str(own)]
    page = anna.get(LOG).content.decode()
    assert "<h1>My decisions</h1>" in page
    assert "others.jpg" not in page
    assert "bert" not in page


def test_own_decisions__are_one_link_away_for_who_may_see_all(staff: Any, bert: User) -> None:
    lead = staff("view_watchedimage", "view_decision", "view_photo", "decide_watchedimage")
    own = press(lead, pictured("mine.jpg"), "cleared")["decision"]
    decided(pictured("others.jpg"), bert, Kind.CLEARED)
    address = f"?person={user_of(lead).pk}"
    assert f'<a class="copyleaks-button" href="{LOG}{address}">My decisions</a>' in lead.get(LOG).content.decode()
    assert [row.pk for row in listed(lead, person=user_of(lead).pk)] == [own]


def test_own_decision__of_others_leads_to_no_page(anna: Client, bert: User) -> None:
    others = decided(pictured("others.jpg"), bert, Kind.CLEARED)
    assert anna.get(f"{LOG}{others.pk}/change/").status_code == 404


def undo_buttons(client: Client) -> list[int]:
    """Return the keys of the decisions whose rows have a button to undo them."""
    response = client.get(LOG)
    rows = response.context["cl"].result_list
    return sorted(row.pk for row in rows if f'formaction="{DESK}undo/{row.pk}/"' in response.content.decode())


def test_own_decision__is_undone_from_the_list(anna: Client) -> None:
    image = pictured("a.jpg")
    decision = press(anna, image, "confirmed")["decision"]
    assert undo_buttons(anna) == [decision]
    response = anna.post(f"{DESK}undo/{decision}/", {"back": f"{LOG}?p=1"}, headers=AS_A_FORM)
    assert response.headers["Location"] == f"{LOG}?p=1"
    assert told(anna) == ["Undone: Confirmed as AI: a.jpg."]
    assert WatchedImage.objects.get(pk=image.pk).queue == Queue.REVIEW
    assert undo_buttons(anna) == []


def test_undo__is_offered_for_what_stands_alone(anna: Client, bert: User) -> None:
    images = {name: pictured(f"{name}.jpg") for name in ("stands", "skipped", "replaced", "measured", "other", "gone")}
    own = {
        name: press(anna, image, "skipped" if name == "skipped" else "cleared")["decision"]
        for name, image in images.items()
    }
    decided(images["replaced"], bert, Kind.CONFIRMED)
    decided(images["skipped"], bert, Kind.SKIPPED)
    changed = WatchedImage.objects.filter
    changed(pk=images["measured"].pk).update(verdict="mostly_ai")
    changed(pk=images["other"].pk).update(sha256="b" * 64)
    changed(pk=images["gone"].pk).update(removed_at=timezone.now())
    again = press(anna, images["stands"], "confirmed")["decision"]
    assert undo_buttons(anna) == sorted([own["skipped"], again])


def test_undo__of_what_nobody_could_read_is_offered_until_another_file_comes(anna: Client) -> None:
    image = pictured("a.jpg")
    WatchedImage.objects.filter(pk=image.pk).update(sha256="")
    decision = press(anna, image, "cleared")["decision"]
    assert undo_buttons(anna) == [decision]
    press(anna, image, "confirmed")
    assert decision not in undo_buttons(anna)
    WatchedImage.objects.filter(pk=image.pk).update(uploaded_at=timezone.now() + timedelta(seconds=1))
    assert undo_buttons(anna) == []


def test_undo__is_not_offered_without_the_permission_of_its_queue(staff: Any) -> None:
    senior = staff("view_watchedimage", "decide_watchedimage", "decide_escalated_watchedimage", "view_photo")
    image = pictured("a.jpg", queue=Queue.ESCALATED, standing="escalated")
    decision = press(senior, image, "cleared")["decision"]
    assert undo_buttons(senior) == [decision]
    permissions = user_of(senior).user_permissions
    permissions.remove(permissions.get(codename="decide_escalated_watchedimage"))
    assert undo_buttons(senior) == []


def test_own_decisions__cost_the_same_number_of_queries_for_1_and_9_rows(
    anna: Client, django_assert_num_queries: Any
) -> None:
    press(anna, pictured("first.jpg"), "cleared")
    anna.get(LOG)  # Fills the cache of content types.
    with CaptureQueriesContext(connection) as few:
        anna.get(LOG)
    expected = len(few)
    for number in range(8):
        press(anna, pictured(f"{number}.jpg"), "cleared")
    with django_assert_num_queries(expected):
        anna.get(LOG)


def test_own_decision__about_a_replaced_file_is_not_undone(anna: Client) -> None:
    image = pictured("a.jpg")
    decision = press(anna, image, "cleared")["decision"]
    instance = Photo.objects.get(pk=image.object_id)
    instance.image = upload("b.jpg", picture(color="red"))
    instance.save()
    assert undo_buttons(anna) == []
    anna.post(f"{DESK}undo/{decision}/", {"back": LOG}, headers=AS_A_FORM)
    assert Decision.objects.count() == 1
