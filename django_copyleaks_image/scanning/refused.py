"""Counts callbacks that are refused although Copyleaks seems to send them, since each is the result of a paid scan.

A token that was not made with this ``SECRET_KEY``, for a scan that waits for its result, tells that the key was
changed; a good one for a scan that is not there, that the database is older than the scan. The caller learns nothing.
"""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from time import monotonic

from django.db.models import Case, F, Value, When
from django.utils import timezone

from django_copyleaks_image.models import account_row, scans

from . import account

logger = logging.getLogger(__name__)

# Looked for in the database by one process: a flood costs it no more than that, and is counted as that many.
LOOKS, PERIOD_SECONDS = 20, 60.0

_SCAN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class _Allowance:
    """What this process may still look for in the present period."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._left = 0
        self._ends = 0.0

    def take(self) -> bool:
        with self._lock:
            now = monotonic()
            if now >= self._ends:
                self._left, self._ends = LOOKS, now + PERIOD_SECONDS
            self._left -= 1
            return self._left >= 0

    def renew(self) -> None:
        self._ends = 0.0


allowance = _Allowance()


def note_wrong_token(scan_id: str) -> None:
    """Count a callback whose token is wrong, if its scan waits for a result."""
    if _SCAN_ID.fullmatch(scan_id):
        _note("wrong_tokens", lambda: scans().awaiting_result(timezone.now()).filter(scan_id=scan_id).exists())


def note_unknown_scan() -> None:
    """Count a callback whose token is good, but whose scan is not there."""
    _note("unknown_scans", lambda: True)


def lately() -> tuple[int, int]:
    """Return how many callbacks had a wrong token, and how many were about unknown scans, today or yesterday."""
    row = account.state()
    since = timezone.now().date() - timedelta(days=1)
    return (
        row.wrong_tokens if row.wrong_tokens_on and row.wrong_tokens_on >= since else 0,
        row.unknown_scans if row.unknown_scans_on and row.unknown_scans_on >= since else 0,
    )


def _note(kind: str, is_ours: Callable[[], bool]) -> None:
    """Add one to today's number of a kind, whatever goes wrong: the caller gets the answer of every stranger."""
    if not allowance.take():
        return
    try:
        if is_ours():
            _add_one(kind)
    except Exception:
        logger.exception("A callback that was refused could not be counted.", extra={"event": "refusal_not_counted"})


def _add_one(kind: str) -> None:
    today = timezone.now().date()
    account.state()
    # MariaDB assigns from left to right, so the day comes last.
    account_row().update(
        **{
            kind: Case(When(**{f"{kind}_on": today}, then=F(kind) + 1), default=Value(1)),
            f"{kind}_on": today,
        }
    )
