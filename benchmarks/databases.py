"""A database for one run: a file in its folder, or one of its own on a PostgreSQL server that may be restarted."""

import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.processes import RunFailed

# A value of RESTART_DATABASE instead of a command.
TERMINATE = "terminate"
RESTART_SECONDS = 60
TERMINATIONS, TERMINATION_PAUSE = 5, 0.3
LOCAL_HOSTS = frozenset({"", "localhost", "127.0.0.1", "::1"})


class Database(Protocol):
    url: str

    def restart(self) -> str:
        """Take the database away for a moment and return how; "" when there is no server."""
        ...


class SqliteFile:
    """A file: there is no server to be restarted."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'chaos.sqlite3'}"

    def restart(self) -> str:
        return ""


class PostgresqlDatabase:
    """A database with a name of its own on a server that may serve others, too."""

    def __init__(self, server: str, *, restart_command: str | None) -> None:
        self.name = f"chaos_{os.getpid()}_{secrets.token_hex(4)}"
        self._server = server
        self.url = urlsplit(server)._replace(path=f"/{self.name}").geturl()
        self._restart_command = restart_command

    def create(self) -> None:
        self._execute(f'CREATE DATABASE "{self.name}"')

    def drop(self) -> None:
        self._execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def restart(self) -> str:
        """Restart the server; one that is not ours to restart loses the connections to this database instead."""
        command = self._restart_command
        if command is None:
            command = _debian_restart(self._server)
        if not command or command == TERMINATE:
            return self._terminate()
        done = subprocess.run(command, shell=True, check=False, capture_output=True, text=True, timeout=RESTART_SECONDS)
        if done.returncode:
            raise RunFailed(f"{command} ended with status {done.returncode}: {done.stderr.strip()}")
        self._wait()
        return command

    def _terminate(self) -> str:
        for _ in range(TERMINATIONS):
            self._execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'")
            time.sleep(TERMINATION_PAUSE)
        return f"all its connections terminated {TERMINATIONS} times, for the server itself is not ours to restart"

    def _wait(self) -> None:
        import psycopg  # noqa: PLC0415 - as below

        deadline = time.monotonic() + RESTART_SECONDS
        while True:
            try:
                self._execute("SELECT 1")
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

    def _execute(self, statement: Any) -> None:
        import psycopg  # noqa: PLC0415 - a run on SQLite does not need it

        with closing(psycopg.connect(self._server, autocommit=True)) as connection:
            connection.execute(statement)


@contextmanager
def own_database(folder: Path, *, server: str, restart_command: str | None) -> Iterator[Database]:
    """Provide an empty database, and remove it at the end; ``server`` is a database URL, "" means SQLite.

    Raises RunFailed for any other kind of server.
    """
    scheme = urlsplit(server).scheme
    if scheme in ("", "sqlite"):
        yield SqliteFile(folder)
    elif scheme in ("postgres", "postgresql"):
        database = PostgresqlDatabase(server, restart_command=restart_command)
        database.create()
        try:
            yield database
        finally:
            database.drop()
    else:
        raise RunFailed(f"DATABASE_URL names {scheme}; the run knows SQLite and PostgreSQL.")


def _debian_restart(server: str) -> str:
    """Return the command that restarts a local server as Debian's root; "" when it is neither."""
    parts = urlsplit(server)
    if os.geteuid() != 0 or (parts.hostname or "") not in LOCAL_HOSTS:
        return ""
    try:
        listed = subprocess.run(["pg_lsclusters", "--no-header"], capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return ""
    for version, cluster, port, *_ in map(str.split, listed.stdout.splitlines()):
        if int(port) == (parts.port or 5432):
            return f"pg_ctlcluster --skip-systemctl-redirect {version} {cluster} restart"
    return ""
