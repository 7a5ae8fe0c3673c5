"""The same work in a database of a thousand scans and in one of a million, on PostgreSQL.

Both are there at once and are asked in turns, so that a busy moment hits both. Times are of the wall clock, since the
database is what is measured.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

import environ
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks import archive
from benchmarks.databases import own_database
from benchmarks.figures import Figure, Unavailable
from django_copyleaks_image import registry
from tests.gallery.models import Listing

SERVER = os.environ.get("POSTGRESQL_URL", "postgres://postgres@127.0.0.1:5432/postgres")
MARIADB_SERVER = os.environ.get("MARIADB_URL", "mysql://root@127.0.0.1:3306")
FEW, MANY = 1_000, 1_000_000
REPEAT = 30


@dataclass(frozen=True, slots=True)
class Archive:
    """A database with its moderator, and the client that they are signed in with."""

    database: BaseDatabaseWrapper
    moderator: User
    client: Client


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What somebody waits for, with the goal: at most so many times longer than in the small archive."""

    name: str
    work: Callable[[Archive], object]
    times: float


@contextmanager
def both() -> Iterator[tuple[Archive, Archive]]:
    """Provide the small and the large archive. Raises :class:`Unavailable`."""
    with ExitStack() as stack:
        stack.callback(registry.unregister, Listing, "front")
        registry.register(Listing, "front")
        few, many = (stack.enter_context(_filled(size)) for size in (FEW, MANY))
        yield few, many


@contextmanager
def postgresql(**options: object) -> Iterator[BaseDatabaseWrapper]:
    """Provide an empty database of PostgreSQL as ``default``, and remove it in the end. Raises :class:`Unavailable`."""
    try:
        import psycopg  # noqa: PLC0415 - the other benchmarks do not need it
    except ImportError:
        raise Unavailable("psycopg is not installed") from None
    with ExitStack() as stack:
        try:
            created = stack.enter_context(own_database(Path(), server=SERVER, restart_command=None))
        except psycopg.OperationalError as error:
            first_line = str(error).partition("\n")[0]
            raise Unavailable(f"PostgreSQL does not answer at {SERVER}: {first_line}") from None
        yield stack.enter_context(as_default(created.url, **options))


@contextmanager
def mariadb(**options: object) -> Iterator[BaseDatabaseWrapper]:
    """Provide an empty database of MariaDB as ``default``, and remove it in the end. Raises :class:`Unavailable`."""
    try:
        import MySQLdb  # noqa: PLC0415 - the other benchmarks do not need it
    except ImportError:
        raise Unavailable("mysqlclient is not installed") from None
    server = urlsplit(MARIADB_SERVER)
    name = f"bench_{os.getpid()}_{secrets.token_hex(4)}"
    try:
        connected = MySQLdb.connect(
            host=server.hostname, port=server.port or 3306, user=server.username, password=server.password or ""
        )
    except MySQLdb.OperationalError as error:
        raise Unavailable(f"MariaDB does not answer at {server.hostname}: {error}") from None
    with closing(connected), connected.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            with as_default(server._replace(path=f"/{name}").geturl(), **options) as database:
                yield database
        finally:
            cursor.execute(f"DROP DATABASE {name}")


@contextmanager
def as_default(url: str, **options: object) -> Iterator[BaseDatabaseWrapper]:
    """Let ``default`` be the database of an address, for every thread."""
    config = environ.Env.db_url_config(url) | {"OPTIONS": options, "CONN_MAX_AGE": 60}
    settings = connections.configure_settings({"default": config})["default"]
    database = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, "default")
    with ExitStack() as stack:
        # The settings are for other threads.
        stack.callback(connections.settings.__setitem__, "default", connections.settings["default"])
        stack.callback(connections.__setitem__, "default", connections["default"])
        stack.callback(ContentType.objects.clear_cache)
        stack.callback(database.close)
        connections.settings["default"] = settings
        connections["default"] = database
        ContentType.objects.clear_cache()
        yield database


def compare(task: Task, few: Archive, many: Archive) -> Iterator[Figure]:
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
    yield Figure(name=f"{task.name}_p95_ms", value=p95 * 1000, better="lower", unit="ms")


def queries(task: Task, asked: Archive) -> list[str]:
    """Return the statements of a task that was done once before, so that what is read for good is known."""
    connections["default"] = asked.database
    task.work(asked)
    with CaptureQueriesContext(connection) as captured:
        task.work(asked)
    return [str(query["sql"]) for query in captured]


@contextmanager
def _filled(size: int) -> Iterator[Archive]:
    with postgresql() as database:
        moderator = archive.fill(size)
        client = Client()
        client.force_login(moderator)
        yield Archive(database, moderator, client)
