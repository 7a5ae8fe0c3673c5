"""What a watched save costs, against a hand-written receiver that does the least: one INSERT, or one SELECT."""

from collections.abc import Iterator
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.db.models.signals import post_save
from django.test.utils import CaptureQueriesContext

from benchmarks.figures import Figure, alternating
from django_copyleaks_image.models import ImageScan
from tests.gallery.models import Listing, Photo
from tests.samples import upload

REPEAT = 300


def measure() -> Iterator[Figure]:
    call_command("migrate", run_syncdb=True, verbosity=0)
    content = upload().read()
    photo, listing = _photo(content), _listing(content)
    scan = ImageScan.objects.get(object_id=str(photo.pk))

    def insert(**kwargs: Any) -> None:
        if kwargs["created"]:
            ImageScan(
                content_type=scan.content_type, object_id=str(kwargs["instance"].pk), field_name="front", file_name="a"
            ).save(force_insert=True)

    def select(**kwargs: Any) -> None:
        if not kwargs["created"]:
            own = ImageScan.objects.filter(
                content_type=scan.content_type, object_id=str(kwargs["instance"].pk), field_name="image"
            )
            own.order_by("-pk").only("pk", "status", "file_name").first()

    yield _counted("upload_new_queries", lambda: _photo(content), 2)
    yield _counted("upload_unchanged_queries", photo.save, 2)
    post_save.connect(insert, sender=Listing)
    ratio = alternating(lambda: _photo(content), lambda: _listing(content), repeat=REPEAT)
    post_save.disconnect(insert, sender=Listing)
    yield Figure(name="upload_new_vs_hand_written", value=ratio, goal=1.1, better="lower", unit="×")
    post_save.connect(select, sender=Listing)
    ratio = alternating(photo.save, listing.save, repeat=REPEAT)
    post_save.disconnect(select, sender=Listing)
    yield Figure(name="upload_unchanged_vs_hand_written", value=ratio, goal=1.1, better="lower", unit="×")


def _photo(content: bytes) -> Photo:
    return Photo.objects.create(title="a", image=upload("a.jpg", content))


def _listing(content: bytes) -> Listing:
    return Listing.objects.create(front=upload("a.jpg", content))


def _counted(name: str, work: Any, goal: int) -> Figure:
    with CaptureQueriesContext(connection) as queries:
        work()
    return Figure(name=name, value=len(queries), goal=goal, better="lower", unit="queries")
