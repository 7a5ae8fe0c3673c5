"""Which scan of a picture counts, for many objects with one query, whatever the type of their keys."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db.models import Exists, FileField, Max, Model, OuterRef, Q

from django_copyleaks_image import registry
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import ImageScan, home_database, scans
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning.request import target_of

from .keys import AsText

Object = TypeVar("Object", bound=Model)
# By the name of the field.
NewestScans = dict[str, ImageScan]


def counting() -> Q:
    """Return the condition under which a scan counts, unless a newer one does.

    One more scan of a file that had one before, asked for on purpose or for a lost result, counts by its own result
    alone: until it has one, the scan before goes on counting. A mock of the sandbox is no result for real.
    """
    has_result = Q(status=Status.COMPLETED) if conf.SANDBOX else Q(status=Status.COMPLETED, sandbox=False)
    before = ImageScan.objects.filter(
        content_type=OuterRef("content_type"),
        object_id=OuterRef("object_id"),
        field_name=OuterRef("field_name"),
        file_name=OuterRef("file_name"),
        pk__lt=OuterRef("pk"),
    )
    return Q(forced=False, repeated=False, resubmission_of=None) | has_result | Q(~Exists(before))


def prefetch_standings(instances: Iterable[Object], *field_names: str) -> list[Object]:
    """Read with one query the scans that count for these objects of one model, and return the objects.

    :func:`~.standings.standing` and the template tags then ask the database no more about them.
    """
    listed = list(instances)
    if listed:
        remember(listed, [registry.file_field(type(listed[0]), name) for name in field_names])
    return listed


def remember(instances: Sequence[Model], fields: Sequence[FileField]) -> None:
    """Leave the scans that count with the objects, for :func:`newest_scan_of`."""
    found = newest_scans(instances, fields)
    for instance in instances:
        remembered = instance.__dict__.setdefault("_copyleaks_scans", {})
        remembered.update({field.name: found[instance.pk].get(field.name) for field in fields})


def newest_scan_of(instance: Model, field: FileField) -> ImageScan | None:
    """Return the scan that counts for a field of an object, the remembered one if there is any."""
    remembered: dict[str, ImageScan | None] = instance.__dict__.get("_copyleaks_scans", {})
    if field.name in remembered:
        return remembered[field.name]
    return newest_scans([instance], [field])[instance.pk].get(field.name)


def newest_scans(instances: Sequence[Model], fields: Sequence[FileField]) -> dict[Any, NewestScans]:
    """Return the scans that count by the objects' keys; their results come without the large columns."""
    found: dict[Any, NewestScans] = defaultdict(dict)
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
    # Grouped by the exact text, as a database may hold that "a" equals "A".
    by_field = scans().filter(counting(), condition).values("content_type", "field_name", key=AsText("object_id"))
    newest = by_field.annotate(newest=Max("pk")).values("newest")
    for scan in scans().with_result().filter(pk__in=newest):
        key = scan.content_type_id, scan.object_id, scan.field_name
        if key in keys:
            found[keys[key]][scan.field_name] = scan
    return found
