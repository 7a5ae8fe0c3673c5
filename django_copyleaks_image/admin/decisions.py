"""The log of decisions: who decided what, when and why."""

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_copyleaks_image.models import Decision, home_database
from django_copyleaks_image.reviewing.blindness import tells_of_first_looks
from django_copyleaks_image.standings import Kind

from .asking import AskedAdmin, AskedChangeList
from .desk.item import what_was_decided
from .facts import person
from .pictures import page_url
from .targets import Target


class DecisionChangeList(AskedChangeList):
    """Reads the objects of all listed decisions together."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        listed = cast("Sequence[Decision]", self.result_list)
        access = cast("DecisionAdmin", self.model_admin).access(request)
        targets = access.targets(decision.image for decision in listed)
        for decision in listed:
            decision.listed_target = targets[decision.image_id]  # type: ignore[attr-defined]


@admin.register(Decision)
class DecisionAdmin(AskedAdmin):
    """What people decided, newest first; the rows are evidence and cannot be edited."""

    list_display = ("picture", "what", "who", "decided_at", "reason", "note_to_read")
    list_display_links = None
    list_filter = ("kind", "decided_at")
    search_fields = ("^scan__scan_id", "^sha256", "note")
    search_help_text = gettext_lazy("Scan id, SHA-256 or note")
    picture_path = "image"
    asked = frozenset({"id", "image", "scan", "decided_by", "reason"})
    ordering = ("-pk",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        """Return the decisions, without those of which the user must not hear before a second look of their own."""
        found: QuerySet[Decision] = self.model._default_manager.using(home_database())
        told = found.exclude(tells_of_first_looks(self.access(request).secret()))
        related = told.select_related("image__content_type", "decided_by", "reverses", "reversal")
        return related.order_by(*self.get_ordering(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DecisionChangeList

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Everything about a decision stands on the page of its picture."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        decision = self.get_object(request, object_id)
        page = "" if decision is None else page_url(self.admin_site, decision.image)
        if not page:
            raise Http404
        return redirect(page)

    @admin.display(description=gettext_lazy("picture"))
    def picture(self, decision: Decision) -> str:
        page, label = page_url(self.admin_site, decision.image), _listed_target(decision).label
        return format_html('<a href="{}">{}</a>', page, label) if page else label

    @admin.display(description=gettext_lazy("decision"), ordering="kind")
    def what(self, decision: Decision) -> str:
        if decision.kind == Kind.UNDONE and decision.reverses is not None:
            return _("Undone: %(decision)s") % {"decision": decision.reverses.get_kind_display()}
        kind = what_was_decided(decision)
        if hasattr(decision, "reversal"):
            return format_html('<del>{}</del><span class="copyleaks-line copyleaks-quiet">{}</span>', kind, _("undone"))
        return kind

    @admin.display(description=gettext_lazy("decided by"))
    def who(self, decision: Decision) -> str:
        return person(decision.decided_by)

    @admin.display(description=gettext_lazy("note"))
    def note_to_read(self, decision: Decision) -> str:
        """Return the note, which may tell what is to be seen on the picture, to those who may see it."""
        return decision.note if _listed_target(decision).visible else ""


def _listed_target(decision: Decision) -> Target:
    return cast("Target", cast("Any", decision).listed_target)
