"""Deleting a picture erases what identifies it; age removes receipts; numbers stay."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from django_copyleaks_image.copyleaks.fetch_errors import FetchFailed
from django_copyleaks_image.formats import RENDITION_SIDES
from django_copyleaks_image.models import DetectionResult, ImageScan, Rendition, RenditionPart, WebhookReceipt
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.renditions import shelf, wanted
from django_copyleaks_image.scanning import erasure, finishing, heatmaps, receive, renditions, sweep
from tests.gallery.models import Photo
from tests.samples import as_json, detection, judge, photo, picture, submitted

pytestmark = pytest.mark.django_db(transaction=True)


def measured(name: str = "family-at-the-lake.jpg") -> ImageScan:
    uploaded = photo(name)
    scan = submitted(ImageScan.objects.get(object_id=str(uploaded.pk)))
    body = detection(scan)
    body["imageInfo"]["metadata"] = {"issuedBy": "Family camera"}
    receive.deliver(scan, as_json(body), Source.WEBHOOK)
    return ImageScan.objects.get(pk=scan.pk)


def identifying(scan: ImageScan) -> tuple[str, bytes, Any]:
    scan.refresh_from_db()
    assert scan.result is not None
    receipt = scan.receipts.get()
    return scan.file_name, receipt.payload(), DetectionResult.objects.get(scans=scan).metadata


@pytest.mark.parametrize("way", ["object", "queryset", "field"])
def test_deleted_picture__is_forgotten_and_its_numbers_stay(way: str) -> None:
    scan = measured()
    assert all(identifying(scan))

    match way:
        case "object":
            Photo.objects.get().delete()
        case "queryset":
            Photo.objects.all().delete()
        case "field":
            Photo.objects.get().image.delete()
    sweep.sweep()

    assert identifying(scan) == ("", b"", {})
    assert (scan.status, scan.verdict) == (Status.COMPLETED, "partly_ai")
    assert scan.result is not None
    assert (scan.result.ai_ratio, scan.result.mask_runs) == (0.02, 2)
    assert scan.receipts.get().outcome == Outcome.APPLIED


@pytest.mark.parametrize("alias", ["", "renditions"])
def test_renditions__go_with_their_picture(settings: Any, configure: Any, tmp_path: Path, alias: str) -> None:
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "kept"}}
    settings.STORAGES = settings.STORAGES | {"renditions": files}
    configure(RENDITION_STORAGE=alias)
    scan = measured()
    scan.sha256 = hashlib.sha256(picture()).hexdigest()
    scan.save()
    wanted.ask(scan)
    renditions.draw_of(scan.scan_id)
    assert all(shelf.get(scan.sha256, size) for size in RENDITION_SIDES)
    assert bool(list((tmp_path / "kept").rglob("*.webp"))) == bool(alias)

    Photo.objects.get().delete()
    sweep.sweep()

    assert not any(shelf.get(scan.sha256, size) for size in RENDITION_SIDES)
    assert not Rendition.objects.exists()
    assert not RenditionPart.objects.exists()
    assert not list((tmp_path / "kept").rglob("*.webp"))


def test_shared_result__stays_until_its_last_user_goes() -> None:
    first = measured()
    second_photo = photo("other.jpg")
    second = ImageScan.objects.get(object_id=str(second_photo.pk))
    assert first.result is not None
    finishing.complete(second, first.result)

    Photo.objects.exclude(pk=second_photo.pk).get().delete()
    sweep.sweep()
    assert identifying(first) == ("", b"", {"issuedBy": "Family camera"})

    second_photo.delete()
    sweep.sweep()
    assert identifying(first) == ("", b"", {})


def test_what_arrives_late__is_erased_too() -> None:
    uploaded = photo("family.jpg")
    scan = submitted(ImageScan.objects.get())
    uploaded.delete()
    sweep.sweep()
    scan.refresh_from_db()
    body = detection(scan)
    body["imageInfo"]["metadata"] = {"issuedBy": "Family camera"}

    assert receive.deliver(scan, as_json(body), Source.WEBHOOK) == Outcome.SHARED
    sweep.sweep()

    assert identifying(scan) == ("", b"", {})


def test_body_that_was_not_judged_yet__is_judged_before_it_is_erased() -> None:
    uploaded = photo()
    scan = submitted(ImageScan.objects.get())
    receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)
    uploaded.delete()

    erasure.erase_due(timezone.now())
    assert WebhookReceipt.objects.get().payload()

    judge()
    erasure.erase_due(timezone.now())
    assert WebhookReceipt.objects.get().payload() == b""


def test_body_whose_process_died_after_storing_it__is_erased_too() -> None:
    uploaded = photo()
    scan = submitted(ImageScan.objects.get())
    uploaded.delete()
    sweep.sweep()
    receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)

    judge()
    sweep.sweep()

    assert WebhookReceipt.objects.get().payload() == b""


def test_no_json_object_about_a_deleted_picture__is_erased_too() -> None:
    uploaded = photo()
    scan = submitted(ImageScan.objects.get())
    uploaded.delete()
    sweep.sweep()

    assert receive.keep(scan, b'{"model": ') == Outcome.MALFORMED
    sweep.sweep()

    assert WebhookReceipt.objects.get().payload() == b""


def test_body_that_cannot_be_judged__is_erased_once_it_is_given_up() -> None:
    uploaded = photo()
    scan = submitted(ImageScan.objects.get())
    receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)
    uploaded.delete()
    WebhookReceipt.objects.update(judging_due_at=None)

    sweep.sweep()

    assert WebhookReceipt.objects.get().payload() == b""


def test_bodies_that_wait_to_be_judged__hold_back_no_other_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "BATCH", 1)
    waiting = submitted(ImageScan.objects.get(object_id=str(photo("first.jpg").pk)))
    receive.store(waiting, as_json(detection(waiting)), Source.WEBHOOK)
    judged = measured("second.jpg")
    for uploaded in Photo.objects.order_by("pk"):
        uploaded.delete()

    erasure.erase_due(timezone.now())

    assert waiting.receipts.get().payload()
    assert judged.receipts.get().payload() == b""


def test_body_that_comes_while_its_scan_is_erased__is_judged_first() -> None:
    scan = measured()
    Photo.objects.get().delete()
    scan.refresh_from_db()
    receive.store(scan, as_json(detection(scan, model="another")), Source.WEBHOOK)

    erasure._erase(scan)

    assert [bool(receipt.payload()) for receipt in scan.receipts.order_by("pk")] == [False, True]


def test_picture_that_cannot_be_erased__holds_back_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = measured("first.jpg"), measured("second.jpg")
    Photo.objects.all().delete()
    erase = erasure._erase

    def fail_the_first(scan: ImageScan) -> None:
        if scan == first:
            raise ConnectionError("the cache is down")
        erase(scan)

    monkeypatch.setattr(erasure, "_erase", fail_the_first)

    sweep.sweep()

    assert second.receipts.get().payload() == b""
    assert first.receipts.get().payload()
    assert first.scan_id in caplog.text


def test_callback_that_comes_while_its_picture_is_erased__is_erased_next(monkeypatch: pytest.MonkeyPatch) -> None:
    scan = measured()
    Photo.objects.get().delete()
    forget = renditions.forget

    def be_slow(of: ImageScan) -> None:
        forget(of)
        ImageScan.objects.update(erasure_due_at=timezone.now())

    with monkeypatch.context() as patch:
        patch.setattr(renditions, "forget", be_slow)
        assert erasure.erase_due(timezone.now()) == 1
    scan.refresh_from_db()
    assert scan.erasure_due_at is not None

    assert erasure.erase_due(timezone.now()) == 1
    scan.refresh_from_db()
    assert scan.erasure_due_at is None


@pytest.mark.parametrize("fails", [False, True])
def test_heatmap_that_is_fetched_while_its_picture_is_erased__is_not_stored(
    fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploaded = photo()
    scan = submitted(ImageScan.objects.get())
    receive.deliver(scan, as_json(detection(scan, heatmap="https://example.org/h.png")), Source.WEBHOOK)

    def fetch(url: str, **limits: object) -> bytes:
        uploaded.delete()
        erasure.erase_due(timezone.now())
        if fails:
            raise FetchFailed("https://example.org refused")
        return picture("PNG")

    monkeypatch.setattr(heatmaps, "fetch_public", fetch)

    assert heatmaps.fetch_due() == 1

    result = DetectionResult.objects.get()
    assert (bytes(result.heatmap), result.heatmap_url, result.heatmap_due_at) == (b"", "", None)
    assert result.heatmap_problem == {}
