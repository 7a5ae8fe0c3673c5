"""Filters that need no look at the rows to know their choices: of our lists, and of the project's own."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet, Value
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import Combinable
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_copyleaks_image import registry
from django_copyleaks_image.picture_fields import PictureField
from django_copyleaks_image.publishing.querysets import decision_of, filter_by_picture, verdict_of
from django_copyleaks_image.reviewing import claims
from django_copyleaks_image.scanning import liveness
from django_copyleaks_image.standings import DECIDED, WAITING_QUEUES, Queue, Standing
from django_copyleaks_image.verdicts import Verdict
from django_copyleaks_image.watched_fields import Watched

from .access import access_of

# Second looks are among the reviews, wherever a queue can be chosen.
QUEUES = tuple(queue for queue in Queue if queue not in (Queue.NONE, Queue.SECOND_LOOK))


def fields_to_choose() -> list[tuple[str, str]]:
    """Return the labels of the watched fields with names for people."""
    return [(watched.label, watched.verbose_name) for watched in registry.all_watched()]


def watched_field(label: str) -> Watched | None:
    """Return what is watched under a label, None for nothing."""
    return next((watched for watched in registry.all_watched() if watched.label == label), None)


class StuckFilter(admin.SimpleListFilter):
    """Filters by what is under way for too long."""

    title = _("delay")
    parameter_name = "stuck"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [("yes", _("Stuck"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(liveness.is_stuck(timezone.now())) if self.value() == "yes" else queryset


class HeldFilter(admin.SimpleListFilter):
    """Filters by what somebody is looking at."""

    title = _("claim")
    parameter_name = "held"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [("yes", _("Somebody is looking at it"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(claims.is_held(timezone.now())) if self.value() == "yes" else queryset


class AssignedFilter(admin.SimpleListFilter):
    """Filters by whom an escalated picture is assigned to."""

    title = _("assigned to")
    parameter_name = "assigned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [("me", _("Me")), ("nobody", _("Nobody")), ("others", _("Somebody else"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        mine, nobodys = Q(assigned_to=request.user.pk), Q(assigned_to=None)
        whose = {"me": mine, "nobody": nobodys & Q(queue=Queue.ESCALATED), "others": ~mine & ~nobodys}
        return queryset.filter(whose.get(self.value() or "", Q()))


class WaitingFilter(admin.SimpleListFilter):
    """Filters by how long the pictures have been waiting for a person."""

    title = _("wait")
    parameter_name = "waiting"
    longer_than: ClassVar = {
        "day": (timedelta(days=1), _("Longer than a day")),
        "week": (timedelta(weeks=1), _("Longer than a week")),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(value, label) for value, (_time, label) in self.longer_than.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        time, _label = self.longer_than.get(self.value() or "", (None, ""))
        return (
            queryset if time is None else queryset.filter(queue__in=WAITING_QUEUES, queued_at__lt=timezone.now() - time)
        )


class WatchedFieldFilter(admin.SimpleListFilter):
    """Filters by a watched field, such as ``gallery.Photo.image``; rows about pictures by that of their picture."""

    title = _("field")
    parameter_name = "field"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.path = f"{model_admin.picture_path}{LOOKUP_SEP}" if model_admin.picture_path else ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return fields_to_choose()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        watched = watched_field(self.value() or "")
        if watched is None:
            return queryset
        return queryset.filter(about_field(watched, self.path))


def about_field(watched: Watched, path: str) -> Q:
    """Return the condition of rows about pictures of a watched field, to whose columns ``path`` leads."""
    content_type = ContentType.objects.get_for_model(watched.owner)
    return Q(watched.is_about(path), **{f"{path}content_type": content_type})


def told_as(column: str, value: str, secret: Q, *, unless_decided: str) -> Q:
    """Return the condition of pictures that are told to have a value; ``secret`` are those of an untold first look.

    Whoever is to take a second look hears of those that they have the value ``unless_decided``.
    """
    has_value = Q(**{column: value})
    return has_value | secret if value == unless_decided else has_value & ~secret


class _BlindFilter(admin.SimpleListFilter):
    """Filters pictures by a column, and tells those who are to take a second look of no first one."""

    column = ""
    offered: tuple[Standing | Queue, ...] = ()
    unless_decided: Standing | Queue

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.secret = access_of(request, model_admin.admin_site).secret()

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(choice.value, choice.label) for choice in self.offered]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None or value not in self.offered:
            return queryset
        return queryset.filter(told_as(self.column, value, self.secret, unless_decided=self.unless_decided))


class StandingFilter(_BlindFilter):
    """Filters by how the pictures stand."""

    title = _("standing")
    parameter_name = column = "standing"
    offered = tuple(Standing)
    unless_decided = Standing.FLAGGED


class QueueFilter(_BlindFilter):
    """Filters by the queues of the desk."""

    title = _("queue of the desk")
    parameter_name = column = "queue"
    offered = QUEUES
    unless_decided = Queue.REVIEW


class PictureFilter(admin.SimpleListFilter):
    """Filters the project's objects by what is known about the file that one of their fields holds now."""

    field: PictureField
    column: str
    offered: dict[str, Any]
    # A condition of rows about which the user may hear it.
    told = Q()
    known: Combinable

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return self.offered.items()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value not in self.offered:
            return queryset
        if value:
            return filter_by_picture(queryset, self.field.name, self.told, **{self.column: value})
        # Those of which nothing is known may have no row.
        return queryset.filter(Exact(self.known, Value("")))


def filters_of(field: PictureField, *, named: bool, secret: Q) -> list[type[PictureFilter]]:
    """Return the filters for a field of the project, with its name in their titles if it is not the only one.

    ``secret`` is a condition of pictures of whose decision the user must not hear.
    """
    verdict, decision = gettext("verdict"), gettext("decision")
    if named:
        name = {"field": field.verbose_name}
        verdict, decision = gettext("verdict: %(field)s") % name, gettext("decision: %(field)s") % name

    class VerdictFilter(PictureFilter):
        title, parameter_name = verdict, f"copyleaks_{field.name}_verdict"
        column, offered, known = "verdict", dict(Verdict.choices), verdict_of(field)

    class DecisionFilter(PictureFilter):
        title, parameter_name = decision, f"copyleaks_{field.name}_decision"
        column, told, known = "standing", ~secret, decision_of(field, secret=secret)
        offered = {"": gettext("Undecided"), **{standing.value: standing.label for standing in DECIDED}}

    VerdictFilter.field = DecisionFilter.field = field
    return [VerdictFilter, DecisionFilter]
