from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_copyleaks_image.models import Decision, DetectionResult, ImageScan, WatchedImage
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.reviewing import placing
from django_copyleaks_image.standings import Kind, Queue
from django_copyleaks_image.verdicts import Verdict
from tests.admin.desk_requests import IMAGES, decided
from tests.admin.inline_code import inline_code
from tests.admin.scans_to_show import pictured, unmeasured
from tests.gallery.admin import PhotoAdmin
from tests.gallery.models import Listing, Panorama, Photo, Poster, Sticker
from tests.samples import photo, picture, upload

PHOTOS = "/admin/gallery/photo/"

pytestmark = pytest.mark.django_db


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.fixture
def editor(staff: Any) -> Client:
    """A client of a member of staff who may change photos and view pictures."""
    codenames = [f"{verb}_{model}" for verb in ("view", "change", "add") for model in ("photo", "listing")]
    client: Client = staff("view_watchedimage", *codenames)
    return client


def decide(image: WatchedImage, kind: Kind, **changes: Any) -> User:
    """Let a moderator decide about a picture, and return whom."""
    user = User.objects.create_user(f"moderator{User.objects.count()}")
    decided(image, user, kind)
    if changes:
        WatchedImage.objects.filter(pk=image.pk).update(**{"queued_at": image.queued_at} | changes)
    return user


def test_list__shows_the_finding_of_the_scan_that_counts(editor: Client) -> None:
    flagged, lost = pictured("a.jpg"), unmeasured(photo("b"))
    photo("waiting")
    page = text(editor, PHOTOS)
    assert f'<a href="{IMAGES}{flagged.pk}/change/"><span class="copyleaks-badge copyleaks-badge-partly-ai">' in page
    assert f'<a href="{IMAGES}{lost.pk}/change/"><span class="copyleaks-badge copyleaks-badge-not-measured">' in page
    assert page.count('<span class="copyleaks-line copyleaks-quiet">Not scanned yet.</span>') == 1


def test_list__says_what_was_decided_and_what_waits(editor: Client) -> None:
    decide(pictured("a.jpg"), Kind.CLEARED)
    pictured("b.jpg")
    page = text(editor, PHOTOS)
    assert page.count('<span class="copyleaks-line copyleaks-quiet">Cleared (false alarm)</span>') == 1
    assert page.count('<span class="copyleaks-line copyleaks-quiet">Waits at the review desk</span>') == 1


def test_list__says_nothing_about_a_file_that_came_since(editor: Client) -> None:
    replaced, removed = pictured("a.jpg"), pictured("b.jpg")
    decide(replaced, Kind.CONFIRMED)
    Photo.objects.filter(pk=replaced.object_id).update(image="photos/other.jpg")
    Photo.objects.filter(pk=removed.object_id).update(image="")
    page = text(editor, PHOTOS)
    assert (
        f'<a href="{IMAGES}{replaced.pk}/change/"><span class="copyleaks-badge copyleaks-badge-not-measured">' in page
    )
    assert "copyleaks-badge-partly-ai" not in page
    assert '<span class="copyleaks-line copyleaks-quiet">Confirmed' not in page
    assert f"{IMAGES}{removed.pk}/" not in page


def test_list__costs_one_query_however_many_objects_it_shows(editor: Client, monkeypatch: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            text(editor, PHOTOS)
        return len(captured)

    pictured("first.jpg")
    queries()
    few = queries()
    for number in range(20):
        pictured(f"{number}.jpg")
    assert queries() == few
    monkeypatch.setattr(type(admin.site.get_model_admin(Photo)), "_shows_findings", lambda *args: False)
    assert queries() == few - 1


@pytest.fixture
def three_photos() -> dict[str, Photo]:
    """A photo without AI, a flagged one and a confirmed one; and a fourth that waits to be measured."""
    clean = pictured("clean.jpg", detected=False, ai_ratio=0.0)
    flagged, confirmed = pictured("flagged.jpg"), pictured("confirmed.jpg", verdict=Verdict.MOSTLY_AI)
    decide(confirmed, Kind.CONFIRMED)
    images = {"clean": clean, "flagged": flagged, "confirmed": confirmed}
    return {name: Photo.objects.get(pk=image.object_id) for name, image in images.items()} | {
        "waiting": photo("waiting")
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("copyleaks_image_verdict=no_ai", {"clean"}),
        ("copyleaks_image_verdict=partly_ai", {"flagged"}),
        ("copyleaks_image_verdict=", {"waiting"}),
        ("copyleaks_image_verdict=nonsense", {"clean", "flagged", "confirmed", "waiting"}),
        ("copyleaks_image_decision=confirmed", {"confirmed"}),
        ("copyleaks_image_decision=", {"clean", "flagged", "waiting"}),
        ("copyleaks_image_decision=&copyleaks_image_verdict=partly_ai", {"flagged"}),
    ],
)
def test_filters__by_verdict_and_decision(
    editor: Client, three_photos: dict[str, Photo], query: str, names: set[str]
) -> None:
    listed = editor.get(f"{PHOTOS}?{query}").context["cl"].result_list
    assert {photo.pk for photo in listed} == {three_photos[name].pk for name in names}


def test_filters__follow_those_of_the_host(editor: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(PhotoAdmin, "list_filter", ("title",))
    response = editor.get(PHOTOS)
    assert [each.title for each in response.context["cl"].filter_specs] == ["title", "verdict", "decision"]
    assert 'href="?copyleaks_image_verdict=mostly_ai"' in response.content.decode()
    assert 'href="?copyleaks_image_decision=cleared"' in response.content.decode()


def test_filters__name_their_field_when_there_are_several(editor: Client, watch: Any) -> None:
    watch(Listing, "front")
    watch(Listing, "back")
    Listing.objects.create(front=upload())
    changelist = editor.get("/admin/gallery/listing/?copyleaks_back_verdict=no_ai").context["cl"]
    titles = [each.title for each in changelist.filter_specs]
    assert titles == ["verdict: front", "decision: front", "verdict: back", "decision: back"]
    assert list(changelist.result_list) == []


def test_filters__are_left_out_where_the_scans_are_in_another_database(
    rf: Any, admin_user: User, monkeypatch: Any
) -> None:
    request = rf.get(PHOTOS)
    request.user = admin_user
    photo_admin = PhotoAdmin(Photo, admin.site)
    assert len(photo_admin.get_list_filter(request)) == 2
    monkeypatch.setattr(photo_admin, "get_queryset", lambda request: Photo.objects.using("other"))
    assert not photo_admin.get_list_filter(request)


def test_second_look__is_a_blind_one_in_the_hosts_admin_as_well(staff: Any) -> None:
    image = pictured()
    decide(image, Kind.CONFIRMED, queue=Queue.SECOND_LOOK)
    rights = ("view_watchedimage", "view_photo", "change_photo")
    reader, decider = staff(*rights), staff(*rights, "decide_watchedimage")
    filtered = f"{PHOTOS}?copyleaks_image_decision=confirmed"

    told = {PHOTOS: 'quiet">Confirmed as AI', f"{PHOTOS}{image.object_id}/change/": "<strong>Confirmed as AI"}
    for address, words in told.items():
        assert words in text(reader, address)
        assert words not in text(decider, address)
        assert "Waits at the review desk" in text(decider, address)
    assert [len(client.get(filtered).context["cl"].result_list) for client in (reader, decider)] == [1, 0]
    undecided = decider.get(f"{PHOTOS}?copyleaks_image_decision=").context["cl"].result_list
    assert [str(photo.pk) for photo in undecided] == [image.object_id]


def test_lists__work_with_integer_uuid_and_text_keys(admin_client: Client, watch: Any) -> None:
    watch(Poster, "file")
    watch(Sticker, "file")
    instances: list[Model] = [
        photo(),
        Poster.objects.create(file=upload()),
        Sticker.objects.create(code="smiley-7", file=upload()),
    ]
    assert ImageScan.objects.count() == 3
    for instance in instances:
        result = DetectionResult.objects.create(is_ai_detected=False)
        scans = ImageScan.objects.filter(content_type__model=instance._meta.model_name)
        scans.update(status=Status.COMPLETED, verdict=Verdict.NO_AI, result=result, finished_at="2026-07-20T00:00Z")
        scan = scans.get()
        place = placing.place_of_completed(scan, Verdict.NO_AI, ai_share=0.0, needs_review=False)
        assert place
        placing.put(scan, place)
        address = f"/admin/gallery/{instance._meta.model_name}/"
        assert f'href="{IMAGES}{scan.image.pk}/change/"><span' in text(admin_client, address)
        assert "No AI detected" in text(admin_client, f"{address}{instance.pk}/change/")
        assert address in text(admin_client, f"{IMAGES}{scan.image.pk}/change/")


def test_child_with_a_table_of_its_own__shows_the_scan_of_the_inherited_field() -> None:
    panorama = Panorama.objects.create(image=upload())
    image = unmeasured(panorama)
    panorama_admin = PhotoAdmin(Panorama, admin.site)
    assert "Not measured" in panorama_admin.copyleaks_finding(panorama)
    assert f'src="{IMAGES}rendition/{image.scan_id}/panel/"' in panorama_admin.copyleaks_panel(panorama)


def test_form__shows_finding_small_picture_and_link(editor: Client) -> None:
    image = pictured()
    response = editor.get(f"{PHOTOS}{image.object_id}/change/")
    page = response.content.decode()
    assert "AI share of the area: 37 %" in page
    assert f'src="{IMAGES}rendition/{image.scan_id}/panel/"' in page
    assert f'data-overlay="{IMAGES}overlay/{image.scan_id}.png"' in page
    assert f'href="{IMAGES}{image.pk}/change/"' in page
    assert page.count("copyleaks_image/js/stage.js") == 1
    assert inline_code(response) == []


def test_form__says_what_was_decided_by_whom_and_why(editor: Client) -> None:
    image = pictured()
    change = f"{PHOTOS}{image.object_id}/change/"
    assert "Waits at the review desk" in text(editor, change)
    assert "Decision" not in text(editor, change)

    user = decide(image, Kind.CLEARED)
    Decision.objects.filter(decided_by=user).update(reason="Painted", note="<b>by hand</b>")

    response = editor.get(change)
    page = response.content.decode()
    assert "Decision: <strong>Cleared (false alarm)</strong>" in page
    assert f"{user.username}, <time" in page
    assert "<bdi>Painted</bdi>" in page
    assert "<bdi>&lt;b&gt;by hand&lt;/b&gt;</bdi>" in page
    assert "Waits at" not in page
    assert inline_code(response) == []


def test_form__says_when_a_newer_scan_disagrees_with_the_decision(editor: Client) -> None:
    image = pictured()
    decide(image, Kind.CLEARED, queue=Queue.REVIEW)
    page = text(editor, f"{PHOTOS}{image.object_id}/change/")
    assert "A newer scan disagrees with what was decided: Cleared (false alarm)." in page


def test_form__shows_no_picture_of_a_file_that_was_replaced(editor: Client) -> None:
    image = pictured()
    Photo.objects.filter(pk=image.object_id).update(image="photos/other.jpg")
    page = text(editor, f"{PHOTOS}{image.object_id}/change/")
    assert "The file was replaced or removed since." in page
    assert '<img class="copyleaks-photo"' not in page


def test_form__says_when_nothing_was_scanned(editor: Client) -> None:
    ImageScan.objects.all().delete()
    instance = Photo.objects.bulk_create([Photo(title="unseen")])[0]
    assert "Not scanned yet." in text(editor, f"{PHOTOS}{instance.pk}/change/")


def test_form__can_be_saved_and_added(editor: Client) -> None:
    image = pictured()
    assert "copyleaks_panel" not in text(editor, f"{PHOTOS}add/")
    response = editor.post(f"{PHOTOS}{image.object_id}/change/", {"title": "renamed"})
    assert response.status_code == 302
    assert Photo.objects.get(pk=image.object_id).title == "renamed"
    added = editor.post(f"{PHOTOS}add/", {"title": "added", "image": upload("new.jpg", picture())})
    assert added.status_code == 302
    assert Photo.objects.filter(title="added").exists()


def test_host__keeps_the_places_it_chose(editor: Client, watch: Any) -> None:
    watch(Listing, "front")
    watch(Listing, "back")
    listing = Listing.objects.create(front=upload(), back=upload())
    response = editor.get("/admin/gallery/listing/")
    page = response.content.decode()
    assert response.context["cl"].list_display == ("copyleaks_finding", "id", "published")
    assert "Front: <span" in page
    assert "Back: <span" in page

    form = editor.get(f"/admin/gallery/listing/{listing.pk}/change/")
    moderation = form.context["adminform"].fieldsets[1]
    assert moderation == ("Moderation", {"fields": ("copyleaks_panel", "published")})
    assert len(form.context["adminform"].fieldsets) == 2
    assert [name for name, options in editor.get("/admin/gallery/listing/add/").context["adminform"].fieldsets] == [
        None,
        "Moderation",
    ]


def test_host__can_still_edit_in_its_list(editor: Client, watch: Any) -> None:
    watch(Listing, "front")
    listing = Listing.objects.create(front=upload())
    data = {
        "form-TOTAL_FORMS": 1,
        "form-INITIAL_FORMS": 1,
        "form-0-id": listing.pk,
        "form-0-published": "on",
        "_save": "Save",
    }
    assert editor.post("/admin/gallery/listing/", data).status_code == 302
    listing.refresh_from_db()
    assert listing.published


def test_host__is_as_it_was_for_users_who_may_not_view_scans(staff: Any, watch: Any) -> None:
    watch(Listing, "front")
    client = staff("view_photo", "change_photo", "view_listing", "change_listing")
    image = pictured()
    listing = Listing.objects.create(front=upload())
    for address in (PHOTOS, f"{PHOTOS}{image.object_id}/change/"):
        page = text(client, address)
        assert "copyleaks" not in page.replace("copyleaks_image/css", "").replace("copyleaks_image/js", "")
        assert "AI detection" not in page
    assert "AI detection" not in text(client, "/admin/gallery/listing/")
    assert "AI detection" not in text(client, f"/admin/gallery/listing/{listing.pk}/change/")


def test_model_without_a_watched_field__is_as_it_was(admin_client: Client) -> None:
    Poster.objects.create(file=upload())
    assert "AI detection" not in text(admin_client, "/admin/gallery/poster/")


def test_host_that_knows_no_actions_of_one_object__has_its_pages(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As admins of django-mptt and others were written before Django 6.1.
    monkeypatch.setattr(admin.ModelAdmin, "get_actions", lambda admin, request: {})
    shown = photo()

    assert "copyleaks_scan" in text(admin_client, PHOTOS)
    assert "copyleaks_scan" not in text(admin_client, f"{PHOTOS}{shown.pk}/change/")
    host: Any = admin.site.get_model_admin(Photo)
    assert host.get_actions(HttpRequest(), SimpleNamespace(name="CHANGE_FORM")) == {}
