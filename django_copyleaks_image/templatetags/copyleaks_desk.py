"""The queues of the review desk on the admin's page of this app."""

from typing import TYPE_CHECKING, Any

from django import template
from django.http import HttpRequest

if TYPE_CHECKING:
    from django_copyleaks_image.admin.desk.queues import Tab

register = template.Library()


@register.simple_tag(takes_context=True)
def copyleaks_queues(context: Any) -> "list[Tab]":
    """Return the queues that the user may open on this site: ``{% copyleaks_queues as queues %}``."""
    # Templates load every library, also in a project without the admin, where none of this can be imported.
    from django.contrib.admin.sites import all_sites  # noqa: PLC0415

    from django_copyleaks_image.admin.images import desk_of  # noqa: PLC0415

    request: HttpRequest = context.request
    sites = (site for site in all_sites if site.name == request.current_app)
    desk = next((found for site in sites if (found := desk_of(site, request)) is not None), None)
    return [] if desk is None else desk.tabs()
