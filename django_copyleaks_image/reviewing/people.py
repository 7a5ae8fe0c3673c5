"""What is left in the log of people whose account is deleted: their name, or a pseudonym, as the site says."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet

from django_copyleaks_image import owners
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import Decision, day_counts, decisions, images
from django_copyleaks_image.models.decision import NAME_LENGTH

from .claims import FREE


def keep_name(person: AbstractBaseUser) -> None:
    """Write the name of a person into all that they did, before their account goes."""
    write_name(person, _pseudonym(person) if conf.DELETED_MODERATORS == "pseudonym" else _name(person))


def keep_pseudonym(person: AbstractBaseUser) -> str:
    """Write a pseudonym instead of the name, whatever the setting says, and return it."""
    pseudonym = _pseudonym(person)
    write_name(person, pseudonym)
    return pseudonym


def write_name(person: AbstractBaseUser, name: str) -> None:
    """Write what a person is called once no account says so."""
    decisions().filter(decided_by=person.pk).update(decided_by_name=name)
    decisions().filter(acted_by=person.pk).update(acted_by_name=name)
    decisions().filter(assigned_to=person.pk).update(assigned_to_name=name)
    day_counts().filter(person=person.pk).update(person_name=name)


def _name(person: AbstractBaseUser) -> str:
    return owners.plain(person.get_username())[:NAME_LENGTH]


def _pseudonym(person: AbstractBaseUser) -> str:
    """Return a name that is nobody else's and tells nothing: by the number of the first decision that was theirs."""
    roles = (("decided_by", ""), ("assigned_to", "-a"), ("acted_by", "-b"))
    found = (_first_of(decisions().filter(**{role: person.pk}), mark) for role, mark in roles)
    return next(filter(None, found), "")


def _first_of(found: QuerySet[Decision], mark: str) -> str:
    first = found.order_by("pk").values_list("pk", flat=True).first()
    return "" if first is None else f"Moderator {first}{mark}"


def forget(person: Any, *, keeps_notes: bool) -> tuple[int, int]:
    """Take a person out of the log: of what they did stays a pseudonym. Return how many notes and names went.

    ``person`` is a user, or what the log says of one whose account is gone. Pictures that they look at, or are asked
    about, are free for others.
    """
    if isinstance(person, str):
        return _forget_former(person, keeps_notes=keeps_notes)
    pseudonym = keep_pseudonym(person)
    own, asked = decisions().filter(decided_by=person.pk), decisions().filter(assigned_to=person.pk)
    notes = 0 if keeps_notes else own.exclude(note="").update(note="")
    acted = decisions().filter(acted_by=person.pk)
    names = own.update(decided_by=None) + asked.update(assigned_to=None) + acted.update(acted_by=None)
    day_counts().filter(person=person.pk).update(person=None, person_name=pseudonym)
    images().filter(claimed_by=person.pk).update(**FREE)
    images().filter(assigned_to=person.pk).update(assigned_to=None)
    return notes, names


def _forget_former(name: str, *, keeps_notes: bool) -> tuple[int, int]:
    gone = decisions().filter(decided_by=None, decided_by_name=name)
    asked = decisions().filter(assigned_to=None, assigned_to_name=name)
    acted = decisions().filter(acted_by=None, acted_by_name=name)
    pseudonym = _first_of(gone, "") or _first_of(asked, "-a") or _first_of(acted, "-b")
    notes = 0 if keeps_notes else gone.exclude(note="").update(note="")
    if pseudonym == name or not pseudonym:
        return notes, 0
    day_counts().filter(person=None, person_name=name).update(person_name=pseudonym)
    names = gone.update(decided_by_name=pseudonym) + asked.update(assigned_to_name=pseudonym)
    return notes, names + acted.update(acted_by_name=pseudonym)
