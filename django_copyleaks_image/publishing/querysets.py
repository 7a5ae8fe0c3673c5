"""Labels and hides the objects of a queryset by what was measured and decided about their pictures.

Everything is asked in SQL about the file that the field holds now: of our rows, by the index on the target of a scan,
or of a column that the project has for it.
"""

from collections.abc import Collection
from typing import Any, TypeVar

from django.contrib.contenttypes.models import ContentType
from django.db.models import (
    Case,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from django_copyleaks_image import registry, standings
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.picture_fields import PictureField
from django_copyleaks_image.standings import DECIDED, Policy, Standing
from django_copyleaks_image.verdicts import Verdict

from . import own_columns
from .keys import AreAmong, AsText

Rows = TypeVar("Rows", bound=QuerySet[Any])


def with_standing(queryset: Rows, field_name: str, *, prefix: str = "copyleaks") -> Rows:
    """Annotate objects with what is known about the picture that a field holds now.

    ``copyleaks_standing`` is a :class:`~django_copyleaks_image.standings.Standing`;
    ``copyleaks_verdict`` is a :class:`~django_copyleaks_image.verdicts.Verdict`, "" when not measured;
    ``copyleaks_decision`` is ``"confirmed"``, ``"cleared"``, ``"escalated"`` or ""; ``copyleaks_ai_share`` is the
    AI share of the area (0–1), None when not measured. For a second field of a model choose another ``prefix``.
    """
    field = registry.column_field(queryset.model, field_name)
    standing = own_columns.known(
        field,
        lambda column: own_columns.standing_in(field, column, Standing, default=Standing.WAITING),
        lambda: Coalesce(Subquery(_present_rows(field).values("standing")), Value(Standing.WAITING)),
    )
    decision = own_columns.known(
        field,
        lambda column: own_columns.standing_in(field, column, DECIDED, default=""),
        lambda: decision_of(field),
    )
    verdict = own_columns.known(field, lambda column: own_columns.verdict_in(field, column), lambda: verdict_of(field))
    return queryset.annotate(
        **{
            f"{prefix}_standing": standing,
            f"{prefix}_verdict": verdict,
            f"{prefix}_decision": decision,
            f"{prefix}_ai_share": Subquery(_present_rows(field).values("ai_share")),
        }
    )


def publishable(
    queryset: Rows,
    field_name: str,
    *,
    unmeasured: Policy = "hide",
    flagged: Policy = "hide",
    not_pictures: Policy = "show",
) -> Rows:
    """Return the objects whose picture may be shown.

    What a person cleared is shown; what was confirmed as AI, or is escalated, is hidden. As long as nobody has
    decided, pictures without detected AI (or with less than the field's ``review_area``) are shown, ``flagged`` ones
    wait for a person, and ``unmeasured`` ones for their scan, which includes those whose scan failed. Files that are
    no pictures, such as a PDF, are shown once that was found out, unless ``not_pictures`` hides them. Objects
    without a file have nothing to hide where the field may be empty. Raises ValueError for another policy than
    ``"hide"`` or ``"show"``.
    """
    shown = standings.shown_standings(unmeasured=unmeasured, flagged=flagged, not_pictures=not_pictures)
    field = registry.column_field(queryset.model, field_name)
    fit = own_columns.known(
        field, lambda column: own_columns.is_shown(field, column, shown), lambda: _is_shown_by_row(field, shown)
    )
    if field.may_be_empty:
        return queryset.filter(field.is_empty() | Q(fit))
    return queryset.filter(fit)  # One condition alone is what a database can answer by joining both tables at once.


def filter_by_picture(queryset: Rows, field_name: str, *conditions: Q, **columns: Any) -> Rows:
    """Return the objects whose picture was measured or decided about as the conditions say.

    They are of the columns of a :class:`~django_copyleaks_image.models.WatchedImage`: ``standing``, ``verdict`` (""
    when not measured), ``ai_share`` (0–1). A picture that waits for its first result fulfils none. Where few
    pictures do, only they are read; filtering the annotations of :func:`with_standing` looks at every object.
    """
    field = registry.column_field(queryset.model, field_name)
    wanted = None if conditions else _kept_in_columns(columns)
    if wanted is None:
        return queryset.filter(_is_one_of_few(field, *conditions, **columns))
    return queryset.filter(
        own_columns.known(
            field,
            lambda column: own_columns.stands(
                field, column, wanted.get("standing", Standing), verdicts=wanted.get("verdict", ())
            ),
            lambda: _is_one_of_few(field, **columns),
        )
    )


def _kept_in_columns(columns: dict[str, Any]) -> dict[str, list[Any]] | None:
    """Return which standings and verdicts are asked for where nothing else is, None otherwise."""
    kinds: dict[str, type[TextChoices]] = {"standing": Standing, "verdict": Verdict}
    wanted: dict[str, list[Any]] = {}
    for lookup, value in columns.items():
        name, _, operator = lookup.partition("__")
        values = list(value) if operator == "in" and isinstance(value, list | tuple | set | frozenset) else [value]
        if name not in kinds or name in wanted or operator not in ("", "in") or not values:
            return None
        if not all(isinstance(it, str) and it in kinds[name] for it in values):
            return None
        wanted[name] = [kinds[name](it) for it in values]
    return wanted or None


def _is_one_of_few(field: PictureField, *conditions: Q, **columns: Any) -> Case | AreAmong:
    key = registry.owner_of(field)._meta.pk
    if not isinstance(key, IntegerField):  # One object after the other.
        return _holds(Exists(_present_rows(field).filter(*conditions, **columns)))
    rows = _evidence(field).filter(*conditions, **columns)
    return AreAmong(_name_held(F(field.column.name), field), F(key.name), rows=rows)


def verdict_of(field: PictureField) -> Combinable:
    """Return the expression of the verdict about the file that a field holds, "" when it was not measured."""
    return Coalesce(Subquery(_present_rows(field).values("verdict")), Value(""))


def decision_of(field: PictureField, *, secret: Q | None = None) -> Combinable:
    """Return the expression of the decision that stands about the file that a field holds, "" for none.

    ``secret`` is a condition of watched images whose decision is not told.
    """
    told = Q(standing__in=DECIDED) if secret is None else Q(~secret, standing__in=DECIDED)
    decision = Case(When(told, then=F("standing")), default=Value(""))
    return Coalesce(Subquery(_present_rows(field).values(found=decision)), Value(""))


def _is_shown_by_row(field: PictureField, shown: Collection[Standing]) -> Any:
    rows = _present_rows(field)
    if Standing.WAITING in shown:  # Without a row the picture is waiting.
        return ~Exists(rows.exclude(standing__in=shown))
    return Exists(rows.filter(standing__in=shown))


def _holds(condition: Q | Exists) -> Case:
    """Return a condition that a database looks at once a row is found, instead of finding rows by it."""
    return Case(When(condition, then=Value(True)), default=Value(False))


def _present_rows(field: PictureField) -> QuerySet[WatchedImage]:
    """Return the row of an object's picture, none unless it is about the file that the object holds now."""
    rows = _evidence(field).filter(object_id=AsText(OuterRef(registry.owner_of(field)._meta.pk.name)))
    # PostgreSQL would take two equations for rarer than one, so that it expected next to no rows, and joined all of
    # both tables for the sixty of a page.
    return rows.filter(_holds(Q(file_name=_name_held(OuterRef(field.column.name), field))))


def _name_held(column: Any, field: PictureField) -> AsText:
    return AsText(field.held_name(column))


def _evidence(field: PictureField) -> QuerySet[WatchedImage]:
    """Return the rows of the pictures in a field of all objects, but for mocks unless ``SANDBOX`` is on."""
    rows = _rows(field)
    return rows if conf.SANDBOX else rows.filter(sandbox=False)


def _rows(field: PictureField) -> QuerySet[WatchedImage]:
    """Return the rows of the pictures in a field of all objects."""
    owner = registry.owner_of(field)
    # Asked by the database itself: a queryset may be built where the database must not be asked, as for a view.
    content_type = ContentType.objects.filter(app_label=owner._meta.app_label, model=owner._meta.model_name)
    return WatchedImage.objects.filter(content_type=Subquery(content_type.values("pk")[:1]), field_name=field.name)
