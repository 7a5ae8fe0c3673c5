import shutil
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from tests.admin.inline_code import inline_code
from tests.admin.scans_to_show import failed, measured_photo, scan_of
from tests.gallery.models import Listing, Photo
from tests.samples import photo, upload

LIST = "/admin/copyleaks_image/imagescan/"

pytestmark = pytest.mark.django_db


def listed(client: Client, **parameters: Any) -> list[ImageScan]:
    response = client.get(LIST, parameters)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def test_list__costs_the_same_number_of_queries_for_3_and_30_rows(moderator: Client, watch: Any) -> None:
    watch(Listing, "front")

    def add(count: int) -> None:
        for number in range(count // 3):
            measured_photo(f"{ImageScan.objects.count()}.jpg")
            failed(photo(f"failed {number}"))
            Listing.objects.create(front=upload())

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert len(listed(moderator)) == ImageScan.objects.count()
        return len(captured)

    add(3)
    queries()  # Fills the cache of content types.
    few = queries()
    add(27)
    assert queries() == few


def test_list__reads_no_large_column(moderator: Client) -> None:
    measured_photo()
    with CaptureQueriesContext(connection) as captured:
        listed(moderator)
    statements = " ".join(query["sql"] for query in captured)
    assert '"ai_ratio"' in statements or "`ai_ratio`" in statements
    for column in ("mask", "heatmap", "metadata", "body"):
        assert f'"{column}"' not in statements
        assert f"`{column}`" not in statements


def test_list__asks_the_storage_for_nothing(moderator: Client, settings: Any) -> None:
    scan = measured_photo()
    shutil.rmtree(settings.MEDIA_ROOT)
    page = moderator.get(LIST).content.decode()
    assert f'src="{LIST}rendition/{scan.pk}/thumbnail/" width="80" height="80" loading="lazy" alt="' in page
    assert settings.MEDIA_URL not in page


def test_list__says_in_words_what_was_found(moderator: Client) -> None:
    measured_photo()
    page = moderator.get(LIST).content.decode()
    assert '<span class="copyleaks-badge copyleaks-badge-partly-ai">Partly AI</span>' in page
    assert "AI share of the area: 37 %" in page


def test_list__says_why_nothing_was_measured(moderator: Client) -> None:
    failed(photo(), "too_small", Status.SKIPPED)
    failed(photo(), "http_418")
    failed(photo(), "some_new_code")
    page = moderator.get(LIST).content.decode()
    assert page.count('copyleaks-badge-not-measured">Not measured</span>') == 3
    assert "The picture is too small: 512 × 512 pixels are needed." in page
    assert "The provider answered with the HTTP status 418." in page
    assert "some_new_code" in page


def test_list__marks_a_sandbox_result_as_mock(moderator: Client) -> None:
    measured_photo(sandbox=True)
    page = moderator.get(LIST).content.decode()
    assert "copyleaks-badge-mock" in page
    assert "Mock: Partly AI" in page
    assert "no evidence" in page


def test_list__links_the_object_to_its_own_admin(moderator: Client) -> None:
    scan = measured_photo("coffee.jpg")
    page = moderator.get(LIST).content.decode()
    assert f'<a href="/admin/gallery/photo/{scan.object_id}/change/">coffee.jpg</a>' in page


def test_list__keeps_an_object_to_itself_that_the_user_may_not_view(staff: Any) -> None:
    scan = measured_photo("confidential title")
    page = staff("view_imagescan").get(LIST).content.decode()
    assert "confidential title" not in page.replace(scan.file_name, "")
    assert f"Photo {scan.object_id}" in page
    assert "/rendition/" not in page
    assert "/admin/gallery/" not in page


def test_list__shows_no_picture_of_a_replaced_or_removed_file(moderator: Client) -> None:
    replaced, removed = measured_photo("a.jpg"), measured_photo("b.jpg")
    Photo.objects.get(pk=replaced.object_id).image.save("c.jpg", upload())
    Photo.objects.get(pk=removed.object_id).delete()
    page = moderator.get(LIST).content.decode()
    for scan in (replaced, removed):
        assert f"/rendition/{scan.pk}/" not in page
    assert f"Photo {removed.object_id} (removed)" in page


def test_list__shows_a_scan_whose_database_is_configured_no_more(moderator: Client) -> None:
    scan = measured_photo()
    ImageScan.objects.update(database="an-alias-that-is-gone")
    assert f"Photo {scan.object_id} (removed)" in moderator.get(LIST).content.decode()


def test_list__is_filtered(moderator: Client, watch: Any) -> None:
    watch(Listing, "front")
    found = measured_photo("found.jpg", sandbox=True)
    nothing = measured_photo("nothing.jpg", detected=False, ai_ratio=0.0, mask=None)
    lost = failed(photo("lost"), created_at=timezone.now() - timedelta(days=400))
    listing = Listing.objects.create(front=upload())
    front = scan_of(listing)
    assert listed(moderator) == [front, lost, nothing, found]
    assert listed(moderator, verdict__exact="partly_ai") == [found]
    assert listed(moderator, verdict__exact="no_ai") == [nothing]
    assert listed(moderator, verdict__exact="") == [front, lost]
    assert listed(moderator, status__exact="failed") == [lost]
    assert listed(moderator, sandbox__exact="1") == [found]
    assert listed(moderator, field="gallery.Listing.front") == [front]
    assert listed(moderator, field="gallery.Photo.image") == [lost, nothing, found]
    since = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0, month=1, day=1)
    assert lost not in listed(moderator, created_at__gte=since.isoformat())


def test_list__is_searched(moderator: Client) -> None:
    coffee, tea = measured_photo("coffee.jpg"), measured_photo("tea.jpg")
    assert listed(moderator, q=coffee.scan_id) == [coffee]
    assert listed(moderator, q="photos/tea") == [tea]
    assert listed(moderator, q=tea.sha256[:12].upper()) == [tea]
    assert tea in listed(moderator, q=tea.object_id)
    assert listed(moderator, q="nothing like it") == []


def test_list__counts_nothing_for_facets(moderator: Client) -> None:
    measured_photo()
    page = moderator.get(LIST, {"_facets": "True"}).content.decode()
    assert "Show counts" not in page
    assert "Hide counts" not in page


def test_scans__cannot_be_added_edited_or_deleted_even_by_a_superuser(admin_client: Client) -> None:
    scan = measured_photo()
    page = f"{LIST}{scan.pk}/"
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(f"{page}change/", {"verdict": "no_ai"}).status_code == 403
    assert admin_client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in admin_client.get(LIST).content.decode()
    scan.refresh_from_db()
    assert scan.verdict == "partly_ai"


def test_list__is_closed_to_staff_without_permission(staff: Any) -> None:
    assert staff().get(LIST).status_code == 403


def test_list__holds_no_inline_code(admin_client: Client) -> None:
    measured_photo()
    failed(photo())
    assert inline_code(admin_client.get(LIST)) == []
