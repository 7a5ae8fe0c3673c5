from collections.abc import Callable

import pytest

from django_copyleaks_image.copyleaks.client import Client, Submission
from django_copyleaks_image.scanning import circuit

from .fake_provider import Provider


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, configure: Callable[..., None]) -> Provider:
    """Let submissions go to a provider that the test scripts, and not over the network."""
    provider = Provider()

    def take(client: Client, submission: Submission) -> None:
        provider.take(submission)

    monkeypatch.setattr(Client, "submit", take)
    monkeypatch.setattr(Client, "log_in", lambda client: None)
    monkeypatch.setattr(Client, "credits", lambda client: provider.credits_left())
    configure(RATE_LIMIT=1000)
    return provider


@pytest.fixture
def only_the_picture_is_at_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the evidence say of every failure that nothing else is at fault."""
    monkeypatch.setattr(circuit, "failed", lambda *arguments, **named: True)
