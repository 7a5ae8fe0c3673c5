"""Empty databases beside that of the tests, on the same server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from django.db import connection

# Takes aliases and returns names by alias.
OwnDatabases: TypeAlias = Callable[..., dict[str, str]]


@contextmanager
def empty_database(alias: str, folder: Path) -> Iterator[str]:
    """Make an empty database and yield its name; it is dropped afterwards."""
    if connection.vendor == "sqlite":
        yield str(folder / f"{alias}.sqlite3")
        return
    name = f"{connection.settings_dict['NAME']}_{alias}"
    quoted = connection.ops.quote_name(name)
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {quoted}")
        cursor.execute(f"CREATE DATABASE {quoted}")
    try:
        yield name
    finally:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {quoted}")
