"""A line on a terminal that says how far something has come: too little for a dependency."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from time import monotonic
from typing import TypeVar

from django.core.management.base import OutputWrapper

Item = TypeVar("Item")
_INTERVAL = 0.2


def shown(items: Iterable[Item], out: OutputWrapper, *, total: int) -> Iterator[Item]:
    """Yield items, and say meanwhile how many of them there were, how many a second, and how long it takes; on
    anything but a terminal, nothing is said.
    """
    if not out.isatty():
        yield from items
        return
    begun = told = monotonic()
    count = 0
    try:
        for count, item in enumerate(items, 1):
            yield item
            if (now := monotonic()) - told >= _INTERVAL or count == total:
                told = now
                out.write(f"\r{line(count, total, now - begun)}\033[K", ending="")
                out.flush()
    finally:
        if count:
            out.write("")


def line(count: int, total: int, seconds: float) -> str:
    """Return how far it has come, in words."""
    rate = count / max(seconds, 0.001)
    left = timedelta(seconds=round(max(0, total - count) / rate))
    share = min(1.0, count / max(total, 1))
    bar = "#" * int(20 * share)
    return f"[{bar:<20}] {count:,} of {total:,} ({share:.0%}), {rate:,.0f} a second, {left} left"
