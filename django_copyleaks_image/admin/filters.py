"""Filters of the list of scans that need no look at the rows to know their choices."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from django_copyleaks_image import registry


class WatchedFieldFilter(admin.SimpleListFilter):
    """Filters by a watched field, such as ``gallery.Photo.image``."""

    title = _("field")
    parameter_name = "field"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [
            (watched.label, f"{capfirst(str(watched.owner._meta.verbose_name))}: {watched.field.verbose_name}")
            for watched in registry.watched_fields()
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        for watched in registry.watched_fields():
            if watched.label == self.value():
                content_type = ContentType.objects.get_for_model(watched.owner)
                return queryset.filter(content_type=content_type, field_name=watched.name)
        return queryset
