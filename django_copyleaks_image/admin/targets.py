"""The objects whose files were scanned, as one user of one admin site may see them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.contrib.admin.sites import AdminSite
from django.contrib.admin.utils import quote
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db.models import Model
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest
from django.urls import reverse
from django.utils.connection import ConnectionDoesNotExist
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from django_copyleaks_image import registry
from django_copyleaks_image.models import ImageScan

if TYPE_CHECKING:
    from django.contrib.contenttypes.models import ContentType


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The object of a scan; ``url`` is its change page, empty when the user has none.

    ``visible`` says that the user may see its pictures, ``holds_file`` that it still names the scanned file.
    """

    label: str
    url: str
    exists: bool
    visible: bool
    holds_file: bool

    @property
    def link(self) -> str:
        if self.url:
            return format_html('<a href="{}">{}</a>', self.url, self.label)
        return self.label if self.exists else _("%(object)s (removed)") % {"object": self.label}


def read_targets(listed: Iterable[ImageScan], admin_site: AdminSite, request: HttpRequest) -> dict[int, Target]:
    """Return the targets by the scans' keys, with one query for each model and database among them."""
    by_table: dict[tuple[ContentType, str], list[ImageScan]] = defaultdict(list)
    for scan in listed:
        by_table[scan.content_type, scan.database].append(scan)
    targets: dict[int, Target] = {}
    for (content_type, database), rows in by_table.items():
        model = content_type.model_class()
        instances = {} if model is None else _instances(model, {row.object_id for row in rows}, database)
        for row in rows:
            targets[row.pk] = _target(row, model, instances.get(row.object_id), admin_site, request)
    return targets


def may_view(admin_site: AdminSite, request: HttpRequest, model: type[Model] | None, instance: Model | None) -> bool:
    """Return whether the admin of the object's model, if this site has one, lets the user view the object."""
    if model is None or not admin_site.is_registered(model):
        return True
    return admin_site.get_model_admin(model).has_view_permission(request, instance)


def _instances(model: type[Model], object_ids: set[str], database: str) -> dict[str, Model]:
    """Return the objects by their key as the scans store it, which may be written otherwise than Python does."""
    keys: dict[Any, str] = {}
    for object_id in object_ids:
        try:
            keys[model._meta.pk.to_python(object_id)] = object_id
        except ValidationError:  # The type of the model's key has changed since.
            continue
    try:
        found = list(model._base_manager.using(database).filter(pk__in=list(keys)))
    except ConnectionDoesNotExist:  # The project has given the database another alias, or gave it up.
        return {}
    return {keys[instance.pk]: instance for instance in found}


def _target(
    scan: ImageScan, model: type[Model] | None, instance: Model | None, admin_site: AdminSite, request: HttpRequest
) -> Target:
    visible = may_view(admin_site, request, model, instance)
    name = scan.content_type.name if model is None else model._meta.verbose_name
    url = ""
    if model is not None and instance is not None and visible and admin_site.is_registered(model):
        view = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        url = reverse(view, args=(quote(instance.pk),), current_app=admin_site.name)
    return Target(
        label=str(instance) if instance is not None and visible else f"{capfirst(str(name))} {scan.object_id}",
        url=url,
        exists=instance is not None,
        visible=visible,
        holds_file=bool(instance and scan.file_name and _file_name(instance, scan.field_name) == scan.file_name),
    )


def _file_name(instance: Model, field_name: str) -> str | None:
    try:
        field = registry.file_field(type(instance), field_name)
    except ImproperlyConfigured:
        return None
    return cast("FieldFile", getattr(instance, field.attname)).name
