"""What the script of the review desk does, for tests of the server."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from django_copyleaks_image.admin.desk.seals import seal
from django_copyleaks_image.models import Decision, ImageScan
from django_copyleaks_image.models.decision import Kind
from django_copyleaks_image.models.scan import Desk, Review
from django_copyleaks_image.reviewing.decide import decide

SCANS = "/admin/copyleaks_image/imagescan/"
DESK = f"{SCANS}review/"


def user_of(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def ask(client: Client, address: str, **fields: Any) -> Any:
    """Post to an address of the desk as its script does, and return the answer."""
    response = client.post(f"{DESK}{address}", fields, headers={"Accept": "application/json"})
    assert response.status_code == 200
    return response.json()


def next_items(client: Client, **fields: Any) -> list[Any]:
    items: list[Any] = ask(client, "next/", **({"want": 3} | fields))["items"]
    return items


def next_keys(client: Client, **fields: Any) -> list[int]:
    return [item["pk"] for item in next_items(client, **fields)]


def sealed(scan: ImageScan, version: int | None = None) -> str:
    """Return what a browser holds that has seen a scan as it is stored, or with another version."""
    seen = ImageScan.objects.get(pk=scan.pk)
    if version is not None:
        seen.review_version = version
    return seal(seen)


def press(client: Client, scan: ImageScan, kind: str, *, version: int | None = None, **fields: Any) -> Any:
    """Decide as somebody who sees the scan as it is stored, unless ``version`` says otherwise."""
    return ask(client, f"{scan.pk}/decide/", kind=kind, version=sealed(scan, version), **fields)


def decided(scan: ImageScan, user: User, kind: Kind, **fields: Any) -> Decision:
    """Decide in the name of somebody else, not through the desk."""
    current = ImageScan.objects.get(pk=scan.pk)
    return decide(scan.pk, user=user, kind=kind, version=current.review_version, **fields)


def awaiting_second_look(scan: ImageScan, first: User, kind: Kind = Kind.CLEARED) -> ImageScan:
    """Bring a scan before a second person."""
    decided(scan, first, kind)
    ImageScan.objects.filter(pk=scan.pk).update(desk=Desk.SECOND_LOOK, review=Review.DECIDED)
    scan.refresh_from_db()
    return scan
