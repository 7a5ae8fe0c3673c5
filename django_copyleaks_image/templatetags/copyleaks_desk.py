"""The queues of the review desk, and what is wrong with all scans, on pages of the admin."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django import template
from django.http import HttpRequest

if TYPE_CHECKING:
    from django.contrib.admin.sites import AdminSite

    from django_copyleaks_image.admin.banner import Banner
    from django_copyleaks_image.admin.desk.queues import Tab

register = template.Library()


@register.simple_tag(takes_context=True)
def copyleaks_banner(context: Any) -> "Banner | None":
    """Return what is wrong with all scans, as the user may know it: ``{% copyleaks_banner as banner %}``."""
    from django_copyleaks_image.admin.banner import banner_for  # noqa: PLC0415

    request: HttpRequest = context.request
    return next((banner_for(site, request) for site in _sites_of(request)), None)


@register.simple_tag(takes_context=True)
def copyleaks_queues(context: Any) -> "list[Tab]":
    """Return the queues that the user may open on this site: ``{% copyleaks_queues as queues %}``."""
    from django_copyleaks_image.admin.images import desk_of  # noqa: PLC0415

    request: HttpRequest = context.request
    desk = next((found for site in _sites_of(request) if (found := desk_of(site, request)) is not None), None)
    return [] if desk is None else desk.tabs()


def _sites_of(request: HttpRequest) -> "Iterator[AdminSite]":
    """Yield the site of the admin that a request is for."""
    # Templates load every library, also in a project without the admin, where none of this can be imported.
    from django.contrib.admin.sites import all_sites  # noqa: PLC0415

    yield from (site for site in all_sites if site.name == request.current_app)
