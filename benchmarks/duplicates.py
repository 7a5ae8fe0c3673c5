"""Many copies of one picture, uploaded at once: how long after its result the last of them ends, and at what price.

Copies and other pictures wait in one queue for a worker of eight threads, on SQLite, PostgreSQL and MariaDB. The
vendor takes every submission and stores its callback after its latency; only the app is measured.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from math import ceil
from typing import Any
from unittest.mock import patch

from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.test import override_settings

from benchmarks.archives import mariadb, postgresql
from benchmarks.figures import Figure, Unavailable
from django_copyleaks_image.copyleaks.client import Client, Submission
from django_copyleaks_image.models import ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import FINISHED
from django_copyleaks_image.scanning import receive
from django_copyleaks_image.scanning.duplicates import BATCH
from django_copyleaks_image.worker import Worker
from tests.gallery.models import Photo
from tests.samples import as_json, clean, picture, upload

THREADS = 8
# How many copies, and the seconds that the vendor takes.
LOADS = ((20, 1), (150, 1), (1_000, 1), (1_000, 60))
OTHERS = 10
# Updates of the payer's own row: those of the end of its key, and those that lease a pass over its copies.
ROWS_OF_A_KEY = 6
ROWS_OF_A_PASS = 2
LONGEST_SECONDS = 240
DATABASES: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "sqlite": nullcontext,
    "postgresql": postgresql,
    "postgresql_repeatable_read": lambda: postgresql(isolation_level=_repeatable_read()),
    "mariadb": mariadb,
    "mariadb_repeatable_read": lambda: mariadb(isolation_level="repeatable read"),
}
SETTINGS = {
    "EMAIL": "a@example.org",
    "API_KEY": "key",
    "PUBLIC_URL": "https://photos.example.org",
    "FIELDS": ["gallery.Photo.image"],
}
# Chosen by their names, where not all are wanted: BENCH_DATABASES="sqlite mariadb".
CHOSEN = os.environ.get("BENCH_DATABASES", " ".join(DATABASES)).split()


def measure() -> Iterator[Figure]:
    for name in CHOSEN:
        try:
            with DATABASES[name]():
                call_command("migrate", run_syncdb=True, verbosity=0)
                alone = Run.of(1, 1).rows_updated / (1 + OTHERS)
                for copies, latency in LOADS:
                    yield from Run.of(copies, latency).figures(f"{name}_{copies}_in_{latency}s", alone)
        except Unavailable as reason:
            print(f"{name}: {reason}", flush=True)


@dataclass
class Vendor:
    """Takes every submission, and stores a callback for each after its latency."""

    latency: float
    paid: list[str] = field(default_factory=list)
    answered_at: dict[str, float] = field(default_factory=dict)
    _timers: list[threading.Timer] = field(default_factory=list)

    def take(self, submission: Submission) -> None:
        self.paid.append(submission.scan_id)
        timer = threading.Timer(self.latency, self._answer, [submission.scan_id])
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _answer(self, scan_id: str) -> None:
        try:
            scan = ImageScan.objects.get(scan_id=scan_id)
            self.answered_at[scan_id] = time.time()
            receive.store(scan, as_json(clean(scan)), Source.WEBHOOK)
        finally:
            connections.close_all()

    def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()


@dataclass(kw_only=True)
class Run:
    """What copies of one picture and some others have come to."""

    same: set[str]
    others: set[str]
    ended: dict[str, float]
    vendor: Vendor
    rows_updated: int
    log_lines: int

    @classmethod
    def of(cls, copies: int, latency: float) -> "Run":
        _empty()
        same = _uploaded(copies, lambda number: b"")
        others = _uploaded(OTHERS, lambda number: f"other {number}".encode())
        vendor = Vendor(latency)
        with (
            override_settings(COPYLEAKS_IMAGE=SETTINGS),
            patch.object(Client, "submit", lambda _client, submission: vendor.take(submission)),
            patch.object(Client, "log_in", lambda _client: None),
            _updated_rows() as rows,
            _log_lines() as lines,
        ):
            _work_until_all_have_ended()
            vendor.stop()
        ended = ImageScan.objects.filter(status__in=FINISHED).values_list("scan_id", "finished_at")
        return cls(
            same=same,
            others=others,
            ended={scan_id: finished_at.timestamp() for scan_id, finished_at in ended if finished_at},
            vendor=vendor,
            rows_updated=sum(rows),
            log_lines=len(lines),
        )

    def figures(self, name: str, rows_of_one_alone: float) -> Iterator[Figure]:
        """Yield the figures; the rows are those beside what the paid pictures take, for themselves and for the key."""
        copies = len(self.same) - 1
        of_the_key = ROWS_OF_A_KEY + ROWS_OF_A_PASS * ceil(copies / BATCH)
        payments = [scan_id for scan_id in self.vendor.paid if scan_id in self.same]
        result_at = self.vendor.answered_at.get(payments[0], 0.0) if payments else 0.0
        last = max(self.ended[it] for it in self.same & self.ended.keys()) - result_at
        answered = self.others & self.ended.keys() & self.vendor.answered_at.keys()
        delays = [self.ended[it] - self.vendor.answered_at[it] for it in answered]
        rows = (self.rows_updated - rows_of_one_alone * (1 + OTHERS) - of_the_key) / copies
        left = len((self.same | self.others) - self.ended.keys())
        yield Figure(name=f"{name}_left", value=left, goal=0, better="lower", unit="scans")
        yield Figure(name=f"{name}_last_end_after_result", value=last, goal=30, better="lower", unit="s")
        yield Figure(name=f"{name}_payments", value=len(payments), goal=1, better="lower", unit="credits")
        yield Figure(name=f"{name}_rows_a_copy", value=rows, goal=3, better="lower", unit="updates")
        yield Figure(
            name=f"{name}_log_lines", value=self.log_lines, goal=100 + copies / 10, better="lower", unit="lines"
        )
        yield Figure(name=f"{name}_others_after_result", value=max(delays), goal=5, better="lower", unit="s")


@contextmanager
def _updated_rows() -> Iterator[list[int]]:
    """Collect how many rows of scans each UPDATE changes, over every connection that is opened meanwhile."""
    table = connection.ops.quote_name(ImageScan._meta.db_table)
    changed: list[int] = []

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        done = execute(sql, params, many, context)
        if sql.startswith(f"UPDATE {table}"):
            changed.append(context["cursor"].rowcount)
        return done

    def watch(*, connection: BaseDatabaseWrapper, **kwargs: object) -> None:
        if count not in connection.execute_wrappers:  # It may be opened more than once.
            connection.execute_wrappers.append(count)

    connection_created.connect(watch)
    try:
        yield changed
    finally:
        connection_created.disconnect(watch)


@contextmanager
def _log_lines() -> Iterator[list[logging.LogRecord]]:
    """Collect what the app logs, as a site does that logs from INFO on."""
    lines: list[logging.LogRecord] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record)

    handler = Collector(logging.INFO)
    logger = logging.getLogger("django_copyleaks_image")
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _repeatable_read() -> object:
    from psycopg import IsolationLevel  # noqa: PLC0415 - of PostgreSQL only

    return IsolationLevel.REPEATABLE_READ


def _work_until_all_have_ended() -> None:
    worker = Worker(threads=THREADS, poll_seconds=0.2)
    runner = threading.Thread(target=worker.run)
    runner.start()
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline and ImageScan.objects.unfinished().exists():
        time.sleep(0.2)
    worker.stop()
    runner.join()


def _empty() -> None:
    WebhookReceipt.objects.all().delete()
    ImageScan.objects.all().delete()
    Photo.objects.all().delete()


def _uploaded(count: int, behind: Callable[[int], bytes]) -> set[str]:
    """Save so many pictures with a comment behind each, and return the ids of their scans."""
    plain = picture(size=(512, 512))
    photos = [Photo.objects.create(image=upload("a.jpg", plain + behind(number))) for number in range(count)]
    return set(ImageScan.objects.filter(object_id__in=[str(it.pk) for it in photos]).values_list("scan_id", flat=True))
