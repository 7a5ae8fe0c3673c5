"""Who owns a picture, by what a project says of its field: a user, any other object, or a text.

Kept of them are a key to ask by, and a label to read: a million pictures are asked without a look at their objects.
"""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, ForeignKey, Model

# The name of a field, or a function of the project that takes the object and returns its owner.
OwnerOption: TypeAlias = str | Callable[[Any], Any]

LENGTH = 200
# What a key begins with that names no object; those that do begin with the label of a model, which has a dot.
_TEXT = "text"


class Owner(NamedTuple):
    """Both are empty for a picture that nobody owns."""

    key: str = ""
    label: str = ""


NOBODY = Owner()


def owner_in(instance: Model, option: OwnerOption) -> Owner:
    """Return the owner of an object's pictures; raises what a function of the project does."""
    owner = option(instance) if callable(option) else getattr(instance, option)
    key = key_of(owner)
    return Owner(key, _label_of(owner)) if key else NOBODY


def known_key(instance: Model, option: OwnerOption) -> str | None:
    """Return the key of the owner, without a query where a column holds it; None where that was not loaded."""
    if callable(option):
        return key_of(option(instance))
    field = instance._meta.get_field(option)
    attribute = getattr(field, "attname", option)
    if attribute not in instance.__dict__:
        return None
    if isinstance(field, ForeignKey) and field.target_field.primary_key:
        return key_by(field.related_model, instance.__dict__[attribute])
    return key_of(getattr(instance, option))


def problem_with(option: OwnerOption, model: type[Model]) -> str:
    """Return why an option names no owner of a model's objects, in words; empty when it does."""
    if callable(option):
        return ""
    try:
        field = model._meta.get_field(option)
    except FieldDoesNotExist:
        return f"{model._meta.label} has no field {option!r}"
    return "" if isinstance(field, Field) and not field.many_to_many else f"{option!r} names several objects, or none"


def model_and_key(key: str) -> tuple[str, str] | None:
    """Return the label of the model and the key of the object that a key names; None for a text."""
    label, _, pk = key.partition(":")
    return None if label == _TEXT else (label, pk)


def key_of(owner: Any) -> str:
    """Return the key of an owner, empty for nobody."""
    if isinstance(owner, Model):
        return key_by(type(owner), owner.pk)
    if owner is None or getattr(owner, "is_anonymous", False):
        return ""
    text = plain(owner)
    return _bounded(f"{_TEXT}:{text}") if text else ""


def key_by(model: Any, pk: Any) -> str:
    """Return the key of an object, which may be gone; empty without one."""
    if pk is None:
        return ""
    concrete = model._meta.concrete_model or model
    return _bounded(f"{concrete._meta.label_lower}:{pk}")


def _label_of(owner: Any) -> str:
    named = getattr(owner, "get_username", None)
    return plain(named() if callable(named) else owner)[:LENGTH]


def plain(value: Any) -> str:
    """Return a text without the one character that PostgreSQL refuses, and what no database can encode."""
    return str(value).replace("\0", "").encode(errors="replace").decode().strip()


def _bounded(key: str) -> str:
    digest = hashlib.sha256(key.encode()).hexdigest()
    return key if len(key) <= LENGTH else f"{key[: LENGTH - len(digest)]}{digest}"
