"""Sends the pictures of a scan to whoever may see them: renditions, overlays, the provider's heatmap, originals.

Pages show renditions, which a worker has drawn: here they are only handed out. The original, whose pixels are compared
one by one, is sent only when somebody asks for it: the scanned bytes and no others, under a name of ours, and kept by
no browser. The storage's own address is never handed out. Every answer is private to its user; a browser that has a
picture already is told so without opening the storage.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import IO, TypeVar

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotFound
from django.utils.html import format_html
from django.utils.http import quote_etag
from django.views.decorators.http import etag

from django_copyleaks_image import formats
from django_copyleaks_image.findings import align_scan
from django_copyleaks_image.heatmap import overlay_png
from django_copyleaks_image.masks import MaskError
from django_copyleaks_image.models import DetectionResult, ImageScan
from django_copyleaks_image.models.rendition import Kind
from django_copyleaks_image.scanning import spooled, stored_files
from django_copyleaks_image.streaming import streamed

from . import files

Response = TypeVar("Response", bound=HttpResponseBase)

OVERLAY_SIDE = 1600
# As long as the longer side of the largest picture that Copyleaks takes: such an overlay has the picture's own pixels.
FULL_OVERLAY_SIDE = 6000
# Part of every entity tag: raise it when a picture is drawn otherwise than before.
DRAWING = 1
# Opened as a page of its own, a file of a stranger may not do anything; an SVG may have its colours.
_HARMLESS = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_PRIVATE = "private, max-age=600"
# A crossed frame, in a grey that is seen on light and on dark.
_NO_PICTURE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80" fill="none" stroke="#888" stroke-width="2">'
    b'<path d="M20 26h40v28H20zM20 26l40 28M60 26L20 54"/></svg>'
)
# Three dots, and words where there is room to read them, on a ground of their own. Scripts know the sign by its size,
# see js/renditions.js; without them, loading the page once more shows the picture.
_BEING_PREPARED = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="321" height="213" viewBox="0 0 321 213">'
    '<path d="M0 0h321v213H0z" fill="#3a3a3a"/><g fill="#eee">'
    '<circle cx="110" cy="89" r="14"/><circle cx="160" cy="89" r="14"/><circle cx="210" cy="89" r="14"/>'
    '<text x="160" y="156" text-anchor="middle" font-family="sans-serif" font-size="18">{}</text></g></svg>'
)


def rendition(request: HttpRequest, scan: ImageScan, size: str) -> HttpResponse:
    """Answer with a copy of the scanned picture.

    Where there is none, the page of a scan is answered 404 with the reason in words, and its script says so. Lists
    are answered a sign in the place of a picture: browsers log what is not found as an error.
    """
    if size not in formats.RENDITION_SIDES:
        raise Http404
    # Before its bytes were measured, nothing tells whether the file is still the same.
    tag = f"{scan.sha256}-{size}" if scan.sha256 else ""
    try:
        files.scanned_file(scan)
        return _answer(request, tag, "image/webp", lambda: files.rendition(scan, size))
    except files.BeingPrepared as reason:
        return _sign(request, str(reason))
    except files.PictureUnavailable as reason:
        if size != "page":
            return _answer(request, "", "image/svg+xml", lambda: _NO_PICTURE)
        return _reason(reason)


def original(request: HttpRequest, scan: ImageScan) -> HttpResponseBase:
    """Answer with the scanned bytes, or with all their pixels where browsers would not show them, or 404."""
    try:
        file_type, content = files.original(scan, files.scanned_file(scan))
    except files.BeingPrepared as reason:
        return _sign(request, str(reason))
    except files.PictureUnavailable as reason:
        return _reason(reason)
    response = _guarded(streamed(request, _pieces(content), content_type=file_type.content_type))
    response.headers["Content-Disposition"] = f'inline; filename="scan-{scan.pk}{file_type.extension}"'
    response.headers["Content-Security-Policy"] = _HARMLESS
    return response


def overlay(request: HttpRequest, scan: ImageScan, side: int = OVERLAY_SIDE) -> HttpResponse:
    """Answer with the mask as transparency, turned as the upright picture is."""
    return _answer(request, f"overlay-{scan.result_id}-{side}", "image/png", lambda: _overlay(scan, side))


def full_overlay(request: HttpRequest, scan: ImageScan) -> HttpResponse:
    """Answer with the mask in the pixels of the original, which it is then laid upon."""
    return overlay(request, scan, FULL_OVERLAY_SIDE)


def heatmap(request: HttpRequest, scan: ImageScan) -> HttpResponse:
    """Answer with the provider's own gradient picture, encoded anew."""
    if not files.has_heatmap(_result(scan)):
        raise Http404
    try:
        return _answer(
            request,
            f"heatmap-{scan.result_id}",
            "image/png",
            lambda: files.rendition(scan, "heatmap", Kind.HEATMAP),
        )
    except files.BeingPrepared as reason:
        return _sign(request, str(reason))
    except files.PictureUnavailable:
        raise Http404 from None


def _sign(request: HttpRequest, words: str) -> HttpResponse:
    """Answer with a picture that says that there will be one."""
    response = _answer(request, "", "image/svg+xml", lambda: format_html(_BEING_PREPARED, words).encode())
    response.status_code = HTTPStatus.ACCEPTED
    return response


def _reason(reason: files.PictureUnavailable) -> HttpResponse:
    return HttpResponseNotFound(str(reason), content_type="text/plain; charset=utf-8")


def _answer(request: HttpRequest, tag: str, content_type: str, draw: Callable[[], bytes]) -> HttpResponse:
    def drawn(request: HttpRequest) -> HttpResponse:
        return HttpResponse(draw(), content_type=content_type)

    view = etag(lambda request: quote_etag(f"{tag}-{DRAWING}"))(drawn) if tag else drawn
    response = _guarded(view(request))
    if tag:
        response.headers["Cache-Control"] = _PRIVATE
    return response


def _guarded(response: Response) -> Response:
    """Return a response that is for this user and site alone, kept nowhere, and taken for nothing else."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _pieces(content: IO[bytes] | spooled.Copy) -> Iterator[bytes]:
    with content:
        while piece := content.read(stored_files.CHUNK):
            yield piece


def _overlay(scan: ImageScan, side: int) -> bytes:
    result = _result(scan)
    if not result.image_width or not result.image_height:
        raise Http404
    measured = result.image_width, result.image_height
    try:
        mask = result.read_mask()
        if not mask:
            raise Http404
        png = overlay_png(mask, *measured, max_side=side)
    except MaskError:
        raise Http404 from None
    return align_scan(scan, measured, scan.orientation).turn(png)


def _result(scan: ImageScan) -> DetectionResult:
    """Return the result, whose large columns are read one by one when they are asked for."""
    if scan.result is None:
        raise Http404
    return scan.result
