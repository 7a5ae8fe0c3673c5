"""What the worker asks of the database again and again, with a thousand scans and with a million.

Whatever it changes is rolled back, so that every round finds the same. The plans are printed, a line each; none may
read a large table from end to end.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections, transaction
from django.db.models import Max

from benchmarks.archives import Archive, Task, both, compare, queries
from benchmarks.figures import Figure
from django_copyleaks_image import registry
from django_copyleaks_image.models import AccountState, Decision, DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.scanning import account, reconcile, submit, sweep
from tests.gallery.models import Listing, Photo

CLAIMED = 16
# As many keys were given out since reconciliation last moved its mark.
LATELY = 500
_LARGE = frozenset(
    model._meta.db_table for model in (ImageScan, DetectionResult, WebhookReceipt, Decision, Photo, Listing)
)


def measure() -> Iterator[Figure]:
    reading_all = 0
    logging.getLogger("django_copyleaks_image").setLevel(logging.CRITICAL)
    with both() as (few, many):
        for asked in (few, many):
            _set_marks(asked)
        for task in _tasks():
            for plan in _plans(queries(task, many)):
                reading_all += plan.reads_all
                print(f"{task.name}: {plan}")
            yield from compare(task, few, many)
    yield Figure(name="work_plans_that_read_all", value=reading_all, goal=0, better="lower", unit="plans")


def _tasks() -> Iterator[Task]:
    yield Task(name="claim", work=_claim, times=2)
    yield Task(name="sweep", work=_sweep, times=2)
    yield Task(name="reconcile", work=_reconcile, times=2)


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
    AccountState.objects.update(watermarks=marks)


@dataclass(frozen=True, slots=True)
class Plan:
    """What EXPLAIN says of a statement: its node at the top, and how each table is read."""

    statement: str
    top: str
    reads: tuple[str, ...]
    reads_all: bool

    def __str__(self) -> str:
        sign = "  READS ALL" if self.reads_all else ""
        return f"{self.statement}: {self.top}: {', '.join(self.reads) or 'no table'}{sign}"


def _plans(statements: list[str]) -> list[Plan]:
    """Return the plans of statements that read, each once, whatever values it was asked for."""
    found = set()
    with connection.cursor() as cursor:
        for statement in statements:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}")
                (plans,) = cursor.fetchone() or ([],)
                top = plans[0]["Plan"]
                scanned = [node for node in nodes(top) if node["Node Type"].endswith("Scan")]
                reads = tuple(f"{it['Node Type']} {it.get('Index Name') or it.get('Relation Name')}" for it in scanned)
                reads_all = any(it["Node Type"] == "Seq Scan" and it["Relation Name"] in _LARGE for it in scanned)
                found.add(Plan(_shortened(statement), top["Node Type"], reads, reads_all))
    return sorted(found, key=str)


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from nodes(below)


def _shortened(statement: str) -> str:
    """Return a statement without its columns and values."""
    table = re.search(r'(?:FROM|UPDATE) "(\w+)"', statement)
    return f"{statement.split(maxsplit=1)[0]} {table[1] if table else ''}"
