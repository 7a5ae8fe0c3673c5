"""What may be read, by whom, and at what cost."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.rest import measurements
from django_copyleaks_image.standings import Kind
from tests.admin.desk_requests import decided, user_of
from tests.admin.scans_to_show import pictured, unmeasured
from tests.rest.conftest import API
from tests.samples import photo

pytestmark = pytest.mark.django_db

LISTS = ("images/", "scans/", "decisions/")


def queries_of(client: APIClient, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"{API}{address}").status_code == 200
    return len(captured)


def test_everything__is_told_of_a_picture(reader: APIClient, bert: User) -> None:
    image = pictured("meadow.jpg")
    decided(image, bert, Kind.CONFIRMED, note="Six fingers.")

    told = reader.get(f"{API}images/{image.pk}/").json()
    scan = reader.get(f"{API}scans/{image.scan_id}/").json()
    result = reader.get(f"{API}scans/{image.scan_id}/result/").json()
    decision = reader.get(f"{API}decisions/").json()["results"][0]

    assert told["model"] == "gallery.Photo"
    assert (told["field"], told["object_id"], told["is_visible"]) == ("image", image.object_id, True)
    assert (told["standing"], told["queue"], told["verdict"], told["ai_share"]) == ("confirmed", "", "partly_ai", 0.37)
    assert told["finding"].startswith("AI share of the area: 37 %")
    assert (scan["status"], scan["file_name"], scan["ai_share"]) == ("completed", image.file_name, 0.37)
    assert (result["ai_ratio"], result["mask_runs"], result["image_width"]) == (0.37, 150, 640)
    assert (decision["kind"], decision["note"], decision["decided_by"]) == ("confirmed", "Six fingers.", "bert")
    assert (decision["before"], decision["queue"], decision["undone_by"]) == ("flagged", "review", "")


def test_mask__comes_as_runs_and_as_a_picture(reader: APIClient) -> None:
    image = pictured("meadow.jpg")

    for kind, pk in (("images", image.pk), ("scans", image.scan_id)):
        mask: Any = reader.get(f"{API}{kind}/{pk}/mask/")
        png = reader.get(f"{API}{kind}/{pk}/overlay/")

        assert mask.headers["Content-Type"] == "application/json"
        runs = json.loads(b"".join(mask.streaming_content))
        assert (runs["width"], runs["height"]) == (640, 640)
        assert runs["lengths"] == [300] * 150
        assert runs["starts"][:2] == [200 * 640 + 100, 201 * 640 + 100]
        assert (png.status_code, png.headers["Content-Type"]) == (200, "image/png")
        assert png.content.startswith(b"\x89PNG")
        assert {it.headers["Cache-Control"].split(",")[0] for it in (mask, png)} == {"private"}


def test_what_has_no_result__has_no_mask_either(reader: APIClient) -> None:
    image = unmeasured(photo())

    for name in ("result/", "mask/", "overlay/"):
        assert reader.get(f"{API}images/{image.pk}/{name}").status_code == 404
    scan = reader.get(f"{API}scans/{image.scan_id}/").json()
    assert (scan["error_code"], scan["ai_share"]) == ("result_lost", None)
    assert scan["finding"]


@pytest.mark.parametrize("name", [*LISTS, "queues/"])
def test_nobody__is_let_in_without_the_permission(name: str, api: Callable[..., APIClient], db: None) -> None:
    visitor = User.objects.create_user("visitor")
    client = APIClient()
    assert client.get(f"{API}{name}").status_code == 403
    client.force_login(visitor)
    assert client.get(f"{API}{name}").status_code == 403
    assert api("view_photo").get(f"{API}{name}").status_code == 403


def test_staff__is_asked_for_as_by_the_admin(reader: APIClient) -> None:
    assert reader.get(f"{API}images/").status_code == 200
    User.objects.update(is_staff=False)
    assert reader.get(f"{API}images/").status_code == 403


def test_objects_of_others__are_told_of_without_what_is_theirs(api: Callable[..., APIClient], bert: User) -> None:
    """Whoever may not view the object is told what the admin's list shows of it, and gets no mask."""
    image = pictured("meadow.jpg")
    decided(image, bert, Kind.CONFIRMED, note="Six fingers.")
    client = api("view_watchedimage", "view_imagescan", "view_decision")

    told = client.get(f"{API}images/{image.pk}/").json()
    scan = client.get(f"{API}scans/{image.scan_id}/").json()

    assert (told["is_visible"], told["name"]) == (False, f"Photo {image.object_id}")
    for row in (told, scan):
        assert (row["file_name"], row["sha256"]) == (None, None)
    assert (told["owner"], scan["error_message"]) == (None, None)
    assert client.get(f"{API}decisions/").json()["results"][0]["note"] is None
    for name in ("result/", "mask/", "overlay/"):
        assert client.get(f"{API}images/{image.pk}/{name}").status_code == 404
        assert client.get(f"{API}scans/{image.scan_id}/{name}").status_code == 404
    assert "meadow" not in str([told, scan]).replace(f"Photo {image.object_id}", "")


def test_rules_of_the_project__hold(rule: Callable[..., None], reader: APIClient) -> None:
    """Its PictureAccess is asked about each row, as by the desk."""
    mine, other = pictured("mine.jpg"), pictured("other.jpg")
    rule(may_view=lambda self, model, row=None: getattr(row, "object_id", mine.object_id) == mine.object_id)

    listed = {it["id"]: it["is_visible"] for it in reader.get(f"{API}images/").json()["results"]}

    assert listed == {mine.pk: True, other.pk: False}
    assert reader.get(f"{API}images/{other.pk}/").status_code == 403
    assert reader.get(f"{API}images/{other.pk}/mask/").status_code == 403
    assert reader.get(f"{API}images/{mine.pk}/mask/").status_code == 200


def test_moderators__see_their_own_decisions_alone(reviewer: APIClient, bert: User) -> None:
    own, other = pictured("own.jpg"), pictured("other.jpg")
    decided(other, bert, Kind.CLEARED)
    decided(own, User.objects.exclude(pk=bert.pk).get(), Kind.CLEARED)

    assert [it["image"] for it in reviewer.get(f"{API}decisions/").json()["results"]] == [own.pk]
    assert reviewer.get(f"{API}decisions/{other.decisions.get().pk}/").status_code == 404


def test_one_row_and_nine__cost_as_many_queries(reader: APIClient, bert: User) -> None:
    def show(names: list[str]) -> None:
        for name in names:
            decided(pictured(name), bert, Kind.CONFIRMED)

    show(["0.jpg"])
    for name in LISTS:
        queries_of(reader, name)  # What is cached for good.
    one = {name: queries_of(reader, name) for name in LISTS}
    show([f"{number}.jpg" for number in range(1, 9)])

    assert {name: queries_of(reader, name) for name in LISTS} == one
    assert max(one.values()) <= 9


def test_history_and_queue__cost_as_many_queries_for_one_and_for_nine(
    api: Callable[..., APIClient], bert: User
) -> None:
    client = api("view_watchedimage", "decide_watchedimage", "view_photo")
    image = pictured("meadow.jpg")

    def skip(times: int) -> None:
        for _ in range(times):
            decided(image, bert, Kind.SKIPPED, note="Not sure.")

    def cost_of_next(want: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            taken = client.post(f"{API}queues/review/next/", {"want": want}, format="json").json()["results"]
        assert len(taken) == want
        return len(captured) - 2 * want  # Each of them is claimed by itself.

    skip(1)
    queries_of(client, f"images/{image.pk}/decisions/")
    one = queries_of(client, f"images/{image.pk}/decisions/")
    skip(8)
    assert queries_of(client, f"images/{image.pk}/decisions/") == one <= 9
    for number in range(9):
        pictured(f"{number}.jpg")
    assert cost_of_next(1) == cost_of_next(9)


def test_queues__are_counted_for_the_user(api: Callable[..., APIClient]) -> None:
    pictured("meadow.jpg")
    pictured("mock.jpg", sandbox=True)
    unmeasured(photo())
    client = api("view_watchedimage", "decide_watchedimage", "decide_escalated_watchedimage", "view_photo")

    told = [(it["queue"], it["sandbox"], it["waiting"]) for it in client.get(f"{API}queues/").json()]

    assert told == [("review", False, 1), ("escalated", False, 0), ("unmeasured", False, 1), ("review", True, 1)]
    assert client.get(f"{API}queues/").json()[0]["oldest"]
    closed = api("view_watchedimage", "decide_watchedimage", "view_photo")
    assert "escalated" not in {it["queue"] for it in closed.get(f"{API}queues/").json()}


def test_queue__offers_what_the_desk_offers(api: Callable[..., APIClient], configure: Callable[..., None]) -> None:
    names = ("view_watchedimage", "decide_watchedimage", "decide_escalated_watchedimage", "view_photo")
    client = api(*names)
    configure(REVIEW_REASONS={"confirm": ["Fingers", "Other …"]}, REVIEW_NOTES=["Look at the hands."])

    review, escalated = (client.get(f"{API}queues/{queue}/").json() for queue in ("review", "escalated"))

    assert [it["decision"] for it in review["choices"]] == ["confirmed", "cleared", "escalated", "skipped"]
    assert [it["decision"] for it in escalated["choices"]] == ["confirmed", "cleared", "skipped", "assigned"]
    confirm = review["choices"][0]
    assert (confirm["words"], confirm["needs_seen"]) == ("Confirm AI", True)
    assert confirm["reasons"][1] == {"reason": "Other …", "words": "Other …", "needs_note": True}
    unmeasured_words = {it["words"] for it in client.get(f"{API}queues/unmeasured/").json()["choices"]}
    assert "Show it" in unmeasured_words
    assert review["notes"] == ["Look at the hands."]
    assert [it["name"] for it in review["people"]] == [user_of(client).username]
    for closed in ("second_look", "none", "x"):
        assert client.get(f"{API}queues/{closed}/").status_code == 403


def test_mask__is_sent_in_pieces(reader: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mask of a million runs takes no more memory in this form than one of ten thousand."""
    monkeypatch.setattr(measurements, "_AT_ONCE", 100)
    image = pictured("meadow.jpg")

    response: Any = reader.get(f"{API}images/{image.pk}/mask/")
    pieces = list(response.streaming_content)

    assert max(piece.count(b",") for piece in pieces) <= 100
    assert len(json.loads(b"".join(pieces))["starts"]) == 150


def test_secrets__are_in_no_answer(reader: APIClient, configure: Callable[..., None]) -> None:
    image = pictured("meadow.jpg")
    texts = "".join(
        reader.get(f"{API}{name}").content.decode()
        for name in (*LISTS, f"images/{image.pk}/", f"scans/{image.scan_id}/", f"scans/{image.scan_id}/result/")
    )

    for forbidden in ("lease", "pay_key", "content_key", "idempotency", "database", "/media/", "webhook", "file_state"):
        assert forbidden not in texts
    assert WatchedImage.objects.get().version == 0
