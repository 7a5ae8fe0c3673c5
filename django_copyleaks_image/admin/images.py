"""The pictures of the admin: renditions, overlays and the provider's heatmap, each for those who may see it.

The original file and the storage's own address are never handed out. Every answer is private to its user, and a
browser that has it already is told so without opening the storage.
"""

from collections.abc import Callable
from typing import cast

from django.contrib.admin.sites import AdminSite
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotFound
from django.urls import URLPattern, path, reverse
from django.utils.http import quote_etag
from django.views.decorators.http import etag, require_safe

from django_copyleaks_image import pictures
from django_copyleaks_image.heatmap import overlay_png
from django_copyleaks_image.masks import MaskError
from django_copyleaks_image.models import DetectionResult, ImageScan

from . import files, targets
from .readonly import ReadOnlyAdmin

OVERLAY_SIDE = 1600
# Part of every entity tag: raise it when a picture is drawn otherwise than before.
DRAWING = 1
_PRIVATE = "private, max-age=600"


def image_url(admin_site: AdminSite, name: str, *args: object) -> str:
    """Return the address of a view of :class:`ScanImageViews`: rendition, overlay or heatmap."""
    return reverse(f"admin:copyleaks_image_imagescan_{name}", args=args, current_app=admin_site.name)


class ScanImageViews(ReadOnlyAdmin):
    """Adds the addresses of the pictures to the admin of the scans."""

    def get_urls(self) -> list[URLPattern]:
        def view(name: str, route: str, answer: Callable[..., HttpResponse]) -> URLPattern:
            # Without cacheable, admin_view would forbid browsers to keep what they may keep.
            guarded = self.admin_site.admin_view(require_safe(answer), cacheable=True)
            return path(route, guarded, name=f"copyleaks_image_imagescan_{name}")

        return [
            view("rendition", "rendition/<int:pk>/<str:size>/", self.rendition_view),
            view("overlay", "overlay/<int:pk>.png", self.overlay_view),
            view("heatmap", "heatmap/<int:pk>.png", self.heatmap_view),
            *super().get_urls(),
        ]

    def may_view_pictures(self, request: HttpRequest, scan: ImageScan) -> bool:
        """Return whether the user may view this scan, and the object whose picture it is."""
        if not self.has_view_permission(request, scan):
            return False
        model = scan.content_type.model_class()
        return targets.may_view(self.admin_site, request, model, scan.target)

    def rendition_view(self, request: HttpRequest, pk: int, size: str) -> HttpResponse:
        """Answer with a copy of the scanned picture, or 404 with the reason in words."""
        if size not in files.SIZES:
            raise Http404
        scan = self._viewable_scan(request, pk)
        try:
            file = files.scanned_file(scan)
            # Before its bytes were measured, nothing tells whether the file is still the same.
            tag = f"{scan.sha256}-{size}" if scan.sha256 else ""
            return _answer(request, tag, "image/webp", lambda: files.rendition(scan, file, size))
        except files.PictureUnavailable as reason:
            return HttpResponseNotFound(str(reason), content_type="text/plain; charset=utf-8")

    def overlay_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer with the mask as transparency, turned as the upright picture is."""
        scan = self._viewable_scan(request, pk)
        return _answer(request, f"overlay-{scan.result_id}", "image/png", lambda: _overlay(scan))

    def heatmap_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer with the provider's own gradient picture, encoded anew."""
        scan = self._viewable_scan(request, pk)
        return _answer(request, f"heatmap-{scan.result_id}", "image/png", lambda: _heatmap(scan))

    def _viewable_scan(self, request: HttpRequest, pk: int) -> ImageScan:
        scan = self.get_object(request, str(pk))
        if scan is None or not self.may_view_pictures(request, scan):
            raise Http404
        return cast("ImageScan", scan)


def _answer(request: HttpRequest, tag: str, content_type: str, draw: Callable[[], bytes]) -> HttpResponse:
    def drawn(request: HttpRequest) -> HttpResponse:
        return HttpResponse(draw(), content_type=content_type)

    view = etag(lambda request: quote_etag(f"{tag}-{DRAWING}"))(drawn) if tag else drawn
    response = view(request)
    response.headers["Cache-Control"] = _PRIVATE if tag else "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _overlay(scan: ImageScan) -> bytes:
    result = _result(scan)
    if not result.image_width or not result.image_height:
        raise Http404
    measured = result.image_width, result.image_height
    try:
        mask = result.read_mask()
        if not mask:
            raise Http404
        png = overlay_png(mask, *measured, max_side=OVERLAY_SIDE)
    except MaskError:
        raise Http404 from None
    return files.alignment(scan, measured, files.orientation_of(scan)).turn(png)


def _heatmap(scan: ImageScan) -> bytes:
    try:
        return pictures.reencode(bytes(_result(scan).heatmap), max_side=OVERLAY_SIDE)
    except pictures.UnreadablePicture:
        raise Http404 from None


def _result(scan: ImageScan) -> DetectionResult:
    """Return the result, whose large columns are read one by one when they are asked for."""
    if scan.result is None:
        raise Http404
    return scan.result
