"""The list, the review queue and the overview with a thousand scans and with a million."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from statistics import median
from time import perf_counter

from django.core.cache import cache
from django.db import connections
from django.utils import timezone

from benchmarks.archives import Archive, Task, both, compare, queries
from benchmarks.figures import Figure, times
from django_copyleaks_image.models.day import About, day_of
from django_copyleaks_image.monitoring import numbers
from django_copyleaks_image.monitoring.health import read as health_of_rows
from django_copyleaks_image.reviewing import queue
from django_copyleaks_image.reviewing.queue import Order, Selection
from django_copyleaks_image.scanning import days

SCANS = "/admin/copyleaks_image/imagescan/"
PICTURES = "/admin/copyleaks_image/watchedimage/"
ACCOUNT = "/admin/copyleaks_image/accountstate/"
LAST_MONTH = timezone.now().replace(day=1) - timedelta(days=1)
LISTS = {
    "scans": SCANS,
    "scans_verdict": f"{SCANS}?verdict__exact=mostly_ai",
    "scans_status": f"{SCANS}?status__exact=superseded",
    "scans_stuck": f"{SCANS}?stuck=yes",
    "scans_sandbox": f"{SCANS}?sandbox__exact=1",
    "scans_field": f"{SCANS}?field=gallery.Listing.front",
    "scans_date": f"{SCANS}?created_at__gte=2020-01-01T00:00:00Z",
    "pictures": PICTURES,
    "pictures_verdict": f"{PICTURES}?verdict__exact=mostly_ai",
    "pictures_standing": f"{PICTURES}?standing=escalated",
    "pictures_queue": f"{PICTURES}?queue=review",
    "pictures_sandbox": f"{PICTURES}?sandbox__exact=1",
    "pictures_field": f"{PICTURES}?field=gallery.Listing.front",
    "pictures_date": f"{PICTURES}?uploaded_at__gte=2020-01-01T00:00:00Z",
}


def measure() -> Iterator[Figure]:
    grown = 0
    with both() as (few, many):
        for task in _tasks():
            grown = max(grown, len(queries(task, many)) - len(queries(task, few)))
            yield from compare(task, few, many)
        connections["default"] = many.database
        taken = median(times(_count_today, 5, perf_counter))
    yield Figure(name="lists_more_queries", value=grown, goal=0, better="lower", unit="queries")
    # Once a minute, by one worker of all.
    yield Figure(name="count_today_ms", value=taken * 1000, better="lower", unit="ms")


def _tasks() -> Iterator[Task]:
    for name, address in LISTS.items():
        work = partial(_get, address)
        yield Task(name=f"list_{name}", work=work, times=2)
    for order in Order:
        yield Task(name=f"queue_{order}", work=partial(_take, order), times=2)
    # Days are counted by the worker, of which a page shows the last, or those of a month.
    yield Task(name="overview", work=partial(_get_anew, f"{SCANS}overview/"), times=3)
    yield Task(name="overview_month", work=partial(_get_anew, f"{SCANS}overview/?month={LAST_MONTH:%Y-%m}"), times=3)
    yield Task(name="metrics", work=lambda asked: numbers.read(), times=2)
    yield Task(name="health", work=lambda asked: health_of_rows(), times=2)
    yield Task(name="ledger", work=partial(_get_anew, f"{ACCOUNT}spent/?month={LAST_MONTH:%Y-%m}"), times=3)


def _get(address: str, asked: Archive) -> None:
    response = asked.client.get(address)
    assert response.status_code == 200, response.status_code


def _get_anew(address: str, asked: Archive) -> None:
    cache.clear()
    _get(address, asked)


def _count_today() -> None:
    for about in About:
        days.count_anew(about, [day_of(about, timezone.now())])


def _take(order: Order, asked: Archive) -> None:
    chosen = Selection(order=order)
    queue.count(chosen, asked.moderator)
    taken = queue.take(chosen, asked.moderator, want=3, besides=(), visible=lambda page: page).images
    assert len(taken) == 3, taken
