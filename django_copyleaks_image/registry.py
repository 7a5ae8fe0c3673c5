"""Which model fields are watched, and with which options."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db.models import CompositePrimaryKey, FileField, Model
from django.dispatch import Signal

from .conf import conf
from .verdicts import Policy

__all__ = ["register", "scan_images", "unregister"]

ModelClass = TypeVar("ModelClass", bound=type[Model])


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a project may say about a field; thresholds are shares of the area from 0 to 1."""

    when: Callable[[Any], bool] | None = None
    review_area: float | None = None
    mostly_ai_area: float | None = None

    def __post_init__(self) -> None:
        for name in ("review_area", "mostly_ai_area"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ImproperlyConfigured(f"{name} must be a share of the area from 0 to 1, not {value!r}.")
        if self.when is not None and not callable(self.when):
            raise ImproperlyConfigured("when must be a callable that takes the instance.")

    @property
    def policy(self) -> Policy:
        return Policy.from_settings(review_area=self.review_area, mostly_ai_area=self.mostly_ai_area)


@dataclass(frozen=True, kw_only=True)
class WatchedField:
    """A file field of the concrete model that owns its column."""

    owner: type[Model]
    field: FileField
    options: Options

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def label(self) -> str:
        return f"{self.owner._meta.label}.{self.field.name}"

    def is_of(self, row: Any) -> bool:
        """Return whether a scan or a watched image is about a picture in this field."""
        return row.field_name == self.name and row.content_type.model_class() is self.owner

    def models(self) -> Iterator[type[Model]]:
        """Yield every model that is saved with this column: the owner, its proxies and its children."""
        return (model for model in apps.get_models(include_auto_created=True) if issubclass(model, self.owner))


_registered: dict[tuple[type[Model], str], Options] = {}

# Sent when the watched fields may have changed after start-up, so that the receivers are connected anew.
changed = Signal()


def register(
    model: type[Model],
    field_name: str,
    *,
    when: Callable[[Any], bool] | None = None,
    review_area: float | None = None,
    mostly_ai_area: float | None = None,
) -> None:
    """Watch a file field of a model, its proxies and its children; an abstract model stands for its subclasses.

    ``when(instance)`` decides at every save whether the file is scanned. ``review_area`` and ``mostly_ai_area``
    are shares of the area (0–1) that replace the settings of the same name. Raises ImproperlyConfigured for
    impossible options; a field that is missing or holds no file is a system check error.
    """
    _registered[model, field_name] = Options(when=when, review_area=review_area, mostly_ai_area=mostly_ai_area)
    changed.send(sender=model)


def unregister(model: type[Model], field_name: str) -> None:
    """Stop watching a field that :func:`register` named; unknown ones are ignored."""
    _registered.pop((model, field_name), None)
    changed.send(sender=model)


def scan_images(
    field_name: str,
    *,
    when: Callable[[Any], bool] | None = None,
    review_area: float | None = None,
    mostly_ai_area: float | None = None,
) -> Callable[[ModelClass], ModelClass]:
    """Decorate a model class to :func:`register` one of its fields; takes the same options."""

    def decorate(model: ModelClass) -> ModelClass:
        register(model, field_name, when=when, review_area=review_area, mostly_ai_area=mostly_ai_area)
        return model

    return decorate


def resolve(label: str) -> tuple[type[Model], str]:
    """Return model and field name of ``"app_label.Model.field"``; raise LookupError when there is no such model."""
    app_label, model_name, field_name = label.split(".")
    return apps.get_model(app_label, model_name), field_name


def file_field(model: type[Model], name: str) -> FileField:
    """Return the file field ``name`` of a model.

    Raises :class:`~django.core.exceptions.ImproperlyConfigured` when it does not exist, holds no file, or belongs to
    objects that no scan can name.
    """
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        raise ImproperlyConfigured(f"{model._meta.label} has no field {name!r}.") from None
    if not isinstance(field, FileField):
        raise ImproperlyConfigured(f"{model._meta.label}.{name} is no FileField or ImageField.")
    if isinstance(field.model._meta.pk, CompositePrimaryKey):
        # One column of text, as of generic foreign keys, names the object of a scan.
        raise ImproperlyConfigured(
            f"{field.model._meta.label} has a composite primary key, and a scan refers to its object by a single key. "
            f"Give the model a primary key of one column and a unique constraint on the others."
        )
    return field


def stored_name(instance: Model, field: FileField) -> str | None:
    """Return the storage's name of an object's file, "" without one, None while the file is not stored yet."""
    file: Any = getattr(instance, field.attname)
    if not file:
        return ""
    return str(file.name) if file._committed else None


def owner_of(field: FileField) -> type[Model]:
    """Return the concrete model whose table has the column."""
    owner = field.model._meta.concrete_model
    assert owner is not None, "a field of an abstract model has no column"
    return owner


def registered() -> list[tuple[type[Model], str]]:
    """Return the models and fields that were registered in code, resolvable or not."""
    return list(_registered)


def watched_fields() -> list[WatchedField]:
    """Return the watched fields, each once; options given in code win over a mention in ``FIELDS``.

    Entries that cannot be resolved are left to the system checks.
    """
    found: dict[FileField, WatchedField] = {}
    for model, field_name, options in _resolvable():
        for candidate in concrete_models(model):
            try:
                field = file_field(candidate, field_name)
            except ImproperlyConfigured:
                continue
            found[field] = WatchedField(owner=owner_of(field), field=field, options=options)
    return list(found.values())


def options_for(model: type[Model] | None, field_name: str) -> Options:
    """Return the options of a field; the defaults when it is not (or no longer) watched."""
    for watched in watched_fields():
        if watched.owner is model and watched.name == field_name:
            return watched.options
    return Options()


def options_of(scan: Any) -> Options:
    """Return the options of the field that a scan is about."""
    return options_for(scan.content_type.model_class(), scan.field_name)


def concrete_models(model: type[Model]) -> list[type[Model]]:
    """Return the models that a registered one stands for: itself, or the subclasses of an abstract model."""
    if not model._meta.abstract:
        return [model]
    return [subclass for subclass in apps.get_models(include_auto_created=True) if issubclass(subclass, model)]


def _resolvable() -> Iterator[tuple[type[Model], str, Options]]:
    try:
        labels = conf.FIELDS
    except ImproperlyConfigured:
        labels = ()
    for label in labels:
        try:
            model, field_name = resolve(label)
        except LookupError:
            continue
        yield model, field_name, Options()
    for (model, field_name), options in _registered.items():
        yield model, field_name, options
