"""What a watched save costs, against a hand-written receiver that does the least: one INSERT, or one SELECT.

The receiver inserts into the same table, so that its indexes cost both sides the same: what is compared is what the
app does beside storing a scan.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.db.models.signals import post_save
from django.test.utils import CaptureQueriesContext

from benchmarks.archives import postgresql
from benchmarks.figures import Clock, Figure, alternating
from django_copyleaks_image.models import ImageScan
from tests.gallery.models import Listing, Photo
from tests.samples import upload

REPEAT = 300


def measure() -> Iterator[Figure]:
    yield from _measure_on("sqlite", time.process_time)
    with postgresql():
        # The server works in a process of its own, so that ours tells half of it only.
        yield from _measure_on("postgresql", time.perf_counter)


def _measure_on(database: str, clock: Clock) -> Iterator[Figure]:
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
            own.order_by("-pk").values_list("status", "file_name").first()

    yield _counted(f"upload_new_queries_{database}", lambda: _photo(content), 2)
    yield _counted(f"upload_unchanged_queries_{database}", photo.save, 2)
    with _receiving(insert):
        new = alternating(lambda: _photo(content), lambda: _listing(content), repeat=REPEAT, clock=clock)
    with _receiving(select):
        unchanged = alternating(photo.save, listing.save, repeat=REPEAT, clock=clock)
    for name, ratio in (("new", new), ("unchanged", unchanged)):
        yield Figure(name=f"upload_{name}_vs_hand_written_{database}", value=ratio, goal=1.1, better="lower", unit="×")


@contextmanager
def _receiving(receiver: Callable[..., None]) -> Iterator[None]:
    post_save.connect(receiver, sender=Listing)
    try:
        yield
    finally:
        post_save.disconnect(receiver, sender=Listing)


def _photo(content: bytes) -> Photo:
    return Photo.objects.create(title="a", image=upload("a.jpg", content))


def _listing(content: bytes) -> Listing:
    return Listing.objects.create(front=upload("a.jpg", content))


def _counted(name: str, work: Any, goal: int) -> Figure:
    with CaptureQueriesContext(connection) as queries:
        work()
    return Figure(name=name, value=len(queries), goal=goal, better="lower", unit="queries")
