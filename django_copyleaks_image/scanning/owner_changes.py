"""Whose a picture is may change without its file: that is noticed when the object is saved, and by the full scan.

What the row of a picture says of its owner is written when a scan ends, and here.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError, connections
from django.db.models import ForeignKey, Model, Subquery

from django_copyleaks_image import registry
from django_copyleaks_image.models import WatchedImage, home_database, images
from django_copyleaks_image.models.watched_image import WatchedImageQuerySet
from django_copyleaks_image.owners import Owner
from django_copyleaks_image.watched_fields import Watched, WatchedField

logger = logging.getLogger(__name__)


def stored_key(pictures: WatchedImageQuerySet) -> Subquery:
    """Return the key that is kept of the owner of a picture, to be read beside something else; NULL without a row."""
    return Subquery(pictures.filter(removed_at=None).values("owner_key")[:1])


def changed_owner(
    watched: Watched | WatchedField,
    instance: Model,
    pictures: WatchedImageQuerySet,
    *,
    stored: Iterable[str | None] | None = None,
) -> Owner | None:
    """Return the owner of an object's pictures if their rows say another; None otherwise.

    ``stored`` are the keys that the rows have, if they were read already. What an instance holds in a column is
    compared without a query.
    """
    governed = watched.governed(instance)
    key = None if governed is None else governed.options.owner_key_of(governed.instance)
    if governed is None or key is None:
        return None
    if stored is None:
        stored = pictures.filter(removed_at=None).order_by().values_list("owner_key", flat=True).distinct()
    if all(it in (key, None) for it in stored):
        return None
    return governed.options.owner_of(governed.instance)


def note(owner: Owner, pictures: WatchedImageQuerySet) -> None:
    """Write whose pictures are; of those that were removed it stays forgotten."""
    pictures.filter(removed_at=None).update(owner_key=owner.key, owner_label=owner.label)


def look_at(owner: type[Model], database: str, keys: Collection[Any]) -> None:
    """Find changed owners of pictures among the objects with these keys, also the names of owners that changed."""
    for watched in registry.all_watched():
        if watched.owner is owner and watched.names_owner:
            _look_at(watched, database, keys)


def _look_at(watched: Watched, database: str, keys: Collection[Any]) -> None:
    content_type = ContentType.objects.db_manager(home_database()).get_for_model(watched.owner)
    key_to_text = watched.owner._meta.pk.get_db_prep_value
    objects = watched.owner._base_manager.using(database).filter(pk__in=list(keys))
    if joined := _joined(watched):  # Without a name, Django would join all.
        objects = objects.select_related(*joined)
    instances = {str(key_to_text(it.pk, connections[database])): it for it in objects}
    found = images().filter(watched.is_about(), content_type=content_type, object_id__in=list(instances))
    by_object: dict[str, list[WatchedImage]] = defaultdict(list)
    for image in found.filter(removed_at=None, database=database).only("object_id", "owner_key", "owner_label"):
        by_object[image.object_id].append(image)
    for object_id, pictures in by_object.items():
        try:
            present = watched.owner_of(instances[object_id])
        except DatabaseError:
            raise
        except Exception:
            logger.exception(
                "Whose %s %s is could not be told.",
                watched.owner._meta.label,
                object_id,
                extra={"event": "owner_unknown", "field": watched.label, "object_id": object_id},
            )
            continue
        other = [it.pk for it in pictures if (it.owner_key, it.owner_label) != present]
        if other:
            note(present, images().filter(pk__in=other))


def _joined(watched: Watched) -> set[str]:
    """Return the foreign keys in which the owners of objects are."""
    named = {it.options.owner for it in watched.classes}
    return {name for name in named if isinstance(name, str) and _is_foreign_key(watched.owner, name)}


def _is_foreign_key(model: type[Model], name: str) -> bool:
    try:
        return isinstance(model._meta.get_field(name), ForeignKey)
    except FieldDoesNotExist:  # Of a child alone.
        return False
