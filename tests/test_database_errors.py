"""What an error of the database means, and how it is told."""

import pytest
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
)
from django.db import Error as AnyDatabaseError

from django_copyleaks_image.database_errors import WORDS_LENGTH, Trouble, told, trouble_of
from tests.driver_errors import raised


@pytest.mark.parametrize(
    ("trouble", "states"),
    [
        (Trouble.RACE, ["40001", "40P01", "55P03"]),
        (Trouble.LOST, ["08006", "57P01", "57P05", "25P03"]),
        (Trouble.REFUSED, ["53300"]),
        (Trouble.DOWN, ["57P03"]),
        (Trouble.MISSING, ["42P01", "42703"]),
        (Trouble.FULL, ["53100"]),
        (Trouble.OTHER, ["57014", "25006", "23505"]),
    ],
)
def test_states_of_postgresql(trouble: Trouble, states: list[str]) -> None:
    assert {trouble_of(raised(OperationalError(), "…", sqlstate=state)) for state in states} == {trouble}
    assert {trouble_of(raised(OperationalError(), "…", pgcode=state)) for state in states} == {trouble}


@pytest.mark.parametrize(
    ("trouble", "codes"),
    [
        (Trouble.RACE, [1020, 1205, 1213]),
        (Trouble.LOST, [2006, 2013, 1927]),
        (Trouble.REFUSED, [1040, 1203, 1226]),
        (Trouble.DOWN, [2002, 2003]),
        (Trouble.MISSING, [1146, 1054]),
        (Trouble.FULL, [1021, 1114]),
        (Trouble.OTHER, [1062]),
    ],
)
def test_codes_of_mariadb(trouble: Trouble, codes: list[int]) -> None:
    assert {trouble_of(raised(OperationalError(), code, "…")) for code in codes} == {trouble}


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (Trouble.RACE, raised(OperationalError(), "database is locked", sqlite_errorcode=5)),
        (Trouble.RACE, raised(OperationalError(), "database table is locked", sqlite_errorcode=6)),
        (Trouble.RACE, raised(OperationalError(), "database is locked", sqlite_errorcode=5 | 2 << 8)),
        (Trouble.MISSING, raised(OperationalError(), "no such table: x", sqlite_errorcode=1)),
        (Trouble.FULL, raised(OperationalError(), "database or disk is full", sqlite_errorcode=13)),
        (Trouble.LOST, raised(OperationalError(), "server closed the connection unexpectedly\n\tThis probably …")),
        (Trouble.LOST, raised(OperationalError(), "consuming input failed: server closed the connection")),
        (Trouble.LOST, raised(InterfaceError(), "connection already closed")),
        (Trouble.LOST, raised(OperationalError(), "the connection is closed")),
        (Trouble.REFUSED, raised(OperationalError(), 'connection failed: FATAL:  too many connections for role "x"')),
        (Trouble.REFUSED, raised(OperationalError(), "connection failed: FATAL: sorry, too many clients already")),
        (Trouble.REFUSED, raised(OperationalError(), "couldn't get a connection after 30.00 sec")),
        (Trouble.DOWN, raised(OperationalError(), 'connection failed: connection to server at "10.0.0.1" refused')),
        # What a translated server says that is not known: patience, and no end of the process.
        (Trouble.DOWN, raised(OperationalError(), "connection failed: FATAL: zu viele Verbindungen")),
        (Trouble.OTHER, raised(IntegrityError(), "the connection is closed")),
        (Trouble.OTHER, raised(DataError(), "…")),
        # Raised by this package itself, see ends.Interrupted.
        (Trouble.RACE, OperationalError("something was decided meanwhile")),
    ],
)
def test_what_has_no_code(trouble: Trouble, error: AnyDatabaseError) -> None:
    assert trouble_of(error) is trouble


@pytest.mark.django_db(transaction=True)
def test_missing_table__of_this_database() -> None:
    with pytest.raises((OperationalError, ProgrammingError)) as refused, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM copyleaks_no_such_table")

    assert trouble_of(refused.value) is Trouble.MISSING
    assert told(refused.value).endswith("Run migrate")


def test_told__in_the_words_of_the_database() -> None:
    full = "could not extend file: No space left on device"
    disk = raised(OperationalError(), f"{full}\nHINT: …", sqlstate="53100")
    connecting = raised(OperationalError(), 'connection failed: connection to server at "::1" failed\nFATAL: too many')

    assert told(disk) == f"OperationalError: {full}. Make room on its disk"
    assert told(raised(OperationalError(), 1030, "Got error 5")) == "OperationalError: Got error 5"
    assert told(connecting).endswith("FATAL: too many")


@pytest.mark.parametrize(
    "error",
    [
        raised(OperationalError(), "database or disk is full", sqlite_errorcode=13),
        raised(OperationalError(), 'could not extend file "base/5/1": No space left on device', sqlstate="53100"),
        raised(OperationalError(), 1021, "Disk full (/tmp/#sql); waiting for someone to free some space..."),
        raised(OperationalError(), 1114, "The table 'copyleaks_image_imagescan' is full"),
    ],
)
def test_full_disk__is_told_with_its_cause(error: AnyDatabaseError) -> None:
    words = str(error.args[-1]).rstrip(".")

    assert trouble_of(error) is Trouble.FULL
    assert told(error) == f"OperationalError: {words}. Make room on its disk"


def test_damaged_database__is_told_in_its_words() -> None:
    malformed = raised(DatabaseError(), "database disk image is malformed", sqlite_errorcode=11)
    corrupt = raised(InternalError(), 'index "x" contains corrupted page at block 7', sqlstate="XX002")

    assert told(malformed) == "DatabaseError: database disk image is malformed"
    assert told(corrupt) == 'InternalError: index "x" contains corrupted page at block 7'


def test_told__without_secrets_or_values() -> None:
    dsn = raised(OperationalError(), "invalid dsn: postgres://photos:s3cret@db/x password=s3cret user=photos")
    duplicate = raised(IntegrityError(), 1062, "Duplicate entry 'private.jpg' for key 'x'")

    assert "s3cret" not in told(dsn)
    assert told(duplicate) == "IntegrityError"
    assert len(told(raised(OperationalError(), "x" * 10_000))) <= WORDS_LENGTH + 20
