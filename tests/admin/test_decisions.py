"""Decisions: at the desk, on the page of a picture, for many rows of the list, and in the log."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.html import escape
from django.utils.translation import gettext_lazy

from django_copyleaks_image.admin.desk.item import seal, seen_version
from django_copyleaks_image.admin.filters import QUEUES
from django_copyleaks_image.models import Decision, ImageScan, WatchedImage
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.reviewing import claims
from django_copyleaks_image.reviewing.decide import NOTE_LENGTH
from django_copyleaks_image.standings import Kind, Queue, Seen, Standing
from tests.admin.desk_requests import (
    DESK,
    IMAGES,
    ask,
    awaiting_second_look,
    decided,
    next_items,
    next_keys,
    press,
    sealed,
    user_of,
)
from tests.admin.scans_to_show import pictured, unmeasured
from tests.gallery.models import Photo
from tests.samples import photo, picture, upload

LOG = "/admin/copyleaks_image/decision/"
HOSTILE = "\"'><script>alert(1)</script>"
# What browsers send with a form.
AS_A_FORM = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

pytestmark = pytest.mark.django_db


def stored(image: WatchedImage) -> WatchedImage:
    return WatchedImage.objects.get(pk=image.pk)


def page_of(client: Client, image: WatchedImage) -> str:
    text: str = client.get(f"{IMAGES}{image.pk}/change/").content.decode()
    return text


def submit(client: Client, address: str, **fields: Any) -> Any:
    """Post a form of the page of a image, without a script."""
    return client.post(f"{DESK}{address}", {"seen": "seen"} | fields, headers=AS_A_FORM)


def messages(client: Client) -> list[str]:
    return [str(message) for message in client.get(IMAGES).context["messages"]]


# At the desk


@pytest.mark.parametrize(
    ("kind", "standing", "queue", "said"),
    [
        ("confirmed", Standing.CONFIRMED, Queue.NONE, "Confirmed as AI: coffee.jpg."),
        ("cleared", Standing.CLEARED, Queue.NONE, "Cleared: coffee.jpg."),
        ("escalated", Standing.ESCALATED, Queue.ESCALATED, "Escalated: coffee.jpg."),
        ("skipped", Standing.FLAGGED, Queue.REVIEW, "Skipped: coffee.jpg."),
    ],
)
def test_decision__is_stored_and_said(reviewer: Client, kind: str, standing: Standing, queue: Queue, said: str) -> None:
    image = pictured("coffee.jpg")
    assert next_keys(reviewer) == [image.pk]
    answer = press(reviewer, image, kind, note=" Seen before. ")
    decision = Decision.objects.get()
    assert answer == {"decision": decision.pk, "said": said}
    assert (decision.kind, decision.decided_by, decision.note) == (kind, user_of(reviewer), "Seen before.")
    image = stored(image)
    assert (image.standing, image.queue, image.claimed_by) == (standing, queue, None)


def test_decision__about_what_was_never_measured(reviewer: Client) -> None:
    image = unmeasured(photo("small.jpg"), "too_small", Status.SKIPPED)
    assert press(reviewer, image, "confirmed", queue="unmeasured")["said"] == "Confirmed as AI: small.jpg."
    assert stored(image).standing == Standing.CONFIRMED


def test_clearing__what_was_never_measured_is_called_otherwise(reviewer: Client) -> None:
    image = unmeasured(photo("small.jpg"), "too_small", Status.SKIPPED)
    assert 'value="cleared">Show it</button>' in page_of(reviewer, image)
    assert press(reviewer, image, "cleared")["said"] == "Shown without a measurement: small.jpg."
    page = page_of(reviewer, image)
    assert "<h2>Standing: Shown without a measurement</h2>" in page
    assert "<strong>Shown without a measurement</strong>" in page
    assert "false alarm" not in page


def test_skipped_picture__returns_last_for_whoever_skipped_it(reviewer: Client, staff: Any) -> None:
    first, second = pictured("a.jpg"), pictured("b.jpg")
    press(reviewer, first, "skipped")
    assert next_keys(staff("view_watchedimage", "decide_watchedimage", "view_photo"), want=1) == [first.pk]
    WatchedImage.objects.update(claimed_by=None, claimed_until=None)
    assert next_keys(reviewer) == [second.pk, first.pk]


def test_note__is_cut_and_cleaned(reviewer: Client) -> None:
    press(reviewer, pictured(), "cleared", note="a\0b" + "c" * NOTE_LENGTH)
    note = Decision.objects.get().note
    assert note.startswith("abc")
    assert len(note) == NOTE_LENGTH


def test_reasons__are_asked_for_to_confirm_and_to_clear(reviewer: Client, configure: Any) -> None:
    configure(REVIEW_REASONS=["Looks real", "Known artist"])
    image = pictured()
    (item,) = next_items(reviewer)
    assert 'data-reasons="confirmed cleared"' in item["html"]
    assert press(reviewer, image, "cleared")["refused"]
    assert press(reviewer, image, "cleared", reason="Because")["refused"]
    assert Decision.objects.count() == 0
    assert press(reviewer, image, "skipped", reason="Known artist")["decision"]
    assert press(reviewer, image, "cleared", reason="Known artist")["decision"]
    assert [decision.reason for decision in Decision.objects.order_by("pk")] == ["", "Known artist"]


def test_reasons__differ_by_decision(reviewer: Client, configure: Any) -> None:
    configure(REVIEW_REASONS={"confirm": ["Hands"], "escalate": ["Minor", "Other …"]})
    image = pictured()
    (item,) = next_items(reviewer)
    assert 'data-reasons="confirmed escalated"' in item["html"]
    assert press(reviewer, image, "escalated", reason="Hands") == {
        "refused": True,
        "said": "Choose one of the reasons.",
    }
    refused = press(reviewer, image, "escalated", reason="Other …", note="  ")
    assert refused == {"refused": True, "said": "This reason needs a note."}
    assert press(reviewer, image, "escalated", reason="Other …", note="A logo")["decision"]
    assert [(it.reason, it.note) for it in Decision.objects.all()] == [("Other …", "A logo")]


def test_reason__is_stored_as_it_stands_in_the_settings_and_told_in_the_readers_language(
    reviewer: Client, configure: Any
) -> None:
    configure(REVIEW_REASONS=[gettext_lazy("Delete")])
    image = pictured()
    with translation.override("de"):
        assert '<option value="Delete">Löschen</option>' in page_of(reviewer, image)
        assert press(reviewer, image, "cleared", reason="Delete")["decision"]
        assert "<bdi>Löschen</bdi>" in page_of(reviewer, image)
    assert Decision.objects.get().reason == "Delete"
    configure(REVIEW_REASONS=[])
    assert "<bdi>Delete</bdi>" in page_of(reviewer, image)


def test_reasons__are_not_asked_for_when_there_are_none(reviewer: Client) -> None:
    pictured()
    (item,) = next_items(reviewer)
    assert 'data-reasons=""' in item["html"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "cleared"},
        {"kind": "cleared", "version": ""},
        {"kind": "undone", "version": "0"},
        {"kind": "deleted", "version": "0"},
    ],
)
def test_decision__that_is_not_understood_is_refused(reviewer: Client, fields: dict[str, str]) -> None:
    image = pictured()
    answer = ask(reviewer, f"{image.pk}/decide/", **fields)
    assert answer == {"refused": True, "said": "The request was not understood."}
    assert Decision.objects.count() == 0


def test_second_escalation__is_refused(staff: Any) -> None:
    senior = staff("view_watchedimage", "decide_escalated_watchedimage", "view_photo")
    image = pictured()
    decided(image, user_of(senior), Kind.ESCALATED)
    answer = press(senior, image, "escalated")
    assert answer == {"refused": True, "said": "The picture is escalated already."}


# Too late


@pytest.mark.parametrize(
    ("kind", "verb"),
    [
        (Kind.CONFIRMED, "confirmed this picture as AI"),
        (Kind.CLEARED, "cleared this picture"),
        (Kind.ESCALATED, "escalated this picture"),
    ],
)
def test_stale_decision__says_who_did_what_and_when(reviewer: Client, bert: User, kind: Kind, verb: str) -> None:
    image = pictured()
    decision = decided(image, bert, kind)
    answer = press(reviewer, image, "confirmed", version=0)
    assert answer == {"stale": True, "said": f"bert {verb} a moment ago. Nothing was changed.", "item": None}
    Decision.objects.filter(pk=decision.pk).update(decided_at=timezone.now() - timedelta(hours=2))
    ImageScan.objects.update(finished_at=timezone.now() - timedelta(hours=3))
    said = press(reviewer, image, "confirmed", version=0)["said"]
    assert said.replace("\xa0", " ") == f"bert {verb} 2 hours ago. Nothing was changed."
    assert Decision.objects.count() == 1


def test_stale_decision__gives_the_picture_as_it_is_now(reviewer: Client, bert: User) -> None:
    image = pictured()
    (before,) = next_items(reviewer)
    ask(reviewer, "claims/", release=str(image.pk))
    decision = decided(image, bert, Kind.CLEARED)
    client = Client()
    client.force_login(bert)
    claims.release([image.pk], bert)
    Decision.objects.create(
        image=image, kind=Kind.UNDONE, decided_by=bert, reverses=decision, sha256=image.sha256, before=Standing.CLEARED
    )
    WatchedImage.objects.update(queue=Queue.REVIEW, queued_at=image.queued_at, standing=Standing.FLAGGED, version=2)
    answer = ask(reviewer, f"{image.pk}/decide/", kind="confirmed", version=before["version"], seen="seen")
    assert answer["said"] == "bert undid a decision about this picture a moment ago. Nothing was changed."
    assert "<del>Cleared (false alarm)</del>" in answer["item"]["html"]
    assert stored(image).claimed_by == user_of(reviewer)
    assert ask(reviewer, f"{image.pk}/decide/", kind="confirmed", version=answer["item"]["version"], seen="seen")[
        "decision"
    ]


def test_decision__about_what_somebody_else_looks_at_is_stale(reviewer: Client, bert: User) -> None:
    image = pictured()
    assert claims.claim(image.pk, bert)
    answer = press(reviewer, image, "cleared")
    assert answer == {"stale": True, "said": "bert is looking at this picture. Nothing was changed.", "item": None}
    assert stored(image).claimed_by == bert


def test_decision__about_a_replaced_picture_is_stale(reviewer: Client) -> None:
    replaced, behind_our_back = pictured("a.jpg"), pictured("b.jpg")
    Photo.objects.get(pk=replaced.object_id).image.save("c.jpg", upload())
    Photo.objects.filter(pk=behind_our_back.object_id).update(image="photos/another.jpg")
    said = "The picture was replaced or removed. Nothing was changed."
    for image in (replaced, behind_our_back):
        assert press(reviewer, image, "cleared", version=0) == {"stale": True, "said": said, "item": None}
        assert stored(image).queue == Queue.NONE
    assert Decision.objects.count() == 0


def rewrite(image: WatchedImage) -> None:
    """Write other bytes in the place of a picture, and tell nobody."""
    Path(Photo.objects.get(pk=image.object_id).image.path).write_bytes(picture(size=(700, 700)))


def test_decision__about_other_bytes_under_the_same_name_is_stale(reviewer: Client) -> None:
    image = pictured()
    rewrite(image)
    said = "The picture was replaced or removed. Nothing was changed."
    assert press(reviewer, image, "cleared") == {"stale": True, "said": said, "item": None}
    assert (stored(image).queue, stored(image).standing) == (Queue.NONE, Standing.WAITING)
    assert Decision.objects.count() == 0
    assert ImageScan.objects.latest("pk").status == Status.QUEUED


def test_decision__about_what_is_no_picture_is_none(reviewer: Client) -> None:
    image = unmeasured(photo("form.pdf", b"%PDF"), "no_picture")
    assert (stored(image).standing, stored(image).queue) == (Standing.NOT_A_PICTURE, Queue.NONE)
    assert press(reviewer, image, "cleared")["stale"]
    assert Decision.objects.count() == 0


def test_decision__about_what_was_scanned_again_is_stale(reviewer: Client, bert: User) -> None:
    image = pictured()
    decided(image, bert, Kind.CLEARED)
    ImageScan.objects.update(finished_at=timezone.now() + timedelta(seconds=1))
    WatchedImage.objects.update(queue=Queue.REVIEW, queued_at=image.queued_at, version=2)
    answer = press(reviewer, image, "cleared", version=1)
    assert answer["said"] == "The picture was scanned again meanwhile. Nothing was changed."
    assert seen_version(answer["item"]["version"], stored(image), is_blind=False) == 2


def test_decision__about_what_is_gone_is_stale(reviewer: Client) -> None:
    for pk in (4711, 10**17, 10**30):
        answer = ask(reviewer, f"{pk}/decide/", kind="cleared", version=0)
        assert answer == {"stale": True, "said": "This picture is no longer here. Nothing was changed.", "item": None}


def test_decision__of_who_saw_the_picture_before_the_first_look_is_the_second_one(reviewer: Client, bert: User) -> None:
    image = pictured("coffee.jpg")
    seen = sealed(image)
    awaiting_second_look(image, bert)
    answer = ask(reviewer, f"{image.pk}/decide/", kind="cleared", version=seen, seen="seen")
    assert answer["said"] == "Cleared: coffee.jpg."
    assert Decision.objects.get(pk=answer["decision"]).agrees


def test_decision__of_who_saw_another_result_before_the_first_look_is_stale_and_tells_nothing(
    reviewer: Client, bert: User
) -> None:
    image = pictured()
    image.verdict = "mostly_ai"
    seen = seal(image)
    awaiting_second_look(image, bert)
    answer = ask(reviewer, f"{image.pk}/decide/", kind="cleared", version=seen, seen="seen")
    assert answer["said"] == "Something happened to this picture meanwhile. Nothing was changed."
    assert "No decision yet." in answer["item"]["html"]
    assert "bert" not in str(answer)


def test_decision__that_names_what_was_seen_of_another_picture_is_stale(reviewer: Client) -> None:
    seen, other = pictured("seen.jpg"), pictured("other.jpg")
    WatchedImage.objects.update(scan=None)  # As when the rows of old scans were deleted.
    assert ask(reviewer, f"{other.pk}/decide/", kind="cleared", version=sealed(seen), seen="seen")["stale"]
    assert stored(other).standing == Standing.FLAGGED


def test_skip__of_what_no_longer_waits_is_stale(reviewer: Client, bert: User) -> None:
    image = pictured()
    decided(image, bert, Kind.CLEARED)
    assert press(reviewer, image, "skipped")["stale"]


# Undoing


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("confirmed", "Undone: Confirmed as AI: coffee.jpg."),
        ("cleared", "Undone: Cleared: coffee.jpg."),
        ("escalated", "Undone: Escalated: coffee.jpg."),
        ("skipped", "Undone: Skipped: coffee.jpg."),
    ],
)
def test_undo__gives_the_picture_back(reviewer: Client, kind: str, said: str) -> None:
    image = pictured("coffee.jpg")
    decision = press(reviewer, image, kind)["decision"]
    answer = ask(reviewer, f"undo/{decision}/")
    assert answer["said"] == said
    assert answer["item"]["pk"] == image.pk
    image = stored(image)
    assert seen_version(answer["item"]["version"], image, is_blind=False) == image.version
    assert (image.queue, image.standing) == (Queue.REVIEW, Standing.FLAGGED)
    assert image.claimed_by == user_of(reviewer)
    assert Decision.objects.latest("pk").reverses_id == decision


def test_undo__twice_is_stale(reviewer: Client) -> None:
    decision = press(reviewer, pictured(), "cleared")["decision"]
    ask(reviewer, f"undo/{decision}/")
    answer = ask(reviewer, f"undo/{decision}/")
    name = user_of(reviewer).username
    assert answer["stale"]
    assert answer["said"] == f"{name} undid a decision about this picture a moment ago. Nothing was changed."
    assert Decision.objects.count() == 2


def test_undo__of_what_was_decided_since_is_stale(reviewer: Client, bert: User) -> None:
    image = pictured()
    decision = press(reviewer, image, "escalated")["decision"]
    decided(image, bert, Kind.CLEARED)
    answer = ask(reviewer, f"undo/{decision}/")
    assert answer == {
        "stale": True,
        "said": "bert cleared this picture a moment ago. Nothing was changed.",
        "item": None,
    }


def test_undo__while_somebody_looks_at_it_is_stale(reviewer: Client, bert: User) -> None:
    image = pictured()
    decision = press(reviewer, image, "escalated")["decision"]
    assert claims.claim(image.pk, bert)
    answer = ask(reviewer, f"undo/{decision}/")
    assert answer == {"stale": True, "said": "bert is looking at this picture. Nothing was changed.", "item": None}


def test_undo__of_others_decisions_is_refused(reviewer: Client, bert: User) -> None:
    image = pictured()
    decision = decided(image, bert, Kind.CLEARED)
    answer = ask(reviewer, f"undo/{decision.pk}/")
    assert answer == {"refused": True, "said": "Only the person who decided can undo a decision."}
    assert stored(image).standing == Standing.CLEARED


def test_undo__of_nothing_is_stale(reviewer: Client) -> None:
    assert ask(reviewer, "undo/4711/")["stale"]


def test_undo__needs_the_permission_of_the_queue_it_was_taken_from(staff: Any) -> None:
    image = pictured()
    senior = staff("view_watchedimage", "decide_escalated_watchedimage", "view_photo")
    decided(image, user_of(senior), Kind.ESCALATED)
    decision = press(senior, image, "cleared")["decision"]
    user_of(senior).user_permissions.clear()
    assert senior.post(f"{DESK}undo/{decision}/").status_code == 403
    assert stored(image).standing == Standing.CLEARED


# On the page of a image


def test_page__decides_without_a_script(reviewer: Client) -> None:
    image = pictured("coffee.jpg")
    page = page_of(reviewer, image)
    assert "<h2>Standing: Flagged</h2>" in page
    assert f'<a href="{DESK}{image.pk}/">Open in the review desk</a>' in page
    address = f"{IMAGES}{image.pk}/change/"
    assert f'action="{DESK}{image.pk}/decide/"' in page
    (version,) = re.findall(r'<input type="hidden" name="version" value="([^"]+)">', page)
    assert f'<input type="hidden" name="back" value="{address}">' in page
    response = submit(reviewer, f"{image.pk}/decide/", kind="cleared", version=version, note="A sunset", back=address)
    assert (response.status_code, response.headers["Location"]) == (302, address)
    assert messages(reviewer) == ["Cleared: coffee.jpg."]
    page = page_of(reviewer, image)
    assert "<h2>Standing: Cleared (false alarm)</h2>" in page
    assert f"{user_of(reviewer).username}, <time" in page
    assert "A sunset" in page
    assert "Open in the review desk" not in page


@pytest.mark.parametrize("kind", ["confirmed", "cleared"])
@pytest.mark.parametrize("said", ["", "listed", "yes"])
def test_final_decision__needs_the_word_that_the_picture_was_seen_or_not(
    reviewer: Client, kind: str, said: str
) -> None:
    image = pictured("coffee.jpg")
    answer = press(reviewer, image, kind, seen=said)
    assert answer["refused"]
    assert answer["said"] == "Say whether you have seen the picture, or that you decide without seeing it."
    submit(reviewer, f"{image.pk}/decide/", kind=kind, version=sealed(image), seen=said)
    assert messages(reviewer) == [answer["said"]]
    assert not Decision.objects.exists()
    for other in ("skipped", "escalated"):
        assert "decision" in press(reviewer, image, other, seen=said)


def test_decision_without_seeing__is_told_in_history_log_and_export(reviewer: Client, admin_client: Client) -> None:
    image = pictured("coffee.jpg")
    press(reviewer, image, "cleared", seen="unseen")
    assert Decision.objects.get().seen == Seen.UNSEEN
    told = "Decided without seeing the picture"
    assert told in page_of(reviewer, image)
    assert f">{told}</span>" in admin_client.get(LOG).content.decode()
    export = b"".join(admin_client.get(f"{LOG}export/?seen__exact=unseen")).decode()
    assert '"unseen"' in export
    assert "coffee" not in b"".join(admin_client.get(f"{LOG}export/?seen__exact=seen")).decode()
    other = pictured("tea.jpg")
    press(reviewer, other, "cleared", seen="seen")
    assert Decision.objects.latest("pk").seen == Seen.SEEN
    assert told not in page_of(reviewer, other)


def test_second_look__is_not_told_that_the_first_was_without_seeing(reviewer: Client, bert: User) -> None:
    image = pictured("coffee.jpg")
    awaiting_second_look(image, bert)
    Decision.objects.update(seen=Seen.UNSEEN)
    (item,) = next_items(reviewer)
    assert "without seeing the picture<" not in item["html"]


def test_page__offers_to_have_seen_only_a_picture_that_can_be_shown(reviewer: Client) -> None:
    image = pictured("coffee.jpg")
    assert page_of(reviewer, image).count('type="radio" name="seen"') == 2
    photo = Photo.objects.get(pk=image.object_id)
    photo.image.storage.delete(str(photo.image.name))
    page = page_of(reviewer, image)
    assert page.count('type="radio" name="seen"') == 1
    assert 'name="seen" value="unseen" required' in page


def test_page__undoes_without_a_script(reviewer: Client) -> None:
    image = pictured("coffee.jpg")
    decision = press(reviewer, image, "confirmed")["decision"]
    assert f'action="{DESK}undo/{decision}/"' in page_of(reviewer, image)
    response = submit(reviewer, f"undo/{decision}/")
    assert response.headers["Location"] == f"{IMAGES}{image.pk}/change/"
    assert messages(reviewer) == ["Undone: Confirmed as AI: coffee.jpg."]
    assert stored(image).claimed_by is None
    page = page_of(reviewer, image)
    assert "<del>Confirmed as AI</del>" in page
    assert "Undo your decision" not in page


def test_page__offers_no_undo_where_a_newer_scan_found_something_else(reviewer: Client) -> None:
    image = pictured()
    press(reviewer, image, "cleared")
    WatchedImage.objects.filter(pk=image.pk).update(verdict="mostly_ai")
    assert "Undo your decision" not in page_of(reviewer, image)


def test_page__says_why_a_decision_was_not_taken(reviewer: Client, bert: User, configure: Any) -> None:
    image = pictured()
    assert claims.claim(image.pk, bert)
    submit(reviewer, f"{image.pk}/decide/", kind="cleared", version=sealed(image))
    assert messages(reviewer) == ["bert is looking at this picture. Nothing was changed."]
    configure(REVIEW_REASONS=["Looks real"])
    submit(reviewer, f"{image.pk}/decide/", kind="cleared", version=sealed(image))
    assert messages(reviewer) == ["Choose one of the reasons."]
    assert Decision.objects.count() == 0


@pytest.mark.parametrize("back", ["https://example.org/", "//example.org/", "javascript:alert(1)", ""])
def test_page__leads_back_to_this_site_alone(reviewer: Client, back: str) -> None:
    image = pictured()
    response = submit(reviewer, f"{image.pk}/decide/", kind="cleared", version=sealed(image), back=back)
    assert response.headers["Location"] == f"{IMAGES}{image.pk}/change/"
    assert submit(reviewer, "4711/decide/", kind="cleared", version=0, back=back).headers["Location"] == IMAGES


def test_page__leads_from_an_encrypted_page_to_no_other(reviewer: Client) -> None:
    image = pictured()
    fields = {"kind": "cleared", "version": sealed(image), "back": "http://testserver/elsewhere/"}
    answer = reviewer.post(f"{DESK}{image.pk}/decide/", fields, headers=AS_A_FORM, secure=True)
    assert answer.headers["Location"] == f"{IMAGES}{image.pk}/change/"


def test_page__offers_the_reasons(reviewer: Client, configure: Any) -> None:
    configure(REVIEW_REASONS=["Looks real", HOSTILE])
    image = pictured()
    page = page_of(reviewer, image)
    assert '<optgroup label="Clear (false alarm)"><option value="Looks real">Looks real</option>' in page
    assert escape(HOSTILE) in page
    submit(reviewer, f"{image.pk}/decide/", kind="escalated", version=sealed(image), reason="Looks real")
    assert Decision.objects.get().reason == ""


def test_page__shows_decisions_to_whoever_may_only_view(moderator: Client, bert: User) -> None:
    image = awaiting_second_look(pictured(), bert)
    page = page_of(moderator, image)
    assert "<h2>Standing: Cleared (false alarm)</h2>" in page
    assert "bert, <time" in page
    assert DESK not in page


def test_page__offers_no_decision_where_there_is_none(reviewer: Client) -> None:
    waiting, replaced, removed = pictured("a.jpg"), pictured("b.jpg"), pictured("c.jpg")
    Photo.objects.get(pk=waiting.object_id).image.save("d.jpg", upload())
    Photo.objects.filter(pk=replaced.object_id).update(image="photos/another.jpg")
    Photo.objects.get(pk=removed.object_id).delete()
    for image, obstacle in (
        (waiting, "The scan is still under way."),
        (replaced, "The picture was replaced or removed."),
        (removed, "The picture was replaced or removed."),
    ):
        page = page_of(reviewer, image)
        assert obstacle in page
        assert 'name="kind"' not in page


def test_page__leaves_escalated_pictures_to_those_who_may(reviewer: Client, staff: Any) -> None:
    image = pictured()
    press(reviewer, image, "escalated")
    page = page_of(reviewer, image)
    assert "<h2>Standing: Escalated</h2>" in page
    assert 'name="kind"' not in page
    page = page_of(staff("view_watchedimage", "decide_escalated_watchedimage", "view_photo"), image)
    assert 'name="kind" value="cleared"' in page
    assert 'name="kind" value="escalated"' not in page
    assert f'<a href="{DESK}{image.pk}/">Open in the review desk</a>' in page


def test_page__and_list_keep_a_first_look_from_whoever_takes_the_second(reviewer: Client, bert: User) -> None:
    image = pictured()

    def seen() -> tuple[str, str]:
        page = re.sub(r'name="(csrfmiddlewaretoken|version)" value="[\w:-]+"', "", page_of(reviewer, image))
        row = re.search(r"<tbody>.*</tbody>", reviewer.get(IMAGES).content.decode(), re.DOTALL)
        assert row
        return page, row[0]

    before = seen()
    awaiting_second_look(image, bert)
    assert seen() == before


class SomeMayDecide(ModelBackend):
    """A backend that permits for single objects only, and says so when it is asked for all permissions."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return super().get_all_permissions(user_obj) | ({"copyleaks_image.decide_watchedimage"} if obj else set())


@pytest.mark.parametrize("by_backend", [True, False])
def test_page__keeps_a_first_look_from_whoever_decides_by_rules_for_single_pictures(
    moderator: Client, bert: User, rule: Callable[..., None], settings: Any, by_backend: bool
) -> None:
    image = awaiting_second_look(pictured(), bert)
    assert "bert" in page_of(moderator, image)
    if by_backend:
        settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", f"{__name__}.SomeMayDecide"]
    else:
        rule(may_decide=lambda access, image=None: image is not None)
    page = page_of(moderator, image)
    assert "bert" not in page
    assert 'value="cleared"' in page


def test_page__tells_the_first_to_decide_about_the_second_look(reviewer: Client) -> None:
    image = awaiting_second_look(pictured(), user_of(reviewer))
    page = page_of(reviewer, image)
    assert "<h2>Standing: Cleared (false alarm)</h2>" in page
    assert "It waits for a second look by somebody else." in page
    assert "Undo your decision" in page


def test_list__has_second_looks_among_the_reviews_and_in_no_other_queue(reviewer: Client, bert: User) -> None:
    image = awaiting_second_look(pictured(), bert)
    listed = {queue: list(reviewer.get(IMAGES, {"queue": queue}).context["cl"].result_list) for queue in QUEUES}
    assert listed == {Queue.REVIEW: [image], Queue.ESCALATED: [], Queue.UNMEASURED: []}


def test_list__says_what_was_decided_and_what_waits(reviewer: Client) -> None:
    press(reviewer, pictured("a.jpg"), "cleared")
    pictured("b.jpg")
    page = reviewer.get(IMAGES).content.decode()
    assert "Cleared (false alarm)</td>" in page
    assert "Waits for: Review" in page


# The log


@pytest.fixture
def auditor(staff: Any) -> Client:
    client: Client = staff("view_watchedimage", "view_decision", "view_photo")
    return client


def test_log__says_who_decided_what_when_and_why(auditor: Client, reviewer: Client, bert: User) -> None:
    image = pictured("coffee.jpg")
    decided(image, bert, Kind.ESCALATED, note=HOSTILE)
    senior = user_of(auditor)
    decision = decided(image, senior, Kind.CLEARED)
    WatchedImage.objects.update(queue="")
    undone = press(reviewer, pictured("tea.jpg"), "confirmed")["decision"]
    ask(reviewer, f"undo/{undone}/")
    page = auditor.get(LOG).content.decode()
    assert f'<a href="{IMAGES}{image.pk}/change/">coffee.jpg</a>' in page
    assert "Cleared (false alarm)" in page
    assert '<del>Confirmed as AI</del><span class="copyleaks-line copyleaks-quiet">undone</span>' in page
    assert "Undone: Confirmed as AI" in page
    assert "bert" in page
    assert escape(HOSTILE) in page
    assert HOSTILE not in page
    assert auditor.get(f"{LOG}{decision.pk}/change/").headers["Location"] == f"{IMAGES}{image.pk}/change/"
    assert auditor.get(f"{LOG}4711/change/").status_code == 404
    kinds = [row.kind for row in auditor.get(LOG, {"kind__exact": "cleared"}).context["cl"].result_list]
    assert kinds == ["cleared"]


def test_log__costs_the_same_number_of_queries_for_1_and_9_rows(
    auditor: Client, bert: User, django_assert_num_queries: Any
) -> None:
    decided(pictured("first.jpg"), bert, Kind.CLEARED)
    auditor.get(LOG)  # Fills the cache of content types.
    with CaptureQueriesContext(connection) as few:
        auditor.get(LOG)
    for number in range(8):
        decided(pictured(f"{number}.jpg"), bert, Kind.CLEARED)
    with django_assert_num_queries(len(few)):
        auditor.get(LOG)


def test_log__keeps_a_first_look_from_whoever_takes_the_second(auditor: Client, staff: Any, bert: User) -> None:
    second = staff("view_watchedimage", "view_decision", "view_photo", "decide_watchedimage")
    awaiting_second_look(pictured("coffee.jpg"), bert)
    assert "coffee.jpg" not in second.get(LOG).content.decode()
    assert "coffee.jpg" in auditor.get(LOG).content.decode()
    awaiting_second_look(pictured("tea.jpg"), user_of(second))
    assert "tea.jpg" in second.get(LOG).content.decode()


def test_note__is_kept_from_whoever_may_not_view_the_object(staff: Any, reviewer: Client, bert: User) -> None:
    image = pictured("secret.jpg")
    decided(image, bert, Kind.CLEARED, note="A secret sunset")
    blind = staff("view_watchedimage", "view_decision")
    for page in (blind.get(LOG).content.decode(), page_of(blind, image)):
        assert "A secret sunset" not in page
        assert "Cleared (false alarm)" in page
    assert "A secret sunset" in page_of(reviewer, image)


def test_log__cannot_be_changed_and_is_closed_without_permission(
    admin_client: Client, reviewer: Client, moderator: Client
) -> None:
    decision = press(reviewer, pictured(), "cleared")["decision"]
    assert admin_client.get(f"{LOG}add/").status_code == 403
    assert admin_client.post(f"{LOG}{decision}/delete/", {"post": "yes"}).status_code == 403
    assert moderator.get(LOG).status_code == 403
    assert moderator.get(f"{LOG}export/").status_code == 403
    assert moderator.get(f"{LOG}{decision}/change/").status_code == 403
    assert Decision.objects.count() == 1
