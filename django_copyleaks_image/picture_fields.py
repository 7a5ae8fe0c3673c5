"""What of a model names a picture: a file field, a column of text, a value within JSON, or a project's function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db.models import Field, Model, Q
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform

from .sources import Picture, Several, Source

# Between the name of several pictures and the key of one: "pictures:front".
KEY_MARK = ":"


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureField:
    """A column, the keys within it if it is JSON, and the source that says what stands there."""

    column: "Field[Any, Any]"
    source: Source
    path: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return what projects call it, and lookups understand: ``image``, ``meta__cover``."""
        return LOOKUP_SEP.join((self.column.name, *self.path))

    @property
    def model(self) -> type[Model]:
        return self.column.model

    @property
    def verbose_name(self) -> str:
        return " ".join((str(self.column.verbose_name), *self.path))

    @property
    def may_be_empty(self) -> bool:
        """Return whether an object without a picture is as it should be, and has nothing to hide."""
        return bool(self.path or self.column.blank or self.column.null)

    def is_empty(self) -> Q:
        """Return the condition of objects without a picture."""
        empty = Q(**{self.name: ""}) | Q(**{self.name: None})
        return empty | Q(**{f"{self.name}__isnull": True}) if self.path else empty

    def held_name(self, column: Any) -> Combinable:
        """Return the expression of the name that an object holds, of that of its column: F() or OuterRef()."""
        expression: Any = column
        for key in self.path:
            expression = KeyTextTransform(key, expression)
        return expression  # type: ignore[no-any-return]

    def name_of(self, column_value: Any) -> str | None:
        """Return the name of the picture of what the column holds, "" without one, None while it is not known yet."""
        return self.source.name_of(self.column, self._within(column_value))

    def name_in(self, instance: Model) -> str | None:
        """Return what :meth:`name_of` does, of an object."""
        return self.name_of(getattr(instance, self.column.attname))

    def picture(self, instance: Model, name: str) -> Picture:
        """Return the picture of an object, not opened."""
        value = getattr(instance, self.column.attname)
        return self.source.picture(self.column, self._within(value), name)

    def example(self) -> Picture:
        """Return a picture that is not there, for checks of where it would be."""
        return self.source.picture(self.column, None, "picture.jpg")

    def _within(self, value: Any) -> Any:
        for key in self.path:
            if isinstance(value, Mapping):
                value = value.get(key)
            elif isinstance(value, Sequence) and not isinstance(value, str) and key.isdecimal():
                value = value[int(key)] if int(key) < len(value) else None
            elif not hasattr(value, "resolve_expression"):
                return None
        return value


@dataclass(frozen=True, kw_only=True, slots=True)
class OneOfSeveral:
    """One of several pictures of an object, by the key that a function of the project gives it."""

    model: type[Model]
    several: str
    key: str
    source: Several

    may_be_empty = True

    @property
    def name(self) -> str:
        return f"{self.several}{KEY_MARK}{self.key}"

    @property
    def verbose_name(self) -> str:
        return f"{self.several.replace('_', ' ')} {self.key}"

    def name_in(self, instance: Model) -> str | None:
        """Return the name of the picture, "" where the object has none of this key."""
        return self.source.names_in(instance).get(self.key, "")

    def picture(self, instance: Model, name: str) -> Picture:
        return self.source.picture(name)


AnyPictureField: TypeAlias = PictureField | OneOfSeveral
