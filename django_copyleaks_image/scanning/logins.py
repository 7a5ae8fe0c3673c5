"""How often this site logs in, whatever cache it has: noted where every process finds it again.

Copyleaks allows 12 logins in 15 minutes and then refuses the account for 5.
See https://docs.copyleaks.com/reference/actions/account/login/.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from django_copyleaks_image.copyleaks.login_limit import limit_logins
from django_copyleaks_image.models import account_row

from . import account, clock

# Some are left for whoever logs in by hand, or with the same account elsewhere.
LIMIT = 10
# And some for the workers, by whoever only looks whether all is well.
SPARING_LIMIT = 4
WINDOW = timedelta(minutes=15)
TRIES = 20

_limit = ContextVar("_limit", default=LIMIT)


def admit() -> float:
    """Note a login that is about to be sent and return 0, or return the seconds until one more may be."""
    for _ in range(TRIES):
        now = clock.now().timestamp()
        noted = account.state().logins
        recent = _recent(noted, now)
        if len(recent) >= _limit.get():
            return max(1.0, min(recent) + WINDOW.total_seconds() - now)
        if account_row().filter(logins=noted).update(logins=",".join(f"{it:.0f}" for it in (*recent, now))):
            return 0.0
    return 1.0


@contextmanager
def sparing() -> Iterator[None]:
    """Let the block log in only while few logins were noted, so that enough are left for the workers."""
    token = _limit.set(SPARING_LIMIT)
    try:
        yield
    finally:
        _limit.reset(token)


def lately() -> int:
    """Return how many logins were noted within :data:`WINDOW`."""
    return len(_recent(account.state().logins, clock.now().timestamp()))


def _recent(noted: str, now: float) -> list[float]:
    """Return when logins were noted; what lies ahead was noted while the database showed another time."""
    return [it for it in map(float, filter(None, noted.split(","))) if now - WINDOW.total_seconds() < it <= now + 1]


def take_back() -> None:
    """Forget the newest login that was noted: it has not left."""
    for _ in range(TRIES):
        noted = account.state().logins
        if account_row().filter(logins=noted).update(logins=noted.rpartition(",")[0]):
            return


def connect() -> None:
    """Have every login of this process counted."""
    limit_logins(admit, take_back)
