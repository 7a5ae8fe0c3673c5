"""The step about people: pictures that wait, and that nobody who may decide can see."""

from collections import Counter
from itertools import product
from typing import TYPE_CHECKING, Any

from django.contrib.admin.sites import AdminSite, all_sites
from django.contrib.auth import get_backends
from django.http import HttpRequest

from django_copyleaks_image.admin.access import PictureAccess, access_of
from django_copyleaks_image.admin.base import admin_for
from django_copyleaks_image.admin.desk.views import DeskViews
from django_copyleaks_image.models import WatchedImage, images
from django_copyleaks_image.standings import Queue

from .findings import Finding, fine, skipped, warning

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

# Pictures that are looked at, those that have waited longest, and people who are asked about each.
PICTURES = 500
PEOPLE = 50


def unseen() -> Finding:
    """Count the waiting pictures that none of those with the desk's permissions may see.

    People without limits, such as superusers, are asked only where there is nobody else: they are not the moderators.
    """
    waiting = list(images().waiting().select_related("content_type").order_by("queued_at")[:PICTURES])
    if not waiting:
        return fine("no picture waits for people.")
    desks = [site for site in all_sites if admin_for(site, WatchedImage, DeskViews)]
    if not desks:
        return skipped("no_desk", "no admin site has the review desk.")
    people = _moderators()
    hidden = {image.pk: image for image in waiting}
    for access in (_access_of(person, site) for person in people for site in desks):
        if not hidden:
            break
        _take_visible(hidden, access)
    if not hidden:
        return fine(f"all {len(waiting)} that were looked at can be seen by somebody who may decide.")
    if not people:
        return warning(
            "no_moderator",
            f"{len(waiting)} pictures wait, and nobody has the permission to decide about them.",
            "Give somebody on the staff 'Can decide about pictures', or look at them as a superuser.",
        )
    return warning(
        "unseen",
        f"{len(hidden)} of the {len(waiting)} that have waited longest can be seen by none of the {len(people)} people "
        f"who may decide: {_by_model(hidden.values())}.",
        "Give them permission to view these models, or look at what PICTURE_ACCESS and the models' admins allow.",
    )


def _moderators() -> "list[AbstractBaseUser]":
    """Return active people on the staff with a permission to decide; superusers only if there is nobody else."""
    found: dict[Any, AbstractBaseUser] = {}
    for backend, verb in product(get_backends(), ("decide", "decide_escalated")):
        if with_perm := getattr(backend, "with_perm", None):
            for person in with_perm(f"copyleaks_image.{verb}_watchedimage")[:PEOPLE]:
                found[person.pk] = person
    staff = [person for person in found.values() if getattr(person, "is_staff", False)]
    ruled = [person for person in staff if not getattr(person, "is_superuser", False)]
    return (ruled or staff)[:PEOPLE]


def _access_of(person: "AbstractBaseUser", site: AdminSite) -> PictureAccess:
    request = HttpRequest()
    request.user = person  # type: ignore[assignment]
    return access_of(request, site)


def _take_visible(hidden: dict[int, WatchedImage], access: PictureAccess) -> None:
    """Take out what this person would be shown at the desk."""
    if not access.may_view(WatchedImage) and not access.has_own_rule("may_view"):
        return
    targets = access.targets(list(hidden.values()))
    for key, image in list(hidden.items()):
        may_decide = access.may_decide_in(Queue(image.queue), image)
        if may_decide and targets[key].visible and access.may_view(WatchedImage, image):
            del hidden[key]


def _by_model(hidden: Any) -> str:
    counts = Counter(f"{it.content_type.app_label}.{it.content_type.model}" for it in hidden)
    return ", ".join(f"{count} of {label}" for label, count in counts.most_common())
