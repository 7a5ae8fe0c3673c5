"""What the worker asks of the database again and again, with a thousand scans and with a million.

Whatever it changes is rolled back, so that every round finds the same. No plan may read a large table from end to
end: those that do are printed.
"""

import logging
import re
from collections.abc import Iterator

from django.db import connection, connections, transaction
from django.db.models import Max

from benchmarks.archives import Archive, Task, Unavailable, both, compare, queries
from benchmarks.figures import Figure
from django_copyleaks_image import registry
from django_copyleaks_image.models import AccountState, Decision, DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.scanning import account, reconcile, submit, sweep
from tests.gallery.models import Listing, Photo

CLAIMED = 16
# As many keys were given out since reconciliation last moved its mark.
LATELY = 500
_LARGE = (ImageScan, DetectionResult, WebhookReceipt, Decision, Photo, Listing)
_READS_ALL = tuple(f"Seq Scan on {model._meta.db_table} " for model in _LARGE)


def measure() -> Iterator[Figure]:
    reading_all: dict[str, str] = {}
    logging.getLogger("django_copyleaks_image").setLevel(logging.CRITICAL)
    try:
        with both() as (few, many):
            for asked in (few, many):
                _set_marks(asked)
            for task in _tasks():
                reading_all |= _plans_that_read_all(queries(task, many))
                yield from compare(task, few, many)
    except Unavailable as reason:
        print(f"queue_work: skipped, since {reason}")
        return
    for statement, plan in reading_all.items():
        print(statement, plan, sep="\n", end="\n\n")
    yield Figure(name="work_plans_that_read_all", value=len(reading_all), goal=0, better="lower", unit="plans")


def _tasks() -> Iterator[Task]:
    yield Task(name="claim", work=_claim, times=2, milliseconds=20)
    yield Task(name="sweep", work=_sweep, times=2, milliseconds=2_000)
    yield Task(name="reconcile", work=_reconcile, times=2, milliseconds=1_000)


def _claim(_asked: Archive) -> None:
    with transaction.atomic():
        assert len(submit.claim(CLAIMED)) == CLAIMED
        transaction.set_rollback(True)


def _sweep(_asked: Archive) -> None:
    with transaction.atomic():
        sweep.sweep()
        transaction.set_rollback(True)


def _reconcile(_asked: Archive) -> None:
    with transaction.atomic():
        reconcile.reconcile()
        transaction.set_rollback(True)


def _set_marks(asked: Archive) -> None:
    connections["default"] = asked.database
    account.state()
    marks = {}
    for watched in registry.watched_fields():
        highest = watched.owner._base_manager.aggregate(highest=Max("pk"))["highest"] or 0
        marks[watched.label] = [max(0, highest - LATELY), highest, "2020-01-01T00:00:00+00:00"]
    AccountState.objects.update(reconciliation_marks=marks)


def _plans_that_read_all(statements: list[str]) -> dict[str, str]:
    found = {}
    with connection.cursor() as cursor:
        for statement in statements:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                cursor.execute(f"EXPLAIN {statement}")
                plan = "\n".join(line for (line,) in cursor.fetchall())
                if any(words in plan for words in _READS_ALL):
                    found[re.sub(r"(\?, )+", "…, ", re.sub(r"\d+|'[^']*'", "?", statement))] = plan
    return found
