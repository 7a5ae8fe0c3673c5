"""A few connections for many threads: each has one only while it speaks with the database."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction

from django_copyleaks_image import connection_pool
from django_copyleaks_image.connection_pool import ConnectionPool, checked_in, limit_of, wanted_for
from django_copyleaks_image.models import ImageScan
from tests.driver_errors import raised

pytestmark = pytest.mark.django_db(transaction=True)

WITHIN = 10.0


@pytest.fixture
def pool() -> Iterator[ConnectionPool]:
    pool = ConnectionPool(2)
    yield pool
    pool.close_idle(longer_than=0)


def in_thread(work: Callable[[], object]) -> None:
    """Run the work in a thread of its own, and raise what it raises."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(WITHIN)
    assert not thread.is_alive()
    if errors:
        raise errors[0]


def use() -> Any:
    """Ask the database for something, and return the connection of its driver."""
    ImageScan.objects.exists()
    return connections["default"].connection


def test_threads__take_turns_with_one_connection(pool: ConnectionPool) -> None:
    used = []

    def work() -> None:
        with pool.checked_out():
            used.append(use())

    for _ in range(4):
        in_thread(work)

    assert len({id(each) for each in used}) == 1


def test_thread_that_waits__leaves_its_connection_to_others(pool: ConnectionPool) -> None:
    used = []

    def short() -> None:
        with pool.checked_out():
            used.append(use())

    def long() -> None:
        with pool.checked_out():
            used.append(use())
            with checked_in():
                assert not [each for each in connections.all(initialized_only=True) if each.connection]
                in_thread(short)
            used.append(use())

    in_thread(long)

    assert len({id(each) for each in used}) == 1


def test_transaction__keeps_its_connection(pool: ConnectionPool) -> None:
    def work() -> None:
        with pool.checked_out(), transaction.atomic():
            own = use()
            with checked_in():
                assert connections["default"].connection is own

    in_thread(work)


def test_outside_a_pool__nothing_is_given_away() -> None:
    def work() -> None:
        own = use()
        with checked_in():
            assert connections["default"].connection is own
        connections.close_all()

    in_thread(work)


def test_what_is_opened_while_waiting__is_closed(pool: ConnectionPool) -> None:
    opened = []

    def work() -> None:
        with pool.checked_out(), checked_in():
            use()
            opened.append(connections["default"])

    in_thread(work)

    assert [each.connection for each in opened] == [None]


def test_connection_on_which_something_failed__is_not_lent(pool: ConnectionPool) -> None:
    failed = []

    def work() -> None:
        with pool.checked_out():
            use()
            failed.append(connections["default"])
            connections["default"].errors_occurred = True

    in_thread(work)

    assert failed[0].connection is None


def test_limit__makes_the_next_thread_wait_but_not_for_ever(
    pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_pool, "PATIENCE_SECONDS", 0.2)
    entered = threading.Semaphore(0)
    go_on = threading.Event()

    def work() -> None:
        with pool.checked_out():
            entered.release()
            go_on.wait()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert entered.acquire(timeout=WITHIN)
        assert entered.acquire(timeout=WITHIN)
        assert not entered.acquire(timeout=0.1)
        # Those before may wait for this very thread.
        assert entered.acquire(timeout=WITHIN)
    finally:
        go_on.set()
    for thread in threads:
        thread.join(WITHIN)


def refuse(pool: ConnectionPool) -> None:
    with pytest.raises(OperationalError), pool.checked_out():
        raise raised(OperationalError(), 1203, "max_user_connections")


def test_refusal__lets_go_of_what_is_idle_and_goes_on_with_fewer_until_there_are_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = ConnectionPool(4)
    idle = []

    def work() -> None:
        with pool.checked_out():
            use()
            idle.append(connections["default"])

    def work_beside_another() -> None:
        with pool.checked_out():
            use()
            in_thread(work)

    in_thread(work_beside_another)
    in_thread(lambda: refuse(pool))
    in_thread(lambda: refuse(pool))  # Of the same moment.

    assert idle[0].connection is None
    assert pool._limit == 2
    monkeypatch.setattr(connection_pool, "SAME_REFUSAL_SECONDS", -1.0)
    for _ in range(3):
        in_thread(lambda: refuse(pool))
    assert pool._limit == 1
    in_thread(work)
    assert pool._limit == 1
    monkeypatch.setattr(connection_pool, "GROWTH_SECONDS", 0.0)
    pool._grows_at = 0.0
    for _ in range(5):
        in_thread(work)
    assert pool._limit == 4
    pool.close_idle(longer_than=0)


def test_other_errors__cost_no_connection(pool: ConnectionPool) -> None:
    def work() -> None:
        with pytest.raises(OperationalError), pool.checked_out():
            raise raised(OperationalError(), 1213, "Deadlock")

    in_thread(work)

    assert pool._limit == 2


def test_idle_connections__are_closed_after_a_while(pool: ConnectionPool) -> None:
    used = []

    def work() -> None:
        with pool.checked_out():
            use()
            used.append(connections["default"])

    in_thread(work)
    pool.close_idle()
    assert used[0].connection is not None
    pool.close_idle(longer_than=0)
    assert used[0].connection is None


def test_old_connections__are_replaced_now_and_then_and_not_at_each_turn(
    pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []

    def work() -> None:
        with pool.checked_out():
            connections["default"].settings_dict["CONN_MAX_AGE"] = 0
            used.append(use())

    in_thread(work)
    in_thread(work)
    assert used[0] is used[1]
    monkeypatch.setattr(connection_pool, "SHORTEST_AGE_SECONDS", -1.0)
    in_thread(work)
    assert used[2] is not used[1]


@pytest.mark.parametrize(
    ("option", "limit"),
    [(None, None), (False, None), (True, 4), ({}, None), ({"min_size": 2}, 2), ({"min_size": 2, "max_size": 9}, 9)],
)
def test_pool_of_django(option: object, limit: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {**connections.settings["default"]["OPTIONS"], "pool": option}
    monkeypatch.setitem(connections.settings["default"], "OPTIONS", options)

    assert limit_of("default") == limit


def test_a_few__for_any_number_of_threads() -> None:
    assert [wanted_for(threads) for threads in (1, 8, 16, 64)] == [4, 4, 8, 32]
