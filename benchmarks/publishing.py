"""What a public site waits for when it shows only what may be shown, against the same without any rule.

A host without the app would keep a boolean column of its own with an index: its count, and the plain pages, are what
is compared with, on a million objects on PostgreSQL and on a hundred thousand on MariaDB and SQLite. First the rows of
the app are asked, as for a model without a ``PictureStandingField``, then that column, which the goals are for. Times
are of the wall clock, since the database is what is measured.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.models import Index, QuerySet
from django.utils import timezone

from benchmarks.archives import mariadb, postgresql
from benchmarks.figures import Figure, Unavailable, alternating
from django_copyleaks_image import registry, standing_columns
from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.publishing import filter_by_picture, publishable, with_standing
from django_copyleaks_image.scanning import filling
from django_copyleaks_image.standings import Queue, Standing
from django_copyleaks_image.verdicts import Verdict
from tests.gallery.models import Postcard

REPEAT = 7
PAGE = 60
BATCH = 5_000
_NO_AI: dict[str, Any] = {"verdict": Verdict.NO_AI, "ai_share": 0.0, "standing": Standing.CLEAN}
_MOSTLY: dict[str, Any] = {"verdict": Verdict.MOSTLY_AI, "ai_share": 0.9}
_FLAGGED = _MOSTLY | {"standing": Standing.FLAGGED, "queue": Queue.REVIEW, "queued_at": timezone.now()}
_CONFIRMED = _MOSTLY | {"standing": Standing.CONFIRMED}
# Of a hundred objects in a row, which is which: the flagged ones are not next to each other.
_STATES = [_FLAGGED if number % 20 == 0 else _CONFIRMED if number == 1 else _NO_AI for number in range(100)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """A database with so many objects; the goals for counting and filtering, and for a page."""

    database: Callable[[], AbstractContextManager[object]]
    objects: int
    goal: float
    page_goal: float


SETTINGS = {
    "postgresql": Setting(database=postgresql, objects=1_000_000, goal=5, page_goal=2),
    "mariadb": Setting(database=mariadb, objects=100_000, goal=8, page_goal=8),
    "sqlite": Setting(database=nullcontext, objects=100_000, goal=8, page_goal=8),
}
# Chosen by their names, where not all are wanted: BENCH_DATABASES="sqlite mariadb".
CHOSEN = [name for name in os.environ.get("BENCH_DATABASES", " ".join(SETTINGS)).split() if name in SETTINGS]


def measure() -> Iterator[Figure]:
    registry.register(Postcard, "front")
    try:
        for name in CHOSEN:
            setting = SETTINGS[name]
            try:
                with setting.database():
                    standing_columns.forget_filled()  # That of the database before was.
                    fill(setting.objects)
                    yield from _figures(name, setting)
            except Unavailable as reason:
                print(f"{name}: {reason}", flush=True)
    finally:
        registry.unregister(Postcard, "front")


def fill(size: int) -> None:
    """Make the tables, and ``size`` (a multiple of :data:`BATCH`) measured objects; what may be shown is published."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    content_type = ContentType.objects.get_for_model(Postcard)
    for start in range(1, size + 1, BATCH):
        keys = range(start, start + BATCH)
        Postcard.objects.bulk_create(
            Postcard(pk=key, front=_file(key), published=_STATES[key % 100] is _NO_AI) for key in keys
        )
        WatchedImage.objects.bulk_create(
            WatchedImage(
                content_type=content_type,
                object_id=str(key),
                field_name="front",
                file_name=_file(key),
                **_STATES[key % 100],
            )
            for key in keys
        )
    with connection.schema_editor() as editor:
        editor.add_index(Postcard, Index(fields=["published"], name="postcard_published"))
    _tidy()


def _tidy() -> None:
    # What the servers do by themselves after a while, and a site on SQLite by PRAGMA optimize.
    tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in (Postcard, WatchedImage))
    statements = {"postgresql": f"VACUUM ANALYZE {tables}", "mysql": f"ANALYZE TABLE {tables}", "sqlite": "ANALYZE"}
    with connection.cursor() as cursor:
        cursor.execute(statements[connection.vendor])


def _file(key: int) -> str:
    return f"postcards/2026/11/meadow-{key}_a8Bx3kQ.jpg"


def _figures(name: str, setting: Setting) -> Iterator[Figure]:
    def compared(
        task: str, ours: Callable[[], object], plain: Callable[[], object], goal: float | None = None
    ) -> Figure:
        ratio = alternating(ours, plain, repeat=REPEAT, clock=perf_counter)
        return Figure(name=f"publishing_{task}_{name}", value=ratio, goal=goal, better="lower", unit="×")

    def pages(task: str, goal: float | None = None) -> Iterator[Figure]:
        for page in (1, 100):
            plain = partial(_page, Postcard.objects.all, page)
            yield compared(f"{task}_{page}", partial(_page, _publishable, page), plain, goal)

    published = Postcard.objects.filter(published=True).count

    def count() -> int:
        return _publishable().count()

    yield compared("joined_count_optional", count, published)
    with _required_file():
        yield compared("joined_count", count, published)
        yield from pages("joined_page")
    # Few rows of ours are read, whatever the number of objects: that needs no column.
    yield compared("joined_by_decision", partial(_count_of, {"standing": Standing.CONFIRMED}), published, setting.goal)
    yield compared("joined_by_verdict", partial(_count_of, {"verdict": Verdict.MOSTLY_AI}), published)
    _fill_the_column()
    assert count() == published()
    yield compared("count_optional", count, published, setting.goal)
    with _required_file():
        yield compared("count", count, published, setting.goal)
        yield from pages("page", setting.page_goal)
    yield compared("by_decision", partial(_count_of, {"standing": Standing.CONFIRMED}), published, setting.goal)
    yield compared("by_verdict", partial(_count_of, {"verdict": Verdict.MOSTLY_AI}), published, setting.goal)
    yield compared("annotated", _count_annotated, published)


def _fill_the_column() -> None:
    (column,) = filling.unfilled()
    started = perf_counter()
    while column.step():
        pass
    taken = perf_counter() - started
    print(f"{connection.vendor}: {Postcard.objects.count() / taken:,.0f} columns filled a second", flush=True)
    _tidy()


@contextmanager
def _required_file() -> Iterator[None]:
    """Let the field be one that must hold a file, as most are."""
    field = Postcard._meta.get_field("front")
    field.blank = False
    yield
    field.blank = True


def _publishable() -> QuerySet[Postcard]:
    return publishable(Postcard.objects.all(), "front")


def _count_of(wanted: dict[str, Any]) -> int:
    return filter_by_picture(Postcard.objects.all(), "front", **wanted).count()


def _count_annotated() -> int:
    found: QuerySet[Any] = with_standing(Postcard.objects.all(), "front")
    return found.filter(copyleaks_standing=Standing.CONFIRMED).count()


def _page(objects: Callable[[], QuerySet[Postcard]], number: int) -> None:
    """Read the page that a visitor opens: the newest objects are on the first."""
    found = list(objects().order_by("-pk")[(number - 1) * PAGE : number * PAGE])
    assert len(found) == PAGE
