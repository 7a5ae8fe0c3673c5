"""The same bytes elsewhere: what the desk says of them, and deciding about all."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_copyleaks_image.admin.desk import copies
from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.standings import Kind, Standing
from tests.admin.desk_requests import DESK, awaiting_second_look, decided, next_items, user_of
from tests.admin.inline_code import inline_code
from tests.admin.scans_to_show import pictured
from tests.admin.test_bulk import told, versions
from tests.admin.test_decisions import stored
from tests.gallery.models import Photo

pytestmark = pytest.mark.django_db

SHA256 = "a" * 64


def alike(*names: str, **changes: Any) -> list[WatchedImage]:
    """Return flagged pictures of the same bytes."""
    return [pictured(name, sha256=SHA256, **changes) for name in names]


def said_about(client: Client, image: WatchedImage) -> list[str]:
    """Return what the desk says about the copies of a picture."""
    (html,) = (item["html"] for item in next_items(client) if item["pk"] == image.pk)
    WatchedImage.objects.update(claimed_by=None, claimed_at=None, claimed_until=None)
    section = re.search(r'<section class="copyleaks-copies">(.*?)</section>', html, re.DOTALL)
    return re.findall(r"<bdi>(.*?)</bdi>", section[1]) if section else []


def address(image: WatchedImage) -> str:
    return f"{DESK}{image.pk}/copies/"


def all_about(client: Client, shown: WatchedImage, *chosen: WatchedImage, kind: str = "confirmed", **more: str) -> Any:
    fields = {"kind": kind, "_selected_action": [it.pk for it in chosen], **versions(*chosen), **more}
    return client.post(address(shown), fields)


def test_desk__says_what_waits_and_what_was_decided(reviewer: Client, bert: User) -> None:
    image, waiting, confirmed, escalated = alike("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    alone = pictured("e.jpg")
    decided(confirmed, bert, Kind.CONFIRMED)
    decided(escalated, bert, Kind.ESCALATED)
    assert said_about(reviewer, image) == [
        "1 more copy waits.",
        "Confirmed as AI: 1, the last by bert a moment ago.",
        "Escalated: 1, the last by bert a moment ago.",
    ]
    assert said_about(reviewer, alone) == []
    decided(waiting, bert, Kind.CONFIRMED)
    assert said_about(reviewer, image)[0] == "Confirmed as AI: 2, the last by bert a moment ago."


def test_desk__tells_of_no_copy_that_the_user_may_not_see_or_that_is_gone(
    reviewer: Client, bert: User, rule: Any
) -> None:
    image, hidden, replaced, mock = alike("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    for it in (hidden, replaced, mock):
        decided(it, bert, Kind.CONFIRMED)
    Photo.objects.filter(pk=replaced.object_id).update(image="photos/other.jpg")
    WatchedImage.objects.filter(pk=mock.pk).update(sandbox=True)
    rule(may_view=lambda self, model, row=None: row is None or row.pk != hidden.pk)
    assert said_about(reviewer, image) == []
    page = reviewer.get(address(image)).content.decode()
    assert [f"rendition/{it.scan_id}/" in page for it in (image, hidden, replaced, mock)] == [True, False, False, False]


def test_desk__tells_whoever_takes_a_second_look_of_no_first_one(reviewer: Client, bert: User) -> None:
    first, blind, confirmed = alike("a.jpg", "b.jpg", "c.jpg")
    decided(confirmed, bert, Kind.CONFIRMED)
    assert "bert" in "".join(said_about(reviewer, first))
    awaiting_second_look(blind, bert)
    # The bytes are the same: what was decided about one copy tells of the other.
    assert said_about(reviewer, first) == ["1 more copy waits."]
    assert said_about(reviewer, blind) == ["1 more copy waits."]
    assert "Decided before" not in reviewer.get(address(first)).content.decode()


def test_copies__that_wait_again_tell_of_no_first_look(reviewer: Client, bert: User) -> None:
    image, reopened = alike("a.jpg", "b.jpg")
    decided(reopened, bert, Kind.CLEARED)
    WatchedImage.objects.filter(pk=reopened.pk).update(queue="review", queued_at=image.queued_at)
    assert "Decided before: Cleared" in reviewer.get(address(image)).content.decode()
    awaiting_second_look(image, bert)
    page = reviewer.get(address(image)).content.decode()
    assert f"rendition/{reopened.scan_id}/panel/" in page
    assert "Decided before" not in page


def test_copies__are_shown_and_decided_at_once(reviewer: Client, bert: User) -> None:
    image, copy, left = alike("a.jpg", "b.jpg", "c.jpg")
    confirmed, alone = alike("d.jpg")[0], pictured("e.jpg")
    decided(confirmed, bert, Kind.CONFIRMED)
    response = reviewer.get(address(image))
    page = response.content.decode()
    shown = (image, copy, left, confirmed, alone)
    assert [f"rendition/{it.scan_id}/panel/" in page for it in shown] == [True, True, True, False, False]
    assert "b.jpg" in page
    assert inline_code(response) == []
    assert all_about(reviewer, image, image, copy, alone).headers["Location"] == f"{DESK}?queue=review"
    assert told(reviewer) == ["2 pictures were confirmed as AI. Undo …"]
    assert [stored(it).standing for it in (image, copy, left, alone)] == [
        "confirmed",
        "confirmed",
        "flagged",
        "flagged",
    ]
    (batch,) = Decision.objects.exclude(batch=None).values_list("batch", flat=True).distinct()
    reviewer.post(f"{DESK}batch/{batch}/")
    assert {stored(it).standing for it in (image, copy)} == {Standing.FLAGGED}


def test_copies__are_each_decided_as_they_were_seen(reviewer: Client, bert: User) -> None:
    image, copy = alike("a.jpg", "b.jpg")
    seen = versions(image, copy)
    decided(copy, bert, Kind.ESCALATED)
    WatchedImage.objects.filter(pk=copy.pk).update(queue="review")
    fields = {"kind": "cleared", "_selected_action": [image.pk, copy.pk], **seen}
    reviewer.post(address(image), fields)
    assert stored(image).standing == Standing.CLEARED
    assert stored(copy).standing == Standing.ESCALATED


def test_copies__may_include_a_second_look(reviewer: Client, bert: User) -> None:
    image, blind = alike("a.jpg", "b.jpg")
    awaiting_second_look(blind, bert)
    all_about(reviewer, image, image, blind, kind="cleared")
    assert told(reviewer) == ["2 pictures were cleared. Undo …"]
    second = Decision.objects.get(image=blind, decided_by=user_of(reviewer))
    assert second.agrees is True


def test_copies__ask_for_the_reason_of_the_decision(reviewer: Client, configure: Any) -> None:
    configure(REVIEW_REASONS={"confirm": ["Hands"]})
    image, copy = alike("a.jpg", "b.jpg")
    page = all_about(reviewer, image, image, copy).content.decode()
    assert "Choose one of the reasons." in page
    all_about(reviewer, image, image, copy, reason="Hands")
    assert [it.reason for it in Decision.objects.all()] == ["Hands", "Hands"]


def test_copies__are_closed_to_whoever_may_not_decide(moderator: Client, reviewer: Client) -> None:
    image, copy = alike("a.jpg", "b.jpg")
    assert moderator.get(address(image)).status_code == 403
    assert all_about(moderator, image, image, copy).status_code == 403
    assert reviewer.get(f"{DESK}4711/copies/").status_code == 404
    assert Decision.objects.count() == 0


def test_copies__cost_the_same_number_of_queries_for_1_and_9(
    reviewer: Client, bert: User, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, first = alike("a.jpg", "b.jpg")
    decided(first, bert, Kind.CONFIRMED)
    alike("c.jpg")
    next_items(reviewer, want=1)
    with CaptureQueriesContext(connection) as few:
        assert next_items(reviewer, want=1)[0]["pk"] == image.pk
    for name in "defghij":
        decided(alike(f"{name}.jpg")[0], bert, Kind.CONFIRMED)
    with django_assert_num_queries(len(few)):
        next_items(reviewer, want=1)
    monkeypatch.setattr(copies, "_MOST", 3)
    assert said_about(reviewer, image)[-1] == "There are more than 3 copies; these are the first."
