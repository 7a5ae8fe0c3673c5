"""What is repeated: races and connections that turned out to be gone, and nothing else."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError, connection, connections, transaction

from django_copyleaks_image import transactions
from django_copyleaks_image.models import AccountState
from django_copyleaks_image.transactions import TRIES, atomically, repeated
from tests.driver_errors import raised

pytestmark = pytest.mark.django_db(transaction=True)

THREADS, EACH = 6, 5


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


def failing(errors: list[Exception]) -> Callable[[], str]:
    left: Iterator[Exception] = iter(errors)

    def work() -> str:
        for error in left:
            raise error
        return "done"

    return work


def test_races__are_repeated_some_time_apart(pauses: list[float]) -> None:
    lost = [raised(OperationalError(), "deadlock detected", sqlstate="40P01") for _ in range(TRIES - 1)]

    assert atomically(failing(list(lost))) == "done"
    assert len(pauses) == TRIES - 1
    assert len(set(pauses)) > TRIES / 2


def test_races__end_in_the_error(pauses: list[float]) -> None:
    with pytest.raises(OperationalError):
        atomically(failing([raised(OperationalError(), 1213, "Deadlock") for _ in range(TRIES)]))


def test_lock_that_takes_the_database_long__is_not_waited_for_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "LONGEST", -1.0)

    with pytest.raises(OperationalError):
        atomically(failing([raised(OperationalError(), 1205, "Lock wait timeout")]))


def test_error_of_the_statement__is_raised_at_once(pauses: list[float]) -> None:
    with pytest.raises(OperationalError):
        atomically(failing([raised(OperationalError(), "disk full", sqlstate="53100")]))
    assert pauses == []


def test_within_a_transaction__nothing_is_repeated() -> None:
    with pytest.raises(OperationalError), transaction.atomic():
        repeated(failing([raised(OperationalError(), 1213, "Deadlock")]))


def test_connection_that_is_gone__is_replaced_once() -> None:
    gone = raised(OperationalError(), "server closed the connection unexpectedly")

    assert atomically(failing([gone])) == "done"
    with pytest.raises(OperationalError):
        atomically(failing([gone, gone]))


def test_connection_that_is_gone__is_closed_before_the_next_try() -> None:
    seen = []

    def work() -> None:
        AccountState.objects.exists()
        seen.append(connection.connection)
        if len(seen) == 1:
            connection.errors_occurred = True
            raise raised(OperationalError(), "server closed the connection unexpectedly")

    repeated(work)

    assert seen[0] is not seen[1]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="has no server that could close it")
def test_connection_that_the_server_has_closed__is_replaced() -> None:
    def mine() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()" if connection.vendor == "postgresql" else "SELECT CONNECTION_ID()")
            return int(cursor.fetchone()[0])

    number = mine()

    def kill() -> None:
        words = "SELECT pg_terminate_backend(%s)" if connection.vendor == "postgresql" else "KILL %s"
        with connection.cursor() as cursor:
            cursor.execute(words, [number])
        connection.close()

    killer = threading.Thread(target=kill)
    killer.start()
    killer.join()

    assert atomically(mine) != number


def test_transactions_that_meet_under_repeatable_read__are_all_made() -> None:
    AccountState.objects.create()

    def read_and_write() -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            spent = AccountState.objects.get().budget_spent
        else:
            spent = AccountState.objects.select_for_update().get().budget_spent
        AccountState.objects.update(budget_spent=spent + 1)

    errors: list[Exception] = []

    def run() -> None:
        try:
            for _ in range(EACH):
                atomically(read_and_write)
        except OperationalError as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert AccountState.objects.get().budget_spent == THREADS * EACH
