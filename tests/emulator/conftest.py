from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from django_copyleaks_image.emulator import Emulator

from .client import Client
from .receiver import Receiver

Start = Callable[..., Client]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def start(receiver: Receiver) -> Iterator[Start]:
    """Start an emulator with the given options, and a client for it."""
    with ExitStack() as running:

        def start(**options: Any) -> Client:
            options = {"latency": 0, "webhook_retries": (0.01, 0.01, 0.01), **options}
            emulator = running.enter_context(Emulator(**options))
            return running.enter_context(Client(emulator, receiver))

        yield start


@pytest.fixture(scope="session")
def refusing() -> Iterator[Client]:
    """A client for requests that leave nothing behind, because they are refused: its emulator is shared."""
    with Receiver() as receiver, Emulator(login_limit=0) as emulator, Client(emulator, receiver) as client:
        yield client


@pytest.fixture
def client(start: Start) -> Client:
    return start()
