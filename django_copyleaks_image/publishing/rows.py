"""The rows of the pictures of many objects with one query, whatever the type of their keys."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db.models import Model, Q

from django_copyleaks_image import registry
from django_copyleaks_image.models import WatchedImage, home_database, images
from django_copyleaks_image.picture_fields import AnyPictureField
from django_copyleaks_image.scanning.scan_requests import target_of

Object = TypeVar("Object", bound=Model)
# By the name of the field.
Rows = dict[str, WatchedImage]


def prefetch_standings(instances: Iterable[Object], *field_names: str) -> list[Object]:
    """Read with one query how the pictures of these objects of one model stand, and return the objects.

    :func:`~.picture.standing` and the template tags then ask the database no more about them.
    """
    listed = list(instances)
    if listed:
        remember(listed, [registry.picture_field(type(listed[0]), name) for name in field_names])
    return listed


def remember(instances: Sequence[Model], fields: Sequence[AnyPictureField]) -> None:
    """Leave the rows with the objects, for :func:`row_of`."""
    found = rows_of(instances, fields)
    for instance in instances:
        remembered = instance.__dict__.setdefault("_copyleaks_images", {})
        remembered.update({field.name: found[instance.pk].get(field.name) for field in fields})


def row_of(instance: Model, field: AnyPictureField) -> WatchedImage | None:
    """Return the row of the picture in a field of an object, the remembered one if there is any."""
    remembered: dict[str, WatchedImage | None] = instance.__dict__.get("_copyleaks_images", {})
    if field.name in remembered:
        return remembered[field.name]
    return rows_of([instance], [field])[instance.pk].get(field.name)


def rows_of(instances: Sequence[Model], fields: Sequence[AnyPictureField]) -> dict[Any, Rows]:
    """Return the rows by the objects' keys; their scans and results come without the large columns."""
    found: dict[Any, Rows] = defaultdict(dict)
    stored = [instance for instance in instances if instance.pk is not None]
    keys: dict[tuple[int, str, str], Any] = {}
    condition = Q(pk__in=())
    for field in fields if stored else ():
        owner = registry.owner_of(field)
        targets = [
            target_of(owner, instance, field.name, using=instance._state.db or home_database()) for instance in stored
        ]
        content_type = targets[0]["content_type"]
        for instance, target in zip(stored, targets, strict=True):
            keys[content_type.pk, target["object_id"], field.name] = instance.pk
        object_ids = [target["object_id"] for target in targets]
        condition |= Q(content_type=content_type, field_name=field.name, object_id__in=object_ids)
    if not keys:
        return found
    for image in images().with_scan().filter(condition):
        # A database may hold that "a" equals "A".
        key = image.content_type_id, image.object_id, image.field_name
        if key in keys:
            found[keys[key]][image.field_name] = image
    return found
