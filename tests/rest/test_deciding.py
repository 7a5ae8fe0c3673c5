"""Decisions by the API go the way of the desk: as the picture was seen, and never past somebody else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from rest_framework.test import APIClient

from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.reviewing import claims
from django_copyleaks_image.standings import Kind
from tests.admin.desk_requests import awaiting_second_look, decided, user_of
from tests.admin.scans_to_show import pictured, unmeasured
from tests.gallery.models import Photo
from tests.rest.conftest import API
from tests.samples import photo

pytestmark = pytest.mark.django_db


def version_of(client: APIClient, image: WatchedImage) -> str:
    version: str = client.get(f"{API}images/{image.pk}/").json()["version"]
    return version


def decide(client: APIClient, image: WatchedImage, kind: str, *, version: str | None = None, **fields: Any) -> Any:
    wish = {"kind": kind, "version": version or version_of(client, image), "seen": "seen", **fields}
    return client.post(f"{API}images/{image.pk}/decisions/", wish, format="json")


def test_decision__is_taken_noted_and_undone(reviewer: APIClient) -> None:
    image = pictured("meadow.jpg")

    response = decide(reviewer, image, "confirmed", note=" Six fingers. ", seconds=7)

    told = response.json()
    assert response.status_code == 201
    assert (told["kind"], told["note"], told["seen"], told["image"]) == ("confirmed", "Six fingers.", "seen", image.pk)
    image.refresh_from_db()
    assert (image.standing, image.queue, image.version) == ("confirmed", "", 1)
    assert reviewer.get(f"{API}images/{image.pk}/decisions/").json() == [told]

    undone = reviewer.post(f"{API}decisions/{told['id']}/undo/")

    assert (undone.status_code, undone.json()["kind"], undone.json()["reverses"]) == (201, "undone", told["id"])
    image.refresh_from_db()
    assert (image.standing, image.queue) == ("flagged", "review")
    assert reviewer.get(f"{API}images/{image.pk}/decisions/").json()[0]["undone_by"]
    assert reviewer.post(f"{API}decisions/{told['id']}/undo/").status_code == 409


def test_whoever_comes_second__is_told_what_happened(reviewer: APIClient, bert: User) -> None:
    image = pictured("meadow.jpg")
    version = version_of(reviewer, image)
    decided(image, bert, Kind.CLEARED)

    late = decide(reviewer, image, "confirmed", version=version)

    assert late.status_code == 409
    assert late.json()["detail"] == "bert cleared this picture a moment ago. Nothing was changed."
    assert (late.json()["image"]["standing"], late.json()["image"]["id"]) == ("cleared", image.pk)
    assert Decision.objects.count() == 1


@pytest.mark.parametrize("version", ["0", "1", "x" * 12 + ":" + "y" * 43, "ä:ö"])
def test_no_version__is_made_up(version: str, reviewer: APIClient) -> None:
    assert decide(reviewer, pictured("meadow.jpg"), "confirmed", version=version).status_code == 409
    assert not Decision.objects.exists()


def test_what_somebody_looks_at__is_left_to_them(reviewer: APIClient, bert: User) -> None:
    image = pictured("meadow.jpg")
    claims.claim(image.pk, bert)

    late = decide(reviewer, image, "confirmed")
    claim = reviewer.post(f"{API}images/{image.pk}/claim/")

    assert [it.status_code for it in (late, claim)] == [409, 409]
    assert late.json()["detail"] == claim.json()["detail"] == "bert is looking at this picture. Nothing was changed."
    assert claim.json()["image"]["held_by"] == "bert"


def test_claim__is_taken_renewed_and_given_up(reviewer: APIClient) -> None:
    image = pictured("meadow.jpg")
    address = f"{API}images/{image.pk}/claim/"

    assert reviewer.post(address).json()["held_by"] == user_of(reviewer).username
    assert reviewer.post(address).status_code == 200
    assert reviewer.delete(address).status_code == 204
    assert reviewer.get(f"{API}images/{image.pk}/").json()["held_by"] == ""
    decide(reviewer, image, "cleared")
    assert reviewer.post(address).status_code == 409


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"kind": "confirmed", "seen": None}, "seen"),
        ({"kind": "undone"}, "kind"),
        ({"kind": "noted"}, "kind"),
        ({"kind": "assigned"}, "detail"),
        ({"kind": "confirmed", "reason": "Fingers"}, "detail"),
        ({"kind": "confirmed", "seen": "listed"}, "seen"),
        ({"kind": "confirmed", "note": "x" * 2_001}, "note"),
        ({"kind": "confirmed", "seconds": -1}, "seconds"),
        ({"kind": "escalated", "assigned_to": "4711", "note": "You?"}, "detail"),
    ],
)
def test_what_is_no_decision__says_why(fields: dict[str, Any], why: str, reviewer: APIClient) -> None:
    response = decide(reviewer, pictured("meadow.jpg"), **fields)

    assert response.status_code == 400
    assert list(response.json()) == [why]
    assert not Decision.objects.exists()


def test_what_is_final__needs_the_word_that_it_was_seen(reviewer: APIClient) -> None:
    image = pictured("meadow.jpg")
    wish = {"kind": "cleared", "version": version_of(reviewer, image)}

    refused = reviewer.post(f"{API}images/{image.pk}/decisions/", wish, format="json")

    assert refused.status_code == 400
    assert refused.json()["detail"].startswith("Say whether you have seen the picture")
    assert decide(reviewer, image, "cleared", seen="unseen").json()["seen"] == "unseen"


def test_reasons_of_the_site__are_asked_for(reviewer: APIClient, configure: Callable[..., None]) -> None:
    configure(REVIEW_REASONS=["Fingers", "Other …"])
    image = pictured("meadow.jpg")

    assert decide(reviewer, image, "confirmed").json() == {"detail": "Choose one of the reasons."}
    assert decide(reviewer, image, "confirmed", reason="Other …").json() == {"detail": "This reason needs a note."}
    assert decide(reviewer, image, "confirmed", reason="Fingers").status_code == 201


def test_whoever_may_not_decide__cannot(
    reader: APIClient, api: Callable[..., APIClient], rule: Callable[..., None]
) -> None:
    """By permission, by the object's own admin, and by the rules of the project."""
    image, version = pictured("meadow.jpg"), ""
    blind_to_photos = api("view_watchedimage", "decide_watchedimage")
    for client in (reader, blind_to_photos):
        version = version_of(client, image)
        answers = (
            decide(client, image, "confirmed", version=version),
            client.post(f"{API}images/{image.pk}/notes/", {"note": "Hm."}, format="json"),
        )
        assert [it.status_code for it in answers] == [403, 403]
    assert reader.post(f"{API}images/{image.pk}/claim/").status_code == 403
    rule(may_decide=lambda self, row=None: row is None)
    client = api("view_watchedimage", "decide_watchedimage", "view_photo")
    assert decide(client, image, "confirmed").status_code == 403
    assert not Decision.objects.exists()


def test_nobody_undoes__what_they_may_not_decide(api: Callable[..., APIClient], bert: User) -> None:
    image = pictured("meadow.jpg")
    client = api("view_watchedimage", "view_decision", "view_photo")
    mine = decided(image, user_of(client), Kind.CLEARED)
    theirs = decided(pictured("other.jpg"), bert, Kind.CLEARED)

    assert client.post(f"{API}decisions/{mine.pk}/undo/").status_code == 403
    may = api("view_watchedimage", "view_decision", "decide_watchedimage", "view_photo")
    refused = may.post(f"{API}decisions/{theirs.pk}/undo/")
    assert (refused.status_code, refused.json()["detail"]) == (
        400,
        "Only the person who decided can undo a decision.",
    )


def test_session__needs_the_token_against_forged_requests(bert: User) -> None:
    image = pictured("meadow.jpg")
    User.objects.filter(pk=bert.pk).update(is_superuser=True)
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(bert)

    response = client.post(f"{API}images/{image.pk}/claim/")

    assert (response.status_code, "CSRF" in response.json()["detail"]) == (403, True)


def test_what_was_moved_to_a_closed_queue__is_told_to_who_has_seen_it(reviewer: APIClient, bert: User) -> None:
    image = pictured("meadow.jpg")
    version = version_of(reviewer, image)
    decided(image, bert, Kind.ESCALATED)

    assert decide(reviewer, image, "confirmed", version=version).status_code == 409
    assert decide(reviewer, image, "confirmed").status_code == 403


def test_picture_that_was_replaced__is_not_decided_about(reviewer: APIClient) -> None:
    image = pictured("meadow.jpg")
    version = version_of(reviewer, image)
    Photo.objects.update(image="photos/other.jpg")  # As no signal tells of it.

    response = decide(reviewer, image, "confirmed", version=version)

    assert response.status_code == 409
    assert response.json()["detail"] == "The picture was replaced or removed. Nothing was changed."
    image.refresh_from_db()
    assert image.queue == ""


def test_withdrawal_of_what_was_replaced__outlives_the_answer(
    reviewer: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    image = pictured("meadow.jpg")
    version = version_of(reviewer, image)
    Photo.objects.update(image="photos/other.jpg")

    assert decide(reviewer, image, "confirmed", version=version).status_code == 409

    image.refresh_from_db()
    assert image.queue == ""


def test_note__is_left_without_a_decision(reviewer: APIClient) -> None:
    image = pictured("meadow.jpg")

    noted = reviewer.post(f"{API}images/{image.pk}/notes/", {"note": "Look at the hands."}, format="json")

    assert (noted.status_code, noted.json()["kind"], noted.json()["note"]) == (201, "noted", "Look at the hands.")
    assert reviewer.post(f"{API}images/{image.pk}/notes/", {"note": " "}, format="json").status_code == 400
    assert WatchedImage.objects.get().standing == "flagged"


def test_escalated_picture__is_assigned_to_who_may(api: Callable[..., APIClient], staff: Any) -> None:
    names = ("view_watchedimage", "decide_watchedimage", "decide_escalated_watchedimage", "view_photo")
    client, other = api(*names), user_of(staff(*names))
    image = pictured("meadow.jpg")

    response = decide(client, image, "escalated", assigned_to=str(other.pk), note="You know this camera.")

    assert (response.status_code, response.json()["assigned_to"]) == (201, other.username)
    assert client.get(f"{API}images/{image.pk}/").json()["assigned_to"] == other.username


def test_queue__gives_what_is_next_to_one_person_alone(api: Callable[..., APIClient]) -> None:
    permissions = ("view_watchedimage", "decide_watchedimage", "view_photo")
    first, second = api(*permissions), api(*permissions)
    images = [pictured(f"{number}.jpg", ai_ratio=0.2 + number / 10) for number in range(3)]

    taken = first.post(f"{API}queues/review/next/", {"want": 2, "order": "largest"}, format="json").json()
    left = second.post(f"{API}queues/review/next/", {"want": 10}, format="json").json()

    assert [it["id"] for it in taken["results"]] == [images[2].pk, images[1].pk]
    assert {it["held_by"] for it in taken["results"]} == {user_of(first).username}
    assert [it["id"] for it in left["results"]] == [images[0].pk]
    assert left["is_partial"] is False
    for closed in ("escalated", "second_look", "none"):
        assert first.post(f"{API}queues/{closed}/next/").status_code == 403
    assert first.post(f"{API}queues/review/next/", {"want": 11}, format="json").status_code == 400


def test_second_look__tells_nothing_by_what_is_done(
    reviewer: APIClient, bert: User, configure: Callable[..., None]
) -> None:
    """Skipping, noting and claiming are answered as for a first look; the decision then is the person's own."""
    image = awaiting_second_look(pictured("meadow.jpg"), bert, Kind.CONFIRMED)

    claimed = reviewer.post(f"{API}images/{image.pk}/claim/").json()
    skipped = decide(reviewer, image, "skipped").json()
    noted = reviewer.post(f"{API}images/{image.pk}/notes/", {"note": "Hm."}, format="json").json()

    assert (claimed["queue"], claimed["standing"]) == ("review", "flagged")
    assert {(it["before"], it["queue"], it["agrees"]) for it in (skipped, noted)} == {("flagged", "review", None)}
    history = reviewer.get(f"{API}images/{image.pk}/decisions/").json()
    assert [it["kind"] for it in history] == ["noted", "skipped"]
    first = Decision.objects.get(kind=Kind.CONFIRMED)
    assert reviewer.post(f"{API}decisions/{first.pk}/undo/").status_code == 404
    assert "bert" not in str([claimed, skipped, noted, history])
    assert decide(reviewer, image, "cleared").json()["agrees"] is False


def test_unmeasured_picture__is_decided_about_as_well(reviewer: APIClient) -> None:
    image = unmeasured(photo())

    assert reviewer.post(f"{API}queues/unmeasured/next/").json()["results"][0]["id"] == image.pk
    assert decide(reviewer, image, "cleared", seen="unseen").status_code == 201
