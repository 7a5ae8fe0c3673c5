"""What a save and a deletion cost in statements is what the documentation says."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from django_copyleaks_image import standing_columns
from django_copyleaks_image.testing import CopyleaksResults
from tests.gallery.models import Listing
from tests.samples import upload

DOCUMENT = Path(__file__).parents[2] / "docs" / "testing.rst"
Work = Callable[[Listing], object]


def new() -> Listing:
    return Listing.objects.create(front=upload())


def replace(listing: Listing) -> None:
    listing.front = upload("other.jpg")
    listing.save()


def delete_with_queryset(listing: Listing) -> None:
    Listing.objects.filter(pk=listing.pk).delete()


# What is done to an object that has a measured picture, by the words of the table.
STEPS: dict[str, Work] = {
    "A new object with a file": lambda _: new(),
    "A new object without a file": lambda _: Listing.objects.create(),
    "Saved with the same file": lambda listing: listing.save(),
    "Saved with ``update_fields`` that leave the file out": lambda listing: listing.save(update_fields=["published"]),
    "Saved with another file": replace,
    "``delete()``": lambda listing: listing.delete(),
    "``QuerySet.delete()`` of one object": delete_with_queryset,
    "``bulk_create()``": lambda _: Listing.objects.bulk_create([Listing(front="listings/a.jpg")]),
    "``QuerySet.update()``": lambda listing: Listing.objects.filter(pk=listing.pk).update(front="listings/a.jpg"),
}


def documented() -> dict[str, tuple[int, int]]:
    """Return the rows of the table: what is done, and the statements outside of a transaction and within."""
    rows = re.findall(r"^(\S.*?) {2,}(\d+) {2,}(\d+)$", DOCUMENT.read_text(), re.MULTILINE)
    return {what: (int(outside), int(within)) for what, outside, within in rows}


@pytest.fixture
def statements(watch: Callable[..., None], configure: Callable[..., None]) -> Callable[[Work, bool], int]:
    """Count what the app adds to a step: with it on, less with it off."""
    watch(Listing, "front")
    standing_columns.due()  # Content types are asked for once.

    def count(work: Work, within: bool) -> int:
        counted = []
        for enabled in (True, False):
            configure(ENABLED=enabled)
            listing = new()
            CopyleaksResults().measured(listing, "front")
            around: AbstractContextManager[Any] = transaction.atomic() if within else nullcontext()
            with around, CaptureQueriesContext(connection) as queries:
                work(listing)
            counted.append(len(queries))
        return counted[0] - counted[1]

    return count


def test_table__has_every_step() -> None:
    assert set(documented()) == set(STEPS)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", STEPS)
def test_step__costs_what_the_table_says(what: str, statements: Callable[[Work, bool], int]) -> None:
    assert (statements(STEPS[what], False), statements(STEPS[what], True)) == documented().get(what)
