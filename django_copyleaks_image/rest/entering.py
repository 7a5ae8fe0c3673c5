"""Who is let in, and whom the API asks about everything else: the admins of one admin site, as its review desk does."""

from typing import Any, TypeVar

from django.contrib.admin.sites import AdminSite
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.http import HttpRequest
from django.urls import get_resolver, get_urlconf
from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from django_copyleaks_image.admin.base import ReadOnlyAdmin, admin_for
from django_copyleaks_image.conf import conf

Admin = TypeVar("Admin", bound=ReadOnlyAdmin)


def admin_site() -> AdminSite:
    """Return the admin site whose rules hold: the one among the addresses, since several may have the same name.

    Raises ImproperlyConfigured when there is none of that name.
    """
    name = conf.REST_ADMIN_SITE
    _prefix, found = get_resolver(get_urlconf()).namespace_dict.get(name, ("", None))
    views: list[Any] = [getattr(it, "callback", None) for it in found.url_patterns] if found else []
    site: AdminSite | None = next((view.admin_site for view in views if hasattr(view, "admin_site")), None)
    if site is None:
        raise ImproperlyConfigured(
            f"No admin site is named {name!r} in the URLs: name one of yours as COPYLEAKS_IMAGE['REST_ADMIN_SITE']."
        )
    return site


def as_at_the_desk(request: Request) -> HttpRequest:
    """Return a request as the admin knows it, from the user whom the API has recognised."""
    http: HttpRequest = request._request
    http.user = request.user
    return http


def admin_of(model: type[Model], kind: type[Admin]) -> Admin:
    """Return the admin that is asked about rows of a model; raise PermissionDenied where the site has none of ours."""
    found = admin_for(admin_site(), model, kind)
    if found is None:
        raise PermissionDenied(_("The review desk of this site does not show these."))
    return found


class MayEnter(BasePermission):
    """Lets in whom the admin site lets in and who may view rows of the kind, as its pages do."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return admin_site().has_permission(as_at_the_desk(request)) and bool(view.may_enter())
