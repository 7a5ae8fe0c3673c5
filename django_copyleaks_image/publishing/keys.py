"""Compares columns of the project's tables with what the watched images have noted of them as text."""

from typing import Any

from django.db import router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, CharField, Func, Lookup, Subquery
from django.db.models.functions import Cast
from django.db.models.sql.compiler import SQLCompiler

from django_copyleaks_image.models import WatchedImage, home_database


class Exactly(Func):
    """A column of any type and collation as the app writes it, equal byte by byte or not at all.

    It belongs on the project's side of a comparison, where it leaves indexes of ours usable.
    """

    output_field = CharField()
    template = "CAST(%(expressions)s AS text)"

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        # With a collation of the project's own, the index of ours, which has the default one, is not used.
        return self.as_sql(compiler, connection, template=f'{self.template} COLLATE "default"')

    def as_mysql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        # MariaDB refuses to compare columns of two collations, and by most of them "a" equals "A".
        return self.as_sql(compiler, connection, template="CONVERT(%(expressions)s USING utf8mb4) COLLATE utf8mb4_bin")


class AsText(Exactly):
    """A column that is compared with one of a watched image.

    Raises ValueError when the query runs in another database than the one that holds them.
    """

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **context: Any) -> Any:
        if not knows_scans(connection.alias):
            raise ValueError(
                f"The scans are in the database {home_database()!r}, and this query runs in {connection.alias!r}, "
                f"which cannot ask for them. Use standing() and prefetch_standings() for these objects, or give their "
                f"model a PictureStandingField, which the worker fills."
            )
        return super().as_sql(compiler, connection, *args, **context)


class _Pair(Func):
    template = "(%(expressions)s)"
    output_field = CharField()


class AreAmong(Lookup):
    """Whether file name and integer key of an object are those of one of these watched images.

    Both are compared at once, so that a database finds the objects by the images, or all of them in one pass. As a
    lookup it is compared with no boolean, for which MariaDB would look at each object.
    """

    lookup_name = "among"

    def __init__(self, name: AsText, key: Any, *, rows: Any) -> None:
        keys = rows.values("file_name", key=Cast("object_id", BigIntegerField()))
        super().__init__(_Pair(name, key), Subquery(keys))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        (pair, pair_values), (rows, values) = compiler.compile(self.lhs), compiler.compile(self.rhs)
        return f"{pair} IN {rows}", [*pair_values, *values]


def knows_scans(alias: str) -> bool:
    """Return whether a database holds the scans, or, as the routers' ``allow_relation`` says, is a replica of it."""
    home = home_database()
    return alias == home or bool(router.allow_relation(_a_row_in(alias), _a_row_in(home)))


def _a_row_in(alias: str) -> WatchedImage:
    row = WatchedImage()
    row._state.db = alias
    return row
