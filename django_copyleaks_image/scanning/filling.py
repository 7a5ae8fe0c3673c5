"""The columns of the project's own in which the app keeps how pictures stand: filled once, and made right again.

What a process writes of a picture that it has just changed is in :mod:`~django_copyleaks_image.standing_columns`;
here is what is left to the worker.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from django_copyleaks_image import standing_columns
from django_copyleaks_image.models import StandingColumn, column_progress, home_database, images

from . import clock
from .isolation import isolated

BATCH = 200
# So many seconds a sweep takes for either of its steps.
SECONDS = 3.0


def write_due() -> None:
    """Write the columns of pictures whose process died, whose object was held, or which were changed many at a time."""
    ends_at = time.monotonic() + SECONDS
    due = images().filter(column_due_at__isnull=False).order_by("column_due_at")
    while batch := list(due[:BATCH]):
        right: set[int] = set()
        with isolated("write the standing of %s pictures into the project's tables", len(batch)):
            right = standing_columns.write(batch)
        # What is held comes last the next time.
        for image in batch:
            if image.pk not in right:
                images().filter(pk=image.pk, column_due_at=image.column_due_at).update(column_due_at=clock.now())
        if not right or len(batch) < BATCH or time.monotonic() > ends_at:
            return


def mend(pks: Sequence[int]) -> None:
    """Write the columns that say something else of these pictures than their rows do."""
    if standing_columns.columns():
        standing_columns.write(standing_columns.differing(images().filter(pk__in=pks)))


def carry_on() -> None:
    """Fill the columns that are not filled yet, for some seconds."""
    ends_at = time.monotonic() + SECONDS
    for filling in unfilled():
        with isolated("fill %s", filling.label):
            while time.monotonic() < ends_at and filling.step():
                pass


def unfilled() -> list["Filling"]:
    """Return what is still to be filled."""
    found = (Filling(owner=owner, field_name=name) for owner, name in standing_columns.columns())
    return [filling for filling in found if not filling.is_done]


def begin_anew() -> None:
    """Trust no column any more: rows, or columns, are older than they were."""
    column_progress().update(after=0, filled_at=None)
    standing_columns.forget_filled()


@dataclass(frozen=True, kw_only=True, slots=True)
class Filling:
    """One column that is being filled, in the order in which its pictures got their rows."""

    owner: type[Model]
    field_name: str

    @property
    def label(self) -> str:
        return f"{self.owner._meta.label}.{standing_columns.columns()[self.owner, self.field_name]}"

    @property
    def is_done(self) -> bool:
        return self._row().filled_at is not None

    def step(self) -> bool:
        """Write the next columns; return False when all are right, or the next ones are held by the project."""
        after = self._row().after
        batch = list(standing_columns.of_field(self.owner, self.field_name).filter(pk__gt=after).order_by("pk")[:BATCH])
        if not batch:
            self._note(filled_at=clock.now())
            return False
        right = standing_columns.write(batch)
        # One that is held is waited for: from the end on queries trust the column.
        upto = after
        for image in batch:
            if image.pk not in right:
                break
            upto = image.pk
        self._note(after=upto)
        return upto == batch[-1].pk

    def _note(self, **columns: object) -> None:
        column_progress().filter(pk=self._row().pk).update(**columns)

    def _row(self) -> StandingColumn:
        content_type = ContentType.objects.db_manager(home_database()).get_for_model(self.owner)
        return column_progress().get_or_create(content_type=content_type, field_name=self.field_name)[0]
