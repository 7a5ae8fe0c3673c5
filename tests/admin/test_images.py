"""The list of watched images and the page of one."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.standings import Kind
from tests.admin.desk_requests import IMAGES, SCANS, decided
from tests.admin.inline_code import inline_code
from tests.admin.scans_to_show import measured_photo, pictured, unmeasured
from tests.gallery.models import Photo
from tests.samples import photo, upload

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>"

pytestmark = pytest.mark.django_db


def page_of(client: Client, image: WatchedImage) -> str:
    response = client.get(f"{IMAGES}{image.pk}/change/")
    assert response.status_code == 200
    return str(response.content.decode())


def listed(client: Client, **parameters: Any) -> list[WatchedImage]:
    response = client.get(IMAGES, parameters)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def test_list__says_how_every_picture_stands(moderator: Client) -> None:
    flagged, small = pictured("coffee.jpg"), unmeasured(photo("small"), "too_small", Status.SKIPPED)
    page = moderator.get(IMAGES).content.decode()
    assert f'src="{IMAGES}rendition/{flagged.scan_id}/thumbnail/" width="80" height="80" loading="lazy" alt="' in page
    assert f'src="{IMAGES}rendition/{small.scan_id}/thumbnail/"' in page
    assert "AI share of the area: 37 %" in page
    assert f'<a href="/admin/gallery/photo/{flagged.object_id}/change/">coffee.jpg</a>' in page
    assert 'Flagged<span class="copyleaks-line copyleaks-quiet">Waits for: Review (<time' in page
    assert "The picture is too small: 512 × 512 pixels are needed." in page


def test_list__says_nothing_about_the_file_that_was_replaced(moderator: Client) -> None:
    image = pictured("a.jpg")
    Photo.objects.get(pk=image.object_id).image.save("b.jpg", upload())
    page = moderator.get(IMAGES).content.decode()
    assert "Partly AI</span>" not in page
    assert 'Waiting for its scan<span class="copyleaks-line copyleaks-quiet">It waits to be sent.</span>' in page


def test_list__of_a_deleted_picture_says_so(moderator: Client) -> None:
    image = pictured("a.jpg")
    Photo.objects.get(pk=image.object_id).delete()
    page = moderator.get(IMAGES).content.decode()
    assert "The file was removed." in page
    assert f"Photo {image.object_id} (removed)" in page
    assert "no picture" in page


def test_list__is_searched(moderator: Client) -> None:
    coffee, tea = pictured("coffee.jpg"), pictured("tea.jpg")
    assert listed(moderator, q=coffee.scan.scan_id if coffee.scan else "") == [coffee]
    assert listed(moderator, q="photos/tea") == [tea]
    assert listed(moderator, q=tea.sha256[:12].upper()) == [tea]
    assert tea in listed(moderator, q=tea.object_id)


def test_list__costs_the_same_number_of_queries_for_2_and_20_rows(moderator: Client) -> None:
    def add(count: int) -> None:
        for _ in range(count):
            pictured(f"{ImageScan.objects.count()}.jpg")
            unmeasured(photo("lost"))

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert len(listed(moderator)) == WatchedImage.objects.count()
        return len(captured)

    add(1)
    queries()  # Fills the cache of content types.
    few = queries()
    add(9)
    assert queries() == few


def test_list__reads_no_large_column(moderator: Client) -> None:
    pictured()
    with CaptureQueriesContext(connection) as captured:
        listed(moderator)
    statements = " ".join(query["sql"] for query in captured).replace("`", '"')
    assert '"ai_ratio"' in statements
    for column in ("mask", "heatmap", "metadata", "body"):
        assert f'"{column}"' not in statements


def test_pictures__cannot_be_added_edited_or_deleted_even_by_a_superuser(admin_client: Client) -> None:
    page = f"{IMAGES}{pictured().pk}/"
    assert admin_client.get(f"{IMAGES}add/").status_code == 403
    assert admin_client.post(f"{page}change/", {"standing": "cleared"}).status_code == 403
    assert admin_client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in admin_client.get(IMAGES).content.decode()
    assert WatchedImage.objects.get().standing == "flagged"


def test_pictures__are_closed_to_staff_without_permission(staff: Any) -> None:
    scan = measured_photo()
    for client in (staff(), staff("view_imagescan", "view_photo")):
        for address in ("", f"{scan.image.pk}/change/", "export/"):
            assert client.get(f"{IMAGES}{address}").status_code == 403
        assert client.get(f"{IMAGES}rendition/{scan.pk}/page/").status_code == 404


def test_page__shows_picture_finding_standing_and_scans(moderator: Client, bert: User) -> None:
    image = pictured("coffee.jpg", metadata={"issuedBy": "OpenAI"})
    decided(image, bert, Kind.CLEARED, note="A sunset")
    page = page_of(moderator, image)
    assert "<h1>coffee.jpg</h1>" in page
    assert "Partly AI</span> <bdi>AI share of the area: 37 %</bdi>" in page
    assert f'src="{IMAGES}rendition/{image.scan_id}/page/"' in page
    assert f'data-overlay="{IMAGES}overlay/{image.scan_id}.png"' in page
    assert "<h2>Standing: Cleared (false alarm)</h2>" in page
    assert "A sunset" in page
    assert "<dt>Issued by</dt><dd><bdi>OpenAI</bdi></dd>" in page
    assert f'<a href="{SCANS}{image.scan_id}/change/">All details</a>' in page
    assert "Completed (counts)" in page


def test_page__keeps_the_scans_from_whoever_may_not_view_them(staff: Any) -> None:
    page = page_of(staff("view_watchedimage", "view_photo"), pictured())
    assert "Scans of this picture" not in page


def test_page__has_the_picture_scanned_again(staff: Any) -> None:
    payer = staff("view_watchedimage", "view_photo", "rescan_imagescan")
    image, lost = pictured("a.jpg"), unmeasured(photo("lost"))
    address = f"{IMAGES}{image.pk}/again/"
    assert f'action="{address}"' in page_of(payer, image)
    assert "This costs 1 credit." in payer.post(address, {"action": "scan_again"}).content.decode()
    answer = payer.post(address, {"action": "scan_again", "confirmed": "yes"})
    assert answer.headers["Location"] == f"{IMAGES}{image.pk}/change/"
    again = ImageScan.objects.get(forced=True)
    assert again.object_id == image.object_id
    payer.post(f"{IMAGES}{lost.pk}/again/", {"action": "retry_failed", "confirmed": "yes"})
    assert ImageScan.objects.filter(object_id=lost.object_id).count() == 2


def test_page__keeps_a_picture_from_whoever_may_not_view_the_object(staff: Any) -> None:
    page = page_of(staff("view_watchedimage"), pictured("secret.jpg"))
    assert "secret.jpg" not in page
    assert "You may not view the object whose picture this is." in page
    assert '<img class="copyleaks-photo"' not in page


def test_page__escapes_what_strangers_wrote_and_holds_no_inline_code(admin_client: Client) -> None:
    image = pictured(metadata={"issuedBy": HOSTILE, HOSTILE: "x"})
    Photo.objects.filter(pk=image.object_id).update(title=HOSTILE[:100])
    for address in (IMAGES, f"{IMAGES}{image.pk}/change/"):
        response = admin_client.get(address)
        page = response.content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert inline_code(response) == []


@pytest.fixture
def bert(db: None) -> User:
    return User.objects.create_user("bert", is_staff=True)
