"""What the address of a list may ask, and about which objects it is answered: about those that the user may see.

Whoever may not view an object sees neither its picture nor the name of its file, so that a list must not confirm a
guess about them either. SQL knows no permissions: what it finds is looked at, as far as there are rules to ask.
"""

from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import BadRequest, FieldDoesNotExist
from django.db import DataError
from django.db.models import Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse

from django_copyleaks_image.models import ImageScan

from .parsing import numbers
from .readonly import ReadOnlyAdmin
from .targets import read_targets, ruled_models

# Of what is found about objects with rules of their own, so many are looked at, the newest first.
LOOKED_AT = 500
# Databases refuse longer texts to compare with, and searches for more words.
_LONGEST_TEXT = 2_000
_MOST_WORDS = 30


class AskedChangeList(ChangeList):
    """A list whose address may hold anything: what no database can compare with is a bad request."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        for name, values in request.GET.lists():
            if any("\0" in text or len(text) > _LONGEST_TEXT for text in (name, *values)):
                raise BadRequest("The address holds what nothing can be compared with.")
        super().__init__(request, *args, **kwargs)

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except (DataError, OverflowError, ValueError) as error:
            raise BadRequest("The address holds a number or a year that there is not.") from error


class AskedAdmin(ReadOnlyAdmin):
    """Lists rows about scans; ``scan_path`` leads from a row to its scan, and is empty for scans themselves.

    An address may name the columns of the filters, and those in ``asked``, which tell nothing but what every row shows.
    """

    scan_path = ""
    asked: frozenset[str] = frozenset()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AskedChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether the address of the list may ask for this."""
        column = lookup.partition(LOOKUP_SEP)[0]
        is_offered = column in self.asked or any(_asks(it, lookup) for it in self.get_list_filter(request))
        return (is_offered or not self._has_column(column)) and super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows that are found, without those about objects that the user may not see."""
        if "\0" in search_term or len(search_term) > _LONGEST_TEXT or len(search_term.split()) > _MOST_WORDS:
            raise BadRequest("Nothing can be searched for this.")
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        if search_term:
            found = self._within_rules(request, found)
        return found, may_have_duplicates

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if len(numbers(chosen)) < len(chosen):
            raise BadRequest("Rows are chosen by their keys.")
        return super().response_action(request, queryset, *args, **kwargs)

    def _has_column(self, name: str) -> bool:
        try:
            self.opts.get_field(name)
        except FieldDoesNotExist:  # Django answers with the list and a message.
            return False
        return True

    def _within_rules(self, request: HttpRequest, found: QuerySet[Any]) -> QuerySet[Any]:
        models = ruled_models(self.admin_site, request)
        if not models:
            return found
        path = f"{self.scan_path}{LOOKUP_SEP}" if self.scan_path else ""
        content_types = ContentType.objects.get_for_models(*models, for_concrete_models=False).values()
        is_ruled = Q(**{f"{path}content_type__in": [it.pk for it in content_types]})
        looked_at = found.filter(is_ruled).select_related(f"{path}content_type").order_by("-pk")[:LOOKED_AT]
        rows = {row.pk: self._scan_of(row) for row in looked_at}
        targets = read_targets(rows.values(), self.admin_site, request)
        seen = [pk for pk, scan in rows.items() if targets[scan.pk].visible]
        return found.filter(~is_ruled | Q(pk__in=seen))

    def _scan_of(self, row: Any) -> ImageScan:
        scan: ImageScan = getattr(row, self.scan_path) if self.scan_path else row
        return scan


def _asks(list_filter: Any, lookup: str) -> bool:
    """Return whether a filter of a list asks for this: a class of its own, or one for a column."""
    if name := getattr(list_filter, "parameter_name", None):
        return bool(lookup == name)
    column = list_filter[0] if isinstance(list_filter, list | tuple) else list_filter
    return lookup == column or lookup.startswith(f"{column}{LOOKUP_SEP}")
