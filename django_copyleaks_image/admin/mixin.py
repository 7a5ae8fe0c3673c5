"""Verdicts and decisions in the host's own admin: a column and filters for its lists, a panel for its forms."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_copyleaks_image import registry
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.publishing.keys import knows_scans
from django_copyleaks_image.publishing.newest import newest_scan_of, remember
from django_copyleaks_image.registry import WatchedField

from .desk.blind import disguise, secret_from
from .panel import entry_of, line_of
from .picture_filters import filters_of
from .readonly import MEDIA

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin

COLUMN = "copyleaks_finding"
PANEL = "copyleaks_panel"


class CopyleaksImageMixin(Base):
    """Shows what was measured and decided about every watched field of a model, to users who may view scans.

    Put it before ``ModelAdmin``. The column ``copyleaks_finding`` is appended to the list and the panel
    ``copyleaks_panel`` to the form, unless the host's ``list_display``, ``fields`` or ``fieldsets`` place them;
    filters by verdict and decision follow those of the host.
    """

    @property
    def media(self) -> Media:
        return super().media + MEDIA

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = super().get_list_display(request)
        if not self._shows_findings(request):
            return [column for column in columns if column != COLUMN]
        return columns if COLUMN in columns else [*columns, COLUMN]

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = super().get_list_filter(request)
        # Where the objects are in another database than the scans, no query can ask for both.
        if not self._shows_findings(request) or not knows_scans(self.get_queryset(request).db):
            return filters
        watched_fields = self.copyleaks_fields()
        secret = secret_from(request, self.admin_site)
        ours = (filters_of(it.field, named=len(watched_fields) > 1, secret=secret) for it in watched_fields)
        return [*filters, *chain.from_iterable(ours)]

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

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None and self._shows_findings(request):
            self.copyleaks_read(request, [obj])
        return super().render_change_form(request, context, add, change, form_url, obj)

    @admin.display(description=gettext_lazy("AI detection"))
    def copyleaks_finding(self, instance: Model) -> SafeString:
        """Return badge and decision for every picture of an object, with the field's name if there are several."""
        lines = (
            (caption, line_of(scan, self.admin_site, is_present=name == scan.file_name))
            for caption, scan, name in self._found(instance)
            if scan is not None and name
        )
        return format_html_join("", '<span class="copyleaks-line">{}{}</span>', lines)

    @admin.display(description=gettext_lazy("AI detection"))
    def copyleaks_panel(self, instance: Model) -> SafeString:
        """Return badge, finding, decision, small picture and a link to the scan, for every watched field."""
        entries = [
            (
                caption,
                scan
                and entry_of(
                    scan, self.admin_site, is_present=bool(name) and name == scan.file_name, title=str(instance)
                ),
            )
            for caption, scan, name in self._found(instance)
        ]
        return render_to_string("admin/copyleaks_image/includes/panel.html", {"entries": entries})

    def copyleaks_fields(self) -> list[WatchedField]:
        """Return the watched fields of this admin's model, inherited ones included."""
        return [watched for watched in registry.watched_fields() if issubclass(self.model, watched.owner)]

    def copyleaks_read(self, request: HttpRequest, instances: Sequence[Model]) -> None:
        """Read the scans of objects with one query, as the user may know them: a second look stays a blind one."""
        fields = [watched.field for watched in self.copyleaks_fields()]
        remember(instances, fields)
        found = (newest_scan_of(instance, field) for instance in instances for field in fields)
        disguise([scan for scan in found if scan is not None], request, self.admin_site)

    def _found(self, instance: Model) -> Iterator[tuple[str, ImageScan | None, str | None]]:
        """Yield the caption, the scan that counts and the present file of every watched field."""
        watched_fields = self.copyleaks_fields()
        for watched in watched_fields:
            caption = _("%(field)s: ") % {"field": capfirst(str(watched.field.verbose_name))}
            name = registry.stored_name(instance, watched.field)
            yield caption if len(watched_fields) > 1 else "", newest_scan_of(instance, watched.field), name

    def _shows_findings(self, request: HttpRequest) -> bool:
        if not self.admin_site.is_registered(ImageScan) or not self.copyleaks_fields():
            return False
        return self.admin_site.get_model_admin(ImageScan).has_view_permission(request)


class _RemembersScans(ChangeList):
    """Reads the scans of a whole page of objects at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        cast("CopyleaksImageMixin", self.model_admin).copyleaks_read(request, self.result_list)


def _without_panel(fields: Iterable[Any]) -> list[Any]:
    """Return the fields of a fieldset without the panel; a list or tuple among them stands for one line."""
    lines = (_without_panel(field) if isinstance(field, list | tuple) else field for field in fields)
    return [line for line in lines if line not in (PANEL, [])]
