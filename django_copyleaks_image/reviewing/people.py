"""What is left in the log of people whose account is deleted: their name, or a pseudonym, as the site says."""

from django.contrib.auth.base_user import AbstractBaseUser

from django_copyleaks_image import owners
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import day_counts, decisions
from django_copyleaks_image.models.decision import NAME_LENGTH


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
    decisions().filter(assigned_to=person.pk).update(assigned_to_name=name)
    day_counts().filter(person=person.pk).update(person_name=name)


def _name(person: AbstractBaseUser) -> str:
    return owners.plain(person.get_username())[:NAME_LENGTH]


def _pseudonym(person: AbstractBaseUser) -> str:
    """Return a name that is nobody else's and tells nothing: by the number of the first decision that was theirs."""
    for role, mark in (("decided_by", ""), ("assigned_to", "-a")):
        first = decisions().filter(**{role: person.pk}).order_by("pk").values_list("pk", flat=True).first()
        if first is not None:
            return f"Moderator {first}{mark}"
    return ""
