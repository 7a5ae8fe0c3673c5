"""A host that writes each file anew after ``super().save()``, in autocommit, while a worker is at it.

``REWRITTEN_UPLOADS=200`` uploads as many; the figures are printed with ``-s``.
"""

import hashlib
import os
import random
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from django_copyleaks_image.api import standing
from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.standings import BY_VERDICT
from tests.gallery.models import Photo
from tests.samples import upload
from tests.test_end_to_end import worker_process
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets, pytest.mark.awaits_files]

UPLOADS = int(os.environ.get("REWRITTEN_UPLOADS", "24"))


def noise(rng: random.Random, side: int) -> bytes:
    stream = BytesIO()
    image = Image.frombytes("L", (64, 64), rng.randbytes(64 * 64)).resize((side, side))
    image.save(stream, "JPEG", quality=95, comment=rng.randbytes(200).hex())
    return stream.getvalue()


def saved_and_rewritten(name: str, rng: random.Random) -> Photo:
    """Save an object, and write its file anew as programs do that turn, shrink or strip a picture in place."""
    instance = Photo.objects.create(title=name, image=upload(name, noise(rng, 900)))
    time.sleep(rng.uniform(0, 0.2))
    final = noise(rng, 800)
    with Path(instance.image.path).open("wb") as file:
        file.write(final[: len(final) // 2])
        file.flush()
        time.sleep(rng.uniform(0, 0.05))
        file.write(final[len(final) // 2 :])
    return instance


def is_measured_as_it_is(instance: Photo) -> bool:
    row = WatchedImage.objects.get(object_id=str(instance.pk))
    return row.sha256 == hashlib.sha256(Path(instance.image.path).read_bytes()).hexdigest()


def nothing_waits() -> bool:
    return not ImageScan.objects.unfinished().exists()


def test_files_written_anew_after_their_save__are_measured_as_they_are(emulator: Emulator, settings: Any) -> None:
    rng = random.Random(7)

    with worker_process(settings):
        photos = [saved_and_rewritten(f"{number}.jpg", rng) for number in range(UPLOADS)]
        wait_until(nothing_waits, seconds=120)
        at_once = sum(map(is_measured_as_it_is, photos))
        WatchedImage.objects.exclude(look_due_at=None).update(look_due_at=timezone.now())
        wait_until(lambda: not WatchedImage.objects.filter(look_due_at__lte=timezone.now()).exists(), seconds=60)
        wait_until(nothing_waits, seconds=120)

    unmeasured = [photo for photo in photos if standing(photo, "image").standing not in BY_VERDICT]
    about_others = [photo for photo in photos if not is_measured_as_it_is(photo)]
    print(
        f"{UPLOADS} uploads: {at_once} measured as they are at the first end, {len(unmeasured)} unmeasured, "
        f"{len(about_others)} with a verdict about other bytes after the next look."
    )
    assert (unmeasured, about_others) == ([], [])
