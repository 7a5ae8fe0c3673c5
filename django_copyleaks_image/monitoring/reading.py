"""What is read of the rows to tell how scans go.

Every query reads an index and a bounded number of rows, and none writes.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, IntegerField, Min, QuerySet, Subquery

from django_copyleaks_image.models import AccountState, account_row, images, receipts, scans
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import account
from django_copyleaks_image.standings import Queue

# So many are counted. Whoever sees one more knows that there are more.
COUNTED = 100_000


class Waiting(NamedTuple):
    """How many wait, :data:`COUNTED` + 1 for more than are counted, and since when the first of them does."""

    number: int
    since: datetime | None

    def seconds(self, now: datetime) -> float:
        """Return for how long the first one waits, 0 when none does, or is not due before."""
        return seconds_since(self.since, now) or 0.0


class _Highest(Subquery):
    """The highest number of credits among some rows."""

    template = "(SELECT MAX(newest.credits) FROM (%(subquery)s) newest)"
    output_field = IntegerField()


def seconds_since(moment: datetime | None, now: datetime) -> float | None:
    """Return for how long something is past; clocks that differ make it 0, and not less."""
    return None if moment is None else max(0.0, (now - moment) / timedelta(seconds=1))


def waiting(rows: QuerySet[Any], column: str) -> Waiting:
    """Count rows by a column that an index has in order, and that all of them have; nothing but the index is read."""
    first = rows.order_by(column)[: COUNTED + 1]
    return Waiting(*first.aggregate(number=Count(column), since=Min(column)).values())


def waiting_for_people(queue: Queue) -> Waiting:
    """Count the pictures in a queue of the desk, without those of the sandbox.

    In two queries, since the index that has the sandbox does not have the order: what is counted by the other is read
    row by row, and a desk may be tens of thousands behind.
    """
    rows = images().filter(queue=queue, sandbox=False)
    oldest = rows.order_by("queued_at").values_list("queued_at", flat=True)
    return Waiting(rows.order_by()[: COUNTED + 1].count(), oldest.first())


def awaited() -> Waiting:
    """Return the scans whose results are awaited, and since when the first of them was sent."""
    return waiting(scans().filter(status=Status.SUBMITTED), "submitted_at")


def unjudged() -> Waiting:
    """Return the callbacks that are not judged yet, and since when the first of them is due."""
    return waiting(receipts().unjudged(), "judging_due_at")


class Account(NamedTuple):
    """The row of the account, and what is left of today's budget, None without one."""

    row: AccountState
    budget_left: int | None


def read_account() -> Account:
    """Read the account and the price of a scan at once; before the first worker there is no row, and no price."""
    found = account_row().annotate(price=_Highest(account.latest_prices())).first()
    row: AccountState = found or AccountState()
    return Account(row, account.left_of_budget(row, max(1, (found and found.price) or 1)))
