"""Fixtures for pytest, found by its entry point: nothing of the app is imported before a test asks for one.

A project without the app, or without Django, pays for nothing but this module.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .testing import CopyleaksEmulator, CopyleaksResults


@pytest.fixture
def copyleaks_emulator() -> "Iterator[CopyleaksEmulator]":
    """A local Copyleaks that the settings are pointed at; ``copyleaks_emulator.work()`` brings scans to their end.

    The test asks for the database itself, by pytest-django's ``db`` or any other way.
    """
    from .testing import CopyleaksEmulator  # noqa: PLC0415

    with CopyleaksEmulator() as emulator:
        yield emulator


@pytest.fixture
def copyleaks_results() -> "CopyleaksResults":
    """Give an object a result, a failure or a decision in one line, without HTTP.

    The test asks for the database itself, by pytest-django's ``db`` or any other way.
    """
    from .testing import CopyleaksResults  # noqa: PLC0415

    return CopyleaksResults()
