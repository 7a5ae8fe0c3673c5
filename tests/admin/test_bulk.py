"""Many pictures decided at once: from the list, as they were shown, and undone as one."""

import re
from typing import Any
from uuid import UUID

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from django_copyleaks_image.admin import base
from django_copyleaks_image.models import Decision, Rendition, WatchedImage
from django_copyleaks_image.reviewing import claims
from django_copyleaks_image.standings import Kind, Queue, Standing
from tests.admin.desk_requests import DESK, IMAGES, awaiting_second_look, decided, press, sealed
from tests.admin.inline_code import inline_code
from tests.admin.scans_to_show import pictured, unmeasured
from tests.admin.test_decisions import HOSTILE, LOG, messages, rewrite, stored
from tests.gallery.models import Photo
from tests.samples import photo, upload

pytestmark = pytest.mark.django_db


def choose(client: Client, action: str | list[str], *chosen: WatchedImage, query: str = "", **fields: str) -> Any:
    return client.post(f"{IMAGES}{query}", {"action": action, ACTION_CHECKBOX_NAME: [s.pk for s in chosen], **fields})


def drawn(image: WatchedImage, **changes: Any) -> None:
    assert image.scan is not None
    known = {"due_at": None, "sha256": image.scan.sha256, **changes}
    Rendition.objects.update_or_create(scan=image.scan, kind="picture", defaults=known)


def told(client: Client) -> list[str]:
    """Return the messages without their links."""
    return [re.sub("<[^>]+>", "", text) for text in messages(client)]


def versions(*chosen: WatchedImage) -> dict[str, str]:
    """Return what the page sends of pictures that were drawn and seen."""
    for image in chosen:
        drawn(image)
    return {f"version_{image.pk}": sealed(image) for image in chosen}


@pytest.mark.parametrize(
    ("action", "question", "standing", "said"),
    [
        ("confirm_ai", "Confirm 2 pictures as AI?", Standing.CONFIRMED, "2 pictures were confirmed as AI. Undo …"),
        ("clear_false_alarm", "Clear 2 pictures?", Standing.CLEARED, "2 pictures were cleared. Undo …"),
        ("escalate", "Escalate 2 pictures?", Standing.ESCALATED, "2 pictures were escalated. Undo …"),
    ],
)
def test_bulk__asks_first_and_then_decides(
    reviewer: Client, action: str, question: str, standing: Standing, said: str
) -> None:
    images = [pictured("a.jpg"), unmeasured(photo("b.jpg"))]
    # A list with a menu of actions above and below sends both.
    response = choose(reviewer, [action, ""], *images)
    page = response.content.decode()
    assert question in page
    assert f'name="action" value="{action}"' in page
    for image in images:
        assert f'src="{IMAGES}rendition/{image.scan_id}/panel/"' in page
        assert f'name="version_{image.pk}" value="' in page
    assert inline_code(response) == []
    assert Decision.objects.count() == 0
    response = choose(reviewer, action, *images, kind=standing, note="Same series", **versions(*images))
    assert response.status_code == 302
    assert told(reviewer) == [said]
    assert {stored(image).standing for image in images} == {standing}
    assert {decision.note for decision in Decision.objects.all()} == {"Same series"}


def test_bulk__leaves_out_what_changed_meanwhile(reviewer: Client, bert: User) -> None:
    cleared, claimed, replaced, untouched = (pictured(f"{name}.jpg") for name in "abcd")
    seen = versions(cleared, claimed, replaced, untouched)
    decided(cleared, bert, Kind.CLEARED)
    assert claims.claim(claimed.pk, bert)
    Photo.objects.get(pk=replaced.object_id).image.save("e.jpg", upload())
    # The list is filtered by what one of them was before.
    answer = choose(
        reviewer,
        "confirm_ai",
        cleared,
        claimed,
        replaced,
        untouched,
        query="?queue=review",
        kind="confirmed",
        **seen,
    )
    assert answer.headers["Location"] == f"{IMAGES}?queue=review"
    assert sorted(told(reviewer)) == [
        "1 picture was confirmed as AI. Undo …",
        "1 was left out: The scan is still under way.",
        "1 was left out: bert cleared this picture a moment ago. Nothing was changed.",
        "1 was left out: bert is looking at this picture. Nothing was changed.",
    ]
    assert stored(cleared).standing == Standing.CLEARED
    assert stored(untouched).standing == Standing.CONFIRMED


def test_bulk__leaves_out_other_bytes_under_the_same_name(reviewer: Client) -> None:
    rewritten, untouched = pictured("a.jpg"), pictured("b.jpg")
    seen = versions(rewritten, untouched)
    rewrite(rewritten)
    choose(reviewer, "confirm_ai", rewritten, untouched, kind="confirmed", **seen)
    assert sorted(told(reviewer)) == [
        "1 picture was confirmed as AI. Undo …",
        "1 was left out: The picture was replaced or removed. Nothing was changed.",
    ]
    assert stored(rewritten).standing == Standing.WAITING


def test_bulk__asks_for_a_reason(reviewer: Client, configure: Any) -> None:
    configure(REVIEW_REASONS=["Looks real", HOSTILE])
    image = pictured()
    page = choose(reviewer, "clear_false_alarm", image).content.decode()
    assert '<option value="Looks real">Looks real</option>' in page
    assert "Choose one of the reasons." not in page
    assert HOSTILE not in page
    page = choose(
        reviewer, "clear_false_alarm", image, kind="cleared", note=HOSTILE, **versions(image)
    ).content.decode()
    assert "Choose one of the reasons." in page
    assert f'name="note" value="{escape(HOSTILE)}"' in page
    choose(reviewer, "clear_false_alarm", image, kind="cleared", reason="Looks real", **versions(image))
    assert Decision.objects.get().reason == "Looks real"


def test_bulk__leaves_out_what_the_user_may_not_decide(reviewer: Client, staff: Any) -> None:
    escalated, waiting, unfinished = pictured("a.jpg"), pictured("b.jpg"), pictured("c.jpg")
    Photo.objects.get(pk=unfinished.object_id).image.save("d.jpg", upload())
    press(reviewer, escalated, "escalated")
    escalated = stored(escalated)
    page = choose(reviewer, "confirm_ai", escalated, waiting, unfinished).content.decode()
    assert "Confirm 1 picture as AI?" in page
    assert "You may not decide about this picture." in page
    assert "The scan is still under way." in page
    choose(reviewer, "confirm_ai", escalated, kind="confirmed", **versions(escalated))
    assert stored(escalated).standing == Standing.ESCALATED
    blind = staff("view_watchedimage", "decide_watchedimage")
    choose(blind, "confirm_ai", waiting, kind="confirmed", **versions(waiting))
    assert stored(waiting).standing == Standing.FLAGGED


def test_bulk__is_closed_to_whoever_may_not_decide(moderator: Client) -> None:
    image = pictured()
    choose(moderator, "confirm_ai", image, kind="confirmed", **versions(image))
    assert Decision.objects.count() == 0
    assert "confirm_ai" not in moderator.get(IMAGES).content.decode()


def test_bulk__takes_a_bounded_number(reviewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "AT_ONCE", 1)
    images = pictured("a.jpg"), pictured("b.jpg")
    for fields in ({}, {"kind": "confirmed", **versions(*images)}):
        choose(reviewer, "confirm_ai", *images, **fields)
        assert told(reviewer) == ["Choose at most 1 rows at once."]
    assert Decision.objects.count() == 0


def test_bulk__shows_a_second_look_as_a_first_one(reviewer: Client, bert: User) -> None:
    blind, before = awaiting_second_look(pictured("a.jpg"), bert), pictured("b.jpg")
    decided(before, bert, Kind.CONFIRMED)
    assert "Decided before" not in choose(reviewer, "confirm_ai", blind).content.decode()
    assert "Decided before: Confirmed as AI" in choose(reviewer, "clear_false_alarm", before).content.decode()


def test_bulk__of_who_saw_the_pictures_before_the_first_look_is_the_second_one(reviewer: Client, bert: User) -> None:
    image = pictured()
    seen = versions(image)
    awaiting_second_look(image, bert)
    choose(reviewer, "clear_false_alarm", image, kind="cleared", **seen)
    assert told(reviewer) == ["1 picture was cleared. Undo …"]
    assert Decision.objects.latest("pk").agrees


def test_bulk__leaves_out_what_was_not_seen(reviewer: Client) -> None:
    broken, waiting, seen = (pictured(f"{name}.jpg") for name in "abc")
    known = versions(broken, waiting, seen)
    drawn(broken, problem="too_complex")
    Rendition.objects.filter(scan=waiting.scan).delete()
    page = choose(reviewer, "clear_false_alarm", broken, waiting, seen).content.decode()
    # What is still being drawn may be there before somebody decides.
    assert "Clear 2 pictures?" in page
    assert "1 is left out: It was not seen." in " ".join(re.sub("<[^>]+>", "", page).split())
    choose(reviewer, "clear_false_alarm", broken, waiting, seen, kind="cleared", **known)
    assert [stored(image).standing for image in (broken, waiting, seen)] == ["flagged", "flagged", "cleared"]
    assert "1 was left out: It was not seen. The picture is being prepared." in told(reviewer)


def test_bulk__leaves_out_what_was_taken_out(reviewer: Client) -> None:
    images = pictured("a.jpg"), pictured("b.jpg")
    choose(reviewer, "confirm_ai", images[0], kind="confirmed", **versions(*images))
    assert [stored(image).standing for image in images] == ["confirmed", "flagged"]


def test_bulk__costs_the_same_number_of_queries_for_1_and_9_pictures(
    reviewer: Client, django_assert_num_queries: Any
) -> None:
    images = [pictured(f"{number}.jpg") for number in range(9)]
    choose(reviewer, "confirm_ai", images[0])  # Fills the cache of content types.
    with CaptureQueriesContext(connection) as few:
        choose(reviewer, "confirm_ai", images[0])
    with django_assert_num_queries(len(few)):
        choose(reviewer, "confirm_ai", *images)


def test_bulk__does_not_say_that_there_was_a_first_look(reviewer: Client, bert: User) -> None:
    first, second = (awaiting_second_look(pictured(name, sha256="a" * 64), bert) for name in ("a.jpg", "b.jpg"))
    seen = versions(first, second)
    choose(reviewer, "clear_false_alarm", first, second, kind="cleared", **seen)
    # Whoever has judged the same bytes takes no second look.
    left_out = "1 was left out: Something happened to this picture meanwhile. Nothing was changed."
    assert sorted(told(reviewer)) == [left_out, "1 picture was cleared. Undo …"][::-1]


def test_list__offers_to_choose_as_many_as_an_action_takes(reviewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "AT_ONCE", 2)
    monkeypatch.setattr(base.ReadOnlyAdmin, "list_per_page", 1)
    images = [pictured(f"{name}.jpg") for name in "abc"]
    page = reviewer.get(IMAGES).content.decode()
    assert "Select the first 2</a>" in page
    assert "Select all 3" not in page
    page = choose(reviewer, "confirm_ai", images[2], select_across="1").content.decode()
    assert "Confirm 2 pictures as AI?" in page
    assert [f'value="{image.pk}" checked' in page for image in images] == [False, True, True]
    monkeypatch.setattr(base, "AT_ONCE", 3)
    assert "Select all 3 watched images" in reviewer.get(IMAGES).content.decode()


# Undoing


def batch_of(client: Client, *images: WatchedImage, kind: str = "confirmed", action: str = "confirm_ai") -> str:
    """Decide at once, and return the address of the batch as the message links it."""
    choose(client, action, *images, kind=kind, **versions(*images))
    (address,) = re.findall('href="([^"]+)"', " ".join(messages(client)))
    return str(address)


def test_batch__is_undone_as_one(reviewer: Client) -> None:
    images = [pictured("a.jpg"), pictured("b.jpg")]
    alone = pictured("c.jpg")
    press(reviewer, alone, "confirmed")
    address = batch_of(reviewer, *images)
    (batch,) = Decision.objects.exclude(batch=None).values_list("batch", flat=True).distinct()
    assert address == f"{DESK}batch/{batch}/"
    response = reviewer.get(address)
    assert "Undo 2 decisions</button>" in response.content.decode()
    # The log of the reviewer's own decisions leads there, too.
    assert reviewer.get(LOG).content.decode().count(f'href="{address}"') == 2
    assert inline_code(response) == []
    assert reviewer.post(address).headers["Location"] == address
    assert told(reviewer) == ["2 decisions were undone."]
    assert {(stored(image).standing, stored(image).queue) for image in images} == {(Standing.FLAGGED, Queue.REVIEW)}
    assert stored(alone).standing == Standing.CONFIRMED
    page = reviewer.get(address).content.decode()
    assert "<del>Confirmed as AI</del>" in page
    assert "Undo 2" not in page


def test_undone_batch__leaves_out_what_was_decided_since(reviewer: Client, bert: User) -> None:
    images = [pictured("a.jpg"), pictured("b.jpg")]
    address = batch_of(reviewer, *images)
    decided(images[0], bert, Kind.CLEARED)
    reviewer.post(address)
    assert sorted(told(reviewer)) == [
        "1 decision was undone.",
        "1 was left out: bert cleared this picture a moment ago. Nothing was changed.",
    ]
    assert [stored(image).standing for image in images] == [Standing.CLEARED, Standing.FLAGGED]


def test_batch__is_shown_to_whoever_took_it_or_may_see_the_log(reviewer: Client, staff: Any) -> None:
    image = pictured("coffee.jpg")
    address = batch_of(reviewer, image)
    other = staff("view_watchedimage", "decide_watchedimage", "view_photo")
    assert other.get(address).status_code == 404
    assert other.post(address).status_code == 404
    auditor = staff("view_watchedimage", "view_decision")
    page = auditor.get(address).content.decode()
    assert "Photo " in page
    assert "coffee.jpg" not in page
    assert "thumbnail/" not in page
    assert "Undo 1" not in page
    auditor.post(address)
    assert stored(image).standing == Standing.CONFIRMED
    assert reviewer.get(f"{DESK}batch/{UUID(int=1)}/").status_code == 404


def test_batch__tells_whoever_takes_a_second_look_of_no_first_one(reviewer: Client, staff: Any) -> None:
    image = pictured()
    address = batch_of(reviewer, image)
    second = staff("view_watchedimage", "view_decision", "decide_watchedimage", "view_photo")
    assert second.get(address).status_code == 200
    WatchedImage.objects.update(queue=Queue.SECOND_LOOK, queued_at=image.queued_at)
    assert second.get(address).status_code == 404
    assert reviewer.get(address).status_code == 200
