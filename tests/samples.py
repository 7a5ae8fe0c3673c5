"""Pictures, payloads and rows that tests are made of."""

import json
from io import BytesIO
from typing import Any

import django
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import days, duplicates, receive
from tests.gallery.models import Photo


def picture(
    image_format: str = "JPEG",
    size: tuple[int, int] = (640, 640),
    colour: object = "teal",
    mode: str = "RGB",
    **options: Any,
) -> bytes:
    """Return the bytes of a plain picture; another colour makes other bytes."""
    stream = BytesIO()
    Image.new(mode, size, colour).save(stream, image_format, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def upload(name: str = "meadow.jpg", content: bytes | None = None) -> ContentFile:  # type: ignore[type-arg]
    return ContentFile(picture() if content is None else content, name=name)


def only_manager(address: str) -> list[Any]:
    """Return ``MANAGERS`` of one person, whom Django names by a pair before 6.0."""
    return [address] if django.VERSION >= (6,) else [("Mia", address)]


def photo(name: str = "meadow.jpg", content: bytes | None = None) -> Photo:
    return Photo.objects.create(title=name, image=upload(name, content))


def only_scan() -> ImageScan:
    return ImageScan.objects.get()


def target(scan: ImageScan) -> dict[str, Any]:
    """Return the columns that name the picture of a scan."""
    return {"content_type": scan.content_type, "object_id": scan.object_id, "field_name": scan.field_name}


def submitted(scan: ImageScan) -> ImageScan:
    """Bring a scan to the state in which its callback is awaited."""
    now = timezone.now()
    changes: dict[str, Any] = {
        "status": Status.SUBMITTED,
        "sent_at": now,
        "submitted_at": now,
        "may_have_arrived": True,
        "next_attempt_at": None,
        "sha256": scan.sha256 or "0" * 64,
        "byte_size": 1,
        "width": 100,
        "height": 50,
        "image_format": "JPEG",
        "model": "ai-image-1-ultra",
    }
    ImageScan.objects.filter(pk=scan.pk).update(**changes)
    scan.refresh_from_db()
    return scan


def judge() -> int:
    """Judge the callbacks that wait for the worker and end their duplicates; return how much there was to do."""
    return receive.judge_due() + duplicates.settle_due()


def count_days() -> None:
    """Count all days that are due, or were never counted, however busy the machine is."""
    while days.count_due(seconds=60):
        pass


def detection(scan: ImageScan, **changes: Any) -> dict[str, Any]:
    """Return a result body of the shape that Copyleaks sends: 2 % of 100 × 50 pixels in two runs."""
    body = {
        "model": "ai-image-1-ultra",
        "isAiDetected": True,
        "result": {"starts": [10, 110], "lengths": [60, 40]},
        "summary": {"human": 0.98, "ai": 0.02},
        "imageInfo": {"shape": {"height": 50, "width": 100}, "metadata": {}},
        "scannedDocument": {
            "scanId": scan.scan_id,
            "actualCredits": 1,
            "expectedCredits": 1,
            "creationTime": "2026-07-20T20:46:58.5104745Z",
        },
        "developerPayload": scan.scan_id,
    }
    return body | changes


def clean(scan: ImageScan, **changes: Any) -> dict[str, Any]:
    """Return the body of a picture without AI."""
    nothing = {
        "isAiDetected": False,
        "result": {"starts": [], "lengths": []},
        "summary": {"human": 1.0, "ai": 0.0},
    }
    return detection(scan, **nothing) | changes


def as_json(body: object) -> bytes:
    return json.dumps(body).encode()
