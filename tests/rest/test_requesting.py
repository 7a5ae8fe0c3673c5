"""Scans that are asked for by the API, and pictures that are taken back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.reviewing import claims
from tests.admin.scans_to_show import pictured, unmeasured
from tests.rest.conftest import API
from tests.rest.test_deciding import version_of
from tests.samples import photo

pytestmark = pytest.mark.django_db

SCANNING = ("view_watchedimage", "view_imagescan", "rescan_imagescan", "view_photo")


@pytest.fixture
def buyer(api: Callable[..., APIClient]) -> APIClient:
    """A client of a member of staff who may have pictures scanned, and decide."""
    return api(*SCANNING, "decide_watchedimage")


def test_failed_picture__is_scanned_once_more(buyer: APIClient) -> None:
    image = unmeasured(photo())

    queued = buyer.post(f"{API}images/{image.pk}/scan/")

    scan = ImageScan.objects.latest("pk")
    assert (queued.status_code, queued.json()["scan_id"], queued.json()["status"]) == (202, scan.scan_id, "queued")
    assert (scan.forced, scan.repeated) == (False, True)
    assert LogEntry.objects.get().object_id == str(image.pk)
    again = buyer.post(f"{API}images/{image.pk}/scan/")
    assert (again.status_code, again.json()["detail"]) == (409, "A newer scan of the object is under way.")


def test_measured_picture__is_paid_again_only_on_purpose_and_once(buyer: APIClient) -> None:
    image = pictured("meadow.jpg")
    address = f"{API}images/{image.pk}/scan/"

    assert buyer.post(address).json()["detail"] == "The scan has not failed."
    wish = {"paid_again": True, "seen": image.scan_id}
    first = buyer.post(address, wish, format="json")
    ImageScan.objects.filter(pk=first.json()["id"]).update(
        status="failed", error_code="result_lost", finished_at="2026-01-01T00:00:00Z", next_attempt_at=None
    )
    second = buyer.post(address, wish, format="json")

    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]
    assert ImageScan.objects.count() == 2


def test_picture_without_a_scan__gets_its_first(buyer: APIClient) -> None:
    unscanned = photo()
    ImageScan.objects.all().delete()
    wish = {"field": "gallery.Photo.image", "object_id": str(unscanned.pk)}

    queued = buyer.post(f"{API}scans/", wish, format="json")

    assert queued.status_code == 202
    assert [it["id"] for it in queued.json()["results"]] == [ImageScan.objects.get().pk]
    assert buyer.post(f"{API}scans/", wish, format="json").status_code == 409
    for wrong, status in (("object_id", 404), ("field", 400)):
        assert buyer.post(f"{API}scans/", wish | {wrong: "x"}, format="json").status_code == status
    assert buyer.post(f"{API}scans/", wish | {"object_id": "9" * 99}, format="json").status_code == 404


def test_whoever_may_not_scan__cannot(api: Callable[..., APIClient], reader: APIClient) -> None:
    image = unmeasured(photo())
    wish: Any = {"field": "gallery.Photo.image", "object_id": image.object_id}
    blind_to_photos = api(*(name for name in SCANNING if name != "view_photo"))

    for client, of_first in ((reader, 403), (blind_to_photos, 404)):
        assert client.post(f"{API}images/{image.pk}/scan/").status_code == 403
        assert client.post(f"{API}scans/", wish, format="json").status_code == of_first
    version = {"version": version_of(api(*SCANNING), image)}
    assert api(*SCANNING).post(f"{API}images/{image.pk}/withdraw/", version, format="json").status_code == 403
    assert ImageScan.objects.count() == 1


def test_picture__is_taken_back_as_it_was_seen(buyer: APIClient, bert: User) -> None:
    image = pictured("meadow.jpg")
    address, version = f"{API}images/{image.pk}/withdraw/", version_of(buyer, image)

    claims.claim(image.pk, bert)
    held = buyer.post(address, {"version": version}, format="json")
    claims.release([image.pk], bert)
    made_up = buyer.post(address, {"version": "1"}, format="json")
    done = buyer.post(address, {"version": version}, format="json")

    assert [it.status_code for it in (held, made_up, done)] == [409, 409, 204]
    taken = WatchedImage.objects.get()
    assert (taken.standing, taken.queue) == ("not_measured", "")
    assert ImageScan.objects.latest("pk").error_code == "withdrawn"
