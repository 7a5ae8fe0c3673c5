"""Who is looking at which picture: a claim keeps two people from judging the same one."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils import timezone

from django_copyleaks_image import marks
from django_copyleaks_image.models import scans

CLAIM = timedelta(minutes=10)


def free_for(user: Any, now: datetime) -> Q:
    """Return the condition that a scan is claimed by nobody else; with a user's account their claims end."""
    return Q(claimed_by=None) | marks.has_passed("claimed_until", now, longest=CLAIM) | Q(claimed_by=user)


def claim(scan_pk: int, user: Any) -> bool:
    """Claim a scan of the desk for :data:`CLAIM`; return False when somebody else holds it or it has left."""
    now = timezone.now()
    waiting = scans().filter(free_for(user, now), pk=scan_pk).exclude(desk="")
    return bool(waiting.update(claimed_by=user, claimed_until=now + CLAIM))


def renew(scan_pks: Iterable[int], user: Any) -> int:
    """Prolong the claims that the user still holds among these scans; return how many."""
    held = scans().filter(pk__in=scan_pks, claimed_by=user)
    return held.update(claimed_until=timezone.now() + CLAIM)


def release(scan_pks: Iterable[int], user: Any) -> int:
    """Give up the user's claims among these scans; return how many."""
    return scans().filter(pk__in=scan_pks, claimed_by=user).update(claimed_by=None, claimed_until=None)


def others_at_the_desk(user: Any) -> list[str]:
    """Return the names of the other people who hold claims now, in alphabetical order."""
    # Few scans are claimed, and the index on who claimed them finds those.
    claimed = scans().filter(claimed_by__isnull=False, claimed_until__gt=timezone.now()).exclude(claimed_by=user)
    claimants = list(claimed.order_by().values_list("claimed_by", flat=True).distinct())
    people = get_user_model()._default_manager.filter(pk__in=claimants)
    return sorted(person.get_username() for person in people)
