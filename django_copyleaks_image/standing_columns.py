"""The columns of the project's own models in which the app keeps how pictures stand.

A watched image is changed first and marked as due in the same UPDATE; its column is written after that commit. Whoever
writes holds the project's row, and reads ours only then: so whoever writes last has read last. Nobody waits for the
project's row who holds one of ours, and of several rows of the project nobody waits for any.
"""

import functools
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.db.models import Case, F, Model, Q, QuerySet, Value, When
from django.utils import timezone

from . import tenants
from .conf import conf
from .fields import PictureStandingField
from .models import WatchedImage, column_progress, home_database, images
from .standings import STANDINGS, Standing
from .transactions import repeated
from .verdicts import Verdict

# Before the name of the file: of a result, and of a mock of the sandbox.
_REAL, _MOCK = ":", "~"
# How most columns of most sites begin.
COMMONEST = f"{Verdict.NO_AI}/{Standing.CLEAN}{_REAL}"
# So many seconds a person's decision waits for a row that the project holds; afterwards the worker writes the column.
PATIENCE = 3.0
_PAUSE = 0.05
# So many seconds a process believes that a column is filled, which only a restored database takes back.
_BELIEVED = 60.0
# By tenant as well, each of which has rows of its own.
_filled: dict[tuple[str, type[Model], str], float] = {}


@functools.cache
def columns() -> dict[tuple[type[Model], str], str]:
    """Return the names of the columns, by model and name of the picture's field."""
    return {
        (model, field.picture): field.name
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_fields
        if isinstance(field, PictureStandingField)
    }


def of_field(owner: type[Model], field_name: str) -> QuerySet[WatchedImage]:
    """Return the watched images of a field."""
    return images().filter(content_type=_content_type(owner), field_name=field_name)


def text_of(image: WatchedImage) -> str:
    """Return what a column holds of a watched image."""
    return f"{image.verdict}/{image.standing}{_MOCK if image.sandbox else _REAL}{image.file_name}"


def beginnings(standings: Collection[Standing], verdicts: Collection[Verdict] = tuple(Verdict)) -> list[str]:
    """Return how the columns begin that say one of these, the commonest first.

    Those of mocks count only while ``SANDBOX`` is on.
    """
    found = [
        f"{verdict}/{standing}{mark}"
        for mark in ((_REAL, _MOCK) if conf.SANDBOX else (_REAL,))
        for standing in Standing
        for verdict in Verdict
        if standing in standings and verdict in verdicts
        if verdict is not Verdict.NOT_MEASURED or not STANDINGS[standing].is_by_verdict
    ]
    return sorted(found, key=lambda beginning: beginning != COMMONEST)


def is_known_to_be_filled(owner: type[Model], field_name: str) -> bool:
    """Return what :func:`is_filled` has lately found, without asking."""
    return _filled.get((tenants.current(), owner, field_name), 0.0) > time.monotonic()


def is_filled(owner: type[Model], field_name: str) -> bool:
    """Return whether the column of a field says what is known of all its pictures; asked for once a minute at most."""
    if is_known_to_be_filled(owner, field_name):
        return True
    found = column_progress().filter(content_type=_content_type(owner), field_name=field_name, filled_at__isnull=False)
    if found.exists():
        _filled[tenants.current(), owner, field_name] = time.monotonic() + _BELIEVED
        return True
    return False


def forget_filled() -> None:
    """Ask anew which columns are filled."""
    _filled.clear()


def due() -> dict[str, Any]:
    """Return what every UPDATE of standing or file of watched images sets besides: that their columns are due."""
    if not columns():
        return {}
    has_column = Q()
    for owner, name in columns():
        has_column |= Q(content_type=_content_type(owner), field_name=name)
    return {"column_due_at": Case(When(has_column, then=Value(timezone.now())), default=F("column_due_at"))}


def due_of(row: Any) -> dict[str, Any]:
    """Return what an INSERT of the watched image of a scan sets besides."""
    return {"column_due_at": timezone.now()} if _has_column(row) else {}


def write_after_commit(row: Any, *, patience: float = 0.0) -> None:
    """Write the column of the picture of a scan, or of a watched image, once all is committed that it depends on.

    A process that dies in between leaves it due, and so does whoever finds the project's row held; the sweep writes it.
    """
    if _has_column(row):
        tenants.after_commit(lambda: _write_due(row, patience), using=home_database())


def _write_due(row: Any, patience: float) -> None:
    for image in images().same_target(row).filter(column_due_at__isnull=False):
        # In another database the object may be saved, or not, by a transaction of the project's that is still open.
        alias = image.database if image.database in connections else home_database()
        tenants.after_commit(partial(write, [image], patience=patience), using=alias)


def write(found: Iterable[WatchedImage], *, patience: float = 0.0) -> set[int]:
    """Write the columns of watched images, and return the keys of those that are right then.

    The others are held by the project, for longer than ``patience`` seconds.
    """
    ends_at = time.monotonic() + patience
    waiting = {image.pk: image for image in found}
    settled: set[int] = set()
    while True:
        for column, group in _by_column(waiting.values()):
            settled |= repeated(partial(_write, *column, group))
        waiting = {pk: image for pk, image in waiting.items() if pk not in settled}
        if not waiting or time.monotonic() > ends_at:
            return settled
        time.sleep(_PAUSE)


def differing(found: Collection[WatchedImage]) -> list[WatchedImage]:
    """Return those of watched images whose column says something else: it was filled, loaded or restored by others."""
    return [
        image
        for (owner, column, database), group in _by_column(found)
        if owner is not None
        for keys in [_keys(owner, group)]
        for key, held in owner._base_manager.using(database).filter(pk__in=keys).values_list("pk", column)
        for image in [keys[key]]
        if held != text_of(image)
    ]


_Column = tuple[type[Model] | None, str, str]


def _by_column(found: Iterable[WatchedImage]) -> Iterator[tuple[_Column, list[WatchedImage]]]:
    """Yield watched images by model, name and database of their column; without a model where there is none."""
    groups: dict[tuple[int, str, str], list[WatchedImage]] = defaultdict(list)
    for image in found:
        groups[image.content_type_id, image.field_name, image.database].append(image)
    for (content_type, name, database), group in groups.items():
        owner = _model(content_type)
        column = columns().get((owner, name)) if owner else None
        yield (owner if column and database in connections else None, column or "", database), group


def _write(owner: type[Model] | None, column: str, database: str, found: list[WatchedImage]) -> set[int]:
    keys = {} if owner is None else _keys(owner, found)
    right = {image.pk for image in found} - {image.pk for image in keys.values()}
    present = images().in_bulk(right)
    if owner is not None and keys:
        with transaction.atomic(using=database):
            rows = owner._base_manager.using(database)
            held = _hold(rows.filter(pk__in=keys), column)
            present |= images().in_bulk([keys[key].pk for key in held])
            texts = {key: text_of(present[keys[key].pk]) for key in held if keys[key].pk in present}
            changed = {key: text for key, text in texts.items() if text != held[key]}
            _set(owner, column, database, changed)
            gone = keys.keys() - held.keys() - set(rows.filter(pk__in=keys).values_list("pk", flat=True))
        right |= {keys[key].pk for key in held} | {keys[key].pk for key in gone}
        present |= images().in_bulk([keys[key].pk for key in gone])
    for image in present.values():
        if image.column_due_at is not None:  # Whoever has changed it since has raised the version.
            unchanged = images().filter(pk=image.pk, version=image.version, column_due_at=image.column_due_at)
            unchanged.update(column_due_at=None)
    return right


def _hold(rows: QuerySet[Model], column: str) -> dict[Any, str | None]:
    """Hold those of the project's rows that nobody else holds, until the transaction ends; return their columns."""
    features = connections[rows.db].features
    if features.has_select_for_update:
        rows = rows.select_for_update(
            skip_locked=features.has_select_for_update_skip_locked, no_key=features.has_select_for_no_key_update
        )
    else:  # SQLite: whoever writes holds everything.
        rows.update(**{column: F(column)})
    return dict(rows.values_list("pk", column))


def _set(owner: type[Model], column: str, database: str, texts: dict[Any, str]) -> None:
    """Write columns by a statement each, all in one go: to make one with a CASE for each takes five times as long."""
    connection, primary = connections[database], owner._meta.pk
    names: list[Any] = [owner._meta.db_table, owner._meta.get_field(column).column, primary.column]  # type: ignore[union-attr]
    table, name, key = map(connection.ops.quote_name, names)
    values = [(text, primary.get_db_prep_value(pk, connection)) for pk, text in texts.items()]
    if values:
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {table} SET {name} = %s WHERE {key} = %s", values)  # noqa: S608 - model's names


def _keys(owner: type[Model], found: Iterable[WatchedImage]) -> dict[Any, WatchedImage]:
    keys = {}
    for image in found:
        try:
            keys[owner._meta.pk.to_python(image.object_id)] = image
        except ValidationError:  # The type of the key has changed since.
            continue
    return keys


def _has_column(row: Any) -> bool:
    return bool(columns()) and (_model(row.content_type_id), row.field_name) in columns()


def _model(content_type_id: int) -> type[Model] | None:
    return ContentType.objects.db_manager(home_database()).get_for_id(content_type_id).model_class()


def _content_type(owner: type[Model]) -> ContentType:
    return ContentType.objects.db_manager(home_database()).get_for_model(owner)
