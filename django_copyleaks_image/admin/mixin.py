"""Verdicts and decisions in the host's own admin: a column and filters for its lists, a panel for its forms."""

from collections.abc import Iterable, Iterator, Sequence
from inspect import signature
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_copyleaks_image import registry
from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.publishing.keys import knows_scans
from django_copyleaks_image.publishing.rows import remember, row_of
from django_copyleaks_image.reviewing.history import judgements_of
from django_copyleaks_image.reviewing.reasons import label_of
from django_copyleaks_image.standings import Queue
from django_copyleaks_image.watched_fields import Watched, WatchedColumn, WatchedField

from .access import access_of
from .base import MEDIA
from .desk.item import contradiction_in_words
from .facts import Finding, decider, finding_about, moment
from .filters import filters_of
from .pictures import page_url, showing_admin
from .stage import Stage, small_stage_of

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin

COLUMN = "copyleaks_finding"
PANEL = "copyleaks_panel"
_LINE = '{}<span class="copyleaks-line copyleaks-quiet">{}</span>'


class CopyleaksImageMixin(Base):
    """Shows what was measured and decided about every watched field of a model, to users who may view pictures.

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
        secret = access_of(request, self.admin_site).secret()
        columns = [watched for watched in watched_fields if isinstance(watched, WatchedColumn)]
        ours = (filters_of(it.field, named=len(watched_fields) > 1, secret=secret) for it in columns)
        return [*filters, *chain.from_iterable(ours)]

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> Any:
        """Offer to scan what was not scanned yet to those who may, unless the host offers no actions.

        From Django 6.1 on, a page of one object has actions as well: there, ours is none.
        """
        if getattr(action_location, "name", "CHANGE_LIST") != "CHANGE_LIST":
            # As Django does where an admin was written before there were such actions.
            if "action_location" not in signature(super().get_actions).parameters:
                return {}
            where = {"action_location": action_location}
            return super().get_actions(request, **where)
        actions = super().get_actions(request)
        is_offered = self.actions is not None and IS_POPUP_VAR not in request.GET and self._shows_findings(request)
        if is_offered and access_of(request, self.admin_site).may_scan():
            from .unscanned import copyleaks_scan  # noqa: PLC0415 - for those who may scan alone

            return {**actions, "copyleaks_scan": self.get_action(copyleaks_scan)}
        return actions

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        host = super().get_changelist(request, **kwargs)
        if not self._shows_findings(request):
            return host
        return cast("type[ChangeList]", type(host.__name__, (_RemembersImages, host), {}))

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
        site = self.admin_site
        lines = ((caption, _line(image, name, site)) for caption, image, name in self._found(instance) if name)
        return format_html_join("", '<span class="copyleaks-line">{}{}</span>', lines)

    @admin.display(description=gettext_lazy("AI detection"))
    def copyleaks_panel(self, instance: Model) -> SafeString:
        """Return badge, finding, decision, small picture and a link to its page, for every watched field."""
        entries = [
            (caption, image and _entry(image, name, self.admin_site, title=str(instance)))
            for caption, image, name in self._found(instance)
        ]
        return render_to_string("admin/copyleaks_image/includes/panel.html", {"entries": entries})

    def copyleaks_fields(self) -> list[Watched]:
        """Return what is watched of this admin's model, inherited fields included."""
        return [watched for watched in registry.all_watched() if watched.class_of(self.model)]

    def copyleaks_read(self, request: HttpRequest, instances: Sequence[Model]) -> None:
        """Read the rows of objects with one query, as the user may know them: a second look stays a blind one."""
        pictures = [(instance, watched.field) for instance in instances for watched in self._pictures_of(instance)]
        remember(instances, list({field.name: field for _, field in pictures}.values()))
        found = (row_of(instance, field) for instance, field in pictures)
        access_of(request, self.admin_site).disguise(image for image in found if image is not None)

    def _found(self, instance: Model) -> Iterator[tuple[str, WatchedImage | None, str | None]]:
        """Yield the caption, the row and the present file of every watched field."""
        pictures = self._pictures_of(instance)
        for watched in pictures:
            caption = _("%(field)s: ") % {"field": capfirst(watched.what)}
            name = registry.stored_name(instance, watched.field)
            yield caption if len(pictures) > 1 else "", row_of(instance, watched.field), name

    def _pictures_of(self, instance: Model) -> list[WatchedField]:
        from django_copyleaks_image.scanning.full_scan import pictures_in  # noqa: PLC0415 - brings the full scan

        return [picture for watched in self.copyleaks_fields() for picture in pictures_in(watched, instance)]

    def _shows_findings(self, request: HttpRequest) -> bool:
        return bool(self.copyleaks_fields()) and access_of(request, self.admin_site).may_view(WatchedImage)


class _RemembersImages(ChangeList):
    """Reads what is known about a whole page of objects at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        cast("CopyleaksImageMixin", self.model_admin).copyleaks_read(request, self.result_list)


def _line(image: WatchedImage | None, file_name: str | None, admin_site: AdminSite) -> SafeString:
    """Return badge and state of a picture, linked to its page; nothing of it is told about another file."""
    if image is None:
        return format_html(_LINE, Finding().badge, _("Not scanned yet."))
    is_present = image.file_name == file_name
    finding = finding_about(image) if is_present else Finding()
    url = page_url(admin_site, image)
    badge = format_html('<a href="{}">{}</a>', url, finding.badge) if url else finding.badge
    return format_html(_LINE, badge, (_decision(image) or _whether_it_waits(image)) if is_present else "")


def _entry(image: WatchedImage, file_name: str | None, admin_site: AdminSite, *, title: str) -> dict[str, object]:
    """Return what the panel shows of a picture; ``title`` names the object that it belongs to."""
    finding = finding_about(image)
    is_present = bool(file_name) and image.file_name == file_name
    entry = {"image": image, "finding": finding, "url": page_url(admin_site, image), "is_present": is_present}
    if not is_present:
        return entry
    return {
        **entry,
        "stage": _stage(image, finding, admin_site, title),
        "decision": _decision(image),
        "decided": _first_look(image) if image.decision else None,
        "contradiction": contradiction_in_words(image),
        "waits": _whether_it_waits(image),
    }


def _stage(image: WatchedImage, finding: Finding, admin_site: AdminSite, title: str) -> Stage | None:
    """Return a small picture with its marks, None where no admin of ours shows pictures."""
    scan, showing = image.scan, showing_admin(admin_site)
    if scan is None or showing is None:
        return None
    alt = _("Scan of %(object)s: %(finding)s") % {"object": title, "finding": finding.sentence or finding.label}
    return small_stage_of(scan, showing.url, alt=alt)


def _decision(image: WatchedImage) -> str:
    return image.get_standing_display() if image.decision else ""


def _whether_it_waits(image: WatchedImage) -> str:
    return _("Waits at the review desk") if image.queue else ""


def _first_look(image: WatchedImage) -> dict[str, object] | None:
    """Return by whom, when and why the decision that stands was taken."""
    decision = judgements_of(image).exclude(queue=Queue.SECOND_LOOK).first()
    if decision is None:
        return None
    by = format_html("{}, {}", decider(decision), moment(decision.decided_at))
    return {"by": by, "reason": label_of(decision.reason), "note": decision.note}


def _without_panel(fields: Iterable[Any]) -> list[Any]:
    """Return the fields of a fieldset without the panel; a list or tuple among them stands for one line."""
    lines = (_without_panel(field) if isinstance(field, list | tuple) else field for field in fields)
    return [line for line in lines if line not in (PANEL, [])]
