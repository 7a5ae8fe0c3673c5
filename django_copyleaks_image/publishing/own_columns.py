"""Asks the column of the project's own in which the app keeps how pictures stand, where a model has one."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Case, ExpressionWrapper, F, Func, Model, Value, When
from django.db.models.sql.compiler import SQLCompiler

from django_copyleaks_image import registry, standing_columns
from django_copyleaks_image.picture_fields import PictureField
from django_copyleaks_image.standings import STANDINGS, Standing
from django_copyleaks_image.verdicts import Verdict

from .keys import Exactly


class Stands(Func):
    """Whether a column says one of these things of the file that the object holds now, or whether it does not.

    The whole text is compared, which takes half the time of taking it apart, with the commonest one first. As a CASE it
    is nothing that PostgreSQL takes for rare; else it would not go by the order of a page. Where ``like`` are
    patterns of all that is looked for, nothing else is compared.
    """

    output_field = BooleanField()

    def __init__(
        self,
        column: Any,
        name: Any,
        *,
        beginnings: Iterable[str],
        like: Collection[str] = (),
        is_negated: bool = False,
    ) -> None:
        super().__init__(column, name)
        self.answers = dict.fromkeys(beginnings, not is_negated)
        if is_negated and standing_columns.COMMONEST not in self.answers:
            self.answers = {standing_columns.COMMONEST: True, **self.answers}
        self.like, self.is_negated = like, is_negated

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **context: Any) -> Any:
        text = "CONCAT(%%s, %s)" if connection.vendor == "mysql" else "%%s || %s"
        (column, column_values), (name, name_values) = (compiler.compile(it) for it in self.source_expressions)
        whens = " ".join(f"WHEN {text % name} THEN {str(answer).upper()}" for answer in self.answers.values())
        sql = f"CASE {column} {whens} ELSE {str(self.is_negated).upper()} END"
        values = [*column_values, *(value for beginning in self.answers for value in (beginning, *name_values))]
        if self.like:
            likes = " OR ".join([f"{column} LIKE %s"] * len(self.like))
            sql = f"CASE WHEN {likes} THEN {sql} ELSE FALSE END"
            values = [value for pattern in self.like for value in (*column_values, pattern)] + values
        return sql, values


class IfFilled(ExpressionWrapper):  # type: ignore[type-arg]
    """What the column of a field says once it is filled, and until then what the watched images say.

    It is looked when the query runs: a queryset may be built where no database can be asked. Wrapping what is asked,
    it is compared with a boolean where that is.
    """

    def __init__(self, owner: type[Model], field_name: str, kept: Any, asked: Any) -> None:
        super().__init__(asked, output_field=kept.output_field)
        self.owner, self.field_name, self.kept = owner, field_name, kept

    def get_source_expressions(self) -> list[Any]:
        return [self.kept, self.expression]

    def set_source_expressions(self, exprs: Any) -> None:
        self.kept, self.expression = exprs

    def get_group_by_cols(self) -> list[Any]:
        return [self]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        is_filled = standing_columns.is_filled(self.owner, self.field_name)
        return compiler.compile(self.kept if is_filled else self.expression)


def known(field: PictureField, kept: Callable[[str], Any], asked: Callable[[], Any]) -> Any:
    """Return what a column of the project's own says if there is one that is filled, else what is asked of our rows.

    Either is made when it may be needed: to make both takes longer than to read a page.
    """
    owner = registry.owner_of(field)
    column = standing_columns.columns().get((owner, field.name))
    if column is None:
        return asked()
    if standing_columns.is_known_to_be_filled(owner, field.name):
        return kept(column)
    return IfFilled(owner, field.name, kept(column), asked())


def is_shown(field: PictureField, column: str, shown: Collection[Standing]) -> Stands:
    """Return the condition that a picture may be shown. One without a standing is waiting."""
    if Standing.WAITING in shown:
        return _stands(field, column, standing_columns.beginnings(STANDINGS.keys() - set(shown)), is_negated=True)
    return stands(field, column, shown)


def standing_in(field: PictureField, column: str, standings: Iterable[Standing], *, default: str) -> Case:
    """Return the expression of how a picture stands, or the default if it is in none of these ways."""
    whens = [When(stands(field, column, [it]), then=Value(str(it))) for it in standings]
    return Case(*whens, default=Value(str(default)))


def verdict_in(field: PictureField, column: str) -> Case:
    """Return the expression of the verdict about a picture, "" when it was not measured."""
    measured = [it for it in Verdict if it is not Verdict.NOT_MEASURED]
    whens = [When(stands(field, column, Standing, verdicts=[it]), then=Value(str(it))) for it in measured]
    return Case(*whens, default=Value(""))


def stands(
    field: PictureField, column: str, standings: Iterable[Standing], *, verdicts: Collection[Verdict] = ()
) -> Stands:
    """Return the condition that a picture stands in one of these ways, with one of these verdicts if there are any."""
    standings = tuple(standings)
    beginnings = standing_columns.beginnings(standings, verdicts or tuple(Verdict))
    like = [f"{verdict}/%" for verdict in verdicts] or [f"%/{standing}%" for standing in standings]
    is_rare = standing_columns.COMMONEST not in beginnings and len(like) < len(beginnings)
    return _stands(field, column, beginnings, like=like if is_rare else ())


def _stands(field: PictureField, column: str, beginnings: Iterable[str], **options: Any) -> Stands:
    name = Exactly(field.held_name(F(field.column.name)))
    return Stands(F(column), name, beginnings=beginnings, **options)
