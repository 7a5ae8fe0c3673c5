"""Who may do what with scans: each permission of its own, held by the user as a whole or for one scan."""

from django.http import HttpRequest

from django_copyleaks_image.models import ImageScan

from .readonly import ReadOnlyAdmin, is_permitted


class ScanPermissions(ReadOnlyAdmin):
    """The permissions besides viewing. A project with rules of its own overrides them.

    Without a scan they say whether the user may do it at all, with one whether the user may do it to this one.
    """

    def has_decide_permission(self, request: HttpRequest, obj: ImageScan | None = None) -> bool:
        """Return whether the user may decide about pictures that wait for review, or were never measured."""
        return is_permitted(request, "decide_imagescan", obj)

    def has_decide_escalated_permission(self, request: HttpRequest, obj: ImageScan | None = None) -> bool:
        """Return whether the user may decide about escalated pictures."""
        return is_permitted(request, "decide_escalated_imagescan", obj)

    def has_scan_permission(self, request: HttpRequest, obj: ImageScan | None = None) -> bool:
        """Return whether the user may have pictures scanned again, which may cost credits."""
        return is_permitted(request, "rescan_imagescan", obj)

    def has_release_permission(self, request: HttpRequest, obj: ImageScan | None = None) -> bool:
        """Return whether the user may take pictures from those who look at them."""
        return is_permitted(request, "release_imagescan", obj)
