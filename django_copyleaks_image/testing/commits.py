"""What waits for a commit that a test never makes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from django_copyleaks_image.models import home_database


@contextmanager
def done_at_once() -> Iterator[None]:
    """Do at the end of the block what it has left for a commit, so that the project hears its signals.

    A ``TestCase`` rolls back what it is in and never commits. What the test itself had left before stays left, and is
    counted by ``captureOnCommitCallbacks``; what is done here is not. Whatever a callback raises is raised here.
    """
    connection = connections[home_database()]
    before = len(connection.run_on_commit)
    yield
    while len(connection.run_on_commit) > before:
        left: tuple[Any, ...] = connection.run_on_commit.pop(before)
        left[1]()
