"""Rows that are read late where they are written."""

from typing import Any

from django.db import models, router


class ReadWhereWritten(models.Model):
    """Reads deferred columns from the database that is written to.

    Django asks the router for a database to read from, even for one column more of a row that is known already:
    a replica may not have the row yet.
    """

    class Meta:
        abstract = True

    def refresh_from_db(self, using: str | None = None, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(using or router.db_for_write(type(self), instance=self), *args, **kwargs)
