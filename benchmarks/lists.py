"""The list, the review queue and the overview with a thousand scans and with a million, on PostgreSQL.

Both archives are there at once and are asked in turns, so that a busy moment hits both. Times are of the wall clock,
since the database is what is measured.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import environ
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks import archive
from benchmarks.chaos.databases import own_database
from benchmarks.figures import Figure
from django_copyleaks_image import registry
from django_copyleaks_image.reviewing import queue
from django_copyleaks_image.reviewing.queue import Order, Selection
from tests.gallery.models import Listing

SERVER = os.environ.get("POSTGRESQL_URL", "postgres://postgres@127.0.0.1:5432/postgres")
FEW, MANY = 1_000, 1_000_000
REPEAT = 30
LIST = "/admin/copyleaks_image/imagescan/"
LISTS = {
    "all": "",
    "verdict": "verdict__exact=mostly_ai",
    "decision": "decision=escalated",
    "desk": "desk=review",
    "status": "status__exact=superseded",
    "stuck": "stuck=yes",
    "sandbox": "sandbox__exact=1",
    "field": "field=gallery.Listing.front",
    "date": "created_at__gte=2020-01-01T00:00:00Z",
}


@dataclass(frozen=True, slots=True)
class Archive:
    """A database with its moderator, and the client that they are signed in with."""

    database: BaseDatabaseWrapper
    moderator: User
    client: Client


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What a moderator waits for, with the goals: so many times longer than in the small archive, and so many ms."""

    name: str
    work: Callable[[Archive], object]
    times: float
    milliseconds: float


def measure() -> Iterator[Figure]:
    try:
        import psycopg  # noqa: PLC0415 - the other benchmarks do not need it
    except ImportError:
        print("lists: skipped, since psycopg is not installed")
        return
    grown = 0
    with ExitStack() as stack:
        # What is measured afterwards finds its own database again.
        stack.callback(ContentType.objects.clear_cache)
        stack.callback(connections.__setitem__, "default", connections["default"])
        stack.callback(registry.unregister, Listing, "front")
        registry.register(Listing, "front")
        try:
            few, many = (stack.enter_context(_archive(size)) for size in (FEW, MANY))
        except psycopg.OperationalError as error:
            print(f"lists: skipped, since PostgreSQL does not answer at {SERVER}: {error}")
            return
        for task in _tasks():
            grown = max(grown, _queries(task, many) - _queries(task, few))
            yield from _compare(task, few, many)
    yield Figure(name="lists_more_queries", value=grown, goal=0, better="lower", unit="queries")


def _tasks() -> Iterator[Task]:
    for name, parameters in LISTS.items():
        work = partial(_get, f"{LIST}?{parameters}")
        yield Task(name=f"list_{name}", work=work, times=2, milliseconds=500)
    for order in Order:
        yield Task(name=f"queue_{order}", work=partial(_take, order), times=2, milliseconds=150)
    yield Task(name="overview", work=_overview, times=50, milliseconds=3_000)


def _get(address: str, asked: Archive) -> None:
    response = asked.client.get(address)
    assert response.status_code == 200, response.status_code


def _overview(asked: Archive) -> None:
    cache.clear()
    _get(f"{LIST}overview/", asked)


def _take(order: Order, asked: Archive) -> None:
    chosen = Selection(order=order)
    queue.count(chosen, asked.moderator)
    taken = queue.take(chosen, asked.moderator, want=3, besides=(), may_see=lambda _scan: True)
    assert len(taken) == 3, taken


def _compare(task: Task, few: Archive, many: Archive) -> Iterator[Figure]:
    times: dict[int, list[float]] = {id(few): [], id(many): []}
    for _ in range(REPEAT):
        for asked in (few, many):
            connections["default"] = asked.database
            start = perf_counter()
            task.work(asked)
            times[id(asked)].append(perf_counter() - start)
    ratio = median(times[id(many)]) / median(times[id(few)])
    p95 = sorted(times[id(many)])[int(REPEAT * 0.95)]
    yield Figure(name=f"{task.name}_vs_{FEW}", value=ratio, goal=task.times, better="lower", unit="×")
    yield Figure(name=f"{task.name}_p95_ms", value=p95 * 1000, goal=task.milliseconds, better="lower", unit="ms")


def _queries(task: Task, asked: Archive) -> int:
    connections["default"] = asked.database
    task.work(asked)  # What is read once for good, such as content types, is known from now on.
    with CaptureQueriesContext(connection) as queries:
        task.work(asked)
    return len(queries)


@contextmanager
def _archive(size: int) -> Iterator[Archive]:
    """Provide a filled database that is removed in the end."""
    with own_database(Path(), server=SERVER, restart_command=None) as created:
        settings = connections.configure_settings({"default": environ.Env.db_url_config(created.url)})["default"]
        database = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, "default")
        connections["default"] = database
        try:
            moderator = archive.fill(size)
            client = Client()
            client.force_login(moderator)
            yield Archive(database, moderator, client)
        finally:
            database.close()
