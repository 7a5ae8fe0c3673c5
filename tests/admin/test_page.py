import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import localize
from django.utils.html import escape
from PIL import Image

from django_copyleaks_image.decoding import pool
from django_copyleaks_image.formats import DecoderMissing
from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.receipt import Outcome
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.scanning import account, renditions
from tests.admin.desk_requests import IMAGES
from tests.admin.inline_code import inline_code
from tests.admin.scans_to_show import failed, measured, measured_photo, receipt_of, rectangle, scan_of
from tests.gallery.models import Photo
from tests.samples import photo, picture

SCANS = "/admin/copyleaks_image/imagescan/"
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>"
ASSUMED = "The alignment is assumed"

pytestmark = pytest.mark.django_db


def page_of(client: Client, scan: ImageScan) -> Any:
    response = client.get(f"{SCANS}{scan.pk}/change/")
    assert response.status_code == 200
    return response


def text_of(client: Client, scan: ImageScan) -> str:
    text: str = page_of(client, scan).content.decode()
    return text


def turned(orientation: int, size: tuple[int, int] = (800, 600)) -> Photo:
    """Return a photo with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return photo(content=picture(size=size, exif=exif))


def test_page__shows_the_finding_and_the_picture_with_its_overlay(moderator: Client) -> None:
    scan = measured_photo("coffee.jpg")
    page = text_of(moderator, scan)
    assert "<h1>coffee.jpg</h1>" in page
    assert "Partly AI</span> <bdi>AI share of the area: 37 %</bdi>" in page
    assert f'src="{SCANS}rendition/{scan.pk}/page/"' in page
    assert f'data-overlay="{SCANS}overlay/{scan.pk}.png"' in page
    assert 'data-width="640" data-height="640"' in page
    assert 'data-boxes="100,200,300,150"' in page
    assert ASSUMED not in page
    assert "marked as AI by area (no strength is measured)" in page
    assert "heatmap/" not in page


def test_page__costs_a_bounded_number_of_queries(moderator: Client) -> None:
    scan = measured_photo()
    page_of(moderator, scan)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(moderator, scan)
        return len(captured)

    alone = queries()
    for number in range(5):
        receipt_of(scan, b"%d" % number)
        ImageScan.objects.create(
            content_type=scan.content_type,
            object_id=scan.object_id,
            field_name="image",
            file_name=f"earlier {number}",
        )
    assert queries() == alone


def test_page__offers_the_providers_heatmap_as_a_view_of_its_own(moderator: Client) -> None:
    scan = measured_photo(heatmap=picture("PNG", (64, 64)))
    page = text_of(moderator, scan)
    assert f'class="copyleaks-heatmap" src="{SCANS}heatmap/{scan.pk}.png"' in page
    assert """ title="Provider's heatmap"><kbd aria-hidden="true">6</kbd> Heatmap</button>""" in page


def test_page__says_why_the_providers_heatmap_is_not_there(moderator: Client) -> None:
    broken = measured_photo("a.jpg", heatmap_problem=Problem.HEATMAP_NO_PICTURE().stored)
    pending = measured_photo("b.jpg", heatmap_url="https://example.org/h.png", heatmap_due_at=timezone.now())
    assert escape("The provider's heatmap is no PNG, JPEG or WebP.") in text_of(moderator, broken)
    assert "still to be fetched" in text_of(moderator, pending)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"mask": None}, "The provider marked no place."),
        ({"mask": None, "ai_ratio": None}, "AI detected, place not given"),
        ({"mask": None, "detected": False, "ai_ratio": 0.0}, "Nothing is marked as AI."),
        (
            {"mask": None, "mask_problem": {"code": "mask_corrupt"}},
            "The mask is not drawn: The stored mask is corrupt.",
        ),
        ({"size": (10, 10)}, "The mask is not drawn: The mask ends at pixel"),
        ({"size": None}, "The mask is not drawn: The provider did not say how large the picture is."),
    ],
)
def test_page__says_why_nothing_is_drawn(moderator: Client, result: dict[str, Any], words: str) -> None:
    page = text_of(moderator, measured_photo(**result))
    assert words in page
    assert "/overlay/" not in page


@pytest.mark.parametrize(
    ("orientation", "size", "measured_size", "box", "assumed"),
    [
        (1, (800, 600), (800, 600), "10,20,30,40", False),
        (1, (800, 600), (400, 300), "10,20,30,40", False),
        (1, (800, 600), (600, 800), "10,20,30,40", True),
        (6, (800, 600), (800, 600), "540,10,40,30", False),
        (6, (800, 600), (600, 800), "10,20,30,40", False),
        (6, (600, 600), (600, 600), "540,10,40,30", True),
        (3, (800, 600), (800, 600), "760,540,30,40", True),
    ],
)
def test_page__turns_the_marks_and_says_when_that_is_a_guess(
    moderator: Client,
    orientation: int,
    size: tuple[int, int],
    measured_size: tuple[int, int],
    box: str,
    assumed: bool,
) -> None:
    scan = measured(
        turned(orientation, size),
        mask=rectangle(10, 20, 30, 40, of_width=measured_size[0]),
        size=measured_size,
        width=size[0],
        height=size[1],
    )
    page = text_of(moderator, scan)
    assert f'data-boxes="{box}"' in page
    assert (ASSUMED in page) is assumed


def test_heic__is_assumed_to_be_measured_as_its_decoders_turn_it(moderator: Client) -> None:
    mask = rectangle(10, 20, 30, 40, of_width=600)
    scan = measured(turned(3, (600, 600)), mask=mask, size=(600, 600), width=600, height=600, image_format="HEIC")
    page = text_of(moderator, scan)
    assert 'data-boxes="10,20,30,40"' in page
    assert ASSUMED in page


def test_page__says_why_there_is_no_picture(moderator: Client, settings: Any) -> None:
    scan = measured_photo()
    shutil.rmtree(settings.MEDIA_ROOT)
    page = text_of(moderator, scan)
    assert "The file is not in the storage." in page
    assert '<img class="copyleaks-photo"' not in page
    assert f"/overlay/{scan.pk}.png" in page


def test_page__of_a_deleted_picture_keeps_the_finding(admin_client: Client) -> None:
    emptied, deleted = measured_photo("a.jpg"), measured_photo("b.jpg")
    Photo.objects.get(pk=emptied.object_id).image.delete()
    Photo.objects.get(pk=deleted.object_id).delete()
    for scan in (emptied, deleted):
        page = text_of(admin_client, scan)
        assert "AI share of the area: 37 %" in page
        assert "The file was removed." in page
        assert "Picture deleted" in page
        assert '<img class="copyleaks-photo"' not in page
        assert 'value="scan_again"' not in page
    assert admin_client.get(SCANS).content.decode().count("no picture") == 2
    form = admin_client.get(f"/admin/gallery/photo/{emptied.object_id}/change/").content.decode()
    assert "The file was replaced or removed since." in form


def test_page__names_the_extra_that_shows_heic(moderator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_the_extra(*arguments: object) -> None:
        raise DecoderMissing(Problem.PICTURE_WITHOUT_DECODER(format="HEIC"))

    scan = measured_photo("a.heic")
    assert f"/rendition/{scan.pk}/" in text_of(moderator, scan)
    monkeypatch.setattr(pool.drawing, "ask", without_the_extra)
    renditions.draw_due(at_most=1)
    page = text_of(moderator, scan)
    assert "django-copyleaks-image[heif]" in page
    assert '<img class="copyleaks-photo"' not in page


def test_page__escapes_what_the_provider_and_the_uploader_wrote(admin_client: Client) -> None:
    scan = measured_photo(
        metadata={"issuedBy": HOSTILE, HOSTILE: "x"},
        mask=None,
        mask_problem={"code": HOSTILE},
        file_name=HOSTILE,
        error_message=HOSTILE,
        error_code=HOSTILE[:60],
    )
    Photo.objects.filter(pk=scan.object_id).update(title=HOSTILE, image=HOSTILE)
    receipt_of(scan, HOSTILE.encode(), Outcome.MALFORMED)
    for response in (page_of(admin_client, scan), admin_client.get(SCANS)):
        page = response.content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert escape(HOSTILE) in page
        assert inline_code(response) == []


def test_page__shows_provenance_as_stated_in_the_file(moderator: Client) -> None:
    page = text_of(moderator, measured_photo(metadata={"issuedBy": "OpenAI", "contentSummary": "Made by a model"}))
    assert "<dt>Issued by</dt><dd><bdi>OpenAI</bdi></dd>" in page
    assert "anybody can write it there" in page


@pytest.mark.parametrize("title", ["   ", "\u200b", "\u3164 "])
def test_page__names_what_calls_itself_nothing(moderator: Client, monkeypatch: pytest.MonkeyPatch, title: str) -> None:
    scan = measured_photo()
    monkeypatch.setattr(Photo, "__str__", lambda self: title)
    assert f"<h1>Photo {scan.object_id}</h1>" in text_of(moderator, scan)


def test_page__bounds_a_name_and_what_the_file_says(moderator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = measured_photo(metadata={"contentSummary": "W" * 1000})
    monkeypatch.setattr(Photo, "__str__", lambda self: "V" * 1000)
    page = text_of(moderator, scan)
    assert "V" * 199 + "…" in page
    assert "V" * 200 not in page
    assert f'<span class="copyleaks-start">{"W" * 159}…</span>' in page


def test_page__of_a_failed_scan_does_not_say_that_the_file_is_silent(moderator: Client) -> None:
    assert "The file says nothing about its origin." in text_of(moderator, measured_photo())
    page = text_of(moderator, failed(photo("lost.jpg")))
    assert "The file says nothing about its origin." not in page
    assert "Nothing was measured, so nothing is known." in page


def test_page__of_a_mock_says_so(moderator: Client) -> None:
    page = text_of(moderator, measured_photo(sandbox=True))
    assert "Mock: Partly AI" in page
    assert "Sandbox: this is a mock result and no evidence." in page


def test_page__of_a_failed_scan_gives_reason_code_and_message(moderator: Client) -> None:
    page = text_of(moderator, failed(photo(), "result_lost", error_message="No result came within 3600 s."))
    assert "Status: Failed" in page
    assert "The provider accepted the picture, but no result came." in page
    assert "<code>result_lost</code>" in page
    assert "No result came within 3600 s." in page


def test_page__says_what_holds_a_waiting_scan(moderator: Client, configure: Any) -> None:
    scan = scan_of(photo(), error_code="waits_for_duplicate")
    page = text_of(moderator, scan)
    assert "Identical bytes are being scanned" in page
    assert "No worker has been seen yet" in page
    # Whenever the payer has ended.
    assert "Next attempt" not in page
    assert "Next attempt" in text_of(moderator, scan_of(photo(), error_code="timeout"))

    row = account.state()
    row.paused_at, row.pause_reason, row.worker_seen_at = timezone.now(), "payment_required", timezone.now()
    row.save()
    configure(DAILY_BUDGET=0)
    page = text_of(moderator, scan)
    assert "Submissions are paused since" in page
    assert "The account has no credits left." in page
    assert escape("Today's budget is used up; scans go on after midnight UTC.") in page
    assert "No worker" not in page

    waiting = scan_of(photo("held.jpg"), error_code="budget_exhausted", created_at=datetime(2026, 7, 4, 12, tzinfo=UTC))
    since = localize(timezone.localtime(waiting.created_at))
    held = f"Today's budget is used up. The oldest scan that waits for it was asked for at {since};"
    assert escape(held) in text_of(moderator, scan)

    AccountState.objects.update(worker_seen_at=timezone.now() - timedelta(minutes=10), restored_at=timezone.now())
    page = text_of(moderator, scan)
    assert "No worker has been seen since" in page
    assert "because the database was restored: run copyleaks_restored." in page


def test_page__gives_times_and_durations(moderator: Client) -> None:
    now = timezone.now()
    scan = measured_photo(
        created_at=now - timedelta(hours=1, seconds=7),
        sent_at=now - timedelta(hours=1, seconds=4.5),
        submitted_at=now - timedelta(hours=1),
        finished_at=now,
    )
    page = text_of(moderator, scan)
    for duration in ("2.5 s later", "4.5 s later", "60 min later"):
        assert duration in page


def test_page__links_resubmission_relatives_and_receipts(moderator: Client) -> None:
    lost = failed(photo(), content_key="k" * 64)
    again = ImageScan.objects.create(
        content_type=lost.content_type,
        object_id=lost.object_id,
        field_name="image",
        file_name=lost.file_name,
        resubmission_of=lost,
    )
    duplicate = scan_of(photo("duplicate.jpg"), content_key="k" * 64)
    receipt = receipt_of(lost, outcome=Outcome.UNREADABLE)
    page = text_of(moderator, lost)
    assert "resubmitted as" in page
    assert "Other scans of this object" in page
    assert f'href="{SCANS}{again.pk}/change/"' in page
    assert "Scans of the same bytes elsewhere" in page
    assert f'href="{SCANS}{duplicate.pk}/change/"' in page
    assert f'href="/admin/copyleaks_image/webhookreceipt/{receipt.pk}/change/"' in page
    assert "This is the resubmission of" in text_of(moderator, again)


def test_page__leads_to_the_picture_for_which_it_counts(moderator: Client, staff: Any) -> None:
    counts = measured_photo("a.jpg")
    older = ImageScan.objects.create(
        content_type=counts.content_type, object_id=counts.object_id, field_name="image", file_name="older.jpg"
    )
    link = f'<a href="{IMAGES}{counts.image.pk}/change/">Open the picture</a>'
    for scan, said in ((counts, "This scan counts for its picture."), (older, "Another scan counts")):
        page = text_of(moderator, scan)
        assert said in page
        assert link in page
    assert IMAGES not in text_of(staff("view_imagescan", "view_photo"), counts)
    assert IMAGES not in text_of(moderator, scan_of(photo()))


def test_page__keeps_receipts_from_whoever_may_not_view_them(staff: Any) -> None:
    scan = measured_photo()
    receipt_of(scan)
    assert "webhookreceipt" not in text_of(staff("view_imagescan", "view_photo"), scan)


def test_page__holds_no_inline_code_in_any_state(admin_client: Client) -> None:
    states = [
        measured_photo("a.jpg", heatmap=picture("PNG", (64, 64)), metadata={"issuedBy": "OpenAI"}),
        measured_photo("b.jpg", detected=False, ai_ratio=0.0, mask=None),
        measured_photo("c.jpg", sandbox=True),
        failed(photo()),
        failed(photo(), "file_removed", Status.SUPERSEDED),
        scan_of(photo()),
    ]
    receipt_of(states[0])
    for scan in states:
        assert inline_code(page_of(admin_client, scan)) == []
