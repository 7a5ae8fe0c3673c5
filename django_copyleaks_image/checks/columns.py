"""Checks of the columns in which the app keeps how pictures stand: what they are about, and whether they are filled."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, Warning  # noqa: A004 - Django's names
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.db.models import Model

from django_copyleaks_image import registry
from django_copyleaks_image.fields import PictureStandingField
from django_copyleaks_image.models import home_database
from django_copyleaks_image.scanning import filling

from .registering import PREFIX, register


@register(Tags.models)
def check_columns(**kwargs: Any) -> list[CheckMessage]:
    """Check that every column is about a picture that a query can ask for, in the same table."""
    return [
        Error(
            f"{field.model._meta.label}.{field.name} can hold no standing: {problem}",
            hint='Name a field with a picture of the same model: image_standing = PictureStandingField("image").',
            id=f"{PREFIX}.E048",
        )
        for field, problem in _wrong_columns()
    ]


def _wrong_columns() -> Iterator[tuple[PictureStandingField, str]]:
    for model in apps.get_models(include_auto_created=True):
        fields = [field for field in model._meta.local_fields if isinstance(field, PictureStandingField)]
        named: set[str] = set()
        for field in fields:
            if problem := _problem_with(model, field, named):
                yield field, problem
            named.add(field.picture)


def _problem_with(model: type[Model], field: PictureStandingField, named: set[str]) -> str:
    try:
        picture = registry.column_field(model, field.picture)
    except ImproperlyConfigured as error:
        return str(error)
    if registry.owner_of(picture) is not model:
        return f"{field.picture} is a column of {registry.owner_of(picture)._meta.label}, which is another table."
    if field.picture in named:
        return f"{field.picture} has another one already, which is the one that is not used."
    return ""


@register(Tags.database)
def check_that_columns_are_filled(**kwargs: Any) -> list[CheckMessage]:
    """Report columns that are not filled: queries ask the rows of the app until then, which takes longer."""
    if home_database() not in (kwargs.get("databases") or ()):
        return []
    try:
        labels = [unfilled.label for unfilled in filling.unfilled()]
    except DatabaseError:  # Not migrated yet.
        return []
    return [
        Warning(
            f"{label} is not filled yet: until then publishable() asks the rows of each picture.",
            hint="The worker fills it in some time; copyleaks_fill does so at once.",
            id=f"{PREFIX}.W049",
        )
        for label in labels
    ]
