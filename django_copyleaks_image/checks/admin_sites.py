"""Checks of the project's admin sites: whether what is shown there leads anywhere."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Tags, Warning  # noqa: A004 - Django's names

from .registering import PREFIX, register


@register(Tags.admin)
def check_sites(**kwargs: Any) -> list[CheckMessage]:
    """Check that a site whose admins show findings has the pages of the pictures, too."""
    if not apps.is_installed("django.contrib.admin"):
        return []
    return list(_without_desk())


def _without_desk() -> Iterator[CheckMessage]:
    from django.contrib.admin.sites import all_sites  # noqa: PLC0415 - a project may do without Django's admin

    from django_copyleaks_image.admin.base import admin_for  # noqa: PLC0415
    from django_copyleaks_image.admin.desk.views import DeskViews  # noqa: PLC0415
    from django_copyleaks_image.admin.mixin import CopyleaksImageMixin  # noqa: PLC0415
    from django_copyleaks_image.models import WatchedImage  # noqa: PLC0415

    for site in sorted(all_sites, key=lambda it: it.name):
        showing = [type(it).__name__ for it in site._registry.values() if isinstance(it, CopyleaksImageMixin)]
        if showing and admin_for(site, WatchedImage, DeskViews) is None:
            yield Warning(
                f"The admin site {site.name!r} has no review desk, so what {', '.join(sorted(showing))} shows of "
                "pictures leads nowhere.",
                hint="Call register_admin(site) of django_copyleaks_image.admin with that site.",
                id=f"{PREFIX}.W062",
            )
