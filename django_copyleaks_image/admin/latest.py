"""The newest scans of many objects with one query, whatever the type of their keys."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, cast

from django.db.models import Max, Model, Q

from django_copyleaks_image.models import ImageScan, home_database, scans
from django_copyleaks_image.registry import WatchedField
from django_copyleaks_image.scanning.request import target_of

# By the label of the watched field.
LatestScans = dict[str, ImageScan]


def remember(instances: Iterable[Model], fields: Sequence[WatchedField]) -> None:
    """Read the newest scans of all these objects and leave them with each object, for :func:`latest_scans_of`."""
    listed = list(instances)
    found = latest_scans(listed, fields)
    for instance in listed:
        cast("Any", instance)._copyleaks_scans = found[instance.pk]


def latest_scans_of(instance: Model, fields: Sequence[WatchedField]) -> LatestScans:
    """Return the newest scan of each watched field of an object, those that were read before if there are any."""
    known = instance.__dict__.get("_copyleaks_scans")
    return latest_scans([instance], fields)[instance.pk] if known is None else known


def latest_scans(instances: Sequence[Model], fields: Sequence[WatchedField]) -> dict[Any, LatestScans]:
    """Return the newest scan of each watched field by the objects' keys; results come without large columns."""
    found: dict[Any, LatestScans] = defaultdict(dict)
    wanted: dict[tuple[int, str, str], tuple[Any, str]] = {}
    condition = Q(pk__in=())
    for field in fields:
        targets = [
            target_of(field.owner, instance, field.name, using=instance._state.db or home_database())
            for instance in instances
        ]
        for instance, target in zip(instances, targets, strict=True):
            key = target["content_type"].pk, target["object_id"], field.name
            wanted[key] = instance.pk, field.label
        if targets:
            condition |= Q(
                content_type=targets[0]["content_type"],
                field_name=field.name,
                object_id__in=[target["object_id"] for target in targets],
            )
    if not wanted:
        return found
    by_field = scans().filter(condition).values("content_type", "object_id", "field_name")
    newest = by_field.annotate(newest=Max("pk")).values("newest")
    for scan in scans().with_result().filter(pk__in=newest):
        pk, label = wanted[scan.content_type_id, scan.object_id, scan.field_name]
        found[pk][label] = scan
    return found
