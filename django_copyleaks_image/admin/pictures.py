"""What the admins of watched images and of scans have in common: each row of theirs is about one picture."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.forms import Media
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from django_copyleaks_image.models import ImageScan, WatchedImage

from . import again, serving
from .asking import AskedChangeList
from .base import SHOWING, STAGE_CONTROLS, admin_for, scripts, url_of
from .export import ExportedAdmin
from .facts import Facts
from .stage import Stage, stage_of
from .targets import Row, Target

# What turns a picture into a stage, each script after those that it needs.
_STAGE_MEDIA = Media(js=scripts(*SHOWING, *STAGE_CONTROLS, "seen-form.js"))


class PictureChangeList(AskedChangeList):
    """Reads the objects of all listed rows together."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        listed = cast("Sequence[Row]", self.result_list)
        model_admin = cast("PictureAdmin", self.model_admin)
        model_admin.disguise(request, listed)
        targets = model_admin.access(request).targets(listed)
        for row in listed:
            row.listed_target = targets[row.pk]  # type: ignore[union-attr]


class PictureAdmin(ExportedAdmin):
    """Lists rows that are each about one picture, and shows it on a page, with the scripts for its stage.

    ``scan_path`` leads from a row to its scan in queries. A project adds its own facts by :meth:`get_facts`.
    """

    scan_path = "pk"
    list_display_links = ("thumbnail", "finding")
    ordering = ("-pk",)

    @property
    def media(self) -> Media:
        return super().media + _STAGE_MEDIA

    def get_facts(self, request: HttpRequest, row: Any) -> Facts:
        """Return facts of the project's own about a picture, as pairs of a label and a text, shown behind ours."""
        return []

    def get_urls(self) -> list[URLPattern]:
        def picture(name: str, route: str, send: Callable[..., HttpResponseBase]) -> URLPattern:
            def view(request: HttpRequest, pk: int, **asked: str) -> HttpResponseBase:
                return send(request, self._viewable_scan(request, pk), **asked)

            # Without cacheable, admin_view would forbid browsers to keep what they may keep.
            return self.route(route, name, require_safe(view), cacheable=True)

        return [
            picture("rendition", "rendition/<int:pk>/<str:size>/", serving.rendition),
            picture("original", "original/<int:pk>/", serving.original),
            picture("overlay", "overlay/<int:pk>.png", serving.overlay),
            picture("full_overlay", "overlay/<int:pk>/full.png", serving.full_overlay),
            picture("heatmap", "heatmap/<int:pk>.png", serving.heatmap),
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
        return thumbnail_of(self, self.scan_of(row), listed_target(row))

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

    def _viewable_scan(self, request: HttpRequest, pk: int) -> ImageScan:
        row = self.get_queryset(request).filter(**{self.scan_path: pk}).first()
        if row is None or not self.has_view_permission(request, row) or not self.target_of(request, row).visible:
            raise Http404
        return cast("ImageScan", self.scan_of(row))


def thumbnail_of(showing: "PictureAdmin | None", scan: ImageScan | None, target: Target) -> str:
    """Return the small picture of a scan for a list, or that there is none to be shown."""
    if scan is None or showing is None or not (target.visible and target.holds_file):
        return format_html('<span class="copyleaks-thumbnail">{}</span>', _("no picture"))
    return format_html(
        '<img class="copyleaks-thumbnail" src="{}" width="80" height="80" loading="lazy" alt="{}">',
        showing.url("rendition", scan.pk, "thumbnail"),
        _("Scan of %(object)s") % {"object": target.label},
    )


def listed_target(row: Any) -> Target:
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
