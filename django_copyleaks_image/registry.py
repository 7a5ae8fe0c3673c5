"""Which model fields are watched, as the settings and the project's code say."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db.models import CompositePrimaryKey, Field, Model
from django.db.models.constants import LOOKUP_SEP
from django.dispatch import Signal

from .conf import conf
from .owners import NOBODY, Owner, OwnerOption
from .picture_fields import KEY_MARK, AnyPictureField, OneOfSeveral, PictureField
from .sources import FieldFiles, Several, Source
from .watched_fields import Options, Watched, WatchedClass, WatchedColumn, WatchedField, WatchedSeveral

__all__ = ["register", "scan_images", "unregister"]

ModelClass = TypeVar("ModelClass", bound=type[Model])


_registered: dict[tuple[type[Model], str], Options] = {}
# Registered again with other options, which is a mistake that a system check tells.
_contradicted: set[tuple[type[Model], str]] = set()

# Sent when the watched fields may have changed after start-up, so that the receivers are connected anew.
changed = Signal()


def register(
    model: type[Model],
    field_name: str,
    *,
    when: Callable[[Any], bool] | None = None,
    review_area: float | None = None,
    mostly_ai_area: float | None = None,
    source: Source | Several | None = None,
    owner: OwnerOption | None = None,
) -> None:
    """Watch a field of a model, its proxies and its children; an abstract model stands for its subclasses.

    A child or a proxy stands for itself: of its model, other objects are left alone. ``when(instance)`` decides at
    every save whether the file is scanned. ``review_area`` and ``mostly_ai_area`` are shares of the area (0–1) that
    replace the settings of the same name. ``source`` says where the pictures are that a column of text, or a value
    within JSON (``"meta__cover"``), names: see :mod:`.sources`. ``owner`` says whose a picture is: the name of a field,
    or a function of the instance, that gives a user, any other object or a text. Of an object that several
    registrations mean, the most derived class has its options. Raises ImproperlyConfigured for impossible options; a
    field that is missing or names no picture, and a second registration with other options, are system check errors.
    """
    options = Options(when=when, review_area=review_area, mostly_ai_area=mostly_ai_area, source=source, owner=owner)
    if _registered.get((model, field_name), options) != options:
        _contradicted.add((model, field_name))
    _registered[model, field_name] = options
    changed.send(sender=model)


def unregister(model: type[Model], field_name: str) -> None:
    """Stop watching a field that :func:`register` named; unknown ones are ignored."""
    _registered.pop((model, field_name), None)
    _contradicted.discard((model, field_name))
    changed.send(sender=model)


def scan_images(
    field_name: str,
    *,
    when: Callable[[Any], bool] | None = None,
    review_area: float | None = None,
    mostly_ai_area: float | None = None,
    source: Source | Several | None = None,
    owner: OwnerOption | None = None,
) -> Callable[[ModelClass], ModelClass]:
    """Decorate a model class to :func:`register` one of its fields; takes the same options."""

    def decorate(model: ModelClass) -> ModelClass:
        register(
            model,
            field_name,
            when=when,
            review_area=review_area,
            mostly_ai_area=mostly_ai_area,
            source=source,
            owner=owner,
        )
        return model

    return decorate


def resolve(label: str) -> tuple[type[Model], str]:
    """Return model and field name of ``"app_label.Model.field"``; raise LookupError when there is no such model."""
    app_label, model_name, field_name = label.split(".")
    return apps.get_model(app_label, model_name), field_name


def picture_field(model: type[Model], name: str) -> AnyPictureField:
    """Return what names a picture in a model: a file field, or a field whose registration has a source.

    Of several pictures, ``name`` is that of one, such as ``"pictures:front"``. Raises
    :class:`~django.core.exceptions.ImproperlyConfigured` when it does not exist, names no picture, or belongs to
    objects that no scan can name.
    """
    several, mark, key = name.partition(KEY_MARK)
    if mark:
        owner, source = _several_of(model, several)
        return OneOfSeveral(model=owner, several=several, key=key, source=source)
    return column_field(model, name)


def column_field(model: type[Model], name: str) -> PictureField:
    """Return what :func:`picture_field` does, for what a query can ask: a column, or a value within one."""
    if KEY_MARK in name or _is_of_several(model, name):
        raise ImproperlyConfigured(
            f"{model._meta.label}.{name} is named by a function, which no query can ask. Use standing() and "
            f"prefetch_standings() for each of its pictures, or give them a model with a row for each."
        )
    column_name, *path = name.split(LOOKUP_SEP)
    try:
        column = model._meta.get_field(column_name)
    except FieldDoesNotExist:
        raise ImproperlyConfigured(f"{model._meta.label} has no field {column_name!r}.") from None
    if not isinstance(column, Field):
        raise ImproperlyConfigured(f"{model._meta.label}.{name} is no column.")
    field = PictureField(column=column, source=_source_of(column, name), path=tuple(path))
    if problem := field.source.problem_with(column, field.path):
        raise ImproperlyConfigured(f"{model._meta.label}.{name}: {problem}.")
    _check_key(column.model)
    return field


def check_several(model: type[Model], name: str, source: Several) -> None:
    """Raise ImproperlyConfigured where a model cannot have several pictures under that name."""
    label = f"{model._meta.label}.{name}"
    if any(field.name == name for field in model._meta.get_fields()):
        raise ImproperlyConfigured(f"{label} is a field: give the pictures that a function names another name.")
    if not name.isidentifier():
        raise ImproperlyConfigured(f"{label}: the name is none of Python's, such as 'pictures'.")
    if problem := source.problem():
        raise ImproperlyConfigured(f"{label}: {problem}.")
    _check_key(model)


def _check_key(model: type[Model]) -> None:
    if isinstance(model._meta.pk, CompositePrimaryKey):
        # One column of text, as of generic foreign keys, names the object of a scan.
        raise ImproperlyConfigured(
            f"{model._meta.label} has a composite primary key, and a scan refers to its object by a single key. "
            f"Give the model a primary key of one column and a unique constraint on the others."
        )


def _is_of_several(model: type[Model], name: str) -> bool:
    # Asked for every object of a list: most sites have none.
    if not any(it == name and isinstance(options.source, Several) for (_, it), options in _registered.items()):
        return False
    return any(watched.name == name and issubclass(model, watched.owner) for watched in watched_several())


def _several_of(model: type[Model], name: str) -> tuple[type[Model], Several]:
    for watched in watched_several():
        if watched.name == name and issubclass(model, watched.owner):
            return watched.owner, watched.source
    raise ImproperlyConfigured(f"{model._meta.label} has no pictures {name!r} that are named by a function.")


def _source_of(column: "Field[Any, Any]", name: str) -> Source:
    for (model, registered_name), options in _registered.items():
        if options.source is None or isinstance(options.source, Several) or registered_name != name:
            continue
        if any(issubclass(candidate, column.model) for candidate in concrete_models(model)):
            return options.source
    return FieldFiles()


def stored_name(instance: Model, field: AnyPictureField) -> str | None:
    """Return the name of an object's picture, "" without one, None while it is not stored or not known yet."""
    return field.name_in(instance)


def owner_of(field: AnyPictureField) -> type[Model]:
    """Return the concrete model whose table has the column."""
    owner = field.model._meta.concrete_model
    assert owner is not None, "a field of an abstract model has no column"
    return owner


def registered() -> list[tuple[type[Model], str, Options]]:
    """Return the models and fields that were registered in code, resolvable or not, with their options."""
    return [(model, name, options) for (model, name), options in _registered.items()]


def contradicted() -> list[tuple[type[Model], str]]:
    """Return the models and fields that were registered more than once, with different options."""
    return list(_contradicted)


def watched_fields() -> list[WatchedColumn]:
    """Return the watched fields, each once; options given in code win over a mention in ``FIELDS``.

    What names several pictures is told by :func:`watched_several`. Entries that cannot be resolved are left to the
    system checks.
    """
    fields: dict[tuple[Any, str], PictureField] = {}
    named: dict[tuple[Any, str], dict[type[Model], Options]] = {}
    for model, field_name, options in _resolvable():
        if isinstance(options.source, Several):
            continue
        for candidate in concrete_models(model):
            try:
                field = column_field(candidate, field_name)
            except ImproperlyConfigured:
                continue
            fields[field.column, field.name] = field
            named.setdefault((field.column, field.name), {})[candidate] = options
    return [
        WatchedColumn(owner=owner_of(field), field=field, classes=_most_derived_first(named[key]))
        for key, field in fields.items()
    ]


def all_watched() -> list[Watched]:
    """Return all that is watched."""
    return [*watched_fields(), *watched_several()]


def watched_several() -> list[WatchedSeveral]:
    """Return what names several pictures of each object, the most derived model first."""
    named: dict[tuple[type[Model], str], dict[type[Model], Options]] = {}
    sources: dict[tuple[type[Model], str], Several] = {}
    for model, name, options in _resolvable():
        if not isinstance(options.source, Several):
            continue
        for candidate in concrete_models(model):
            try:
                check_several(candidate, name, options.source)
            except ImproperlyConfigured:
                continue
            owner = candidate._meta.concrete_model or candidate
            sources.setdefault((owner, name), options.source)
            named.setdefault((owner, name), {})[candidate] = options
    found = [
        WatchedSeveral(owner=owner, several=name, source=sources[owner, name], classes=_most_derived_first(classes))
        for (owner, name), classes in named.items()
    ]
    return sorted(found, key=lambda watched: -len(watched.owner.__mro__))


def _most_derived_first(named: dict[type[Model], Options]) -> tuple[WatchedClass, ...]:
    ordered = sorted(named, key=lambda model: (-len(model.__mro__), model._meta.label))
    return tuple(WatchedClass(model=model, options=named[model]) for model in ordered)


def watched_field_of(row: Any) -> WatchedField | None:
    """Return the watched field of a scan or a watched image, None when it is not (or no longer) watched."""
    return watched_field(row.content_type.model_class(), row.field_name)


def watched_field(owner: type[Model] | None, field_name: str) -> WatchedField | None:
    """Return the watched field of a model by the name that scans have for it, None when it is not watched."""
    if KEY_MARK in field_name:
        several = (watched.at_name(field_name) for watched in watched_several() if watched.owner is owner)
        return next(filter(None, several), None)
    found = (watched for watched in watched_fields() if watched.owner is owner and watched.name == field_name)
    return next(found, None)


def options_of(row: Any) -> Options:
    """Return the options for the object of a scan or a watched image; the defaults when its field is not watched."""
    watched = watched_field_of(row)
    if watched is None:
        return Options()
    if len(watched.classes) == 1:
        return watched.classes[0].options
    instance = row.target
    governed = None if instance is None else watched.governed(instance)
    return Options() if governed is None else governed.options


def owner_of_picture(row: Any) -> Owner:
    """Return who owns the picture of a scan or a watched image now; raises what a function of the project does."""
    watched, instance = watched_field_of(row), row.target
    return NOBODY if watched is None or instance is None else watched.owner_of(instance)


def names_owner(row: Any) -> bool:
    """Return whether the project says who owns pictures of the field of a scan or a watched image."""
    watched = watched_field_of(row)
    return watched is not None and watched.names_owner


def named_in_settings() -> list[tuple[str, Mapping[str, Any]]]:
    """Return the labels in ``FIELDS`` with their options, possible or not; none where the setting is a mistake."""
    try:
        named = conf.FIELDS
    except ImproperlyConfigured:
        return []
    return list(named.items()) if isinstance(named, Mapping) else [(label, {}) for label in named]


def options_from(given: Mapping[str, Any]) -> Options:
    """Return options as a setting gives them; raise ImproperlyConfigured for impossible ones."""
    # A source is an object, and asked for before the settings are.
    known = [field.name for field in fields(Options) if field.name != "source"]
    for name in given:
        if name not in known:
            raise ImproperlyConfigured(f"{name!r} is no option; there are {', '.join(known)}.")
    return Options(**given)


def concrete_models(model: type[Model]) -> list[type[Model]]:
    """Return the models that a registered one stands for: itself, or the first concrete ones below an abstract."""
    if not model._meta.abstract:
        return [model]
    below = [subclass for subclass in apps.get_models(include_auto_created=True) if issubclass(subclass, model)]
    return [it for it in below if not any(other is not it and issubclass(it, other) for other in below)]


def _resolvable() -> Iterator[tuple[type[Model], str, Options]]:
    """Yield what is named from the most general to the most particular, which has the last word about a class."""
    for label, given in named_in_settings():
        try:
            model, field_name = resolve(label)
        except LookupError:
            continue
        try:
            options = options_from(given)
        except ImproperlyConfigured:
            options = Options()
        yield model, field_name, options
    by_depth = sorted(_registered.items(), key=lambda it: (not it[0][0]._meta.abstract, len(it[0][0].__mro__)))
    for (model, field_name), options in by_depth:
        yield model, field_name, options
