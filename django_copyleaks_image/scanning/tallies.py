"""Counts what happens, once it is committed, into numbers that only grow, see :mod:`.monitoring`.

Each is one UPDATE in a transaction of its own, so that nothing that happens waits for others that count the same, and
none fails for it. A process that is killed between a commit and this loses one.
"""

from bisect import bisect_left
from datetime import timedelta

from django.db.models import F

from django_copyleaks_image import tenants
from django_copyleaks_image.models import ImageScan, Tally, home_database, tallies
from django_copyleaks_image.models.receipt import Outcome
from django_copyleaks_image.models.scan import Lane, Spent, Status
from django_copyleaks_image.models.tally import What
from django_copyleaks_image.outcomes import Code, follows
from django_copyleaks_image.transactions import repeated

# Upper bounds in seconds; most results come within a minute, and a backfill may take days.
BUCKETS = (2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400)
BEYOND = "inf"
# What the provider names by a number that is in no list: there may be any number of them.
OTHER = "other"


def submitted(scan: ImageScan) -> None:
    """Count that the provider has taken a picture."""
    _after_commit(What.SUBMITTED, sandbox=scan.sandbox)


def judged(outcome: Outcome, *, sandbox: bool) -> None:
    """Count a callback, or a synchronous answer, by what became of it."""
    _after_commit(What.CALLBACK, outcome, sandbox=sandbox)


def failed(scan: ImageScan, code: str) -> None:
    """Count a try that failed, by what follows from it."""
    _after_commit(What.ERROR, follows(code), sandbox=scan.sandbox)


def completed(scan: ImageScan, verdict: str, passed: timedelta) -> None:
    """Count a scan with its verdict, and how long that took from the request on."""
    _after_commit(What.ENDED, Status.COMPLETED, verdict, sandbox=scan.sandbox)
    seconds = max(0.0, passed.total_seconds())
    place = bisect_left(BUCKETS, seconds)
    bucket = str(BUCKETS[place]) if place < len(BUCKETS) else BEYOND
    _after_commit(What.LATENCY, Lane(scan.lane).name.lower(), bucket, sandbox=scan.sandbox, amount=seconds)


def ended(scan: ImageScan, status: Status, code: str) -> None:
    """Count a scan that failed or was skipped."""
    _after_commit(What.ENDED, status, code if code in Code.values else OTHER, sandbox=scan.sandbox)


def spent(credits_charged: int, spent_as: Spent) -> None:
    """Count credits when they are spent; what is corrected later is in the ledger."""
    if credits_charged > 0:
        _after_commit(What.CREDITS, spent_as, sandbox=False, amount=credits_charged)


def _after_commit(what: What, kind: str = "", code: str = "", *, sandbox: bool, amount: float = 0.0) -> None:
    def count() -> None:
        repeated(lambda: _count(what, str(kind), str(code), sandbox=sandbox, amount=amount))

    # One that fails is logged, and changes nothing of what has happened.
    tenants.after_commit(count, using=home_database())


def _count(what: What, kind: str, code: str, *, sandbox: bool, amount: float) -> None:
    row = tallies().filter(what=what, kind=kind, code=code, sandbox=sandbox)
    more = {"number": F("number") + 1, "amount": F("amount") + amount}
    if not row.update(**more):
        tallies().bulk_create([Tally(what=what, kind=kind, code=code, sandbox=sandbox)], ignore_conflicts=True)
        row.update(**more)
