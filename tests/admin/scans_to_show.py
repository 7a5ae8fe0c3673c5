"""Pictures and their scans in the states that the admin shows."""

import hashlib
from datetime import UTC
from io import BytesIO
from typing import Any

from django.db.models import Model
from django.utils import timezone

from django_copyleaks_image import masks, opening
from django_copyleaks_image.formats import PictureFacts, UnreadablePicture
from django_copyleaks_image.models import DetectionResult, ImageScan, WatchedImage, WebhookReceipt
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import Spent, Status
from django_copyleaks_image.reviewing import placing
from django_copyleaks_image.sources import StoredFile
from django_copyleaks_image.verdicts import Verdict
from tests.gallery.models import Photo
from tests.samples import photo, picture


def rectangle(x: int, y: int, width: int, height: int, *, of_width: int) -> masks.Mask:
    """Return a mask of one rectangle in a picture that is ``of_width`` pixels wide."""
    return masks.Mask([row * of_width + x for row in range(y, y + height)], [width] * height)


def scan_of(instance: Model, **changes: Any) -> ImageScan:
    """Return the queued scan that saving the object made, changed."""
    scan = ImageScan.objects.filter(object_id=str(instance.pk)).latest("pk")
    ImageScan.objects.filter(pk=scan.pk).update(**changes)
    scan.refresh_from_db()
    return scan


def measured(
    instance: Photo,
    *,
    mask: masks.Mask | None = None,
    ai_ratio: float | None = 0.37,
    size: tuple[int, int] | None = (640, 640),
    detected: bool = True,
    **changes: Any,
) -> ImageScan:
    """Return a completed scan that counts for its picture.

    ``changes`` go to the result, else to the scan, else to the picture: to the first that has such a column.
    """
    instance.image.open()
    content = instance.image.read()
    instance.image.close()
    try:
        facts = opening.inspect(BytesIO(content))
    except UnreadablePicture:
        facts = PictureFacts(format="JPEG", width=640, height=640, animated=False, orientation=1)
    width, height = size or (None, None)
    of_result = {name: changes.pop(name) for name in list(changes) if hasattr(DetectionResult, name)}
    defaults: dict[str, Any] = {
        "is_ai_detected": detected,
        "ai_ratio": ai_ratio,
        "model": "ai-image-1-ultra",
        "image_width": width,
        "image_height": height,
        "mask": masks.pack(mask) if mask else b"",
        "mask_runs": len(mask.starts) if mask else 0,
        "credits": 1,
        "scanned_at": timezone.now(),
    }
    result = DetectionResult.objects.create(**(defaults | of_result))
    verdict = Verdict.NO_AI if not detected else Verdict.PARTLY_AI
    of_scan: dict[str, Any] = {
        "status": Status.COMPLETED,
        "verdict": verdict,
        "result": result,
        "sha256": hashlib.sha256(content).hexdigest(),
        "byte_size": len(content),
        "file_state": StoredFile(instance.image.storage, str(instance.image.name)).state(),
        "width": 640,
        "height": 640,
        "orientation": facts.orientation,
        "image_format": facts.format,
        "model": "ai-image-1-ultra",
        "attempts": 1,
        "next_attempt_at": None,
        "sent_at": timezone.now(),
        "submitted_at": timezone.now(),
        "finished_at": timezone.now(),
        "spent_on": result.received_at.astimezone(UTC).date(),
        "spent_as": Spent.RESULT,
        "credits": 0 if changes.get("sandbox") else result.credits,
    }
    of_image = _of_image(changes)
    scan = scan_of(instance, **(of_scan | changes))
    place = placing.place_of_completed(scan, Verdict(scan.verdict), ai_share=ai_ratio or 0.0, needs_review=detected)
    return _placed(scan, place, of_image)


def measured_photo(name: str = "meadow.jpg", **changes: Any) -> ImageScan:
    """Return a completed scan of a new photo, with a rectangle marked unless ``mask`` says otherwise."""
    changes.setdefault("mask", rectangle(100, 200, 300, 150, of_width=640))
    return measured(photo(name, picture(colour=_colour(name))), **changes)


def failed(instance: Model, code: str = "result_lost", status: Status = Status.FAILED, **changes: Any) -> ImageScan:
    """Return a scan that ended without a result, and counts for its picture unless it was superseded."""
    ended: dict[str, Any] = {
        "status": status,
        "error_code": code,
        "next_attempt_at": None,
        "finished_at": timezone.now(),
    }
    of_image = _of_image(changes)
    scan = scan_of(instance, **(ended | changes))
    return _placed(scan, placing.place_of_unmeasured(scan, code) if status != Status.SUPERSEDED else None, of_image)


def pictured(name: str = "meadow.jpg", **changes: Any) -> WatchedImage:
    """Return a flagged picture, whose completed scan counts."""
    return measured_photo(name, **changes).image


def unmeasured(instance: Model, code: str = "result_lost", status: Status = Status.FAILED) -> WatchedImage:
    """Return a picture whose scan has ended without a result."""
    return failed(instance, code, status).image


def _of_image(changes: dict[str, Any]) -> dict[str, Any]:
    """Take those of the changes that are about columns which pictures alone have."""
    columns = {field.name for field in WatchedImage._meta.concrete_fields}
    columns -= {field.name for field in ImageScan._meta.concrete_fields}
    return {name: changes.pop(name) for name in list(changes) if name in columns}


def _placed(scan: ImageScan, place: placing.Place | None, of_image: dict[str, Any]) -> ImageScan:
    """Let a scan count as its end does, and change the row of the picture."""
    if place is not None:
        placing.put(scan, place)
        WatchedImage.objects.filter(scan=scan).update(uploaded_at=scan.created_at, **of_image)
    return ImageScan.objects.select_related("image").get(pk=scan.pk)


def receipt_of(scan: ImageScan, body: bytes = b"{}", outcome: Outcome = Outcome.APPLIED) -> WebhookReceipt:
    """Return a stored delivery."""
    return WebhookReceipt.objects.create(
        scan=scan,
        source=Source.WEBHOOK,
        body=WebhookReceipt.compress(body),
        byte_size=len(body),
        digest=WebhookReceipt.digest_of(body),
        outcome=outcome,
    )


def _colour(name: str) -> str:
    """Return a colour of the name's own, so that different names mean different bytes."""
    return "#" + hashlib.sha256(name.encode()).hexdigest()[:6]
