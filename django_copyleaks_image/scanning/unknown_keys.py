"""Which keys of the vendor's payloads this version does not know, counted of what came last."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django_copyleaks_image.models import receipts

from . import clock

SEPARATOR = ", "
# Of the bodies that came last, how many are looked at, and how long ago they may have come.
NEWEST = 500
LATELY = timedelta(days=7)
# Keys that are named, those of most bodies first.
NAMED = 5


class UnknownKeys(NamedTuple):
    """How many of the bodies that came last have such keys, since when, and each key with the number of its bodies."""

    received: int
    odd: int
    since: datetime | None
    keys: Counter[str]

    @property
    def in_words(self) -> str:
        named = ", ".join(key for key, _ in self.keys.most_common(NAMED))
        return f"{named}, …" if len(self.keys) > NAMED else named


def joined(keys: Iterable[str]) -> str:
    """Return keys as a receipt stores them."""
    return SEPARATOR.join(keys)[:1500]


def lately() -> UnknownKeys:
    """Return what was noted of the last 500 bodies, of a week at most; a range of the index on their age."""
    came = receipts().filter(received_at__gt=clock.now() - LATELY).order_by("-received_at")
    found = list(came.values_list("unknown_keys", "received_at")[:NEWEST])
    odd = [(keys.split(SEPARATOR), received_at) for keys, received_at in found if keys]
    return UnknownKeys(
        received=len(found),
        odd=len(odd),
        since=min((received_at for _, received_at in odd), default=None),
        keys=Counter(key for keys, _ in odd for key in keys),
    )
