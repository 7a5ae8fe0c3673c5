"""Which pictures are meant: those of one object, which may be gone, or of one owner."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from django_copyleaks_image import registry
from django_copyleaks_image.models import home_database, images, scans
from django_copyleaks_image.picture_fields import KEY_MARK
from django_copyleaks_image.scanning.scan_requests import object_id_of

TARGET = ("content_type", "object_id", "field_name")


class Target(NamedTuple):
    """The field of an object that holds, or held, a picture; the content type by its key."""

    content_type: int
    object_id: str
    field_name: str

    @property
    def columns(self) -> dict[str, Any]:
        return self._asdict()

    @property
    def label(self) -> str:
        kept = ContentType.objects.db_manager(home_database()).get_for_id(self.content_type)
        return f"{kept.app_label}.{kept.model}:{self.object_id} {self.field_name}"


def of_object(model: type[Model], pk: Any, field: str = "", *, using: str = "") -> list[Target]:
    """Return the pictures that are known of an object; of one ``field``, or of all.

    Raises ValidationError when the model has no such key.
    """
    model._meta.pk.to_python(pk)
    condition = Q(pk__in=())
    for owner in {model, *model._meta.get_parent_list()}:
        concrete = owner._meta.concrete_model
        assert concrete is not None
        content_type = ContentType.objects.db_manager(home_database()).get_for_model(concrete)
        key = concrete._meta.pk.to_python(pk)
        condition |= Q(content_type=content_type, object_id=object_id_of(concrete, key, using=using or home_database()))
    if field:
        condition &= Q(field_name=field) | Q(field_name__startswith=field.removesuffix(KEY_MARK) + KEY_MARK)
    return _targets(scans().filter(condition), images().filter(condition))


def of_owner(key: str) -> list[Target]:
    """Return the pictures of an owner, by the key that ``owner=`` of the field gives; those that wait as well."""
    found = _targets(images().filter(owner_key=key))
    return list(dict.fromkeys([*found, *_waiting_of(key)]))


def _targets(*rows: "QuerySet[Any]") -> list[Target]:
    found = (target for of_kind in rows for target in of_kind.order_by("pk").values_list(*TARGET))
    return list(dict.fromkeys(Target(*target) for target in found))


def _waiting_of(key: str) -> Iterator[Target]:
    """Yield the pictures whose first scan has not ended: until then no row says whose they are."""
    known = images().filter(**{name: OuterRef(name) for name in TARGET})
    waiting = scans().unfinished().filter(~Exists(known)).select_related("content_type").order_by("pk")
    for scan in waiting.iterator():
        if registry.names_owner(scan) and registry.owner_of_picture(scan).key == key:
            yield Target(scan.content_type_id, scan.object_id, scan.field_name)


def names_owners() -> bool:
    """Return whether the project says of any field who owns its pictures."""
    return any(watched.names_owner for watched in registry.all_watched())
