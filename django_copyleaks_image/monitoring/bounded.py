"""Asks the database, and does not wait for ever for the answer."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import TypeVar

from django.db import connections

from django_copyleaks_image import tenants
from django_copyleaks_image.models import home_database

T = TypeVar("T")

SECONDS = 5.0
# Whoever asks again and again, while nothing answers, leaves no more threads than these behind.
_places = BoundedSemaphore(4)


class NoAnswer(Exception):
    """The database has not answered in time."""


def within(seconds: float, ask: Callable[[], T]) -> T:
    """Return what ``ask`` returns, asked in a thread with a connection of its own; raise what it raises.

    Raises :class:`NoAnswer` after the time. No driver has a limit for everything: a host that takes packets and never
    answers, a server that hangs, a lock of a migration. Within a transaction, whose changes no other connection sees,
    it is asked right here.
    """
    if connections[home_database()].in_atomic_block:
        return ask()
    if not _places.acquire(timeout=seconds):
        raise NoAnswer
    answers: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()
    Thread(target=tenants.carried(_asked), args=(ask, answers), name="copyleaks monitoring", daemon=True).start()
    try:
        found, error = answers.get(timeout=seconds)
    except Empty:
        raise NoAnswer from None
    if error is not None:
        raise error
    return found  # type: ignore[return-value]


def _asked(ask: Callable[[], T], answers: "SimpleQueue[tuple[T | None, BaseException | None]]") -> None:
    answer: tuple[T | None, BaseException | None]
    try:
        try:
            answer = ask(), None
        finally:
            connections.close_all()
    except BaseException as error:  # noqa: BLE001 - raised where it was asked
        answer = None, error
    _places.release()
    answers.put(answer)
