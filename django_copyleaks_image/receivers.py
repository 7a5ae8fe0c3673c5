"""Media saved or deleted: tells :mod:`.scanning.scan_requests`, and nothing else.

Receivers are connected to every concrete model, proxy and child by itself. A receiver without sender would see
them all, but a senderless ``post_delete`` disables fast deletes for every model of the project.
"""

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.signals import setting_changed
from django.db.models import FileField, Model
from django.db.models.fields.files import FieldFile
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save

from . import registry, tenants
from .conf import DICT_NAME, is_enabled
from .models import home_database
from .picture_fields import PictureField
from .reviewing import people
from .scanning import scan_requests
from .watched_fields import Watched, WatchedColumn, WatchedSeveral

_watched: dict[type[Model], list[Watched]] = {}


def connect() -> None:
    """Connect the receivers of every watched field, and keep them right when settings or registry change."""
    setting_changed.connect(_settings_changed, dispatch_uid="copyleaks_image.settings")
    registry.changed.connect(_reconnect, dispatch_uid="copyleaks_image.registry")
    _reconnect()
    connect_people()


def connect_people() -> None:
    """Connect what keeps the names of people, to the user model and its proxies."""
    user_model = get_user_model()
    for model in apps.get_models():
        # A user that is deleted as a proxy is announced as one, and one of a child as both.
        if model._meta.concrete_model is user_model._meta.concrete_model:
            pre_delete.connect(person_deleted, sender=model, dispatch_uid="copyleaks_image.person_deleted")


def person_deleted(*, instance: Any, using: str, **kwargs: Any) -> None:
    """Keep what the log says of a person; the same rows lose their account in the same transaction."""
    if using == home_database():
        people.keep_name(instance)


def _settings_changed(*, setting: str, **kwargs: Any) -> None:
    if setting == DICT_NAME:
        _reconnect()


def _reconnect(**kwargs: Any) -> None:
    for model in _watched:
        pre_save.disconnect(sender=model, dispatch_uid="copyleaks_image.attached")
        post_save.disconnect(sender=model, dispatch_uid="copyleaks_image.saved")
        post_delete.disconnect(sender=model, dispatch_uid="copyleaks_image.deleted")
    _watched.clear()
    if not is_enabled():
        return
    for watched in registry.all_watched():
        if isinstance(watched, WatchedColumn) and isinstance(watched.field.column, FileField):
            _note_writes(watched.field.column)
        for model in watched.models():
            _watched.setdefault(model, []).append(watched)
    for model, fields in _watched.items():
        post_save.connect(media_saved, sender=model, dispatch_uid="copyleaks_image.saved")
        if any(watched.is_left_by_deleting(model) for watched in fields):
            post_delete.connect(media_deleted, sender=model, dispatch_uid="copyleaks_image.deleted")
        if not all(_owns(model, watched) for watched in fields):
            pre_save.connect(child_saving, sender=model, dispatch_uid="copyleaks_image.attached")


def child_saving(*, sender: type[Model], instance: Model, **kwargs: Any) -> None:
    """Note to which parents a child that is new itself is being attached: their files may have been scanned."""
    parents = [watched.owner for watched in _watched[sender] if not _owns(sender, watched)]
    instance._state.__dict__["copyleaks_attached"] = {
        owner
        for owner in parents
        if (link := sender._meta.get_ancestor_link(owner)) and getattr(instance, link.attname) is not None
    }


def media_saved(
    *,
    sender: type[Model],
    instance: Model,
    created: bool,
    raw: bool,
    using: str,
    update_fields: frozenset[str] | None,
    **kwargs: Any,
) -> None:
    """Queue a scan for each watched file that this save may have changed."""
    if raw:  # A fixture: other rows may be missing. Reconciliation finds it later.
        return
    if tenants.is_missing():  # There are no tables of ours, as E068 says.
        return
    attached: set[type[Model]] = instance._state.__dict__.pop("copyleaks_attached", set())
    for watched in _watched[sender]:
        is_new = created and watched.owner not in attached
        if isinstance(watched, WatchedSeveral):
            scan_requests.several_saved(watched, instance, created=is_new, using=using)
            continue
        if not _was_saved(instance, watched.field, update_fields):
            if watched.has_rules and not created:  # A soft deletion names its own column alone.
                scan_requests.rule_changed(watched, instance, using=using)
            if not created and _may_name_owner(watched, update_fields):
                scan_requests.owner_changed(watched, instance, using=using)
            continue
        if is_new and not registry.stored_name(instance, watched.field):
            continue  # There is no picture and was none: not even a savepoint is needed.
        written = _written(instance)
        is_followed = scan_requests.file_saved(
            watched,
            instance,
            created=is_new,
            written=watched.field.column.attname in written,
            using=using,
        )
        if is_followed:  # Else the next save is the only one that can tell of the new bytes.
            written.discard(watched.field.column.attname)


def media_deleted(*, sender: type[Model], instance: Model, using: str, **kwargs: Any) -> None:
    """Supersede what is unfinished for a deleted object."""
    if tenants.is_missing():
        return
    for watched in _watched[sender]:
        if not watched.is_left_by_deleting(sender):
            continue
        if isinstance(watched, WatchedSeveral):
            scan_requests.several_deleted(watched, instance, using=using)
        else:
            scan_requests.object_deleted(watched, instance, using=using)


def _owns(model: type[Model], watched: Watched) -> bool:
    """Return whether the column is this model's own: a child may be attached to a parent, and leave it behind.

    Where the parent is deleted too, Django announces it.
    """
    return model._meta.concrete_model is watched.owner


def _was_saved(instance: Model, field: PictureField, update_fields: frozenset[str] | None) -> bool:
    if update_fields is not None and field.column.name not in update_fields:
        return False
    if field.column.attname not in instance.__dict__:  # Deferred: not loaded, hence not saved.
        return False
    # A file that is not stored yet, or what the database computes, has no name; the save that stores it comes later.
    return registry.stored_name(instance, field) is not None


def _may_name_owner(watched: Watched, update_fields: frozenset[str] | None) -> bool:
    """Return whether a save may have changed whose the picture is: a function may look at anything."""
    owners = [named.options.owner for named in watched.classes]
    return any(callable(it) or (it and (update_fields is None or it in update_fields)) for it in owners)


class _NotesWrites:
    """Mixin for a field's ``attr_class``: remembers that bytes were written, which a same-name overwrite hides."""

    field: FileField
    instance: Model

    def save(self, name: str, content: Any, save: bool = True) -> None:
        _written(self.instance).add(self.field.attname)
        super().save(name, content, save=save)  # type: ignore[misc]

    def __reduce__(self) -> tuple[Any, ...]:
        # The class is made at start-up and has no importable name; fields are pickled by theirs.
        return _blank_field_file, (self.field,), self.__getstate__()


def _blank_field_file(field: FileField) -> FieldFile:
    return field.attr_class.__new__(field.attr_class)


def _note_writes(field: FileField) -> None:
    if not issubclass(field.attr_class, _NotesWrites):
        original = field.attr_class
        field.attr_class = type(original.__name__, (_NotesWrites, original), {"__module__": original.__module__})


def _written(instance: Model) -> set[str]:
    """Return the attributes of the fields whose bytes were written since a scan of them was queued."""
    written: set[str] = instance._state.__dict__.setdefault("copyleaks_written", set())
    return written
