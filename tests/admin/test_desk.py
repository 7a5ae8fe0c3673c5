"""The desk as its script sees it: the shell, the next pictures, who holds what, and who may do what."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from django_copyleaks_image.admin import PictureAccess
from django_copyleaks_image.admin.desk import queues, sentences
from django_copyleaks_image.admin.desk.item import seen_version
from django_copyleaks_image.models import Decision, ImageScan, WatchedImage
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.reviewing import claims, queue
from django_copyleaks_image.standings import Kind, Queue, Standing
from tests.admin.desk_requests import (
    DESK,
    IMAGES,
    SCANS,
    ask,
    awaiting_second_look,
    decided,
    next_items,
    next_keys,
    press,
    sealed,
    user_of,
)
from tests.admin.inline_code import inline_code
from tests.admin.scans_to_show import measured, pictured, scan_of, unmeasured
from tests.gallery.models import Listing, Photo
from tests.samples import photo, upload

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>"
# Of one picture, whatever the number of those that wait.
QUERIES = 22

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewer(staff: Any) -> Client:
    client: Client = staff("view_watchedimage", "decide_watchedimage", "view_photo")
    return client


@pytest.fixture
def colleague(staff: Any) -> Client:
    client: Client = staff("view_watchedimage", "decide_watchedimage", "view_photo")
    return client


@pytest.fixture
def senior(staff: Any) -> Client:
    """A client of somebody who decides about escalated pictures alone."""
    client: Client = staff("view_watchedimage", "decide_escalated_watchedimage", "view_photo")
    return client


def shell(client: Client, **parameters: str) -> Any:
    response = client.get(DESK, parameters)
    assert response.status_code == 200
    return response


def escalated(image: WatchedImage) -> WatchedImage:
    WatchedImage.objects.filter(pk=image.pk).update(queue=Queue.ESCALATED, standing=Standing.ESCALATED)
    image.refresh_from_db()
    return image


def claimed_by(image: WatchedImage) -> Any:
    return WatchedImage.objects.get(pk=image.pk).claimed_by


# The shell


def test_shell__holds_the_addresses_and_the_words_of_the_script(reviewer: Client) -> None:
    page = shell(reviewer).content.decode()
    for attribute in (
        f'data-next-url="{DESK}next/"',
        f'data-decide-url="{DESK}0/decide/"',
        f'data-undo-url="{DESK}undo/0/"',
        f'data-claims-url="{DESK}claims/"',
        'data-queue="review"',
        'data-order="oldest"',
        'data-field=""',
        'data-sandbox=""',
        'data-decide="confirmed"',
        'data-decide="cleared"',
        'data-decide="escalated"',
        'data-decide="skipped"',
    ):
        assert attribute in page
    assert page.count("<h1") == 1
    assert 'id="nav-sidebar"' not in page
    assert '<p class="copyleaks-live" role="status" aria-live="polite">' in page


def test_shell__holds_no_inline_code(reviewer: Client, configure: Any) -> None:
    configure(REVIEW_REASONS=["Looks real"])
    assert inline_code(shell(reviewer)) == []


def test_shell__loads_the_scripts_in_the_order_in_which_they_build_on_each_other(reviewer: Client) -> None:
    scripts = re.findall(r'src="/static/copyleaks_image/js/([\w-]+)\.js" defer', shell(reviewer).content.decode())
    assert scripts[:4] == ["native-menus", "shared", "renditions", "stage"]
    assert scripts[-1] == "desk"
    assert "jquery" not in shell(reviewer).content.decode()


def test_shell__numbers_the_reasons(reviewer: Client, configure: Any) -> None:
    configure(REVIEW_REASONS=["Looks real", HOSTILE])
    page = shell(reviewer).content.decode()
    assert 'data-reason="Looks real" data-reason-of="cleared" aria-keyshortcuts="1" hidden>' in page
    assert f'data-reason="{escape(HOSTILE)}"' in page
    assert HOSTILE not in page


def test_tabs__say_how_much_waits_where(reviewer: Client, senior: Client) -> None:
    pictured("a.jpg")
    pictured("b.jpg")
    escalated(pictured("c.jpg"))
    unmeasured(photo("d.jpg"))
    assert [(tab.label, tab.number) for tab in shell(reviewer).context["tabs"]] == [
        ("Review", "2"),
        ("Not measured", "1"),
    ]
    assert [(tab.label, tab.number, tab.is_current) for tab in shell(senior).context["tabs"]] == [
        ("Escalated", "1", True)
    ]


def test_tabs__of_the_sandbox_are_there_when_something_waits_in_it(reviewer: Client) -> None:
    pictured("real.jpg")
    assert "Sandbox" not in shell(reviewer).content.decode()
    mock = pictured("mock.jpg", sandbox=True)
    tabs = {tab.label: tab for tab in shell(reviewer).context["tabs"]}
    assert set(tabs) == {"Review", "Not measured", "Sandbox: Review"}
    assert mock.pk not in next_keys(reviewer)
    page = reviewer.get(tabs["Sandbox: Review"].url)
    assert 'data-sandbox="1"' in page.content.decode()
    assert "mock results and no evidence" in page.content.decode()
    (item,) = next_items(reviewer, sandbox="1")
    assert item["pk"] == mock.pk
    assert "Mock: Partly AI" in item["html"]
    assert "this is a mock result and no evidence" in item["html"]


def test_order__is_kept_for_the_user(reviewer: Client) -> None:
    small, large = pictured("a.jpg", ai_ratio=0.1), pictured("b.jpg", ai_ratio=0.9)
    assert next_keys(reviewer, order="oldest") == [small.pk, large.pk]
    assert next_keys(reviewer, order="largest") == [large.pk, small.pk]
    assert 'data-order="oldest"' in shell(reviewer).content.decode()
    assert 'data-order="largest"' in shell(reviewer, order="largest").content.decode()
    assert 'data-order="largest"' in shell(reviewer, queue="unmeasured").content.decode()
    assert 'data-order="largest"' in shell(reviewer, order="unknown").content.decode()
    assert 'data-order="oldest"' in shell(reviewer, order="oldest").content.decode()


def test_field__narrows_the_queue(staff: Any, watch: Any) -> None:
    watch(Listing, "front")
    client = staff("view_watchedimage", "decide_watchedimage", "view_photo", "view_listing")
    of_photo = pictured()
    of_listing = unmeasured(Listing.objects.create(front=upload()))
    WatchedImage.objects.filter(pk=of_listing.pk).update(queued_at=timezone.now() - timedelta(days=1))
    of_queue = {"queue": "unmeasured"}
    assert next_keys(client, field="gallery.Photo.image") == [of_photo.pk]
    assert next_keys(client, **of_queue, field="gallery.Listing.front") == [of_listing.pk]
    assert next_keys(client, **of_queue, field="gallery.Photo.image") == []
    page = shell(client, **of_queue, field="gallery.Listing.front").content.decode()
    assert 'data-field="gallery.Listing.front"' in page
    assert '<option value="gallery.Listing.front" selected>Listing: front</option>' in page


def test_parameters__that_are_not_known_count_as_not_given(reviewer: Client) -> None:
    page = shell(reviewer, queue="nonsense", order="random", field="auth.User.name", sandbox="maybe").content.decode()
    for attribute in ('data-queue="review"', 'data-order="oldest"', 'data-field=""', 'data-sandbox=""'):
        assert attribute in page


# The next pictures


def test_next__gives_a_picture_with_all_that_is_needed_to_judge_it(reviewer: Client) -> None:
    image = pictured("coffee.jpg", metadata={"issuedBy": "OpenAI", "unknownKey": "x"})
    (item,) = next_items(reviewer)
    assert (item["pk"], item["title"]) == (image.pk, "coffee.jpg")
    assert seen_version(item["version"], image, is_blind=False) == image.version
    html = item["html"]
    assert html.strip().startswith(
        f'<article class="copyleaks-item" data-pk="{image.pk}" data-version="{item["version"]}"'
    )
    assert "<bdi>coffee.jpg</bdi></h2>" in html
    assert "Partly AI</span> <bdi>AI share of the area: 37 %" in html
    assert f'src="{IMAGES}rendition/{image.scan_id}/page/"' in html
    assert "<dt>Issued by</dt><dd><bdi>OpenAI</bdi></dd>" in html
    assert "<dt>unknownKey</dt><dd><bdi>x</bdi></dd>" in html
    assert f'<a href="/admin/gallery/photo/{image.object_id}/change/">coffee.jpg</a>' in html
    assert f'<a href="{SCANS}{image.scan_id}/change/">' in html
    assert "640 × 640 pixels" in html
    assert "ai-image-1-ultra" in html
    assert "It is no likelihood." in html
    assert "No decision yet." in html


def test_next__claims_what_it_gives_and_gives_others_the_next(reviewer: Client, colleague: Client) -> None:
    images = [pictured(f"{number}.jpg") for number in range(4)]
    assert next_keys(reviewer, want=2) == [images[0].pk, images[1].pk]
    assert claimed_by(images[0]) == user_of(reviewer)
    assert next_keys(colleague, want=1) == [images[2].pk]
    held = f"{images[0].pk},{images[1].pk}"
    assert next_keys(reviewer, want=3, held=held) == [images[3].pk]


def test_next__gives_three_at_most(reviewer: Client) -> None:
    for number in range(4):
        pictured(f"{number}.jpg")
    for want, given in (("3", 3), ("99", 3), ("-1", 1), ("x", 1)):
        WatchedImage.objects.update(claimed_by=None, claimed_until=None)
        assert len(next_items(reviewer, want=want)) == given


def test_next__costs_the_same_however_long_the_queue(
    reviewer: Client, colleague: Client, django_assert_max_num_queries: Any
) -> None:
    def queries() -> int:
        WatchedImage.objects.update(claimed_by=None, claimed_until=None)
        with CaptureQueriesContext(connection) as captured, django_assert_max_num_queries(QUERIES):
            assert len(next_items(reviewer, want=1)) == 1
        return len(captured)

    for number in range(3):
        pictured(f"{number}.jpg")
    next_items(reviewer, want=1)  # Fills the cache of content types, and asks for the picture.
    few = queries()
    image = pictured("one of many.jpg")
    WatchedImage.objects.bulk_create(
        WatchedImage(
            **{
                field.attname: getattr(image, field.attname)
                for field in WatchedImage._meta.concrete_fields
                if field.name not in ("id", "scan", "object_id")
            },
            object_id=str(copy.pk),
        )
        for copy in Photo.objects.bulk_create(Photo(image=image.file_name) for _ in range(100))
    )
    assert queries() == few


def test_next__says_how_many_wait(reviewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(reviewer, "next/")["waiting"] == "0 waiting"
    for number in range(3):
        pictured(f"{number}.jpg")
    assert ask(reviewer, "next/")["waiting"] == "3 waiting"
    for module in (queue, sentences):
        monkeypatch.setattr(module, "COUNTED", 2)
    assert ask(reviewer, "next/")["waiting"] == "more than 2 waiting"


@pytest.mark.parametrize(
    ("count", "phrase"), [(1, "1 waiting"), (1000, "1,000 waiting"), (1001, "more than 1,000 waiting")]
)
def test_waiting__groups_thousands(count: int, phrase: str) -> None:
    assert sentences.waiting(count) == phrase


def test_next__names_the_others_at_the_desk(reviewer: Client, colleague: Client) -> None:
    pictured("a.jpg")
    pictured("b.jpg")
    assert ask(reviewer, "next/", want=1)["others"] == ""
    assert ask(colleague, "next/", want=1)["others"] == f"{user_of(reviewer).username} is here too"


@pytest.mark.parametrize(
    ("names", "phrase"),
    [
        ([], ""),
        (["anna"], "anna is here too"),
        (["anna", "bert"], "anna and bert are here too"),
        (["a", "b", "c", "d", "e"], "a, b, c, d and 1 other are here too"),
        (["a", "b", "c", "d", "e", "f"], "a, b, c, d and 2 others are here too"),
    ],
)
def test_others__are_named_up_to_four(names: list[str], phrase: str) -> None:
    assert sentences.others(names) == phrase


def test_next__shows_why_nothing_was_measured(reviewer: Client) -> None:
    image = unmeasured(photo("small.jpg"), "too_small", Status.SKIPPED)
    assert next_keys(reviewer) == []
    (item,) = next_items(reviewer, queue="unmeasured")
    assert item["pk"] == image.pk
    assert "Not measured</span> <bdi>The picture is too small: 512 × 512 pixels are needed.</bdi>" in item["html"]
    assert "Nothing was measured, so nothing is known." in item["html"]
    assert f"/rendition/{image.scan_id}/" in item["html"]


def test_next__escapes_what_strangers_wrote(reviewer: Client) -> None:
    image = pictured(metadata={"issuedBy": HOSTILE, HOSTILE: "x"})
    Photo.objects.filter(pk=image.object_id).update(title=HOSTILE[:100])
    (item,) = next_items(reviewer)
    assert item["title"] == HOSTILE[:100]
    assert "<script" not in item["html"]
    assert "<img src=x" not in item["html"]


def test_next__shows_earlier_decisions_with_what_was_undone(reviewer: Client, colleague: Client) -> None:
    image = pictured()
    bert = user_of(colleague)
    decided(image, bert, Kind.SKIPPED, note=HOSTILE)
    decision = press(colleague, image, "cleared", note="A real sunset")["decision"]
    ask(colleague, f"undo/{decision}/")
    ask(colleague, "claims/", release=str(image.pk))
    (item,) = next_items(reviewer)
    assert "<del>Cleared (false alarm)</del>" in item["html"]
    assert f"Undone by {bert.username}, " in item["html"]
    assert "A real sunset" in item["html"]
    assert "<strong>Skipped</strong>" in item["html"]
    assert escape(HOSTILE) in item["html"]


def test_next__withdraws_what_was_replaced_behind_our_back(reviewer: Client) -> None:
    replaced, present = pictured("a.jpg"), pictured("b.jpg")
    Photo.objects.filter(pk=replaced.object_id).update(image="photos/another.jpg")
    assert next_keys(reviewer) == [present.pk]
    replaced.refresh_from_db()
    assert (replaced.queue, replaced.standing, replaced.claimed_by) == (Queue.NONE, Standing.WAITING, None)


def test_next__looks_behind_many_that_were_replaced(reviewer: Client) -> None:
    for number in range(45):
        pictured(f"{number}.jpg")
    Photo.objects.update(image="photos/another.jpg")
    present = pictured("present.jpg")
    assert next_keys(reviewer, want=1) == [present.pk]
    assert WatchedImage.objects.exclude(queue="").get() == present


# An empty queue


def test_empty_queue__says_what_was_done_today(reviewer: Client, colleague: Client) -> None:
    for number, kind in enumerate(("confirmed", "cleared", "cleared", "escalated")):
        press(reviewer, pictured(f"mine {number}.jpg"), kind)
    press(colleague, pictured("theirs.jpg"), "cleared")
    decision = press(reviewer, pictured("mistake.jpg"), "confirmed")["decision"]
    ask(reviewer, f"undo/{decision}/")
    image = WatchedImage.objects.get(queue=Queue.REVIEW)
    press(reviewer, image, "skipped")
    answer = ask(reviewer, "next/", want=1)
    assert answer["today"] == ""
    today = ask(reviewer, "next/", want=1, held=str(image.pk))["today"]
    assert "Nothing waits here." in today
    assert "You have decided about 4 pictures today. Thank you!" in today
    rows = dict(re.findall(r'<th scope="row">(.+?)</th><td>(\d+)</td><td>\d+</td>', today))
    assert rows == {"Confirmed as AI": "1", "Cleared (false alarm)": "2", "Escalated": "1", "Skipped": "1"}
    assert '<th scope="row">Cleared (false alarm)</th><td>2</td><td>3</td>' in today


def test_empty_queue__tells_work_on_mocks_from_work_on_real_pictures(reviewer: Client) -> None:
    press(reviewer, pictured(sandbox=True), "cleared")
    assert "Nothing was decided today." in ask(reviewer, "next/")["today"]
    assert "You have decided about 1 picture today." in ask(reviewer, "next/", sandbox="1")["today"]


def test_empty_queue__forgets_yesterday(reviewer: Client) -> None:
    decision = decided(pictured(), user_of(reviewer), Kind.CONFIRMED)
    type(decision).objects.update(decided_at=timezone.now() - timedelta(days=1, minutes=1))
    assert "Nothing was decided today." in ask(reviewer, "next/")["today"]


def test_empty_queue__names_the_others_work(reviewer: Client, colleague: Client) -> None:
    press(colleague, pictured(), "cleared")
    assert "Others have decided about 1 picture today." in ask(reviewer, "next/")["today"]


def test_empty_queue__points_to_where_something_waits(reviewer: Client) -> None:
    unmeasured(photo("a.jpg"))
    today = ask(reviewer, "next/")["today"]
    assert f'<a href="{DESK}?queue=unmeasured">Not measured</a> <span class="copyleaks-count">1</span>' in today
    assert "queue=review" not in today


def test_empty_queue__says_when_others_hold_the_rest(reviewer: Client, colleague: Client) -> None:
    pictured()
    assert len(next_items(colleague)) == 1
    answer = ask(reviewer, "next/")
    assert answer["waiting"] == "1 waiting"
    assert "Others are looking at what still waits here." in answer["today"]


# Claims


def test_claims__are_renewed_and_released(reviewer: Client, colleague: Client) -> None:
    kept, left = pictured("a.jpg"), pictured("b.jpg")
    assert len(next_items(reviewer)) == 2
    WatchedImage.objects.update(claimed_until=timezone.now() + timedelta(seconds=5))
    answer = ask(reviewer, "claims/", renew=str(kept.pk), release=str(left.pk))
    assert (answer["held"], answer["taken"]) == ([kept.pk], [])
    assert answer["waiting"] == "2 waiting"
    assert answer["others"] == ""
    kept.refresh_from_db()
    assert kept.claimed_until is not None
    assert kept.claimed_until > timezone.now() + timedelta(minutes=9)
    assert next_keys(colleague) == [left.pk]


def test_claims__of_others_are_theirs(reviewer: Client, colleague: Client) -> None:
    image = pictured()
    assert len(next_items(reviewer)) == 1
    answer = ask(colleague, "claims/", renew=str(image.pk), release=str(image.pk))
    assert (answer["held"], answer["taken"]) == ([], [image.pk])
    assert claimed_by(image) == user_of(reviewer)


def test_claims__that_ran_out_and_were_taken_are_not_held(reviewer: Client, colleague: Client) -> None:
    image = pictured()
    assert len(next_items(reviewer)) == 1
    WatchedImage.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert next_keys(colleague) == [image.pk]
    answer = ask(reviewer, "claims/", renew=str(image.pk))
    assert (answer["held"], answer["taken"]) == ([], [image.pk])


def test_claims__on_what_was_decided_meanwhile_are_neither_held_nor_taken(reviewer: Client, colleague: Client) -> None:
    image = pictured()
    assert len(next_items(reviewer)) == 1
    claims.release([image.pk], user_of(reviewer))
    decided(image, user_of(colleague), Kind.CLEARED)
    answer = ask(reviewer, "claims/", renew=str(image.pk))
    assert (answer["held"], answer["taken"]) == ([], [])


@pytest.mark.parametrize("keys", ["", ",", "x,-1,1.5", "9" * 18, "9" * 30, "٣"])
def test_keys__that_are_none_are_ignored(reviewer: Client, keys: str) -> None:
    assert ask(reviewer, "claims/", renew=keys, release=keys)["held"] == []
    assert next_items(reviewer, held=keys) == []


# Second looks


def test_second_look__cannot_be_told_from_a_first_one(reviewer: Client, colleague: Client) -> None:
    image = pictured()
    (first,) = next_items(reviewer)
    ask(reviewer, "claims/", release=str(image.pk))
    awaiting_second_look(image, user_of(colleague))
    (second,) = next_items(reviewer)
    assert second["html"].replace(second["version"], first["version"]) == first["html"]
    assert user_of(colleague).username not in second["html"]


def test_second_look__is_not_given_to_whoever_took_the_first(reviewer: Client) -> None:
    awaiting_second_look(pictured(), user_of(reviewer))
    assert next_items(reviewer) == []


def test_contradicted_second_look__shows_everything_to_whoever_decides(
    reviewer: Client, colleague: Client, senior: Client
) -> None:
    image = awaiting_second_look(pictured(), user_of(colleague), Kind.CLEARED)
    press(reviewer, image, "confirmed")
    (item,) = next_items(senior, queue="escalated")
    assert "A second look disagrees with what was decided: Cleared (false alarm)." in item["html"]
    assert "<strong>Second look: Confirmed as AI</strong>" in item["html"]


# Who may do what


@pytest.mark.parametrize("address", ["next/", "1/decide/", "undo/1/", "claims/"])
def test_requests__of_the_script_are_posted_with_a_token_by_staff(reviewer: Client, address: str) -> None:
    assert reviewer.get(f"{DESK}{address}").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = reviewer.cookies
    assert strict.post(f"{DESK}{address}").status_code == 403
    assert Client().post(f"{DESK}{address}").headers["Location"].startswith("/admin/login/")


def test_token__is_given_anew_to_staff_with_who_they_are(reviewer: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = reviewer.cookies
    given = strict.get(f"{DESK}token/").json()
    assert given["user"] == str(user_of(reviewer).pk)
    assert strict.post(f"{DESK}next/", headers={"X-CSRFToken": given["token"]}).status_code == 200
    assert Client().get(f"{DESK}token/").headers["Location"].startswith("/admin/login/")


def test_missing_permission__is_told_to_the_script_in_json_and_a_refused_token_is_not(staff: Any) -> None:
    client = staff("view_photo")
    assert client.post(f"{DESK}next/").json() == {"forbidden": True}
    assert client.post(f"{DESK}next/", headers=FORM).headers["Content-Type"].startswith("text/html")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post(f"{DESK}next/").headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    "codenames", [(), ("view_watchedimage", "view_photo", "rescan_imagescan"), ("decide_watchedimage", "view_photo")]
)
def test_desk__is_closed_to_staff_who_may_not_decide(staff: Any, codenames: tuple[str, ...]) -> None:
    image = pictured()
    client = staff(*codenames)
    assert client.get(DESK).status_code == 403
    for address in ("next/", f"{image.pk}/decide/", "undo/1/", "claims/"):
        assert client.post(f"{DESK}{address}", {"kind": "cleared", "version": 0}).status_code == 403
    image.refresh_from_db()
    assert image.version == 0


def test_escalated_queue__has_a_permission_of_its_own(reviewer: Client, senior: Client) -> None:
    image, waiting = escalated(pictured("a.jpg")), pictured("b.jpg")
    assert reviewer.get(DESK, {"queue": "escalated"}).status_code == 403
    assert reviewer.post(f"{DESK}next/", {"queue": "escalated"}).status_code == 403
    assert reviewer.post(f"{DESK}{image.pk}/decide/", {"kind": "cleared", "version": sealed(image)}).status_code == 403
    assert press(reviewer, image, "cleared", version=7)["stale"]
    assert senior.get(DESK, {"queue": "review"}).status_code == 403
    assert (
        senior.post(f"{DESK}{waiting.pk}/decide/", {"kind": "cleared", "version": sealed(waiting)}).status_code == 403
    )
    assert next_keys(senior) == [image.pk]
    assert press(senior, image, "cleared")["decision"]
    assert 'data-decide="escalated"' not in shell(senior).content.decode()


def test_queue__leaves_out_models_that_the_user_may_not_view(staff: Any, reviewer: Client, watch: Any) -> None:
    watch(Listing, "front")
    listing = unmeasured(Listing.objects.create(front=upload()))
    assert ask(reviewer, "next/", queue="unmeasured") | {"today": ""} == {
        "items": [],
        "waiting": "0 waiting",
        "counts": {f"{DESK}?queue=review": "0", f"{DESK}?queue=unmeasured": "0"},
        "others": "",
        "today": "",
    }
    assert (
        reviewer.post(f"{DESK}{listing.pk}/decide/", {"kind": "cleared", "version": sealed(listing)}).status_code == 403
    )
    assert next_keys(staff("view_watchedimage", "decide_watchedimage", "view_listing"), queue="unmeasured") == [
        listing.pk
    ]


def test_queue__leaves_out_objects_that_the_user_may_not_view(
    reviewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden, shown = pictured("hidden.jpg"), pictured("shown.jpg")
    photos = site.get_model_admin(Photo)
    monkeypatch.setattr(photos, "has_view_permission", lambda request, obj=None: str(obj) != "hidden.jpg")
    assert next_keys(reviewer) == [shown.pk]
    assert claimed_by(hidden) is None
    assert (
        reviewer.post(f"{DESK}{hidden.pk}/decide/", {"kind": "cleared", "version": sealed(hidden)}).status_code == 403
    )
    hidden.refresh_from_db()
    assert hidden.queue == Queue.REVIEW


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody view the photos whose titles begin with "hidden"."""
    photos = site.get_model_admin(Photo)
    monkeypatch.setattr(
        photos, "has_view_permission", lambda request, obj=None: obj is None or not str(obj).startswith("hidden")
    )


def headline(answer: Any) -> str:
    (words,) = re.findall(r"<h2[^>]*>(.*?)</h2>", answer["today"])
    return str(words)


@pytest.mark.usefixtures("hide")
def test_count__says_that_it_includes_what_the_user_may_not_see(reviewer: Client) -> None:
    pictured("hidden.jpg")
    pictured("shown.jpg")
    assert ask(reviewer, "next/")["waiting"] == "2 waiting in all"
    assert [(tab.label, tab.number) for tab in shell(reviewer).context["tabs"]] == [
        ("Review", "2 in all"),
        ("Not measured", "0"),
    ]
    assert "Review (2 in all)</a>" in reviewer.get(IMAGES).content.decode()


@pytest.mark.parametrize("name", ["may_view", "may_decide"])
def test_count__says_so_where_a_project_has_rules_of_its_own_for_pictures(
    reviewer: Client, rule: Callable[..., None], name: str
) -> None:
    pictured()
    assert ask(reviewer, "next/")["waiting"] == "1 waiting"
    rule(**{name: lambda access, *asked: True})
    assert ask(reviewer, "next/")["waiting"] == "1 waiting in all"


@pytest.mark.usefixtures("hide")
def test_empty_queue__does_not_speak_of_others_when_the_rest_is_hidden(reviewer: Client, staff: Any) -> None:
    hidden = pictured("hidden.jpg")
    assert headline(ask(reviewer, "next/")) == "Nothing else waits here for you."
    other = user_of(staff())
    WatchedImage.objects.filter(pk=hidden.pk).update(
        claimed_by=other, claimed_until=timezone.now() + timedelta(minutes=1)
    )
    assert headline(ask(reviewer, "next/")) == "Others are looking at what still waits here."


@pytest.mark.usefixtures("hide")
def test_next__costs_no_more_when_pictures_in_front_are_hidden(
    reviewer: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(queue._PAGE * 2):
        pictured(f"hidden {number}.jpg")
    shown = pictured("shown.jpg")
    with django_assert_max_num_queries(QUERIES + 4):
        assert next_keys(reviewer, want=1) == [shown.pk]


@pytest.mark.usefixtures("hide")
@pytest.mark.parametrize("order", ["oldest", "largest"])
def test_next__looks_on_behind_many_that_are_hidden(
    reviewer: Client, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    for name in ("_PAGE", "_LARGER_PAGE", "_LOOKS"):
        monkeypatch.setattr(queue, name, 5)
    for number in range(12):
        pictured(f"hidden {number}.jpg", ai_ratio=0.9)
    shown = [pictured(f"shown {number}.jpg", ai_ratio=0.1) for number in range(2)]
    answers = [ask(reviewer, "next/", want=1, order=order) for _ in range(3)]
    assert [headline(answer) for answer in answers[:2]] == [
        "Nothing was found for you in the first part of a long queue."
    ] * 2
    (item,) = answers[2]["items"]
    # Nobody has to look behind them again for the next one.
    (other,) = next_keys(reviewer, want=1, order=order, held=str(item["pk"]))
    assert {item["pk"], other} == {image.pk for image in shown}
    last = ask(reviewer, "next/", want=1, order=order, held=f"{item['pk']},{other}")
    assert headline(last) == "Nothing else waits here for you."


@pytest.mark.usefixtures("hide")
@pytest.mark.parametrize("is_late", [False, True])
def test_next__looks_from_the_beginning_after_a_while_and_in_another_queue(
    reviewer: Client, monkeypatch: pytest.MonkeyPatch, is_late: bool
) -> None:
    for name in ("_PAGE", "_LARGER_PAGE", "_LOOKS"):
        monkeypatch.setattr(queue, name, 5)
    if is_late:
        monkeypatch.setattr(queues, "_KEPT_FOR", timedelta(seconds=-1))
    first = pictured("hidden.jpg", ai_ratio=0.9)
    for number in range(12):
        pictured(f"hidden {number}.jpg", ai_ratio=0.1)
    assert ask(reviewer, "next/", want=1)["items"] == []
    Photo.objects.filter(pk=first.object_id).update(title="shown.jpg")
    order = "oldest" if is_late else "largest"
    assert next_keys(reviewer, want=1, order=order) == [first.pk]


class OwnersDecide:
    """A backend with permissions on single objects, as Django's own has none: on those of the owner."""

    codenames: tuple[str, ...] = ("decide_watchedimage",)

    def authenticate(self, request: HttpRequest) -> None:
        return None

    def has_perm(self, user: User, permission: str, obj: Any = None) -> bool:
        is_owned = isinstance(obj, WatchedImage) and "mine" in obj.file_name
        return is_owned and permission.removeprefix("copyleaks_image.") in self.codenames


@pytest.fixture
def owner(staff: Any, settings: Any) -> Callable[..., Client]:
    """Make a client of a member of staff with permissions of their own, and those of the backend above."""
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", f"{__name__}.OwnersDecide"]

    def make(*codenames: str) -> Client:
        client: Client = staff(*codenames)
        client.force_login(user_of(client), "django.contrib.auth.backends.ModelBackend")
        return client

    return make


FORM = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_permission__may_be_given_for_single_scans(owner: Callable[..., Client]) -> None:
    theirs, mine = pictured("theirs.jpg"), pictured("mine.jpg")
    client = owner("view_watchedimage", "view_photo")
    assert client.get(DESK).status_code == 403
    page = f"{IMAGES}{mine.pk}/change/"
    assert 'name="kind" value="confirmed"' in client.get(page).content.decode()
    answer = client.post(
        f"{DESK}{mine.pk}/decide/",
        {"kind": "confirmed", "version": sealed(mine), "back": page, "seen": "seen"},
        headers=FORM,
    )
    assert answer.headers["Location"] == page
    mine.refresh_from_db()
    assert mine.standing == Standing.CONFIRMED
    undo = re.findall(r'action="([^"]+/undo/\d+/)"', client.get(page).content.decode())
    assert client.post(undo[0], {"back": page}, headers=FORM).headers["Location"] == page
    mine.refresh_from_db()
    assert mine.standing == Standing.FLAGGED
    for kind, version in (("confirmed", 0), ("confirmed", 7)):
        fields = {"kind": kind, "version": sealed(theirs, version)}
        assert client.post(f"{DESK}{theirs.pk}/decide/", fields, headers=FORM).status_code == 403
    assert 'name="kind"' not in client.get(f"{IMAGES}{theirs.pk}/change/").content.decode()


def test_permission__to_scan_again_may_be_given_for_single_scans(
    owner: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OwnersDecide, "codenames", ("view_watchedimage", "rescan_imagescan"))
    theirs, mine = pictured("theirs.jpg"), pictured("mine.jpg")
    client = owner("view_photo", "view_watchedimage")
    (address,) = re.findall(r'action="([^"]+/again/)"', client.get(f"{IMAGES}{mine.pk}/change/").content.decode())
    question = client.post(address, {"action": "scan_again"}).content.decode()
    assert f'action="{address}"' in question
    assert (
        client.post(address, {"action": "retry_failed", "confirmed": "yes"}).headers["Location"]
        == f"{IMAGES}{mine.pk}/change/"
    )
    assert client.post(address, {"action": "delete_selected"}).status_code == 404
    assert not ImageScan.objects.filter(forced=True).exists()
    answer = client.post(address, {"action": "scan_again", "confirmed": "yes"})
    again = ImageScan.objects.get(forced=True)
    assert (again.object_id, answer.headers["Location"]) == (mine.object_id, f"{IMAGES}{mine.pk}/change/")
    assert client.post(f"{IMAGES}{theirs.pk}/again/", {"action": "scan_again"}).status_code == 403


def test_desk__gives_those_who_may_decide_about_single_pictures_these_alone(
    owner: Callable[..., Client], rule: Callable[..., None]
) -> None:
    pictured("theirs.jpg")
    mine = pictured("mine.jpg")
    rule(may_decide=lambda access, image=None: image is None or PictureAccess.may_decide(access, image))
    assert next_keys(owner("view_watchedimage", "view_photo")) == [mine.pk]


def test_permission__to_view_may_be_given_for_single_scans(
    owner: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OwnersDecide, "codenames", ("view_watchedimage", "decide_watchedimage"))
    theirs, mine = pictured("theirs.jpg"), pictured("mine.jpg")
    client = owner("view_photo")
    assert client.get(IMAGES).status_code == client.get(f"{IMAGES}{theirs.pk}/change/").status_code == 403
    assert 'name="kind" value="cleared"' in client.get(f"{IMAGES}{mine.pk}/change/").content.decode()
    for image, found in ((mine, 200), (theirs, 404)):
        assert client.get(f"{IMAGES}overlay/{image.scan_id}.png").status_code == found
    fields = {"kind": "cleared", "version": sealed(mine), "seen": "seen"}
    assert client.post(f"{DESK}{mine.pk}/decide/", fields, headers=FORM).status_code == 302
    mine.refresh_from_db()
    assert mine.standing == Standing.CLEARED


def test_desk__works_where_every_page_requires_a_login(reviewer: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    settings.LOGIN_URL = "/admin/login/"
    assert Client().get(DESK).headers["Location"].startswith("/admin/login/")
    pictured()
    assert shell(reviewer)
    assert len(next_items(reviewer)) == 1


def test_answers__are_kept_by_no_cache(reviewer: Client) -> None:
    for response in (reviewer.get(DESK), reviewer.post(f"{DESK}next/")):
        assert "no-store" in response.headers["Cache-Control"]


# The ways to the desk


def test_ways__to_the_desk_from_index_and_list(reviewer: Client, moderator: Client) -> None:
    measured(photo("a.jpg"))
    scan_of(photo("unfinished.jpg"))
    entry = "/admin/copyleaks_image/reviewdesk/"
    link = f'<a class="copyleaks-button copyleaks-review" href="{DESK}?queue=review">Review (1)</a>'
    assert link in reviewer.get(IMAGES).content.decode()
    assert entry in reviewer.get("/admin/").content.decode()
    assert reviewer.get(entry).headers["Location"] == DESK
    assert f'<a href="{DESK}?queue=review">Review</a> (1)' in reviewer.get("/admin/copyleaks_image/").content.decode()
    assert "copyleaks-review" not in moderator.get(IMAGES).content.decode()
    assert entry not in moderator.get("/admin/").content.decode()
    assert moderator.get(entry).status_code == 403
    assert DESK not in moderator.get("/admin/copyleaks_image/").content.decode()


@pytest.mark.parametrize(("sent", "kept"), [("2.5", 2.5), ("", None), ("nan", None), ("-1", None), ("1e9", None)])
def test_decision__says_how_long_the_picture_was_looked_at(sent: str, kept: float | None, reviewer: Client) -> None:
    image = pictured("a.jpg")
    next_items(reviewer)
    WatchedImage.objects.update(claimed_at=timezone.now() - timedelta(minutes=1))

    press(reviewer, image, "confirmed", seconds=sent)

    assert Decision.objects.get().seconds == kept
