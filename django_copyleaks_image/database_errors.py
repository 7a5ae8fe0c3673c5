"""What an error of the database means, told by the codes of its driver, and its own words for people."""

import re
from enum import Enum
from typing import Any

from django.db import DataError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from django.db import Error as AnyDatabaseError

WORDS_LENGTH = 200
# Connection strings and URLs that a driver may quote.
_SECRET = re.compile(r"(?i)\b(password|passwd|pwd)\s*=\s*\S+|://[^\s/@]+@")


class Trouble(Enum):
    """What to do about an error."""

    RACE = "another transaction was faster: the same again may succeed at once"
    LOST = "the connection is gone: a new one may be had at once"
    REFUSED = "there are no connections left: let go of some"
    DOWN = "nobody can connect: wait"
    FULL = "its disk is full: make room"
    MISSING = "a table or column is missing: run migrate"
    OTHER = "whatever else"


# The state of the server does not change because this process starts anew.
OUT_OF_REACH = frozenset({Trouble.REFUSED, Trouble.DOWN})

# https://www.postgresql.org/docs/current/errcodes-appendix.html; 08006 and the like are told by their class.
_POSTGRESQL = {
    "40001": Trouble.RACE,  # Serialisation failure; under REPEATABLE READ any UPDATE may meet it.
    "40P01": Trouble.RACE,  # Deadlock.
    "55P03": Trouble.RACE,  # lock_timeout
    "53300": Trouble.REFUSED,
    "57P01": Trouble.LOST,  # An administrator has ended the connection, or the server.
    "57P02": Trouble.LOST,
    "57P03": Trouble.DOWN,  # It starts, or shuts down.
    "57P05": Trouble.LOST,  # idle_session_timeout
    "25P03": Trouble.LOST,  # idle_in_transaction_session_timeout
    "53100": Trouble.FULL,
    "42P01": Trouble.MISSING,
    "42703": Trouble.MISSING,
}
# https://mariadb.com/kb/en/mariadb-error-code-reference/
_MARIADB = {
    1020: Trouble.RACE,  # The row has changed since it was read: innodb_snapshot_isolation.
    1205: Trouble.RACE,  # Lock wait timeout.
    1213: Trouble.RACE,  # Deadlock.
    1040: Trouble.REFUSED,
    1203: Trouble.REFUSED,  # max_user_connections of the server
    1226: Trouble.REFUSED,  # and of the account
    1053: Trouble.LOST,
    1927: Trouble.LOST,
    2006: Trouble.LOST,
    2013: Trouble.LOST,
    2055: Trouble.LOST,
    4031: Trouble.LOST,
    2002: Trouble.DOWN,
    2003: Trouble.DOWN,
    2005: Trouble.DOWN,
    1021: Trouble.FULL,
    1114: Trouble.FULL,  # Also of a table in memory, and of one of a fixed size.
    1146: Trouble.MISSING,
    1054: Trouble.MISSING,
}
# https://www.sqlite.org/rescode.html
_SQLITE = {5: Trouble.RACE, 6: Trouble.RACE, 13: Trouble.FULL}
# Where a driver gives no code: while it connects, and for a connection that it knows to be closed. psycopg has
# PostgreSQL's words, which may be translated; what is not known then counts as down, which asks for patience.
_WORDS = (
    (Trouble.REFUSED, re.compile(r"(?i)too many (?:connections|clients)|connection slots|couldn't get a connection")),
    (
        Trouble.LOST,
        re.compile(
            r"(?i)server closed the connection|connection (?:is|was|has been|already) (?:closed|lost)"
            r"|terminating connection|consuming input failed|ssl connection has been closed|lost synchronization"
        ),
    ),
    (Trouble.MISSING, re.compile(r"(?i)no such (?:table|column)")),
    (Trouble.DOWN, re.compile(r"(?i)connection failed|connection to server|could not connect|connection refused")),
)

_ADVICE = {Trouble.MISSING: "Run migrate", Trouble.FULL: "Make room on its disk"}


def trouble_of(error: AnyDatabaseError) -> Trouble:
    """Return what an error of Django's means.

    One without a driver's error behind it was raised by this package, to have a transaction repeated.
    """
    cause: Any = error.__cause__
    if cause is None:
        return _by_words(error) or (Trouble.RACE if isinstance(error, OperationalError) else Trouble.OTHER)
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if state:
        return _POSTGRESQL.get(state, Trouble.LOST if state.startswith("08") else Trouble.OTHER)
    sqlite = getattr(cause, "sqlite_errorcode", None)
    if sqlite is not None and sqlite & 0xFF in _SQLITE:
        return _SQLITE[sqlite & 0xFF]
    code = cause.args[0] if cause.args else None
    if isinstance(code, int) and code in _MARIADB:
        return _MARIADB[code]
    return _by_words(error) or Trouble.OTHER


def _by_words(error: AnyDatabaseError) -> Trouble | None:
    if not isinstance(error, OperationalError | InterfaceError | ProgrammingError):
        return None
    words = str(error)
    return next((trouble for trouble, pattern in _WORDS if pattern.search(words)), None)


def told(error: AnyDatabaseError) -> str:
    """Return an error in the database's own words, on one bounded line without secrets, and what would mend it.

    What is about values, such as a duplicate key, quotes them: of that only the kind is told.
    """
    name = type(error).__name__
    if isinstance(error, DataError | IntegrityError):
        return name
    # MariaDB's first argument is a number. The lines after the first may quote the statement or the row, but for what
    # psycopg says of a connection, whose second line has the reason.
    lines = " ".join(map(str, error.args[1:] or error.args)).strip().splitlines() or [""]
    first = " ".join(lines[:2]) if lines[0].startswith("connection") else lines[0]
    words = " ".join(_SECRET.sub("[hidden]", first).split())[:WORDS_LENGTH].rstrip(".")
    advice = _ADVICE.get(trouble_of(error), "")
    return ". ".join(filter(None, (f"{name}: {words}" if words else name, advice)))
