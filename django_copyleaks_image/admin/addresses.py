"""The addresses of the scans in the admin."""

from django.contrib.admin.sites import AdminSite
from django.urls import reverse


def scan_url(admin_site: AdminSite, name: str, *args: object) -> str:
    """Return the address of a view of the scans: ``changelist``, ``change``, ``review``, ``rendition`` or another."""
    return reverse(f"admin:copyleaks_image_imagescan_{name}", args=args, current_app=admin_site.name)
