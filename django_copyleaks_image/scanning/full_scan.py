"""Looks at everything again, a chunk at a time: what no signal told of, and no mark of keys can find.

One walk goes over the scans, whatever kind of key their objects have. It finds those whose object holds another file
by now, and those whose object or file is gone: deleted in SQL, by a cascade of the database, or by a process that died
before it could tell. Another goes over the objects of each field and finds those without any scan, but only once it
has met none from the start to the end: files from before the app are left to ``copyleaks_scan``.

Whoever comes to the end starts anew. A round reads the next :data:`CHUNK` rows by their primary key and asks about
them at once, so that it costs the same however long the tables are.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import DatabaseError, connections, router
from django.db.models import CompositePrimaryKey, Model, QuerySet

from django_copyleaks_image import registry
from django_copyleaks_image.models import ImageScan, account_row, home_database, scans
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.picture_fields import AnyPictureField, OneOfSeveral, PictureField
from django_copyleaks_image.watched_fields import Watched, WatchedColumn, WatchedField

from . import account, file_changes, finishing, owner_changes, scan_requests

logger = logging.getLogger(__name__)

CHUNK = 500

# By object and field: the name of the present file, "" without one, None without the object.
_Held = dict[tuple[str, str], str | None]


class _Row(NamedTuple):
    """What the walk knows of a scan."""

    pk: int
    content_type_id: int
    object_id: str
    field_name: str
    database: str
    file_name: str
    status: str
    error_code: str
    removed_at: datetime | None


@dataclass
class _FieldProgress:
    """How far the walk over the objects of a field has come; ``after`` is a key in database form.

    ``is_complete`` says that the last walk met no file without a scan, so that one which it meets now is a new one;
    ``is_clean`` says the same of this walk until here. ``classes`` are those that were named then: files of another one
    are no new ones.
    """

    after: str | None = None
    is_complete: bool = False
    is_clean: bool = True
    classes: list[str] = field(default_factory=list)

    def begun_anew_for(self, watched: Watched) -> "_FieldProgress":
        classes = sorted(named.model._meta.label for named in watched.classes)
        return self if self.classes == classes else _FieldProgress(classes=classes)


def take_next_steps() -> int:
    """Take the next chunk of every walk; return how many scans were queued."""
    walks = account.state().full_scan_progress
    after, queued = _look_at_scans(walks.get("scans", 0))
    files = file_changes.go_round(walks.get("files", {}))
    fields = {}
    for watched in registry.all_watched():
        walk = _FieldProgress(**walks.get("fields", {}).get(watched.label, {})).begun_anew_for(watched)
        with going_on_after_errors_of(watched.label):
            queued += _look_at_objects(watched, walk)
        fields[watched.label] = asdict(walk)
    account_row().update(full_scan_progress={"scans": after, "files": files, "fields": fields})
    return queued


def wants(watched: WatchedField, instance: Model) -> bool:
    """Return what :func:`.request.is_wanted` does; a ``when=`` that raises is logged, and wants nothing."""
    try:
        return scan_requests.is_wanted(watched, instance)
    except Exception:
        logger.exception(
            "when= of %s raised for %s; its file is not scanned.",
            watched.label,
            instance.pk,
            extra={"event": "when_raised", "field": watched.label, "object_id": str(instance.pk)},
        )
        return False


@contextmanager
def going_on_after_errors_of(label: str) -> Iterator[None]:
    """Log a database error, as of a table that is not there, so that the other models have their turn."""
    try:
        yield
    except DatabaseError:
        logger.exception(
            "Reconciliation of %s failed; it goes on with the rest.",
            label,
            extra={"event": "reconciliation_failed", "model": label},
        )


def _look_at_scans(after: int) -> tuple[int, int]:
    """Look at the scans behind a key; return the last key, 0 at the end, and how many scans were queued."""
    rows = _rows(scans().filter(pk__gt=after).order_by("pk")[:CHUNK])
    groups: dict[tuple[int, str], list[_Row]] = defaultdict(list)
    for row in rows:
        groups[row.content_type_id, row.database].append(row)
    queued = 0
    for (content_type_id, database), group in groups.items():
        owner = ContentType.objects.db_manager(home_database()).get_for_id(content_type_id).model_class()
        if owner is not None and database in connections:
            with going_on_after_errors_of(owner._meta.label):
                queued += _look_at(owner, database, group)
    return (rows[-1].pk if len(rows) == CHUNK else 0), queued


def _rows(of: QuerySet[ImageScan]) -> list[_Row]:
    return [_Row(*columns) for columns in of.values_list(*_Row._fields)]


def _look_at(owner: type[Model], database: str, rows: list[_Row]) -> int:
    held = _held_files(owner, database, rows)
    known = [row for row in rows if (row.object_id, row.field_name) in held]
    gone = [row.pk for row in known if row.removed_at is None and not held[row.object_id, row.field_name]]
    if gone:
        finishing.remove(scans().filter(pk__in=gone), Code.FILE_REMOVED)
        logger.info(
            "Reconciliation found %s scans whose %s or its file is gone.",
            len(gone),
            owner._meta.label,
            extra={"event": "pictures_gone", "count": len(gone), "model": owner._meta.label},
        )
    owner_changes.look_at(owner, database, _keys(owner, {row.object_id for row in known}).values())
    replaced: dict[str, dict[str, str]] = defaultdict(dict)
    for row in known:
        name = held[row.object_id, row.field_name]
        # Most are that of the present file; of the others, some are followed by a newer one.
        if name and not scan_requests.covers(name, by=row):
            replaced[row.field_name][row.object_id] = name
    queued = 0
    for field_name, names in replaced.items():
        watched = registry.watched_field(owner, field_name)
        if watched is not None:
            queued += _queue_replaced(watched, database, names)
    return queued


def _held_files(owner: type[Model], database: str, rows: list[_Row]) -> _Held:
    """Return which files the objects hold, as far as it can be told: key and field may be none of the model by now."""
    keys = _keys(owner, {row.object_id for row in rows})
    present_fields = list(_picture_fields(owner, sorted({row.field_name for row in rows})))
    fields = [field for field in present_fields if isinstance(field, PictureField)]
    of_several = [field for field in present_fields if isinstance(field, OneOfSeveral)]
    # No manager of the project, which may hide rows, as those of other tenants: what is hidden is not gone.
    objects: QuerySet[Model] = QuerySet(owner, using=database)

    def found(keys: Iterable[Any]) -> dict[Any, dict[str, str]]:
        listed = objects.filter(pk__in=list(keys))
        files = {
            key: {field.name: field.name_of(value) or "" for field, value in zip(fields, values, strict=True)}
            for key, *values in listed.values_list("pk", *(field.column.name for field in fields))
        }
        for instance in listed if of_several else ():
            with _going_on_after_errors_of_the_project(instance):
                files[instance.pk] |= {field.name: field.name_in(instance) or "" for field in of_several}
        return files

    by_key = found(keys.values())
    if by_key.keys() - set(keys.values()):
        # The database has found a key that is written otherwise, as by a collation without case: ask for each.
        for key in set(keys.values()) - by_key.keys():
            for files in found([key]).values():
                by_key[key] = files
    held: _Held = {}
    for row in rows:
        if row.object_id in keys:
            present = by_key.get(keys[row.object_id])
            if present is None or row.field_name in present:
                held[row.object_id, row.field_name] = None if present is None else present[row.field_name]
    return held


def _keys(owner: type[Model], object_ids: Iterable[str]) -> dict[str, Any]:
    """Return keys by their database form, without those that the model's key cannot be."""
    keys: dict[str, Any] = {}
    if not isinstance(owner._meta.pk, CompositePrimaryKey):
        for object_id in object_ids:
            try:
                keys[object_id] = owner._meta.pk.to_python(object_id)
            except ValidationError:  # The type of the model's key has changed since.
                continue
    return keys


@contextmanager
def _going_on_after_errors_of_the_project(instance: Model) -> Iterator[None]:
    """Log what a function that names pictures raises: nothing is concluded about the object then."""
    try:
        yield
    except Exception:
        logger.exception(
            "The pictures of %s %s could not be told.",
            instance._meta.label,
            instance.pk,
            extra={"event": "pictures_unknown", "model": instance._meta.label, "object_id": str(instance.pk)},
        )


def pictures_in(watched: Watched, instance: Model) -> list[WatchedField]:
    """Return what names the pictures of an object; none where a function of the project raises, which is logged."""
    pictures: list[WatchedField] = []
    with _going_on_after_errors_of_the_project(instance):
        pictures += watched.each_in(instance)
    return pictures


def _picture_fields(owner: type[Model], names: Iterable[str]) -> Iterator[AnyPictureField]:
    """Yield those of the fields that still name pictures."""
    for name in names:
        with suppress(ImproperlyConfigured):
            yield registry.picture_field(owner, name)


def _queue_replaced(watched: WatchedField, database: str, names: dict[str, str]) -> int:
    """Queue the named files of these objects unless their newest scan is about them; return how many."""
    past: dict[str, list[_Row]] = defaultdict(list)
    for row in _rows(_scans_of(watched, names).order_by("pk")) if names else ():
        past[row.object_id].append(row)
    replaced = [
        object_id
        for object_id, rows in past.items()
        # Of the same key in two databases, only the one that was saved last is known.
        if object_id in names
        and rows[-1].database == database
        and not scan_requests.covers(names[object_id], by=rows[-1])
    ]
    queued = 0
    for _, instance in _instances(watched, database, replaced):
        wanted = wants(watched, instance)
        scan_requests.file_saved(watched, instance, created=False, written=False, using=database)
        queued += wanted
    return queued


def _look_at_objects(watched: Watched, walk: _FieldProgress) -> int:
    """Look at the next objects of a field; return how many scans were queued."""
    database = router.db_for_write(watched.owner)
    objects = watched.objects(database).order_by("pk")
    if walk.after is not None and (behind := _keys(watched.owner, [walk.after])):
        objects = objects.filter(pk__gt=behind[walk.after])
    pictures = _pictures_of(watched, objects[:CHUNK], database)
    with_picture = [object_id for object_id, fields in pictures.items() if fields]
    scanned = set(_scans_of(watched, with_picture).values_list("object_id", "field_name"))
    missing = {
        object_id: left
        for object_id, fields in pictures.items()
        if (left := [field for field in fields if (object_id, field.name) not in scanned])
    }
    queued = 0
    if walk.is_complete:
        for object_id, instance in _instances(watched, database, missing):
            for field in missing.get(object_id, ()):
                if wants(field, instance):
                    scan_requests.file_saved(field, instance, created=False, written=False, using=database)
                    queued += 1
                else:
                    walk.is_clean = False
    else:
        walk.is_clean &= not missing
    walk.after = list(pictures)[-1] if len(pictures) == CHUNK else None
    if walk.after is None:
        walk.is_complete, walk.is_clean = walk.is_clean, True
    return queued


def _pictures_of(watched: Watched, objects: QuerySet[Model], database: str) -> dict[str, list[WatchedField]]:
    """Return what names the pictures that objects hold, by their keys in database form."""
    pictures: dict[str, list[WatchedField]] = {}
    if isinstance(watched, WatchedColumn):
        for key, value in objects.values_list("pk", watched.field.column.name):
            object_id = scan_requests.object_id_of(watched.owner, key, using=database)
            pictures[object_id] = [watched] if watched.field.name_of(value) else []
        return pictures
    for instance in objects:
        object_id = scan_requests.object_id_of(watched.owner, instance.pk, using=database)
        pictures[object_id] = pictures_in(watched, instance)
    return pictures


def _scans_of(watched: Watched | WatchedField, object_ids: Iterable[str]) -> QuerySet[ImageScan]:
    content_type = ContentType.objects.db_manager(home_database()).get_for_model(watched.owner)
    return scans().filter(watched.is_about(), content_type=content_type, object_id__in=list(object_ids))


def _instances(
    watched: Watched | WatchedField, database: str, object_ids: Iterable[str]
) -> Iterator[tuple[str, Model]]:
    """Yield objects by key, as the class that was named for them."""
    keys = _keys(watched.owner, object_ids)
    if keys:
        for instance in watched.owner._base_manager.using(database).filter(pk__in=list(keys.values())):
            governed = watched.governed(instance)
            as_named = instance if governed is None else governed.instance
            yield scan_requests.object_id_of(watched.owner, instance.pk, using=database), as_named
