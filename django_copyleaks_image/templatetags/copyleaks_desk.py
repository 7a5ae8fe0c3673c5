"""The queues of the review desk on the admin's page of this app."""

from typing import Any

from django import template
from django.contrib.admin.sites import all_sites
from django.http import HttpRequest

from django_copyleaks_image.admin.desk.choice import Choice
from django_copyleaks_image.admin.desk.entry import desk_of
from django_copyleaks_image.admin.desk.queues import Tab

register = template.Library()


@register.simple_tag(takes_context=True)
def copyleaks_queues(context: Any) -> list[Tab]:
    """Return the queues that the user may open on this site: ``{% copyleaks_queues as queues %}``."""
    request: HttpRequest = context.request
    sites = (site for site in all_sites if site.name == request.current_app)
    desk = next((found for site in sites if (found := desk_of(site)) is not None), None)
    open_queues = [] if desk is None else desk.queues_to_open(request)
    return desk.tabs(request, Choice(queue=open_queues[0])) if desk is not None and open_queues else []
