"""Checks of the API, where a project includes it: whether the admin site that it asks knows what to answer."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning  # noqa: A004 - Django's names
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse

from .registering import PREFIX, register


@register(Tags.urls)
def check_rest(**kwargs: Any) -> list[CheckMessage]:
    """Check that the API can be used, and that it asks the site that has rules for the project's pictures."""
    return list(_problems_of_site()) if _is_included() else []


def _is_included() -> bool:
    if not getattr(settings, "ROOT_URLCONF", None):
        return False
    try:
        reverse("copyleaks_image_rest:image-list")
    except NoReverseMatch:
        return False
    except ImproperlyConfigured:  # Django's own check of the addresses says so.
        return False
    return True


def _problems_of_site() -> Iterator[CheckMessage]:
    from django.contrib.admin.sites import all_sites  # noqa: PLC0415 - a project may do without Django's admin

    from django_copyleaks_image import registry  # noqa: PLC0415
    from django_copyleaks_image.admin.base import admin_for  # noqa: PLC0415
    from django_copyleaks_image.admin.desk.views import DeskViews  # noqa: PLC0415
    from django_copyleaks_image.models import WatchedImage  # noqa: PLC0415
    from django_copyleaks_image.rest.entering import admin_site  # noqa: PLC0415

    hint = "Name the site whose rules hold as COPYLEAKS_IMAGE['REST_ADMIN_SITE']."
    try:
        site = admin_site()
    except ImproperlyConfigured as error:
        yield Warning(f"The REST API answers nobody. {error}", hint=hint, id=f"{PREFIX}.W073")
        return
    if admin_for(site, WatchedImage, DeskViews) is None:
        yield Warning(
            f"The REST API answers nobody: the admin site {site.name!r} has no review desk.",
            hint=f"{hint} Or call register_admin(site) of django_copyleaks_image.admin with it.",
            id=f"{PREFIX}.W073",
        )
        return
    owners = {watched.owner for watched in registry.all_watched() if not site.is_registered(watched.owner)}
    elsewhere = sorted(owner._meta.label for owner in owners if any(other.is_registered(owner) for other in all_sites))
    if elsewhere:
        yield Warning(
            f"The REST API asks the admin site {site.name!r} who may see pictures. It has no admin for "
            f"{', '.join(elsewhere)}, and another site has: the rules there do not hold for the API.",
            hint=hint,
            id=f"{PREFIX}.W074",
        )
