"""Whom a command is about: one object, or all of a user, as it is written on the command line."""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from django_copyleaks_image import owners
from django_copyleaks_image.models import decisions, home_database
from django_copyleaks_image.privacy import whose
from django_copyleaks_image.privacy.whose import Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """``person`` is a user, or what the log says of one whose account is gone; None without one that is known."""

    label: str
    targets: list[Target]
    person: Any = None


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("object", metavar="app.Model:key", nargs="?", help="an object, which may be gone")
    parser.add_argument("--object", dest="named_object", metavar="app.Model:key", help="the same")
    parser.add_argument("--field", default="", help="one watched field of the object; all of them by default")
    parser.add_argument("--user", metavar="NAME", help="all pictures of a user, by the name they log in with")
    parser.add_argument("--user-id", metavar="KEY", help="the same by the key, also when the account is gone")


def subject_of(
    *,
    object: str | None,  # noqa: A002 - the option's name
    named_object: str | None,
    field: str,
    user: str | None,
    user_id: str | None,
) -> Subject:
    """Return whom the arguments name; raise CommandError when that is nobody, or several."""
    label = object or named_object
    if [label, user, user_id].count(None) != 2:
        raise CommandError("Name one object, such as gallery.Photo:17, or a user with --user or --user-id.")
    if label:
        return Subject(label=label, targets=_targets_of(label, field))
    if field:
        raise CommandError("--field belongs to an object.")
    return _by_name(str(user)) if user is not None else _by_key(str(user_id))


def _targets_of(label: str, field: str) -> list[Target]:
    name, colon, pk = label.partition(":")
    try:
        model = apps.get_model(name)
    except (LookupError, ValueError):
        raise CommandError(f"{name} is no model, such as gallery.Photo.") from None
    if not colon or not pk:
        raise CommandError(f"Name the key of the object, as in {name}:17.")
    try:
        return whose.of_object(model, pk, field)
    except ValidationError:
        raise CommandError(f"{model._meta.label} has no keys such as {pk}.") from None


def _by_name(name: str) -> Subject:
    people = get_user_model()._default_manager.using(home_database())
    person = people.filter(**{get_user_model().USERNAME_FIELD: name}).first()
    if person is not None:
        return Subject(label=name, targets=whose.of_owner(owners.key_of(person)), person=person)
    is_in_log = decisions().filter(decided_by=None, decided_by_name=name)
    was_asked = decisions().filter(assigned_to=None, assigned_to_name=name)
    if not is_in_log.exists() and not was_asked.exists():
        raise CommandError(f"There is no user {name}, nor anybody of this name in the log. Try --user-id.")
    return Subject(label=name, targets=[], person=name)


def _by_key(pk: str) -> Subject:
    user_model = get_user_model()
    try:
        key = user_model._meta.pk.to_python(pk)
    except ValidationError:
        raise CommandError(f"{user_model._meta.label} has no keys such as {pk}.") from None
    person = user_model._default_manager.using(home_database()).filter(pk=key).first()
    return Subject(label=f"the user {pk}", targets=whose.of_owner(owners.key_by(user_model, key)), person=person)
