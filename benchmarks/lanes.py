"""What an upload waits for while a backfill is going on: how much of it is sent first, and what a claim reads.

A worker submits at the account's rate, and 100,000 files are queued behind what it is at. Time is told in turns of the
rate, so that machines can be compared: what is sent between the save of an upload and its own submission.
"""

import logging
import time
from collections.abc import Iterator
from statistics import median
from threading import Thread

from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks import archive
from benchmarks.archives import postgresql
from benchmarks.drain import THREADS, queue_pictures
from benchmarks.figures import Figure
from benchmarks.local_copyleaks import local_copyleaks
from benchmarks.queue_work import nodes
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Lane, Status
from django_copyleaks_image.scanning import submit
from django_copyleaks_image.worker import Worker

BACKFILL = 100_000
RATE = 10
# Beside its turn, an upload may wait for so long.
SECONDS = 2
UPLOADS = 10
# That the worker comes to while uploads are measured; the rest of the backfill is rows alone.
PICTURES = 400


def measure() -> Iterator[Figure]:
    logging.getLogger("django_copyleaks_image").setLevel(logging.ERROR)
    with postgresql():
        call_command("migrate", run_syncdb=True, verbosity=0)
        with local_copyleaks(RATE_LIMIT=RATE, RESULT_WINDOW=None):
            _queue_backfill()
            overtaken_by = _overtaken_by()
            rows_read = _rows_read()
        yield Figure(
            name="lanes_upload_overtaken_by", value=median(overtaken_by), better="lower", unit="scans of a backfill"
        )
        yield Figure(
            name="lanes_upload_overtaken_at_most",
            value=max(overtaken_by),
            goal=SECONDS * RATE,
            better="lower",
            unit="scans of a backfill",
        )
        yield Figure(name="lanes_rows_read_per_claim", value=rows_read / THREADS, goal=2, better="lower", unit="×")


def _queue_backfill() -> None:
    pictures = queue_pictures(PICTURES)
    ImageScan.objects.filter(pk__in=[scan.pk for scan in pictures]).update(lane=Lane.BACKFILL)
    (last,) = queue_pictures(1)
    ImageScan.objects.filter(pk=last.pk).update(lane=Lane.BACKFILL, next_attempt_at=timezone.now())
    last.refresh_from_db()
    archive.queue_up(last, BACKFILL)


def _overtaken_by() -> list[int]:
    """Save pictures while the backfill goes on; return for each how many others were sent before it."""
    worker = Worker(threads=THREADS, poll_seconds=1.0)
    runner = Thread(target=worker.run)
    runner.start()
    try:
        _wait_until_sent(RATE * 3)
        return [_overtaking_one() for _ in range(UPLOADS)]
    finally:
        worker.stop()
        runner.join()


def _overtaking_one() -> int:
    before = _sent()
    (scan,) = queue_pictures(1)
    mine = ImageScan.objects.filter(pk=scan.pk, status=Status.QUEUED)
    while mine.exists():
        time.sleep(0.02)
    overtaken_by = _sent() - before - 1
    # Not at the same moment of the worker's round each time.
    _wait_until_sent(_sent() + 7)
    return overtaken_by


def _sent() -> int:
    return ImageScan.objects.exclude(submitted_at=None).count()


def _wait_until_sent(count: int) -> None:
    while _sent() < count:
        time.sleep(0.05)


def _rows_read() -> int:
    """Return how many rows the statements of one claim read, by what PostgreSQL counts."""
    with CaptureQueriesContext(connection) as asked:
        found = submit.due().in_turn(THREADS, "pk")
    assert len(found) == THREADS
    rows = 0
    with connection.cursor() as cursor:
        for query in asked:
            if " FROM " in query["sql"] and ImageScan._meta.db_table in query["sql"]:
                cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
                (plans,) = cursor.fetchone() or ([],)
                read = [node for node in nodes(plans[0]["Plan"]) if node["Node Type"].endswith("Scan")]
                rows += sum(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in read)
    return rows
