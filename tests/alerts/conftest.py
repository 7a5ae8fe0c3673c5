from collections.abc import Iterator
from typing import Any

import pytest

from django_copyleaks_image.alerts import lookout
from django_copyleaks_image.alerts.channels import SIGNALS
from django_copyleaks_image.models import AccountState


@pytest.fixture
def heard() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """What the receivers of all signals of alerts were told, by the names of the signals."""
    told: list[tuple[str, dict[str, Any]]] = []
    receivers = []
    for kind, signal in SIGNALS.items():

        def hear(signal: Any, sender: Any, _name: str = kind.value, **arguments: Any) -> None:
            told.append((_name, arguments))

        signal.connect(hear, sender=AccountState, weak=False)
        receivers.append((signal, hear))
    yield told
    for signal, hear in receivers:
        signal.disconnect(hear, sender=AccountState)


@pytest.fixture(autouse=True)
def _nobody_looked_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookout._Lookout, "next_at", 0.0)
