"""The objects whose files were scanned, as one user of one admin site may see them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from django.apps import apps
from django.contrib.admin import ModelAdmin
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.utils import quote
from django.core.exceptions import ValidationError
from django.db.models import FileField, Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.connection import ConnectionDoesNotExist
from django.utils.html import format_html
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _

from django_copyleaks_image import registry
from django_copyleaks_image.models import ImageScan, WatchedImage

if TYPE_CHECKING:
    from django.contrib.contenttypes.models import ContentType

Row = WatchedImage | ImageScan
# Letters of an object's own name, which users may choose, that are shown of it.
_LONGEST_NAME = 200
# They count as letters, and nobody sees them.
_INVISIBLE_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


class Target(NamedTuple):
    """The object that a picture or a scan is of; ``url`` is its change page, empty when the user has none.

    ``visible`` says that the user may see its pictures, ``holds_file`` that it still names this file.
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


def read_targets(listed: Iterable[Row], admin_site: AdminSite, request: HttpRequest) -> dict[int, Target]:
    """Return the targets by the rows' keys, with one query for each model and database among them.

    A model that has no admin of its own costs one more for each of its proxies and children that have one.
    """
    by_table: dict[tuple[ContentType, str], list[Row]] = defaultdict(list)
    for row in listed:
        by_table[row.content_type, row.database].append(row)
    targets: dict[int, Target] = {}
    for (content_type, database), rows in by_table.items():
        model = content_type.model_class()
        instances = {} if model is None else _instances(model, {row.object_id for row in rows}, database)
        answering = _answering(admin_site, model, instances.values(), database)
        for row in rows:
            targets[row.pk] = _target(row, instances.get(row.object_id), answering, request)
    return targets


def may_view(admin_site: AdminSite, request: HttpRequest, model: type[Model] | None) -> bool:
    """Return whether the user may view objects of a model at all, as far as this site has an admin for them."""
    return _permitting(_answering(admin_site, model, (), ""), request, None).permitted


def may_vary(admin_site: AdminSite, model: type[Model]) -> bool:
    """Return whether a user may view one object of a model and not another, which Django's own admin never asks."""
    answering = _answering(admin_site, model, (), "")
    return len(answering) > 1 or any(_has_own_rule(it.admin) for it in answering)


def ruled_models(admin_site: AdminSite, request: HttpRequest) -> list[type[Model]]:
    """Return the models with files of whose objects the user may not view all: none of them, or not every one."""
    return [
        model
        for model in models_with_files()
        if may_vary(admin_site, model) or not may_view(admin_site, request, model)
    ]


def models_with_files() -> list[type[Model]]:
    """Return the models of the project that may hold pictures."""
    owners = tuple(watched.owner for watched in registry.all_watched())
    return [
        model
        for model in apps.get_models()
        if issubclass(model, owners) or any(isinstance(field, FileField) for field in model._meta.concrete_fields)
    ]


def _has_own_rule(admin: Any) -> bool:
    asked = getattr(admin.has_view_permission, "__func__", None)
    return asked is not ModelAdmin.has_view_permission


class _Answering(NamedTuple):
    """An admin that says who may view objects of a model; those that it shows, by their keys, are of its own model."""

    admin: Any
    shown: Mapping[Any, Model]


class _Answer(NamedTuple):
    """Whether an object may be viewed, and the first admin that says so; None where no admin answers for it."""

    permitted: bool
    admin: Any = None


def _answering(
    admin_site: AdminSite, model: type[Model] | None, instances: Iterable[Model], database: str
) -> list[_Answering]:
    """Return the admin of a model; where this site has none, those of its proxies and children.

    They show the same pictures: if none of them was asked, what the project closed there would be open here.
    """
    if model is None:
        return []
    known = {instance.pk: instance for instance in instances}
    if admin_site.is_registered(model):
        return [_Answering(admin=admin_site.get_model_admin(model), shown=known)]
    heirs = (heir for heir in apps.get_models() if issubclass(heir, model) and admin_site.is_registered(heir))
    return [
        _Answering(admin=admin_site.get_model_admin(heir), shown=dict(_as_heirs(heir, model, known, database)))
        for heir in heirs
    ]


def _as_heirs(
    heir: type[Model], model: type[Model], known: Mapping[Any, Model], database: str
) -> Iterator[tuple[Any, Model]]:
    """Yield those of the objects that are of a proxy or a child, by the key that they have in the model itself."""
    if known:
        key = model._meta.pk
        for instance in heir._base_manager.using(database).filter(**{f"{key.name}__in": list(known)}):
            yield getattr(instance, key.attname), instance


def _permitting(answering: Iterable[_Answering], request: HttpRequest, instance: Model | None) -> _Answer:
    """Ask those that show the object; if none does, or it is gone, ask each about its model."""
    asked: list[tuple[Any, Model | None]] = []
    if instance is not None:
        asked = [(it.admin, it.shown[instance.pk]) for it in answering if instance.pk in it.shown]
    asked = asked or [(it.admin, None) for it in answering]
    if not asked:
        return _Answer(permitted=True)
    for admin, obj in asked:
        if admin.has_view_permission(request, obj):
            return _Answer(permitted=True, admin=admin)
    return _Answer(permitted=False)


def _instances(model: type[Model], object_ids: set[str], database: str) -> dict[str, Model]:
    """Return the objects by their key as our rows store it, which may be written otherwise than Python does."""
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


def _target(row: Row, instance: Model | None, answering: Iterable[_Answering], request: HttpRequest) -> Target:
    answer = _permitting(answering, request, instance)
    url = ""
    if instance is not None and answer.admin is not None:
        view = f"admin:{answer.admin.opts.app_label}_{answer.admin.opts.model_name}_change"
        url = reverse(view, args=(quote(instance.pk),), current_app=answer.admin.admin_site.name)
    is_named = instance is not None and answer.permitted
    return Target(
        label=(is_named and _own_name(instance)) or unnamed(row),
        url=url,
        exists=instance is not None,
        visible=answer.permitted,
        holds_file=bool(instance and row.file_name and _file_name(instance, row.field_name) == row.file_name),
    )


def _own_name(instance: Model | None) -> str:
    """Return what an object calls itself, as far as there is room; empty if nothing of it can be seen."""
    name = Truncator(str(instance)).chars(_LONGEST_NAME)
    is_visible = any(it.isprintable() and not it.isspace() and it not in _INVISIBLE_LETTERS for it in name)
    return name if is_visible else ""


def unnamed(row: Row) -> str:
    """Return what an object is called for those who may not view it, when it is gone, or calls itself nothing."""
    model = row.content_type.model_class()
    name = row.content_type.name if model is None else model._meta.verbose_name
    return f"{capfirst(str(name))} {row.object_id}"


def _file_name(instance: Model, field_name: str) -> str | None:
    try:
        return registry.stored_name(instance, registry.picture_field(type(instance), field_name))
    except Exception:  # noqa: BLE001 - the field is gone, or what a function of the project raises
        return None
