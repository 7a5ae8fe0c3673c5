"""The list, the review queue and the overview with a thousand scans and with a million."""

from collections.abc import Iterator
from functools import partial

from django.core.cache import cache

from benchmarks.archives import Archive, Task, both, compare, queries
from benchmarks.figures import Figure
from django_copyleaks_image.reviewing import queue
from django_copyleaks_image.reviewing.queue import Order, Selection

SCANS = "/admin/copyleaks_image/imagescan/"
PICTURES = "/admin/copyleaks_image/watchedimage/"
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
    yield Figure(name="lists_more_queries", value=grown, goal=0, better="lower", unit="queries")


def _tasks() -> Iterator[Task]:
    for name, address in LISTS.items():
        work = partial(_get, address)
        yield Task(name=f"list_{name}", work=work, times=2)
    for order in Order:
        yield Task(name=f"queue_{order}", work=partial(_take, order), times=2)
    yield Task(name="overview", work=_overview, times=50)


def _get(address: str, asked: Archive) -> None:
    response = asked.client.get(address)
    assert response.status_code == 200, response.status_code


def _overview(asked: Archive) -> None:
    cache.clear()
    _get(f"{SCANS}overview/", asked)


def _take(order: Order, asked: Archive) -> None:
    chosen = Selection(order=order)
    queue.count(chosen, asked.moderator)
    taken = queue.take(chosen, asked.moderator, want=3, besides=(), visible=lambda page: page).images
    assert len(taken) == 3, taken
