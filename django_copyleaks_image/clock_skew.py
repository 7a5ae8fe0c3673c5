"""Times in rows that other processes wait for: one that is further ahead than it can honestly be is no mark.

A clock that was wrong once, on one machine, would otherwise stop everybody until the time comes that it has written.
"""

from datetime import datetime, timedelta

from django.db.models import Q

# How far the clocks of two machines may be apart without a word.
APART = timedelta(seconds=20)


def is_ahead(moment: datetime, now: datetime, *, longest: timedelta = timedelta(0)) -> bool:
    """Return whether a mark that lies at most ``longest`` ahead when it is made was made by a wrong clock."""
    return moment > now + longest + APART


def ahead(field: str, now: datetime, *, longest: timedelta = timedelta(0)) -> Q:
    """Return the condition for what :func:`is_ahead` tells of a column."""
    return Q((f"{field}__gt", now + longest + APART))


def has_passed(field: str, now: datetime, *, longest: timedelta) -> Q:
    """Return the condition that the time in a column has come, or was never a mark."""
    return Q((f"{field}__lte", now)) | ahead(field, now, longest=longest)


def is_recent(field: str, now: datetime, *, within: timedelta) -> Q:
    """Return the condition that something was done lately, by a column that says when."""
    return Q((f"{field}__gt", now - within)) & ~ahead(field, now)
