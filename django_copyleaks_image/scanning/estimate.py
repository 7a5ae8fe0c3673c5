"""What it takes to scan many files, before they are queued: what of them is refused, shared or paid, and how long.

Files are read for that, but no more than a sample of them, chosen at random; nothing is sent to Copyleaks.
"""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import ImageScan

from . import account, copies, paid_results, paykey, prepare, unmeasured
from .backlog import File

# Files that are read.
SAMPLE = 200


@dataclass(slots=True)
class Estimate:
    """How many files there are, and what was found out of those that were looked at.

    ``refused`` counts the outcome codes of files that would not be sent, ``unread`` those that could not be read now,
    ``shared`` those whose bytes were paid before, or are those of another one.
    """

    files: int = 0
    looked_at: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unread: int = 0
    shared: int = 0
    price: int = 1

    @property
    def to_be_paid(self) -> int:
        """Return how many files are sent; of what was not looked at, as large a share as of what was."""
        if not self.looked_at:
            return self.files
        paid = self.looked_at - self.refused.total() - self.shared
        return ceil(self.files * paid / self.looked_at)

    @property
    def credits(self) -> int:
        return 0 if conf.SANDBOX else self.to_be_paid * self.price

    @property
    def duration(self) -> timedelta:
        """Return how long it takes at the account's rate, without the uploads that go first."""
        return timedelta(seconds=ceil(self.to_be_paid / conf.RATE_LIMIT))

    @property
    def days_of_budget(self) -> int:
        """Return on how many days it is sent, by the budget that a backfill may use; 1 without one, 0 if never."""
        if conf.DAILY_BUDGET is None or not self.credits:
            return 1
        a_day = conf.DAILY_BUDGET // self.price * self.price
        return ceil(self.credits / a_day) if a_day else 0


def estimate(files: Iterable[File], *, sample: int = SAMPLE) -> Estimate:
    """Count files, and look at a sample of them."""
    found = Estimate(price=account.price_of_a_scan())
    chosen: list[File] = []
    for file in files:
        found.files += 1
        if len(chosen) < sample:
            chosen.append(file)
        elif (place := random.randrange(found.files)) < sample:  # noqa: S311 - which files are looked at is no secret
            chosen[place] = file
    keys: set[str] = set()
    for file in chosen:
        _look_at(file, found, keys)
    return found


def _look_at(file: File, found: Estimate, keys: set[str]) -> None:
    found.looked_at += 1
    try:
        facts = prepare.measure(file.picture())
    except unmeasured.Skipped as skipped:
        found.refused[skipped.code] += 1
    except (unmeasured.Replaced, unmeasured.SharedFailed):
        found.unread += 1
    else:
        key = _content_key(facts)
        if key in keys or paid_results.result_of(key) is not None:
            found.shared += 1
        keys.add(key)


def _content_key(facts: prepare.Facts) -> str:
    """Return what would be bought by the settings of now."""
    scan = ImageScan(sha256=facts.sha256, byte_size=facts.byte_size)
    unmeasured.note_picture(scan, facts.picture)
    copies.note_order(scan, facts.copy)
    paykey.decide_purchase(scan)
    return scan.content_key
