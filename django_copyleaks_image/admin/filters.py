"""Filters of the list of scans that need no look at the rows to know their choices."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_copyleaks_image.models.scan import Desk, Standing
from django_copyleaks_image.reviewing import claims
from django_copyleaks_image.scanning import silence

from .desk.blind import secret_from
from .desk.choice import QUEUES
from .fields import fields_to_choose, watched_field


class StuckFilter(admin.SimpleListFilter):
    """Filters by what is under way for too long."""

    title = _("delay")
    parameter_name = "stuck"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [("yes", _("Stuck"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(silence.is_stuck(timezone.now())) if self.value() == "yes" else queryset


class HeldFilter(admin.SimpleListFilter):
    """Filters by what somebody is looking at."""

    title = _("claim")
    parameter_name = "held"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [("yes", _("Somebody is looking at it"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(claims.is_held(timezone.now())) if self.value() == "yes" else queryset


class WatchedFieldFilter(admin.SimpleListFilter):
    """Filters by a watched field, such as ``gallery.Photo.image``."""

    title = _("field")
    parameter_name = "field"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return fields_to_choose()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        watched = watched_field(self.value() or "")
        if watched is None:
            return queryset
        content_type = ContentType.objects.get_for_model(watched.owner)
        return queryset.filter(content_type=content_type, field_name=watched.name)


class _BlindFilter(admin.SimpleListFilter):
    """A filter that must not tell those who are to take a second look that there was a first one.

    ``secret`` is the condition of scans of whose decisions the user must not hear.
    """

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.secret = secret_from(request, model_admin.admin_site)


class DeskFilter(_BlindFilter):
    """Filters by the queues of the desk, where second looks are among the reviews."""

    title = _("queue of the desk")
    parameter_name = "desk"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(desk.value, desk.label) for desk in QUEUES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in QUEUES:
            return queryset
        waiting = Q(desk=self.value())
        second_looks = Q(self.secret, desk=Desk.SECOND_LOOK)
        return queryset.filter(waiting | second_looks if self.value() == Desk.REVIEW else waiting)


class DecisionFilter(_BlindFilter):
    """Filters by the decision that stands."""

    title = _("decision")
    parameter_name = "decision"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return Standing.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in Standing.values:
            return queryset
        standing = Q(decision=self.value())
        return queryset.filter(standing & ~self.secret if self.value() else standing | self.secret)
