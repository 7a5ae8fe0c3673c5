"""Who admits the logins of this process, and counts them: nobody until :func:`limit_logins` names somebody."""

from collections.abc import Callable
from typing import TypeAlias

Admit: TypeAlias = Callable[[], float]
"""Notes a login that is about to be sent and returns 0, or the seconds until one more may be."""
TakeBack: TypeAlias = Callable[[], None]
"""Forgets a login that was noted and has certainly not left."""

_admit: Admit = lambda: 0.0  # noqa: E731
_take_back: TakeBack = lambda: None  # noqa: E731


def limit_logins(admit: Admit, take_back: TakeBack) -> None:
    """Have every login of this process admitted by somebody who remembers those of all processes."""
    global _admit, _take_back
    _admit, _take_back = admit, take_back


def admit() -> float:
    """Note a login that is about to be sent and return 0, or return the seconds until one more may be."""
    return _admit()


def take_back() -> None:
    """Forget a login that was noted and has certainly not left."""
    _take_back()
