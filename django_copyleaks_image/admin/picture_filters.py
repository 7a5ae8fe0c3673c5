"""Filters for lists of the project's own objects: by verdict, and by the decision about their pictures."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import FileField, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.utils.translation import gettext as _

from django_copyleaks_image.models.scan import Standing
from django_copyleaks_image.publishing.querysets import decision_of, verdict_of
from django_copyleaks_image.verdicts import Verdict


class PictureFilter(admin.SimpleListFilter):
    """Filters objects by what is known about the file that one of their fields holds now."""

    known: Combinable
    choices_offered: type[Verdict | Standing]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return self.choices_offered.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in self.choices_offered.values:
            return queryset
        return queryset.filter(Exact(self.known, Value(self.value())))


def filters_of(field: FileField, *, named: bool, secret: Q) -> list[type[PictureFilter]]:
    """Return the filters for a field, with its name in their titles if it is not the only one.

    ``secret`` is a condition of scans whose decision the user must not hear of.
    """
    verdict, decision = _("verdict"), _("decision")
    if named:
        name = {"field": field.verbose_name}
        verdict, decision = _("verdict: %(field)s") % name, _("decision: %(field)s") % name
    parameter = f"copyleaks_{field.name}"
    return [
        _filter(Verdict, verdict_of(field), title=verdict, parameter_name=f"{parameter}_verdict"),
        _filter(Standing, decision_of(field, secret=secret), title=decision, parameter_name=f"{parameter}_decision"),
    ]


def _filter(choices: type[Verdict | Standing], known: Combinable, **attributes: str) -> type[PictureFilter]:
    name = f"{choices.__name__}Filter"
    return type(name, (PictureFilter,), {"choices_offered": choices, "known": known, **attributes})
