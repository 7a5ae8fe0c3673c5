"""The log of decisions: who decided what, when and why, and what they saw. Of one's own, the last can be undone."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_copyleaks_image.models import Decision, DetectionResult, ImageScan, home_database
from django_copyleaks_image.reviewing.blindness import tells_of_first_looks
from django_copyleaks_image.reviewing.decide import undoable_among
from django_copyleaks_image.reviewing.history import is_about
from django_copyleaks_image.reviewing.reasons import label_of
from django_copyleaks_image.standings import Kind

from . import export
from .asking import AskedChangeList
from .desk.item import unseen_in_words, what_was_decided
from .facts import Finding, acting, clamped, decider, finding_of, moment
from .filters import WatchedFieldFilter
from .images import desk_of
from .log_filters import DateFilter, OverturnedFilter, PersonFilter, ReasonFilter, SecondLookFilter
from .ownership import OwnerFilter, owner_line
from .pictures import listed_target, page_url, showing_admin, thumbnail_of

_QUIET_LINE = '<span class="copyleaks-line copyleaks-quiet">{}</span>'


class DecisionChangeList(AskedChangeList):
    """Reads the objects of all listed decisions together, and which of them the user can undo."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        listed = cast("Sequence[Decision]", self.result_list)
        model_admin = cast("DecisionAdmin", self.model_admin)
        targets = model_admin.access(request).targets(decision.image for decision in listed)
        undoable = undoable_among(listed, request.user)
        desk = desk_of(model_admin.admin_site, request)
        for row in cast("Sequence[Any]", listed):
            row.listed_target = target = targets[row.image_id]
            may_undo = row.pk in undoable and desk and desk.may_decide(row.image, target, queue=row.queue)
            row.undo_url = desk.model_admin.url("review_undo", row.pk) if desk and may_undo else ""
            row.back_url = request.get_full_path()
            row.batch_url = desk.model_admin.url("batch", row.batch) if desk and row.batch else ""


@admin.register(Decision)
class DecisionAdmin(export.ExportedAdmin):
    """What people decided, newest first; the rows are evidence and cannot be edited.

    Whoever may open a queue of the desk, and not the whole log, sees their own decisions.
    """

    list_display = ("thumbnail", "picture", "what", "who", "why")
    list_display_links = None
    list_filter = (
        DateFilter,
        PersonFilter,
        "kind",
        "verdict",
        ReasonFilter,
        OverturnedFilter,
        SecondLookFilter,
        "seen",
        WatchedFieldFilter,
        OwnerFilter,
        "sandbox",
    )
    search_fields = ("^scan__scan_id", "^sha256", "note", "image__owner_label")
    search_help_text = gettext_lazy("Scan id, SHA-256, note, who decided, title of the object or its owner")
    searches_objects = True
    picture_path = "image"
    asked = frozenset({"id", "image", "scan", "decided_by", "reason", "decided_at"})
    ordering = ("-pk",)
    sortable_by = ()
    export_columns: ClassVar[dict[str, export.Cell]] = {
        "decision_id": lambda decision, scan, finding: decision.pk,
        "decided_at": lambda decision, scan, finding: export.iso(decision.decided_at),
        "decided_by": lambda decision, scan, finding: _name(decision),
        "acted_by": lambda decision, scan, finding: acting(decision),
        "decision": lambda decision, scan, finding: decision.kind,
        "batch": lambda decision, scan, finding: decision.batch or "",
        "undoes": lambda decision, scan, finding: decision.reverses_id or "",
        "reason": lambda decision, scan, finding: decision.reason,
        "note": lambda decision, scan, finding: decision.note,
        "seen": lambda decision, scan, finding: decision.seen,
        "taken_from": lambda decision, scan, finding: decision.queue,
        "standing_before": lambda decision, scan, finding: decision.before,
        "agrees_with_first_look": lambda decision, scan, finding: {True: "yes", False: "no"}.get(decision.agrees, ""),
        "undone_at": lambda decision, scan, finding: export.iso(_reversal(decision) and _reversal(decision).decided_at),
        "undone_by": lambda decision, scan, finding: _reversal(decision) and _name(_reversal(decision)),
        "object": lambda decision, scan, finding: export.model_label(decision.image),
        "object_id": lambda decision, scan, finding: decision.image.object_id,
        "field_name": lambda decision, scan, finding: decision.image.field_name,
        "owner": lambda decision, scan, finding: decision.image.owner_label,
        "owner_key": lambda decision, scan, finding: decision.image.owner_key,
        "sha256": lambda decision, scan, finding: decision.sha256,
        "scan_id": lambda decision, scan, finding: scan and scan.scan_id,
        "sandbox": lambda decision, scan, finding: "yes" if decision.sandbox else "no",
        "verdict": lambda decision, scan, finding: decision.verdict,
        "finding": lambda decision, scan, finding: finding.sentence or finding.label,
    }

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user may view the log, or their own part of it."""
        if self.sees_all(request, obj):
            return True
        is_own = obj is None or obj.decided_by_id == request.user.pk
        return is_own and self._sees_own(request)

    def sees_all(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user may view the decisions of others, or this one."""
        return super().has_view_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        """Return the decisions, without those of which the user must not hear before a second look of their own."""
        found: QuerySet[Decision] = self.model._default_manager.using(home_database())
        told = found.exclude(tells_of_first_looks(self.access(request).secret()))
        if not self.sees_all(request):
            told = told.filter(decided_by=request.user.pk)
        related = told.select_related(
            "image__content_type",
            "image__scan",
            "scan__result",
            "decided_by",
            "acted_by",
            "assigned_to",
            "reverses",
            "reversal__decided_by",
            "reversal__acted_by",
        ).defer(*(f"scan__result__{name}" for name in DetectionResult.LARGE_FIELDS))
        return related.order_by(*self.get_ordering(request))

    def get_search_fields(self, request: HttpRequest) -> Any:
        by_name = (f"decided_by__{get_user_model().USERNAME_FIELD}", "decided_by_name")
        return (*super().get_search_fields(request), *by_name)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DecisionChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        own = str(request.user.pk)
        is_own = not self.sees_all(request) or request.GET.get(PersonFilter.parameter_name) == own
        context: dict[str, Any] = {"title": _("My decisions") if is_own else _("Decisions")}
        if not is_own and self._sees_own(request):
            context["own_url"] = f"{self.url('changelist')}?{PersonFilter.parameter_name}={own}"
        return super().changelist_view(request, context | (extra_context or {}))

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

    def scan_of(self, row: Decision) -> ImageScan | None:
        return row.scan

    def finding_of(self, row: Decision) -> Finding:
        """Return what the person was told that had been found."""
        return finding_of(row.scan) if row.scan is not None and row.scan.verdict == row.verdict else Finding()

    def disguise(self, request: HttpRequest, rows: Any) -> None:
        self.access(request).disguise_decisions(rows)

    @admin.display(description=gettext_lazy("picture"))
    def thumbnail(self, decision: Decision) -> str:
        """Return the picture as long as it is the one that was decided about."""
        scan = decision.image.scan if is_about(decision, decision.image) else None
        return thumbnail_of(showing_admin(self.admin_site), scan, listed_target(decision))

    @admin.display(description=gettext_lazy("object"))
    def picture(self, decision: Decision) -> str:
        page, label = page_url(self.admin_site, decision.image), listed_target(decision).label
        link = format_html('<a href="{}">{}</a>', page, label) if page else label
        return format_html("{}{}", link, owner_line(decision.image, listed_target(decision)))

    @admin.display(description=gettext_lazy("decision"), ordering="kind")
    def what(self, decision: Decision) -> str:
        if decision.kind == Kind.UNDONE and decision.reverses is not None:
            return _("Undone: %(decision)s") % {"decision": decision.reverses.get_kind_display()}
        kind = what_was_decided(decision)
        kind = format_html("<del>{}</del>" if hasattr(decision, "reversal") else "{}", kind)
        batch_url = getattr(decision, "batch_url", "")
        lines = [
            unseen_in_words(decision),
            _("undone") if hasattr(decision, "reversal") else "",
            format_html('<a href="{}">{}</a>', batch_url, _("with others at once")) if batch_url else "",
        ]
        told = format_html_join("", _QUIET_LINE, ((line,) for line in lines if line))
        return format_html("{}{}{}", kind, told, _undo_button(decision))

    @admin.display(description=gettext_lazy("decided by"))
    def who(self, decision: Decision) -> str:
        by = decider(decision)
        return format_html(f"{{}}{_QUIET_LINE}", by, moment(decision.decided_at))

    @admin.display(description=gettext_lazy("reason"), empty_value="")
    def why(self, decision: Decision) -> str:
        """Return reason and note; that may tell what is to be seen on the picture, and is for those who may see it."""
        reason = label_of(decision.reason) if decision.reason else ""
        note = clamped(decision.note) if listed_target(decision).visible else ""
        return format_html(f"{{}}{_QUIET_LINE}", reason, note) if note else reason

    def _sees_own(self, request: HttpRequest) -> bool:
        desk = desk_of(self.admin_site, request)
        return desk is not None and bool(desk.open_queues)


def _undo_button(decision: Any) -> str:
    """Return a button of the form around the list, which works without a script; empty where nothing can be undone."""
    if not decision.undo_url:
        return ""
    button = '<button type="submit" class="copyleaks-button" formaction="{}" name="back" value="{}">{}</button>'
    line = format_html(button, decision.undo_url, decision.back_url, _("Undo"))
    return format_html('<span class="copyleaks-line">{}</span>', line)


def _name(decision: Decision) -> str:
    user = decision.decided_by
    return decision.decided_by_name if user is None else str(user.get_username())


def _reversal(decision: Decision) -> Any:
    return getattr(decision, "reversal", None)
