"""What the app's tables hold, whatever the column: to be searched for what must not be there."""

import zlib
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import BinaryField

from django_copyleaks_image import registry
from django_copyleaks_image.models import FittedCopy, ImageScan, WatchedImage, WebhookReceipt
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.renditions import copies, wanted
from django_copyleaks_image.scanning import receive, renditions
from django_copyleaks_image.standings import Kind
from tests.gallery.models import Photo
from tests.reviewing import stories
from tests.samples import as_json, detection, picture

# What names the picture, its object or a person in some column.
NAME, OWNER, CAMERA, NOTE, ADDRESS = "lake-of-anna", "Anna Owner", "Family camera", "Anna at the lake", "h.example.org"
TRACES = (NAME, OWNER, CAMERA, NOTE, ADDRESS)


def traces(*searched: str) -> set[str]:
    """Return where any of the texts stands in our tables, as ``Model.column: text``."""
    found = set()
    for model in apps.get_app_config("copyleaks_image").get_models():
        if model._meta.proxy:
            continue
        for row in model._default_manager.values():
            for column, value in row.items():
                text = _text_of(model, column, value)
                found |= {f"{model.__name__}.{column}: {it}" for it in searched if it in text}
    return found


def _text_of(model: Any, column: str, value: Any) -> str:
    if isinstance(value, memoryview | bytes):
        content = bytes(value)
        if model is WebhookReceipt and isinstance(model._meta.get_field(column), BinaryField):
            content = zlib.decompress(content)
        return content.decode("latin-1")
    return str(value)


def owned_by(user: User | None) -> None:
    """Say that all photos are those of one user."""
    registry.unregister(Photo, "image")
    registry.register(Photo, "image", owner=lambda photo: user)


def known_picture(moderator: User, *, name: str = NAME, colour: str = "teal", note: str = NOTE) -> ImageScan:
    """Return the scan of a photo about which everything is kept that can be."""
    scan = stories.awaited(f"{name}.jpg", colour=colour)
    body = detection(scan, **stories.AI, heatmap=f"https://{ADDRESS}/h.png")
    body["imageInfo"]["metadata"] = {"issuedBy": CAMERA}
    receive.deliver(scan, as_json(body), Source.WEBHOOK)
    for kind in ("picture", "full"):
        wanted.ask(stories.fresh(scan), kind) if kind != "picture" else wanted.ask(stories.fresh(scan))
    renditions.draw_of(scan.scan_id)
    copy = picture("PNG")
    copies.keep(scan, "c" * 64, "PNG", copy)
    of_copy = {
        "copy_sha256": "c" * 64,
        "copy_bytes": len(copy),
        "copy_format": "PNG",
        "copy_width": 9,
        "copy_height": 9,
    }
    ImageScan.objects.filter(pk=scan.pk).update(
        error_message=f"about {name}",
        error_values={"file": name},
        file_state=name,
        content_key=f"key of {name}",
        **of_copy,
    )
    stories.decided(scan, moderator, Kind.CLEARED, note=note)
    assert FittedCopy.objects.filter(scan=scan).exists()
    assert WatchedImage.objects.same_target(scan).get().file_name
    return stories.fresh(scan)
