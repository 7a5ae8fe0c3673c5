"""How often this site logs in, whatever cache it has: noted where every process finds it again.

Copyleaks allows 12 logins in 15 minutes and then refuses the account for 5.
See https://docs.copyleaks.com/reference/actions/account/login/.
"""

from datetime import timedelta

from django_copyleaks_image.copyleaks.token import limit_logins
from django_copyleaks_image.models import account_row

from . import account, clock

# Some are left for whoever logs in by hand, or with the same account elsewhere.
LIMIT = 10
WINDOW = timedelta(minutes=15)
TRIES = 20


def admit() -> float:
    """Note a login that is about to be sent and return 0, or return the seconds until one more may be."""
    for _ in range(TRIES):
        now = clock.now().timestamp()
        noted = account.state().logins
        # What lies ahead was noted while the database showed another time.
        recent = [
            it for it in map(float, filter(None, noted.split(","))) if now - WINDOW.total_seconds() < it <= now + 1
        ]
        if len(recent) >= LIMIT:
            return max(1.0, min(recent) + WINDOW.total_seconds() - now)
        if account_row().filter(logins=noted).update(logins=",".join(f"{it:.0f}" for it in (*recent, now))):
            return 0.0
    return 1.0


def take_back() -> None:
    """Forget the newest login that was noted: it has not left."""
    for _ in range(TRIES):
        noted = account.state().logins
        if account_row().filter(logins=noted).update(logins=noted.rpartition(",")[0]):
            return


def connect() -> None:
    """Have every login of this process counted."""
    limit_logins(admit, take_back)
