"""Checks of what is watched: whether it names pictures, and whether registrations contradict each other."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.checks import CheckMessage, Error, Tags, Warning  # noqa: A004 - Django's names
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP

from django_copyleaks_image import owners, registry
from django_copyleaks_image.conf import DICT_NAME
from django_copyleaks_image.models import home_database, images
from django_copyleaks_image.picture_fields import KEY_MARK
from django_copyleaks_image.sources import Picture, Several, StoredFile

from .configuration import value_of
from .registering import PREFIX, register


@register(Tags.models)
def check_fields(**kwargs: Any) -> list[CheckMessage]:
    """Check that every watched field exists, names pictures, and belongs to objects that a scan can name."""
    named = [(label, partial(_resolved_field, label)) for label, _ in registry.named_in_settings()]
    named += [
        (f"{model._meta.label}.{name}", partial(_registered_field, model, name, options.source))
        for registered, name, options in registry.registered()
        for model in registry.concrete_models(registered) or [registered]
    ]
    return [
        Error(
            f"{label} cannot be watched: {problem}",
            hint=f"Name a FileField or ImageField as app_label.Model.field in {DICT_NAME}['FIELDS'] or in register(), "
            "or anything else that names pictures in register() with source=.",
            id=f"{PREFIX}.E007",
        )
        for label, find in named
        if (problem := _problem_of(find))
    ]


@register(Tags.models)
def check_options(**kwargs: Any) -> list[CheckMessage]:
    """Check that every option in the settings is one, and that every owner is a field of its objects, or a function."""
    return [
        Error(
            f"An option of {label} is a mistake: {problem}.",
            hint='Let owner= be the name of a field of the model, such as "uploaded_by", or a function that takes the '
            f"object and returns its owner; {DICT_NAME}['FIELDS'] takes the options of register(), except source=.",
            id=f"{PREFIX}.E053",
        )
        for label, problem in (*_mistaken_options(), *_missing_owners())
    ]


def _mistaken_options() -> Iterator[tuple[str, str]]:
    for label, given in registry.named_in_settings():
        try:
            registry.options_from(given)
        except ImproperlyConfigured as error:
            yield f"{DICT_NAME}['FIELDS'][{label!r}]", str(error).rstrip(".")


def _missing_owners() -> Iterator[tuple[str, str]]:
    for watched in registry.all_watched():
        for named in watched.classes:
            owner = named.options.owner
            if owner is not None and (problem := owners.problem_with(owner, named.model)):
                yield f"{named.model._meta.label}.{watched.name}", problem


def _resolved_field(label: str) -> None:
    registry.column_field(*registry.resolve(label))


def _registered_field(model: type[Model], name: str, source: object) -> None:
    if isinstance(source, Several):
        registry.check_several(model, name, source)
    else:
        registry.column_field(model, name)


def _problem_of(find: Callable[[], None]) -> str:
    try:
        find()
    except (LookupError, ImproperlyConfigured) as error:
        return str(error)
    return ""


@register(Tags.models)
def check_registrations(**kwargs: Any) -> list[CheckMessage]:
    """Check that no registration takes the place of another, and that each says something about objects of its own."""
    problems = (*_contradictions(), *_different_sources(), *_proxies_that_nobody_can_tell())
    return [Error(problem, hint=hint, id=f"{PREFIX}.E045") for problem, hint in problems]


def _contradictions() -> Iterator[tuple[str, str]]:
    for model, name in registry.contradicted():
        yield (
            f"{model._meta.label}.{name} was registered more than once, with different options; the last ones count.",
            "Register it once, or call unregister() before it is registered anew.",
        )


def _different_sources() -> Iterator[tuple[str, str]]:
    for watched in registry.all_watched():
        sources = [named.options.source for named in watched.classes if named.options.source is not None]
        if any(source != sources[0] for source in sources):
            yield (
                f"{watched.label} was registered with different sources; the first one counts.",
                "Give every registration of the column the same source.",
            )


def _proxies_that_nobody_can_tell() -> Iterator[tuple[str, str]]:
    for watched in registry.all_watched():
        for named in watched.classes:
            if not named.is_told_apart and any(named.options != other.options for other in watched.classes):
                label, owner = named.model._meta.label, watched.owner._meta.label
                problem = (
                    f"{label} is a proxy without a manager of its own, and nothing else tells its objects from others "
                    f"of {owner}, for which other options were registered."
                )
                yield problem, f"Give {label} a manager that finds its objects, or register only one of them."


@register(Tags.models)
def check_that_something_is_watched(**kwargs: Any) -> list[CheckMessage]:
    """Check that there is anything to scan: otherwise uploads would pass in silence."""
    if value_of("FIELDS") is None or value_of("FIELDS") or registry.registered():
        return []
    return [
        Warning(
            "No field is watched, so no upload is ever scanned.",
            hint=f"Name fields in {DICT_NAME}['FIELDS'], or use register() or @scan_images.",
            id=f"{PREFIX}.W021",
        )
    ]


@register(Tags.database)
def check_renamed_fields(**kwargs: Any) -> list[CheckMessage]:
    """Report pictures of fields that their models have no more: those of a renamed one would be without a verdict."""
    if home_database() not in (kwargs.get("databases") or ()):
        return []
    try:
        lost = list(_lost_fields())
        if not lost or _has_migrations_to_come():  # One of which may rename them.
            return []
    except DatabaseError:  # Not migrated yet.
        return []
    return [
        Warning(
            f"There are pictures of {model._meta.label}.{name}, which {model._meta.label} no longer has: what was "
            "measured and decided about them is said of nothing any more.",
            hint=f"If the field was renamed, add RenameWatchedField({model._meta.model_name!r}, {name!r}, "
            f"'the new name') of django_copyleaks_image.operations to a migration of {model._meta.app_label}. If it is "
            "gone for good, delete its watched images, or silence this.",
            id=f"{PREFIX}.W047",
        )
        for model, name in lost
    ]


def _lost_fields() -> Iterator[tuple[type[Model], str]]:
    # These columns alone are in one index.
    for content_type, name in images().order_by().values_list("content_type", "field_name").distinct():
        model = ContentType.objects.db_manager(home_database()).get_for_id(content_type).model_class()
        if model is None or KEY_MARK in name or _has_column(model, name):  # What a function names has no column.
            continue
        if images().filter(content_type=content_type, field_name=name, removed_at=None).exists():
            yield model, name


def _has_column(model: type[Model], name: str) -> bool:
    try:
        model._meta.get_field(name.split(LOOKUP_SEP, maxsplit=1)[0])
    except FieldDoesNotExist:
        return False
    return True


def _has_migrations_to_come() -> bool:
    executor = MigrationExecutor(connections[home_database()])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@register(Tags.files)
def check_overwriting_storages(**kwargs: Any) -> list[CheckMessage]:
    """Check that two uploads of one name are two files: else the second shows in the place of the first."""
    overwritten = sorted(watched.label for watched in registry.watched_fields() if _overwrites(watched.field.example()))
    if not overwritten:
        return []
    return [
        Warning(
            f"The storage of {', '.join(overwritten)} overwrites a file when another one of its name is uploaded.",
            hint='Let the storage find a free name, with "file_overwrite": False for S3 and its like, or let upload_to '
            "give each upload a name of its own.",
            id=f"{PREFIX}.W039",
        )
    ]


def _overwrites(picture: Picture) -> bool:
    """Return whether a picture's storage, Django's or of django-storages, is told to overwrite."""
    storage = picture.storage if isinstance(picture, StoredFile) else None
    options = ("file_overwrite", "overwrite_files", "_allow_overwrite")
    return any(getattr(storage, option, False) is True for option in options)
