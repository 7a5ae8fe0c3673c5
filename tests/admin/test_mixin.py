from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_copyleaks_image.models import DetectionResult, ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.verdicts import Verdict
from tests.admin.markup import inline_code
from tests.admin.rows import failed, measured_photo
from tests.gallery.admin import PhotoAdmin
from tests.gallery.models import Listing, Panorama, Photo, Poster, Sticker
from tests.samples import photo, picture, upload

PHOTOS = "/admin/gallery/photo/"
SCANS = "/admin/copyleaks_image/imagescan/"

pytestmark = pytest.mark.django_db


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.fixture
def editor(staff: Any) -> Client:
    """A client of a member of staff who may change photos and view scans."""
    codenames = [f"{verb}_{model}" for verb in ("view", "change", "add") for model in ("photo", "listing")]
    client: Client = staff("view_imagescan", *codenames)
    return client


def test_list__shows_the_newest_finding_of_each_object(editor: Client) -> None:
    older = measured_photo("a.jpg")
    newest = failed(photo("b"))
    again = ImageScan.objects.create(
        content_type=older.content_type, object_id=older.object_id, field_name="image", file_name=older.file_name
    )
    page = text(editor, PHOTOS)
    assert f'<a href="{SCANS}{again.pk}/change/"' in page
    assert f'<a href="{SCANS}{newest.pk}/change/"' in page
    assert f'<a href="{SCANS}{older.pk}/change/"' not in page
    assert page.count("Not measured</span>") == 2


def test_list__costs_one_query_however_many_objects_it_shows(editor: Client, monkeypatch: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            text(editor, PHOTOS)
        return len(captured)

    measured_photo("first.jpg")
    queries()
    few = queries()
    for number in range(20):
        measured_photo(f"{number}.jpg")
    assert queries() == few
    monkeypatch.setattr(type(admin.site.get_model_admin(Photo)), "_shows_findings", lambda *args: False)
    assert queries() == few - 1


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
        address = f"/admin/gallery/{instance._meta.model_name}/"
        assert f'href="{SCANS}{scans.get().pk}/change/"><span' in text(admin_client, address)
        assert "No AI detected" in text(admin_client, f"{address}{instance.pk}/change/")
        assert f"{address}" in text(admin_client, f"{SCANS}{scans.get().pk}/change/")


def test_child_with_a_table_of_its_own__shows_the_scan_of_the_inherited_field() -> None:
    panorama = Panorama.objects.create(image=upload())
    panorama_admin = PhotoAdmin(Panorama, admin.site)
    assert "Not measured" in panorama_admin.copyleaks_finding(panorama)
    assert f'src="{SCANS}rendition/{ImageScan.objects.get().pk}/panel/"' in panorama_admin.copyleaks_panel(panorama)


def test_form__shows_finding_small_picture_and_link(editor: Client) -> None:
    scan = measured_photo()
    response = editor.get(f"{PHOTOS}{scan.object_id}/change/")
    page = response.content.decode()
    assert "AI share of the area: 37 %" in page
    assert f'src="{SCANS}rendition/{scan.pk}/panel/"' in page
    assert f'data-overlay="{SCANS}overlay/{scan.pk}.png"' in page
    assert f'href="{SCANS}{scan.pk}/change/"' in page
    assert page.count("copyleaks_image/js/stage.js") == 1
    assert inline_code(response) == []


def test_form__shows_no_picture_of_a_file_that_was_replaced(editor: Client) -> None:
    scan = measured_photo()
    Photo.objects.filter(pk=scan.object_id).update(image="photos/other.jpg")
    page = text(editor, f"{PHOTOS}{scan.object_id}/change/")
    assert "The file was replaced or removed after this scan." in page
    assert "/rendition/" not in page


def test_form__says_when_nothing_was_scanned(editor: Client) -> None:
    ImageScan.objects.all().delete()
    instance = Photo.objects.bulk_create([Photo(title="unseen")])[0]
    assert "Not scanned yet." in text(editor, f"{PHOTOS}{instance.pk}/change/")


def test_form__can_be_saved_and_added(editor: Client) -> None:
    scan = measured_photo()
    assert "copyleaks_panel" not in text(editor, f"{PHOTOS}add/")
    response = editor.post(f"{PHOTOS}{scan.object_id}/change/", {"title": "renamed"})
    assert response.status_code == 302
    assert Photo.objects.get(pk=scan.object_id).title == "renamed"
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
    assert "Front: <a" in page
    assert "Back: <a" in page

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
    scan = measured_photo()
    listing = Listing.objects.create(front=upload())
    for address in (PHOTOS, f"{PHOTOS}{scan.object_id}/change/"):
        page = text(client, address)
        assert "copyleaks-badge" not in page
        assert "AI detection" not in page
    assert "AI detection" not in text(client, "/admin/gallery/listing/")
    assert "AI detection" not in text(client, f"/admin/gallery/listing/{listing.pk}/change/")


def test_model_without_a_watched_field__is_as_it_was(admin_client: Client) -> None:
    Poster.objects.create(file=upload())
    assert "AI detection" not in text(admin_client, "/admin/gallery/poster/")
