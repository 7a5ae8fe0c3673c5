"""What a backfill leaves to others: it takes its turn only where nothing that is saved now has to wait for it.

Whatever is claimed takes a slot of the account's, some of its budget, and a place among those that wait for a first
result. So the lane alone is not enough: of each of these, something is kept for what comes.
"""

from datetime import timedelta
from math import ceil

from django_copyleaks_image.conf import conf

from . import account, evidence, rate

# Slots further ahead than this are not taken for a backfill.
HORIZON = timedelta(seconds=1.5)
# The share of the day's budget that is left to others.
BUDGET_KEPT = 0.2


def room() -> int:
    """Return how many scans of a backfill may be claimed now."""
    left = account.budget_left()
    if left is not None and left <= BUDGET_KEPT * (conf.DAILY_BUDGET or 0):
        return 0
    free = HORIZON - rate.taken_ahead()
    if free <= timedelta(0) or evidence.window_is_full(for_backfill=True):
        return 0
    return ceil(conf.RATE_LIMIT * free.total_seconds())
