"""How long results lately took, and how long one is therefore waited for before it counts as lost."""

from datetime import timedelta
from math import ceil

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import results

# The results that are looked at, the newest first, and how many of them say something about the next.
RESULTS = 100
ENOUGH_RESULTS = 10
# What is waited at least while nothing is known. A longer deadline than the other is never made longer still.
UNKNOWN, LONGEST = timedelta(minutes=1), timedelta(hours=1)
# One in ten results takes longer than this share of them; the slowest one alone may have waited for a restart of ours.
_SHARE = 0.9
_MARGIN = 2


def advised() -> timedelta | None:
    """Return a deadline that results would have kept lately, None as long as there are too few to tell."""
    longest = usual()
    return None if longest is None else _MARGIN * longest


def usual() -> timedelta | None:
    """Return what all but one in ten of the last results took at most.

    None as long as there are fewer than :data:`ENOUGH_RESULTS`. Reads the newest rows by their keys.
    """
    newest = results().order_by("-pk")
    times = newest.values_list("received_at", "receipt__scan__submitted_at")[:RESULTS]
    # None for the results of receipts that were pruned.
    latencies = sorted(max(received - submitted, timedelta(0)) for received, submitted in times if submitted)
    if len(latencies) < ENOUGH_RESULTS:
        return None
    return latencies[ceil(_SHARE * len(latencies)) - 1]


def patience() -> timedelta:
    """Return how long after its submission a result counts as lost: :setting:`RESULT_DEADLINE`, or longer.

    A deadline that results do not keep would have each picture paid twice, so one below an hour gives way to what is
    :func:`advised`.
    """
    deadline = timedelta(seconds=conf.RESULT_DEADLINE)
    if deadline >= LONGEST:
        return deadline
    return max(deadline, min(advised() or UNKNOWN, LONGEST))


def longest_patience() -> timedelta:
    """Return what :func:`patience` is at most, whatever results took lately."""
    return max(timedelta(seconds=conf.RESULT_DEADLINE), LONGEST)
