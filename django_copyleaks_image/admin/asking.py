"""What the address of a list may ask, and about which objects it is answered: about those that the user may see.

Whoever may not view an object sees neither its picture nor the name of its file, so that a list must not confirm a
guess about them either. SQL knows no permissions: what it finds is looked at, as far as there are rules to ask.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import BadRequest, FieldDoesNotExist
from django.core.paginator import Paginator
from django.db import DataError
from django.db.models import Model, Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse
from django.utils.formats import number_format
from django.utils.functional import cached_property

from django_copyleaks_image import registry
from django_copyleaks_image.scanning.scan_requests import object_id_of

from . import base
from .base import ReadOnlyAdmin
from .targets import Row, models_with_files, ruled_models

# Of what is found about objects with rules of their own, so many are looked at, the newest first.
LOOKED_AT = 500
# Databases refuse longer texts to compare with, and searches for more words.
_LONGEST_TEXT = 2_000
_MOST_WORDS = 30
# Rows are counted up to here, since a full count reads them all.
BOUND = 10_000


def number(text: str | None) -> int | None:
    """Return a number of at most 18 digits; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def numbers(texts: Iterable[str]) -> list[int]:
    """Return those of the texts that are such numbers."""
    return [parsed for text in texts if (parsed := number(text)) is not None]


def plain(text: str | None) -> str:
    """Return a text without the one character that PostgreSQL refuses."""
    return (text or "").replace("\0", "")


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts and shows the first :data:`BOUND` rows of a list that may be endless; ``has_more`` tells of others."""

    @cached_property
    def count(self) -> int:
        return min(self._counted, BOUND)

    @property
    def has_more(self) -> bool:
        return self._counted > BOUND

    @property
    def bound(self) -> str:
        return number_format(BOUND, force_grouping=True)

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: BOUND + 1].count())


class AskedChangeList(ChangeList):
    """A list whose address may hold anything: what no database can compare with is a bad request."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        for name, values in request.GET.lists():
            if any("\0" in text or len(text) > _LONGEST_TEXT for text in (name, *values)):
                raise BadRequest("The address holds what nothing can be compared with.")
        super().__init__(request, *args, **kwargs)

    @property
    def at_once(self) -> int:
        """Return on how many rows an action can take, 0 where it can on all of the list."""
        return base.AT_ONCE if self.result_count > base.AT_ONCE else 0

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except (DataError, OverflowError, ValueError) as error:
            raise BadRequest("The address holds a number or a year that there is not.") from error
        if getattr(self.paginator, "has_more", False):
            # The search form states how many were found unless it is all there are; the bound would be untrue.
            self.full_result_count = self.result_count


class AskedAdmin(ReadOnlyAdmin):
    """Lists rows about pictures; ``picture_path`` leads from one to the row that says of which object, if another does.

    An address may name the columns of the filters, and those in ``asked``, which tell nothing but what every row shows.
    With ``searches_objects`` a search finds rows by their objects as well.
    """

    picture_path = ""
    searches_objects = False
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
            if self.searches_objects:
                found = found | queryset.filter(self._by_object(request, search_term))
            found = self.within_rules(request, found)
        return found, may_have_duplicates

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if len(numbers(chosen)) < len(chosen):
            raise BadRequest("Rows are chosen by their keys.")
        if "1" in request.POST.getlist("select_across"):
            # What the list offers to choose across its pages.
            first = list(queryset.values_list("pk", flat=True)[: base.AT_ONCE])
            queryset = queryset.filter(pk__in=first)
        return super().response_action(request, queryset, *args, **kwargs)

    def _has_column(self, name: str) -> bool:
        try:
            self.opts.get_field(name)
        except FieldDoesNotExist:  # Django answers with the list and a message.
            return False
        return True

    def search_objects(self, request: HttpRequest, model: type[Model], search_term: str) -> QuerySet[Any] | None:
        """Return the objects of a model of the project that a search finds, None where it is not searched.

        They are those that its own admin finds, by its ``search_fields``. A project may override this.
        """
        site = self.admin_site
        model_admin = site.get_model_admin(model) if site.is_registered(model) else None
        if model_admin is None or not model_admin.get_search_fields(request):
            return None
        if not model_admin.has_view_permission(request):
            return None
        return model_admin.get_search_results(request, model_admin.get_queryset(request), search_term)[0]

    def _by_object(self, request: HttpRequest, search_term: str) -> Q:
        """Return the condition of the rows whose objects a search finds, the newest of them."""
        path = self._path_to_picture
        condition = Q(pk__in=())
        for owner in {watched.owner: None for watched in registry.all_watched()}:
            objects = self.search_objects(request, owner, search_term)
            if objects is None:
                continue
            keys = objects.order_by("-pk").values_list("pk", flat=True)[:LOOKED_AT]
            found = [object_id_of(owner, key, using=objects.db) for key in keys]
            content_type = ContentType.objects.get_for_model(owner)
            condition |= Q(**{f"{path}content_type": content_type, f"{path}object_id__in": found})
        return condition

    @property
    def _path_to_picture(self) -> str:
        return f"{self.picture_path}{LOOKUP_SEP}" if self.picture_path else ""

    def within_rules(self, request: HttpRequest, found: QuerySet[Any]) -> QuerySet[Any]:
        """Return what is found, without the rows about objects that the user may not see."""
        access = self.access(request)
        is_ruled_everywhere = access.has_own_rule("may_view") or _has_own_rule(self)
        models = models_with_files() if is_ruled_everywhere else ruled_models(self.admin_site, request)
        if not models:
            return found
        path = self._path_to_picture
        content_types = ContentType.objects.get_for_models(*models, for_concrete_models=False).values()
        is_ruled = Q(**{f"{path}content_type__in": [it.pk for it in content_types]})
        looked_at = list(found.filter(is_ruled).select_related(f"{path}content_type").order_by("-pk")[:LOOKED_AT])
        targets = access.targets(self.picture_of(row) for row in looked_at)
        seen = [
            row.pk
            for row in looked_at
            if targets[self.picture_of(row).pk].visible and self.has_view_permission(request, row)
        ]
        return found.filter(~is_ruled | Q(pk__in=seen))

    def picture_of(self, row: Any) -> Row:
        """Return the row that says of which object a row's picture is."""
        picture: Row = getattr(row, self.picture_path) if self.picture_path else row
        return picture


def _has_own_rule(admin: AskedAdmin) -> bool:
    """Return whether the project says who may view rows, and not a method of ours."""
    return not getattr(admin.has_view_permission, "__module__", "").startswith(f"{__package__}.")


def _asks(list_filter: Any, lookup: str) -> bool:
    """Return whether a filter of a list asks for this: a class of its own, or one for a column."""
    if name := getattr(list_filter, "parameter_name", None):
        return bool(lookup == name)
    column = list_filter[0] if isinstance(list_filter, list | tuple) else list_filter
    return lookup == column or lookup.startswith(f"{column}{LOOKUP_SEP}")
