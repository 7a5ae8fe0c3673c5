"""The watched fields, as filters and the desk let people choose one."""

from django.utils.text import capfirst

from django_copyleaks_image import registry
from django_copyleaks_image.registry import WatchedField


def fields_to_choose() -> list[tuple[str, str]]:
    """Return the labels of the watched fields with names for people."""
    return [
        (watched.label, f"{capfirst(str(watched.owner._meta.verbose_name))}: {watched.field.verbose_name}")
        for watched in registry.watched_fields()
    ]


def watched_field(label: str) -> WatchedField | None:
    """Return the field of a label, None when it is not watched."""
    return next((watched for watched in registry.watched_fields() if watched.label == label), None)
