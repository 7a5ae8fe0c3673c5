"""What the admins of watched images and of scans have in common: the pictures themselves, lists of them, and facts.

Pages show renditions, which a worker has drawn: here they are only handed out. The original, whose pixels are compared
one by one, is sent only when somebody asks for it: the scanned bytes and no others, under a name of ours, and kept by
no browser. The storage's own address is never handed out. Every answer is private to its user; a browser that has a
picture already is told so without opening the storage.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import IO, Any, ClassVar, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.forms import Media
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotFound
from django.urls import URLPattern
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import quote_etag
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import etag, require_POST, require_safe

from django_copyleaks_image import formats
from django_copyleaks_image.findings import align_scan
from django_copyleaks_image.heatmap import overlay_png
from django_copyleaks_image.masks import MaskError
from django_copyleaks_image.models import DetectionResult, ImageScan, WatchedImage
from django_copyleaks_image.models.rendition import Kind
from django_copyleaks_image.scanning import prepare
from django_copyleaks_image.streaming import streamed

from . import again, export, files
from .asking import AskedAdmin, AskedChangeList, BoundedPaginator
from .base import SHOWING, admin_for, scripts, url_of
from .facts import Facts, Finding
from .stage import Stage, stage_of
from .targets import Row, Target

Response = TypeVar("Response", bound=HttpResponseBase)

OVERLAY_SIDE = 1600
# As long as the longer side of the largest picture that Copyleaks takes: such an overlay has the picture's own pixels.
FULL_OVERLAY_SIDE = 6000
# Part of every entity tag: raise it when a picture is drawn otherwise than before.
DRAWING = 1
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
# What turns a picture into a stage, each script after those that it needs.
_STAGE_MEDIA = Media(js=scripts(*SHOWING, "stage-controls.js", "stage-keys.js"))


class PictureChangeList(AskedChangeList):
    """Reads the objects of all listed rows together."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if cast("BoundedPaginator", self.paginator).has_more:
            # The search form states how many were found unless it is all there are; the bound would be untrue.
            self.full_result_count = self.result_count
        listed = cast("Sequence[Row]", self.result_list)
        model_admin = cast("PictureAdmin", self.model_admin)
        model_admin.disguise(request, listed)
        targets = model_admin.access(request).targets(listed)
        for row in listed:
            row.listed_target = targets[row.pk]  # type: ignore[union-attr]


class PictureAdmin(AskedAdmin):
    """Lists rows that are each about one picture, and shows it on a page, with the scripts for its stage.

    ``scan_path`` leads from a row to its scan in queries. A project adds its own facts by :meth:`get_facts`.
    """

    scan_path = "pk"
    export_columns: ClassVar[dict[str, export.Cell]] = {}
    paginator = BoundedPaginator
    list_display_links = ("thumbnail", "finding")
    ordering = ("-pk",)
    change_list_template = "admin/copyleaks_image/picture_list.html"

    @property
    def media(self) -> Media:
        return super().media + _STAGE_MEDIA

    def scan_of(self, row: Any) -> ImageScan | None:
        """Return the scan whose picture a row is about, None when it is gone."""
        raise NotImplementedError

    def finding_of(self, row: Any) -> Finding:
        """Return what is known about the picture of a row."""
        raise NotImplementedError

    def disguise(self, request: HttpRequest, rows: Any) -> None:
        """Change rows in memory so that they tell what the user may know."""

    def get_facts(self, request: HttpRequest, row: Any) -> Facts:
        """Return facts of the project's own about a picture, as pairs of a label and a text, shown behind ours."""
        return []

    def get_urls(self) -> list[URLPattern]:
        def picture(name: str, route: str, answer: Callable[..., HttpResponseBase]) -> URLPattern:
            # Without cacheable, admin_view would forbid browsers to keep what they may keep.
            return self.route(route, name, require_safe(answer), cacheable=True)

        return [
            picture("rendition", "rendition/<int:pk>/<str:size>/", self.rendition_view),
            picture("original", "original/<int:pk>/", self.original_view),
            picture("overlay", "overlay/<int:pk>.png", self.overlay_view),
            picture("full_overlay", "overlay/<int:pk>/full.png", self.full_overlay_view),
            picture("heatmap", "heatmap/<int:pk>.png", self.heatmap_view),
            self.route("export/", "export", require_safe(self.export_view)),
            self.route("<int:pk>/again/", "again", require_POST(self.again_view)),
            *super().get_urls(),
        ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PictureChangeList

    def has_scan_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user may have pictures scanned again, which may cost credits."""
        return self.access(request).may_scan(obj)

    def target_of(self, request: HttpRequest, row: Row) -> Target:
        """Return the object of a row as the user may see it."""
        return self.access(request).targets([row])[row.pk]

    def stage(self, row: Row, target: Target) -> Stage:
        """Return the picture of a row, or why it is not shown."""
        alt = _("Scan of %(object)s") % {"object": target.label}
        if not target.visible:
            return Stage(alt=alt, picture_problem=_("You may not view the object whose picture this is."))
        scan = self.scan_of(row)
        return Stage(alt=alt) if scan is None else stage_of(scan, self.url, alt=alt)

    @admin.display(description=gettext_lazy("picture"))
    def thumbnail(self, row: Row) -> str:
        target, scan = listed_target(row), self.scan_of(row)
        if scan is None or not (target.visible and target.holds_file):
            return format_html('<span class="copyleaks-thumbnail">{}</span>', _("no picture"))
        return format_html(
            '<img class="copyleaks-thumbnail" src="{}" width="80" height="80" loading="lazy" alt="{}">',
            self.url("rendition", scan.pk, "thumbnail"),
            _("Scan of %(object)s") % {"object": target.label},
        )

    @admin.display(description=gettext_lazy("finding"))
    def finding(self, row: Row) -> str:
        finding = self.finding_of(row)
        # Why nothing was measured stands in the column beside it.
        sentence = finding.sentence if finding.verdict else ""
        return format_html('{}<bdi class="copyleaks-line">{}</bdi>', finding.badge, sentence)

    @admin.display(description=gettext_lazy("object"))
    def object_with_file(self, row: Row) -> str:
        target = listed_target(row)
        if not target.visible:
            return format_html('{}<span class="copyleaks-line copyleaks-quiet">{}</span>', target.link, row.field_name)
        return format_html(
            '{}<span class="copyleaks-line copyleaks-quiet">{}: <bdi>{}</bdi></span>',
            target.link,
            row.field_name,
            row.file_name,
        )

    def again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do what the buttons on the page of a picture ask for, which the user may be allowed for this one alone."""
        return again.do_with_one(self, request, self.get_object(request, str(pk)))

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the rows of the list that this address names the filters of, newest first."""
        return export.answer(self, request)

    def rendition_view(self, request: HttpRequest, pk: int, size: str) -> HttpResponse:
        """Answer with a copy of the scanned picture.

        Where there is none, the page of a scan is answered 404 with the reason in words, and its script says so. Lists
        are answered a sign in the place of a picture: browsers log what is not found as an error.
        """
        if size not in formats.RENDITION_SIDES:
            raise Http404
        scan = self._viewable_scan(request, pk)
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

    def original_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Answer with the scanned bytes, or with all their pixels where browsers would not show them, or 404."""
        scan = self._viewable_scan(request, pk)
        try:
            file_type, content = files.original(scan, files.scanned_file(scan))
        except files.BeingPrepared as reason:
            return _sign(request, str(reason))
        except files.PictureUnavailable as reason:
            return _reason(reason)
        response = _guarded(streamed(request, _pieces(content), content_type=file_type.content_type))
        response.headers["Content-Disposition"] = f'inline; filename="scan-{scan.pk}{file_type.extension}"'
        # Opened as a page of its own, a file of a stranger may not do anything.
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response

    def overlay_view(self, request: HttpRequest, pk: int, side: int = OVERLAY_SIDE) -> HttpResponse:
        """Answer with the mask as transparency, turned as the upright picture is."""
        scan = self._viewable_scan(request, pk)
        return _answer(request, f"overlay-{scan.result_id}-{side}", "image/png", lambda: _overlay(scan, side))

    def full_overlay_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer with the mask in the pixels of the original, which it is then laid upon."""
        return self.overlay_view(request, pk, FULL_OVERLAY_SIDE)

    def heatmap_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer with the provider's own gradient picture, encoded anew."""
        scan = self._viewable_scan(request, pk)
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

    def _viewable_scan(self, request: HttpRequest, pk: int) -> ImageScan:
        row = self.get_queryset(request).filter(**{self.scan_path: pk}).first()
        if row is None or not self.has_view_permission(request, row) or not self.target_of(request, row).visible:
            raise Http404
        return cast("ImageScan", self.scan_of(row))


def listed_target(row: Row) -> Target:
    """Return the object of a row of a list."""
    return cast("Target", cast("Any", row).listed_target)


def age_since(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{0}" title="{0}">{1}</time>', local.isoformat(" ", "seconds"), timesince(local, depth=1)
    )


def page_url(admin_site: AdminSite, row: Model) -> str:
    """Return the address of a row's page, empty when a site has none: a project may have an admin of its own."""
    model = type(row)
    if admin_site.is_registered(model):
        return url_of(admin_site.get_model_admin(model), "change", row.pk)
    found = admin_for(admin_site, model, PictureAdmin)
    return "" if found is None else found.url("change", row.pk)


def showing_admin(admin_site: AdminSite) -> PictureAdmin | None:
    """Return the admin that shows the pictures of scans that count, None when a site has none of ours."""
    return admin_for(admin_site, WatchedImage, PictureAdmin) or admin_for(admin_site, ImageScan, PictureAdmin)


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


def _pieces(content: IO[bytes] | prepare.Copy) -> Iterator[bytes]:
    with content:
        while piece := content.read(prepare.CHUNK):
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
