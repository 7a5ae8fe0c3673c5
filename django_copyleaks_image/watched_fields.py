"""What is watched: a field, the classes whose objects are meant, and what the project says about each of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import router
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.text import capfirst

from .owners import NOBODY, Owner, OwnerOption, known_key, owner_in
from .picture_fields import KEY_MARK, AnyPictureField, OneOfSeveral, PictureField
from .sources import Several, Source
from .verdicts import Policy


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a project may say about a field; thresholds are shares of the area from 0 to 1."""

    when: Callable[[Any], bool] | None = None
    review_area: float | None = None
    mostly_ai_area: float | None = None
    source: Source | Several | None = None
    owner: OwnerOption | None = None

    def __post_init__(self) -> None:
        for name in ("review_area", "mostly_ai_area"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ImproperlyConfigured(f"{name} must be a share of the area from 0 to 1, not {value!r}.")
        if self.when is not None and not callable(self.when):
            raise ImproperlyConfigured("when must be a callable that takes the instance.")
        if self.owner is not None and not callable(self.owner) and not self.owner:
            raise ImproperlyConfigured("owner must be the name of a field, or a callable that takes the instance.")
        asked = ("problem", "names_in") if isinstance(self.source, Several) else ("problem_with", "name_of", "picture")
        answers = [callable(getattr(self.source, name, None)) for name in asked]
        if self.source is not None and (isinstance(self.source, type) or not all(answers)):
            raise ImproperlyConfigured("source must be a source, such as StorageKey('media') or Url().")

    def want(self, instance: Model) -> bool:
        """Return whether ``when`` wants the picture of an object scanned."""
        return self.when is None or bool(self.when(instance))

    def owner_of(self, instance: Model) -> Owner:
        """Return who owns the picture of an object; raises what a function of the project does."""
        return NOBODY if self.owner is None else owner_in(instance, self.owner)

    def owner_key_of(self, instance: Model) -> str | None:
        """Return the key of the owner, None where that was not loaded."""
        return NOBODY.key if self.owner is None else known_key(instance, self.owner)

    @property
    def policy(self) -> Policy:
        return Policy.from_settings(review_area=self.review_area, mostly_ai_area=self.mostly_ai_area)


class WatchedClass(NamedTuple):
    """A class that the project has named, with the options for its objects."""

    model: type[Model]
    options: Options

    @property
    def is_told_apart(self) -> bool:
        """Return whether the database tells its objects from others with the same column.

        Those of a proxy are what a manager of its own gives; without one, only a save says as what it is meant.
        """
        if not self.model._meta.proxy:
            return True
        concrete = self.model._meta.concrete_model
        manager = self.model._default_manager
        homes = (base for base in self.model.__mro__ if _has_manager(base, manager.name))
        return not issubclass(concrete or self.model, next(homes, self.model))

    def rows(self, database: str) -> QuerySet[Model]:
        """Return its objects; none where it is not told apart."""
        if not self.is_told_apart:
            return self.model._base_manager.using(database).none()
        manager = self.model._default_manager if self.model._meta.proxy else self.model._base_manager
        return manager.using(database)


class Governed(NamedTuple):
    """An object as the most derived class that was named for it, and the options for that."""

    instance: Model
    options: Options


@dataclass(frozen=True, kw_only=True)
class _Watched(ABC):
    """A concrete model, and the classes whose objects are watched in its table."""

    owner: type[Model]
    # The most derived first.
    classes: tuple[WatchedClass, ...]

    @property
    @abstractmethod
    def name(self) -> str: ...

    @property
    @abstractmethod
    def what(self) -> str:
        """Return what people call what is watched."""

    @property
    def label(self) -> str:
        return f"{self.owner._meta.label}.{self.name}"

    @property
    def named_labels(self) -> list[str]:
        """Return the labels of what is watched, as a project names it."""
        return [f"{named.model._meta.label}.{self.name}" for named in self.classes]

    @property
    def verbose_name(self) -> str:
        """Return what people call it: by the class that was named, if there is one."""
        model = self.classes[0].model if len(self.classes) == 1 else self.owner
        return f"{capfirst(str(model._meta.verbose_name))}: {self.what}"

    @property
    def takes_all(self) -> bool:
        """Return whether every object with the column is watched."""
        return any(named.model is self.owner for named in self.classes)

    @property
    def has_rules(self) -> bool:
        """Return whether a ``when=`` of the project decides about some of the objects."""
        return any(named.options.when is not None for named in self.classes)

    @property
    def names_owner(self) -> bool:
        """Return whether the project says who owns some of the pictures."""
        return any(named.options.owner is not None for named in self.classes)

    def owner_of(self, instance: Model) -> Owner:
        """Return who owns the picture of an object; raises what a function of the project does."""
        governed = self.governed(instance) if self.names_owner else None
        return NOBODY if governed is None else governed.options.owner_of(governed.instance)

    def models(self) -> Iterator[type[Model]]:
        """Yield every model as which a watched object may be saved: named classes, what they are made of and derive."""
        lines = [named.model._meta.concrete_model or named.model for named in self.classes]
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.concrete_model or model
            if issubclass(model, self.owner) and any(issubclass(model, it) or issubclass(it, table) for it in lines):
                yield model

    def is_left_by_deleting(self, model: type[Model]) -> bool:
        """Return whether an object is watched no more when its row of this model goes: parents may stay."""
        table = model._meta.concrete_model
        lines = {named.model._meta.concrete_model or named.model for named in self.classes}
        return table in lines and not any(table is not line and issubclass(model, line) for line in lines)

    def class_of(self, model: type[Model]) -> WatchedClass | None:
        """Return the most derived named class that this model is; None where only its rows can tell."""
        return next((named for named in self.classes if issubclass(model, named.model)), None)

    def objects(self, database: str, *, of: WatchedClass | None = None) -> QuerySet[Model]:
        """Return the watched objects that the database can tell, as the owner; or those of one class alone."""
        rows = self.owner._base_manager.using(database)
        classes = self.classes if of is None else (of,)
        if any(named.model is self.owner for named in classes):
            return rows
        key = self.owner._meta.pk.name
        is_watched = Q(pk__in=())
        for named in classes:
            if named.is_told_apart:
                is_watched |= Q(Exists(named.rows(database).order_by().filter(**{key: OuterRef("pk")})))
        return rows.filter(is_watched)

    def governed(self, instance: Model) -> Governed | None:
        """Return a watched object as the class that was named for it; None for one that is none of them.

        The database is asked only where the object was read or saved as less than a named class.
        """
        database = instance._state.db or router.db_for_read(self.owner)
        key = {self.owner._meta.pk.name: getattr(instance, self.owner._meta.pk.attname)}
        for named in self.classes:
            if isinstance(instance, named.model):
                return Governed(instance, named.options)
            if named.is_told_apart:
                found = named.rows(database).filter(**key).first()
            else:
                # It was saved as such: nothing else finds it. But whoever names its model as well means all.
                found = None if self.takes_all else named.model._base_manager.using(database).filter(**key).first()
            if found is not None:
                return Governed(found, named.options)
        return None


@dataclass(frozen=True, kw_only=True)
class WatchedField(_Watched):
    """What names one picture of an object."""

    field: AnyPictureField

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def what(self) -> str:
        return str(self.field.verbose_name)

    @property
    def stored_as(self) -> str:
        """Return the field name of its rows."""
        return self.name

    def is_about(self, path: str = "") -> Q:
        """Return the condition of the scans and watched images of a model that are about it.

        Or of rows from which a ``path``, such as ``image__``, leads to those.
        """
        return Q(**{f"{path}field_name": self.name})

    def each_in(self, instance: Model) -> Iterator["WatchedField"]:
        """Yield what names the pictures that an object has: this."""
        yield self


@dataclass(frozen=True, kw_only=True)
class WatchedColumn(WatchedField):
    """What names one picture of each object, where a query can ask for it."""

    field: PictureField


@dataclass(frozen=True, kw_only=True)
class WatchedSeveral(_Watched):
    """What names as many pictures of each object as it has: each of them is a field of its own."""

    several: str
    source: Several

    @property
    def name(self) -> str:
        return self.several

    @property
    def what(self) -> str:
        return self.several.replace("_", " ")

    @property
    def stored_as(self) -> str:
        """Return what the field names of its rows begin with."""
        return f"{self.several}{KEY_MARK}"

    def is_about(self, path: str = "") -> Q:
        """Return the condition of the scans and watched images of a model that are about any of them.

        Or of rows from which a ``path``, such as ``image__``, leads to those.
        """
        return Q(**{f"{path}field_name__startswith": self.stored_as})

    def at(self, key: str) -> WatchedField:
        field = OneOfSeveral(model=self.owner, several=self.several, key=key, source=self.source)
        return WatchedField(owner=self.owner, classes=self.classes, field=field)

    def each_in(self, instance: Model) -> Iterator[WatchedField]:
        """Yield the pictures that an object has now; raises what the project's function does."""
        return (self.at(key) for key in self.source.names_in(instance))

    def at_name(self, field_name: str) -> WatchedField | None:
        """Return the picture of a scan's field name, None when it is none of these."""
        several, _, key = field_name.partition(KEY_MARK)
        return self.at(key) if several == self.several and key else None


Watched: TypeAlias = WatchedColumn | WatchedSeveral


def _has_manager(base: type, name: str) -> bool:
    options = getattr(base, "_meta", None)
    return options is not None and any(manager.name == name for manager in options.local_managers)
