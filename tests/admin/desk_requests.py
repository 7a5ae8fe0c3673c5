"""What the script of the review desk does, for tests of the server."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from django_copyleaks_image.admin.desk.item import seal
from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.reviewing.decide import decide
from django_copyleaks_image.standings import Kind, Queue

SCANS = "/admin/copyleaks_image/imagescan/"
IMAGES = "/admin/copyleaks_image/watchedimage/"
DESK = f"{IMAGES}review/"


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


def sealed(image: WatchedImage, version: int | None = None) -> str:
    """Return what a browser holds that has seen a picture as it is stored, or with another version."""
    seen = WatchedImage.objects.get(pk=image.pk)
    if version is not None:
        seen.version = version
    return seal(seen)


def press(client: Client, image: WatchedImage, kind: str, *, version: int | None = None, **fields: Any) -> Any:
    """Decide as somebody who sees the picture as it is stored, unless ``version`` says otherwise."""
    return ask(client, f"{image.pk}/decide/", kind=kind, version=sealed(image, version), **{"seen": "seen", **fields})


def decided(image: WatchedImage, user: User, kind: Kind, **fields: Any) -> Decision:
    """Decide in the name of somebody else, not through the desk."""
    current = WatchedImage.objects.get(pk=image.pk)
    return decide(image.pk, user=user, kind=kind, version=current.version, **fields)


def awaiting_second_look(image: WatchedImage, first: User, kind: Kind = Kind.CLEARED) -> WatchedImage:
    """Bring a picture before a second person."""
    decided(image, first, kind)
    WatchedImage.objects.filter(pk=image.pk).update(queue=Queue.SECOND_LOOK, queued_at=image.queued_at)
    image.refresh_from_db()
    return image
