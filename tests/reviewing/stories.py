"""What happens to pictures, told with the functions that make it happen."""

import hashlib
from datetime import timedelta
from typing import Any

from django.utils import timezone

from django_copyleaks_image.api import request_scan
from django_copyleaks_image.models import Decision, ImageScan, WatchedImage
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.reviewing import decide
from django_copyleaks_image.reviewing.users import AnyUser
from django_copyleaks_image.scanning import finishing, receive, sweep
from django_copyleaks_image.standings import Kind
from tests.gallery.models import Photo
from tests.samples import as_json, clean, detection, picture, submitted, upload
from tests.samples import photo as uploaded_photo

AI: dict[str, Any] = {"summary": {"human": 0.6, "ai": 0.4}}
MOSTLY_AI: dict[str, Any] = {"summary": {"human": 0.1, "ai": 0.9}}


def fresh(scan: ImageScan) -> ImageScan:
    return ImageScan.objects.get(pk=scan.pk)


def image_of(scan: ImageScan) -> WatchedImage:
    """Return the row of the picture that a scan is about."""
    return WatchedImage.objects.select_related("scan", "content_type").same_target(scan).get()


def place(scan: ImageScan) -> tuple[str, str]:
    """Return in which queue the picture of a scan waits, and how it stands."""
    row = WatchedImage.objects.same_target(scan).first()
    return (row.queue, row.standing) if row else ("", "waiting")


def at_desk() -> list[int]:
    """Return the keys of the scans that count for the pictures that wait for a person."""
    return [image.scan.pk for image in WatchedImage.objects.waiting().select_related("scan") if image.scan]


def photo_of(scan: ImageScan) -> Photo:
    return Photo.objects.get(pk=scan.object_id)


def last_scan() -> ImageScan:
    return ImageScan.objects.select_related("content_type").latest("pk")


def awaited(name: str = "meadow.jpg", *, colour: str = "teal") -> ImageScan:
    """Upload a photo, and submit its scan; another colour makes other bytes."""
    uploaded_photo(name, picture(colour=colour))
    return sent(last_scan())


def sent(scan: ImageScan) -> ImageScan:
    """Prepare and submit a scan, without its duplicates knowing of it."""
    with scan.target.image.open() as file:
        ImageScan.objects.filter(pk=scan.pk).update(sha256=hashlib.sha256(file.read()).hexdigest())
    return submitted(fresh(scan))


def answered(scan: ImageScan, body: dict[str, Any] | None = None) -> ImageScan:
    """Deliver a result, AI on 40 % of the area unless another body is given."""
    assert receive.deliver(scan, as_json(body or detection(scan, **AI)), Source.WEBHOOK) == Outcome.APPLIED
    return fresh(scan)


def flagged(name: str = "meadow.jpg", *, colour: str = "teal") -> ImageScan:
    """Return the scan of a new photo in which AI was detected: it waits for review."""
    return answered(awaited(name, colour=colour))


def without_ai(name: str = "meadow.jpg", *, colour: str = "teal") -> ImageScan:
    scan = awaited(name, colour=colour)
    return answered(scan, clean(scan))


def lost(scan: ImageScan) -> ImageScan:
    """End a scan for good without a result."""
    assert finishing.fail(scan, "result_lost", "No result came.")
    return fresh(scan)


def overdue(scan: ImageScan) -> ImageScan:
    """Let the sweep find that no result came, and return the resubmission if there is one."""
    ImageScan.objects.filter(pk=scan.pk).update(submitted_at=timezone.now() - timedelta(days=1))
    sweep.sweep()
    return last_scan()


def unmeasured(name: str = "meadow.jpg", *, colour: str = "teal") -> ImageScan:
    return lost(awaited(name, colour=colour))


def rescan(scan: ImageScan) -> ImageScan:
    """Ask for another scan of the same file, and submit it."""
    return sent(request_scan(photo_of(scan), "image", force=True))


def replace(scan: ImageScan, *, colour: str, name: str = "new.jpg") -> ImageScan:
    """Save another file in the place of this one, and return its queued scan."""
    photo = photo_of(scan)
    photo.image = upload(name, picture(colour=colour))
    photo.save()
    return last_scan()


def overwrite(scan: ImageScan, *, colour: str) -> ImageScan:
    """Save other bytes under the name of the file, and return their queued scan."""
    photo_of(scan).image.storage.delete(scan.file_name)
    successor = replace(scan, colour=colour, name=scan.file_name.rpartition("/")[2])
    assert successor.file_name == scan.file_name
    return successor


def exchange(scan: ImageScan, *, colour: str) -> None:
    """Put other bytes in the place of the file, of which no save tells."""
    with photo_of(scan).image.storage.open(scan.file_name, "wb") as file:
        file.write(picture(colour=colour))


def decided(scan: ImageScan, user: AnyUser, kind: Kind, **choices: Any) -> Decision:
    """Decide about the picture of a scan as it is now."""
    image = image_of(scan)
    return decide.decide(image.pk, user=user, kind=kind, version=image.version, **choices)


def claimed(scan: ImageScan, user: AnyUser, *, minutes: int = 5) -> None:
    """Let a person look at a picture, for less than no time when the minutes are negative."""
    now = timezone.now()
    until = now + timedelta(minutes=minutes)
    WatchedImage.objects.same_target(scan).update(claimed_by=user, claimed_at=now, claimed_until=until)
