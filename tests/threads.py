"""Several pieces of work at the same moment, each in a thread with a connection of its own."""

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def together(*works: Callable[[], T]) -> list[T]:
    """Run the works at the same moment in threads, and return what they return; raise what one of them raises."""
    start = threading.Barrier(len(works))
    results: list[T] = []
    errors: list[Exception] = []

    def run(work: Callable[[], T]) -> None:
        try:
            connections["default"].ensure_connection()  # Else the threads would meet there, one by one.
            start.wait()
            results.append(work())
        except Exception as error:  # noqa: BLE001 - raised in the test below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
