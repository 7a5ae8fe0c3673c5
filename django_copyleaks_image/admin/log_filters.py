"""Filters of the log of decisions. Their parameters are part of addresses that other pages lead to."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from django_copyleaks_image.reviewing.history import is_overturned, is_replaced
from django_copyleaks_image.reviewing.reasons import label_of, reasons_for
from django_copyleaks_image.standings import CHOICES, FINAL

from .facts import person

# In the place of a key: those whose account is gone.
DELETED = "deleted"
# Who has decided nothing among so many of the last rows is found by the search.
_LOOKED_AT = 5_000


class PersonFilter(admin.SimpleListFilter):
    """Filters by who has decided: the key of a user, or :data:`DELETED`, with a colon and what is left of a name."""

    title = _("person")
    parameter_name = "person"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[Any, Any]]:
        # Of what the user may hear: that somebody has decided at all may tell of a first look.
        told = model_admin.get_queryset(request).order_by("-pk")
        found = set(told.values_list("decided_by", "decided_by_name")[:_LOOKED_AT])
        keys = {key for key, _name in found}
        former = {name for key, name in found if key is None}
        people = get_user_model()._default_manager.filter(pk__in=[key for key in keys if key is not None])
        named = sorted((person(user), str(user.pk)) for user in people)
        return [
            *((key, name) for name, key in named),
            *((of_deleted(name), person(None, name)) for name in sorted(former)),
        ]

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        deleted, _colon, name = value.partition(":")
        if deleted == DELETED:
            return queryset.filter(decided_by=None, decided_by_name=name)
        try:
            return queryset.filter(decided_by=get_user_model()._meta.pk.to_python(value))
        except ValidationError:
            return queryset


def of_deleted(name: str) -> str:
    """Return what the filter takes for a person whose account is gone, by what is left of their name."""
    return f"{DELETED}:{name}" if name else DELETED


class ReasonFilter(admin.SimpleListFilter):
    """Filters by the reason that was given."""

    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        # One that is asked for may be offered no more.
        asked = request.GET.get(self.parameter_name, "")
        offered = [reason.name for kind in CHOICES for reason in reasons_for(kind)]
        return [(name, label_of(name)) for name in dict.fromkeys((*offered, asked)) if name]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(reason=self.value()) if self.value() else queryset


class _ConditionFilter(admin.SimpleListFilter, ABC):
    """Filters by conditions, each under a name."""

    offered: ClassVar[dict[str, Any]] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return self.offered.items()

    @abstractmethod
    def condition(self, name: str) -> Q: ...

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(self.condition(value)) if value in self.offered else queryset


class OverturnedFilter(_ConditionFilter):
    """Filters by what became of decisions about AI or not: taken back, or replaced by the opposite."""

    title = _("overturned")
    parameter_name = "overturned"
    offered: ClassVar[dict[str, Any]] = {
        "yes": _("Overturned"),
        "undone": _("Undone"),
        "replaced": _("Replaced by the opposite"),
        "no": _("Not overturned"),
    }

    def condition(self, name: str) -> Q:
        if name == "undone":
            return Q(kind__in=FINAL, reversal__isnull=False)
        if name == "replaced":
            return is_replaced()
        return is_overturned() if name == "yes" else Q(kind__in=FINAL) & ~is_overturned()


class SecondLookFilter(_ConditionFilter):
    """Filters second looks by whether they agreed with the first one, or leaves them out."""

    title = _("second look")
    parameter_name = "second_look"
    offered: ClassVar[dict[str, Any]] = {
        "disagreed": _("Disagreed"),
        "agreed": _("Agreed"),
        "made": _("All second looks"),
        "no": _("None of them"),
    }

    def condition(self, name: str) -> Q:
        if name in ("made", "no"):
            return Q(agrees__isnull=name == "no")
        return Q(agrees=name == "agreed")


class DateFilter(admin.ListFilter):
    """Filters by days of the site's time zone, from one to another, both included: ``from`` and ``until``."""

    title = _("date")
    template = "admin/copyleaks_image/filters/dates.html"
    column = "decided_at"
    parameter_name = "from"  # Themes take every filter for one with a single parameter.
    _PARAMETERS = ("from", "until")

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        days = {name: _day(params.pop(name, [""])[-1]) for name in self._PARAMETERS}
        self.days = {name: day for name, day in days.items() if day}
        # What the form holds, and what else the address asks, which it must ask again; set by :meth:`choices`.
        self.given = {name: day.isoformat() for name, day in self.days.items()}
        self.others: list[tuple[str, str]] = []

    def expected_parameters(self) -> list[str | None]:
        return list(self._PARAMETERS)

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Iterator[Any]:
        self.others = [(name, value) for name, value in changelist.params.items() if name not in self._PARAMETERS]
        today = timezone.localdate()
        offered = {
            _("Any date"): {},
            _("Today"): {"from": today},
            _("Past 7 days"): {"from": today - timedelta(days=6)},
            _("This month"): {"from": today.replace(day=1)},
        }
        for display, days in offered.items():
            asked = {name: day.isoformat() for name, day in days.items()}
            yield {
                "selected": self.days == days,
                "query_string": changelist.get_query_string(asked, [it for it in self._PARAMETERS if it not in asked]),
                "display": display,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = self.days.get("from"), self.days.get("until")
        if first:
            queryset = queryset.filter(**{f"{self.column}__gte": _midnight(first)})
        if last and last < date.max:
            queryset = queryset.filter(**{f"{self.column}__lt": _midnight(last + timedelta(days=1))})
        return queryset


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:  # The 30th of February.
        return None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
