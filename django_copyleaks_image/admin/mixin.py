"""Findings in the host's own admin: a column for its lists and a panel for its forms."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.forms import Media
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_copyleaks_image import registry
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.registry import WatchedField

from .findings import finding_of
from .images import image_url
from .latest import latest_scans_of, remember
from .readonly import MEDIA
from .stage import Stage

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin

COLUMN = "copyleaks_finding"
PANEL = "copyleaks_panel"


class CopyleaksImageMixin(Base):
    """Shows the newest scan of every watched field of a model, to users who may view scans.

    Put it before ``ModelAdmin``. The column ``copyleaks_finding`` is appended to the list and the panel
    ``copyleaks_panel`` to the form, unless the host's ``list_display``, ``fields`` or ``fieldsets`` place them.
    """

    @property
    def media(self) -> Media:
        return super().media + MEDIA

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = super().get_list_display(request)
        if not self._shows_findings(request):
            return [column for column in columns if column != COLUMN]
        return columns if COLUMN in columns else [*columns, COLUMN]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        host = super().get_changelist(request, **kwargs)
        if not self._shows_findings(request):
            return host
        return cast("type[ChangeList]", type(host.__name__, (_RemembersScans, host), {}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        names = super().get_readonly_fields(request, obj)
        return names if PANEL in names else [*names, PANEL]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not self._shows_findings(request):
            return [(name, {**options, "fields": _without_panel(options["fields"])}) for name, options in fieldsets]
        if PANEL in flatten_fieldsets(fieldsets):
            return fieldsets
        return [*fieldsets, (None, {"fields": (PANEL,)})]

    @admin.display(description=gettext_lazy("AI detection"))
    def copyleaks_finding(self, instance: Model) -> SafeString:
        """Return the badges of all watched fields, named when there are several."""
        scans = latest_scans_of(instance, self.copyleaks_fields())
        lines = (
            (self._caption(watched), self._page_url(scans[watched.label]), finding_of(scans[watched.label]).badge)
            for watched in self.copyleaks_fields()
            if watched.label in scans
        )
        return format_html_join("", '<span class="copyleaks-line">{}<a href="{}">{}</a></span>', lines)

    @admin.display(description=gettext_lazy("AI detection"))
    def copyleaks_panel(self, instance: Model) -> SafeString:
        """Return badge, finding, small picture and a link to the scan, for every watched field."""
        scans = latest_scans_of(instance, self.copyleaks_fields())
        entries = [
            {"caption": self._caption(watched), **self._entry(instance, watched, scans.get(watched.label))}
            for watched in self.copyleaks_fields()
        ]
        return render_to_string("admin/copyleaks_image/includes/panel.html", {"entries": entries})

    def copyleaks_fields(self) -> list[WatchedField]:
        """Return the watched fields of this admin's model, inherited ones included."""
        return [watched for watched in registry.watched_fields() if issubclass(self.model, watched.owner)]

    def _shows_findings(self, request: HttpRequest) -> bool:
        if not self.admin_site.is_registered(ImageScan) or not self.copyleaks_fields():
            return False
        return self.admin_site.get_model_admin(ImageScan).has_view_permission(request)

    def _caption(self, watched: WatchedField) -> str:
        if len(self.copyleaks_fields()) < 2:
            return ""
        return _("%(field)s: ") % {"field": capfirst(str(watched.field.verbose_name))}

    def _page_url(self, scan: ImageScan) -> str:
        return reverse("admin:copyleaks_image_imagescan_change", args=(scan.pk,), current_app=self.admin_site.name)

    def _entry(self, instance: Model, watched: WatchedField, scan: ImageScan | None) -> dict[str, object]:
        if scan is None:
            return {}
        finding = finding_of(scan)
        file = getattr(instance, watched.field.attname)
        if not file or file.name != scan.file_name:
            return {"scan": scan, "finding": finding, "url": self._page_url(scan), "is_outdated": True}
        stage = Stage(
            alt=_("Scan of %(object)s") % {"object": instance},
            picture_url=image_url(self.admin_site, "rendition", scan.pk, "panel"),
        )
        if scan.result is not None and scan.result.mask_runs and not scan.result.mask_problem:
            stage.overlay_url = image_url(self.admin_site, "overlay", scan.pk)
        return {"scan": scan, "finding": finding, "url": self._page_url(scan), "stage": stage}


class _RemembersScans(ChangeList):
    """Reads the scans of a whole page of objects with one query."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        remember(self.result_list, cast("CopyleaksImageMixin", self.model_admin).copyleaks_fields())


def _without_panel(fields: Iterable[Any]) -> list[Any]:
    """Return the fields of a fieldset without the panel; a list or tuple among them stands for one line."""
    lines = (_without_panel(field) if isinstance(field, list | tuple) else field for field in fields)
    return [line for line in lines if line not in (PANEL, [])]
