"""Who is looking at which picture: a claim keeps two people from judging the same one."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils import timezone

from django_copyleaks_image import clock_skew
from django_copyleaks_image.models import WatchedImage, images
from django_copyleaks_image.models.watched_image import WatchedImageQuerySet

from .users import AnyUser

CLAIM = timedelta(minutes=10)
# However often it is renewed: a tab that is left open keeps nobody else from a picture for longer.
LONGEST = timedelta(hours=1)
# The columns of a picture that nobody holds.
FREE: dict[str, Any] = {"claimed_by": None, "claimed_at": None, "claimed_until": None}


def free_for(user: AnyUser, now: datetime) -> Q:
    """Return the condition that a picture is claimed by nobody else; with a user's account their claims end."""
    return Q(claimed_by=None) | clock_skew.has_passed("claimed_until", now, longest=CLAIM) | Q(claimed_by=user)


def claim(image_pk: int, user: AnyUser) -> bool:
    """Claim a picture of the desk for :data:`CLAIM`; return False when somebody else holds it or it has left.

    A claim that the user holds already is renewed, and does not begin anew.
    """
    now = timezone.now()
    waiting = images().filter(pk=image_pk).waiting()
    if waiting.filter(_held_by(user, now)).exists():
        renew([image_pk], user)
        return True
    claimed = waiting.filter(free_for(user, now))
    return bool(claimed.update(claimed_by=user, claimed_at=now, claimed_until=now + CLAIM))


def renew(image_pks: Iterable[int], user: AnyUser) -> int:
    """Prolong the claims that nobody took from the user among these pictures; return how many.

    A claim lasts for :data:`LONGEST` in all.
    """
    now = timezone.now()
    held = images().filter(pk__in=image_pks, claimed_by=user.pk, claimed_at__gt=now + CLAIM - LONGEST)
    return held.update(claimed_until=now + CLAIM)


def held_among(image_pks: Iterable[int], user: AnyUser) -> WatchedImageQuerySet:
    """Return those of the pictures that wait and that the user holds."""
    return images().filter(_held_by(user, timezone.now()), pk__in=image_pks).waiting()


def release(image_pks: Iterable[int], user: AnyUser) -> int:
    """Give up the user's claims among these pictures; return how many."""
    return images().filter(pk__in=image_pks, claimed_by=user.pk).update(**FREE)


def take_away(image_pk: int, *, held_by: Any) -> bool:
    """End the claim that somebody holds; return False when they hold it no longer.

    What they decide all the same counts as long as nobody else has taken the picture: a claim protects nothing.
    """
    return bool(images().filter(_held_by(held_by, timezone.now()), pk=image_pk).update(**FREE))


def is_held(now: datetime) -> Q:
    """Return the condition that somebody is looking at a picture."""
    return Q(claimed_by__isnull=False, claimed_until__gt=now)


def is_held_by_another(image: WatchedImage, user: AnyUser) -> bool:
    """Return whether somebody else is looking at a picture, or was when its row was read."""
    return image.is_held(timezone.now()) and image.claimed_by_id != user.pk


def _held_by(user: AnyUser | None, now: datetime) -> Q:
    return Q(claimed_by=user, claimed_until__gt=now)


def others_at_the_desk(user: AnyUser) -> list[str]:
    """Return the names of the other people who hold claims now, in alphabetical order."""
    # Few pictures are claimed, and the index on who claimed them finds those.
    claimed = images().filter(is_held(timezone.now())).exclude(claimed_by=user.pk)
    claimants = list(claimed.order_by().values_list("claimed_by", flat=True).distinct())
    people = get_user_model()._default_manager.filter(pk__in=claimants)
    return sorted(person.get_username() for person in people)
