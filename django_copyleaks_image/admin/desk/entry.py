"""The way from the admin's index to the desk."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path

from django_copyleaks_image.admin.addresses import scan_url
from django_copyleaks_image.admin.readonly import ReadOnlyAdmin
from django_copyleaks_image.models import ImageScan, ReviewDesk

from .queues import DeskQueues


@admin.register(ReviewDesk)
class ReviewDeskAdmin(ReadOnlyAdmin):
    """An entry of the index for whoever may open a queue; it leads to the desk."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.changelist_view)
        return [path("", view, name="copyleaks_image_reviewdesk_changelist")]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        desk = desk_of(self.admin_site)
        return desk is not None and bool(desk.queues_to_open(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect(scan_url(self.admin_site, "review"))


def desk_of(admin_site: AdminSite) -> DeskQueues | None:
    """Return the admin of the scans on a site, None when it has none with a desk."""
    scans = admin_site.get_model_admin(ImageScan) if admin_site.is_registered(ImageScan) else None
    return scans if isinstance(scans, DeskQueues) else None
