"""Database connections that the threads of a worker share: each has one only while it speaks with the database.

A thread that waits for the network, for the storage or for its slot gives its connection to the next. So a worker
needs as many as speak at the same moment, a few for any number of threads, and opens none anew for that. Where the
database refuses, it goes on with fewer.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from django.db import Error as AnyDatabaseError
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from . import tenants
from .database_errors import Trouble, trouble_of

# Of a worker that is told nothing else.
DEFAULT_THREADS = 8
# How many threads for one connection, and how many there are at least: for claims, receipts, rounds and a scan.
THREADS_EACH, AT_LEAST = 2, 4
# After a refusal: seconds until one more is tried, and in which further refusals are the same one.
GROWTH_SECONDS, SAME_REFUSAL_SECONDS = 30.0, 2.0
# Whoever has the connections may wait for the very thread that waits for one: the limit is not worth a deadlock.
PATIENCE_SECONDS = 5.0
# Longer than from one look at the queue to the next, or each look would connect anew.
IDLE_SECONDS = 3.0
# Where ``CONN_MAX_AGE`` allows none, so that a connection is made every now and then and not for every query.
SHORTEST_AGE_SECONDS = 10.0

_of_thread = threading.local()


@dataclass
class _Idle:
    """The connections that one thread had, by their aliases."""

    connections: dict[str, BaseDatabaseWrapper]
    since: float = field(default_factory=time.monotonic)

    def close(self) -> None:
        for connection in self.connections.values():
            _close(connection)


def wanted_for(threads: int) -> int:
    """Return how many connections a worker with so many threads uses at most."""
    return max(AT_LEAST, threads // THREADS_EACH)


def limit_of(alias: str) -> int | None:
    """Return how many connections Django's own pool allows, None when there is none.

    https://docs.djangoproject.com/en/stable/ref/databases/#connection-pool
    """
    # A router may name a database that is not there, which E020 tells.
    pool = connections.settings.get(alias, {}).get("OPTIONS", {}).get("pool")
    if not pool:
        return None
    options = pool if isinstance(pool, dict) else {}
    # The default of psycopg_pool; without a largest size it stays at the smallest.
    smallest: int = options.get("min_size", 4)
    return max(smallest, options.get("max_size") or smallest)


# How many connections the account has at most; 0, -1 and no row say that nothing but the server limits them.
_ACCOUNT_LIMIT = {
    # https://www.postgresql.org/docs/current/view-pg-roles.html
    "postgresql": "SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user",
    # https://mariadb.com/kb/en/server-system-variables/#max_user_connections
    "mysql": "SELECT @@max_user_connections",
}


def limit_of_account(alias: str) -> int | None:
    """Return how many connections the database lets this account have at a time, None when it names no limit.

    Raises a database error where the database does not answer.
    """
    statement = _ACCOUNT_LIMIT.get(connections[alias].vendor)
    if statement is None:
        return None
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    return row[0] if row and row[0] > 0 else None


class ConnectionPool:
    """At most ``limit`` threads at a time have connections; fewer for a while after the database refused one."""

    def __init__(self, limit: int) -> None:
        self._limit = self._most = max(1, limit)
        self._out = 0
        self._idle: list[_Idle] = []
        self._changed = threading.Condition()
        self._refused_at = self._grows_at = 0.0
        self._keeps_none = False

    @contextmanager
    def checked_out(self) -> Iterator[None]:
        """Let this thread have connections in the block, and notice when the database refuses one."""
        self._check_out()
        try:
            yield
        except AnyDatabaseError as error:
            if trouble_of(error) is Trouble.REFUSED:
                self._shrink()
            raise
        finally:
            self._check_in()

    def close_idle(self, *, longer_than: float = IDLE_SECONDS) -> None:
        """Close what nobody has needed for a while."""
        until = time.monotonic() - longer_than
        with self._changed:
            # The one that was given back last is taken first, so the others grow old.
            idle = [each for each in self._idle if each.since <= until]
            self._idle = [each for each in self._idle if each.since > until]
        for each in idle:
            each.close()

    def keep_none(self) -> None:
        """Have each connection closed that is given back from now on, by a thread that hung for example."""
        self._keeps_none = True

    def _shrink(self) -> None:
        now = time.monotonic()
        with self._changed:
            if now - self._refused_at > SAME_REFUSAL_SECONDS:
                self._limit = max(1, self._limit // 2)
            self._refused_at, self._grows_at = now, now + GROWTH_SECONDS
        self.close_idle(longer_than=0)

    def _check_out(self) -> None:
        with self._changed:
            if self._limit < self._most and time.monotonic() >= self._grows_at:
                self._limit += 1
                self._grows_at = time.monotonic() + GROWTH_SECONDS
            self._changed.wait_for(lambda: self._out < self._limit, timeout=PATIENCE_SECONDS)
            self._out += 1
            taken = self._idle.pop() if self._idle else _Idle({})
        _of_thread.pool = self
        with tenants.kept():
            for alias, connection in taken.connections.items():
                connections[alias] = connection
                _refresh(connection, was_idle_for=time.monotonic() - taken.since)

    def _check_in(self) -> None:
        _of_thread.pool = None
        sound = _take_from_thread()
        with self._changed:
            self._out -= 1
            if sound and not self._keeps_none:
                self._idle.append(_Idle(sound))
            self._changed.notify()
        if self._keeps_none:
            _Idle(sound).close()


@contextmanager
def checked_in() -> Iterator[None]:
    """Let others have this thread's connections while the block waits for something else than the database.

    Does nothing for a thread that has none of a :class:`ConnectionPool`, or that is in a transaction.
    """
    pool: ConnectionPool | None = getattr(_of_thread, "pool", None)
    if pool is None or any(connection.in_atomic_block for connection in connections.all(initialized_only=True)):
        yield
        return
    pool._check_in()
    try:
        yield
    finally:
        # What the block has opened all the same, such as a storage that keeps its files in a database.
        _Idle(_take_from_thread()).close()
        pool._check_out()


def _take_from_thread() -> dict[str, BaseDatabaseWrapper]:
    """Take the connections from this thread and return those that another one can go on with."""
    sound = {}
    # The storages and caches of tenants ask for whom they are, also while nobody speaks with the database.
    with tenants.kept():
        for connection in connections.all(initialized_only=True):
            del connections[connection.alias]
            if connection.errors_occurred or connection.in_atomic_block:
                _close(connection)
            elif connection.connection is not None:
                if not connection.allow_thread_sharing:
                    connection.inc_thread_sharing()
                sound[connection.alias] = connection
    return sound


def _close(connection: BaseDatabaseWrapper) -> None:
    # Some drivers complain about a connection that is broken already.
    with suppress(AnyDatabaseError):
        connection.close()


def _refresh(connection: BaseDatabaseWrapper, *, was_idle_for: float) -> None:
    """Close a connection that is too old, as ``CONN_MAX_AGE`` says; have one that was idle looked at, if wished."""
    close_at = connection.close_at
    if close_at is not None and time.monotonic() > close_at + SHORTEST_AGE_SECONDS:
        connection.close_if_unusable_or_obsolete()
    elif was_idle_for > 1:
        connection.health_check_done = False  # type: ignore[attr-defined]
