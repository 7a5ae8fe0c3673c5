"""The watched images: their list, the page of one with what was decided about it, and the desk to decide."""

from typing import Any, ClassVar, NamedTuple, cast

from django.contrib import admin
from django.contrib.admin.sites import AdminSite
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import ImageScan, ReviewDesk, WatchedImage, home_database, scans
from django_copyleaks_image.models.watched_image import WatchedImageQuerySet
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.review_reasons import Reason
from django_copyleaks_image.reviewing.decide import NOTE_LENGTH, own_last_decision
from django_copyleaks_image.reviewing.reasons import reasons_for
from django_copyleaks_image.standings import FOR_A_PERSON, SILENT, Kind, KindRule, Queue, choices_in, rule_of

from . import again, export
from .base import DECISION_MEDIA, ReadOnlyAdmin, admin_for
from .desk import bulk
from .desk.batch import why_not_decidable
from .desk.batch_views import BatchViews
from .desk.bulk import holder
from .desk.item import Step, contradiction_in_words, facts_of, seal, steps_of
from .desk.queues import Choice, Desk
from .desk.sentences import number_waiting
from .desk.views import DeskViews
from .facts import Finding, finding_about, finding_of, person, provenance
from .filters import AssignedFilter, HeldFilter, QueueFilter, StandingFilter, WaitingFilter, WatchedFieldFilter
from .ownership import OwnerFilter, owner_line
from .pictures import age_since, listed_target, page_url
from .reasons import reason_in_words
from .targets import Row, Target

_SHOWN_SCANS = 10


class DecisionSection(NamedTuple):
    """What is shown about the decision.

    ``choices`` are the buttons of the form; ``obstacle`` says in its place why nothing can be decided now.
    ``undoable`` is the key of the user's own decision if it can be undone, ``desk_url`` the address of the picture at
    the desk where it waits for the user. A decision names the ``version`` of the review, sealed; ``held_by`` is who
    looks at the picture now.
    """

    standing: str
    version: str
    held_by: str
    may_release: bool
    contradiction: str
    steps: list[Step]
    choices: list[tuple[Kind, KindRule]]
    people: list[AbstractBaseUser]
    assigned_to: str
    may_note: bool
    obstacle: str
    undoable: int | None
    desk_url: str
    reasons: list[tuple[KindRule, tuple[Reason, ...]]]
    saved_notes: tuple[object, ...]
    note_length: int


@admin.register(WatchedImage)
class WatchedImageAdmin(BatchViews):
    """Pictures to look at, to decide about and to have scanned again; their rows are never edited."""

    scan_path = "scan__pk"
    list_display: Any = ("thumbnail", "finding", "object_with_file", "state", "age")
    list_filter = (
        StandingFilter,
        "verdict",
        QueueFilter,
        WaitingFilter,
        AssignedFilter,
        HeldFilter,
        "sandbox",
        WatchedFieldFilter,
        OwnerFilter,
        "uploaded_at",
    )
    search_fields = ("file_name", "=object_id", "owner_label", "^sha256", "^scan__scan_id")
    search_help_text = gettext_lazy("File name, title or id of the object, owner, SHA-256 or scan id")
    searches_objects = True
    asked = frozenset({"id", "scan", "content_type", "object_id", "field_name"})
    sortable_by = ()
    actions: Any = (*bulk.ACTIONS, *again.ACTIONS)
    change_form_template = "admin/copyleaks_image/watchedimage/change_form.html"
    export_columns: ClassVar[dict[str, export.Cell]] = {
        **export.OF_THE_PICTURE,
        "owner": lambda image, scan, finding: image.owner_label,
        "owner_key": lambda image, scan, finding: image.owner_key,
        "standing": lambda image, scan, finding: image.standing,
        "queue": lambda image, scan, finding: image.queue,
        "uploaded_at": lambda image, scan, finding: export.iso(image.uploaded_at),
        "queued_at": lambda image, scan, finding: export.iso(image.queued_at if image.queue else None),
        **export.OF_THE_SCAN,
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: WatchedImageQuerySet = self.model._default_manager.using(home_database())
        return found.with_scan().select_related("claimed_by").order_by(*self.get_ordering(request))

    def scan_of(self, row: WatchedImage) -> ImageScan | None:
        return row.scan

    def finding_of(self, row: WatchedImage) -> Finding:
        return finding_about(row)

    def disguise(self, request: HttpRequest, rows: Any) -> None:
        self.access(request).disguise(rows)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Return whether the actions that decide are offered."""
        return self.access(request).may_decide() or self.access(request).may_decide_escalated()

    def has_release_permission(self, request: HttpRequest) -> bool:
        """Return whether the action is offered that takes pictures from those who look at them."""
        return self.access(request).may_release()

    @admin.display(description=gettext_lazy("standing"))
    def state(self, image: WatchedImage) -> str:
        lines = [self.finding_of(image).sentence] if not image.verdict else []
        if image.removed_at is not None:
            lines = [reason_in_words(Code.FILE_REMOVED)]
        if image.queue and image.queued_at is not None:
            waits_for = _("Waits for: %(queue)s") % {"queue": image.get_queue_display()}
            lines.append(format_html("{} ({})", waits_for, age_since(image.queued_at)))
        if image.assigned_to is not None:
            lines.append(_("Assigned to %(person)s") % {"person": person(image.assigned_to)})
        if held_by := holder(image):
            lines.append(_("%(person)s is looking at it") % {"person": held_by})
        return format_html(
            "{}{}",
            image.get_standing_display(),
            format_html_join(
                "", '<span class="copyleaks-line copyleaks-quiet">{}</span>', ((line,) for line in lines if line)
            ),
        )

    @admin.display(description=gettext_lazy("object"))
    def object_with_file(self, row: Row) -> str:
        about = super().object_with_file(row)
        return format_html("{}{}", about, owner_line(cast("WatchedImage", row), listed_target(row)))

    @admin.display(description=gettext_lazy("age"))
    def age(self, image: WatchedImage) -> str:
        return age_since(image.uploaded_at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        desk = Desk(self, request)
        open_queues = desk.open_queues
        if not open_queues:
            return super().changelist_view(request, extra_context)
        choice = Choice(queue=open_queues[0])
        waiting = number_waiting(desk.number_of(choice), in_all=desk.counts_hidden)
        return super().changelist_view(
            request, {"desk_url": desk.url(choice), "waiting": waiting} | (extra_context or {})
        )

    def page_context(self, request: HttpRequest, obj: WatchedImage) -> dict[str, Any]:
        image, scan, target = obj, obj.scan, self.target_of(request, obj)
        # Before everything else: it may make a second look look like a first one.
        decision = self._decision_section(request, image, target)
        return {
            "title": target.label,
            "media": self.media + DECISION_MEDIA,
            "is_nav_sidebar_enabled": False,
            "image": image,
            "scan": scan,
            "target": target,
            "finding": finding_about(image),
            "stage": self.stage(image, target),
            "decision": decision,
            "provenance": provenance(scan.result if scan else None),
            "facts": facts_of(image, target, self, request),
            "scans": [(it, finding_of(it), page_url(self.admin_site, it)) for it in self._scans(request, image)],
            "may_scan": target.visible and self.has_scan_permission(request, image),
        }

    def _scans(self, request: HttpRequest, image: WatchedImage) -> list[ImageScan]:
        """Return the newest scans of a picture, for those who may see scans."""
        if not self.access(request).may_view(ImageScan):
            return []
        found = scans().same_target(image).with_result().select_related("content_type")
        return list(found.order_by("-pk")[:_SHOWN_SCANS])

    def _decision_section(self, request: HttpRequest, image: WatchedImage, target: Target) -> DecisionSection:
        """Return what the user may know and do; a second look that is theirs to take is made to look like a first."""
        desk = Desk(self, request)
        may_decide = desk.may_decide(image, target, queue=image.queue)
        is_blind = bool(desk.access.disguise([image]))
        # Asked in any case: how long a page takes must not tell that there is something to keep secret.
        undoable = own_last_decision(image, request.user)
        obstacle = why_not_decidable(image, target) if may_decide else ""
        choices = [(kind, rule_of(kind, image.verdict)) for kind in choices_in(image.queue) if kind not in SILENT]
        opens = may_decide and not obstacle and image.queue in desk.open_queues
        return DecisionSection(
            standing=image.get_standing_display(),
            version=seal(image),
            held_by=holder(image),
            may_release=target.visible and desk.access.may_release(image),
            contradiction=contradiction_in_words(image),
            steps=steps_of(image, request.user, is_blind=is_blind, with_notes=target.visible),
            choices=choices if may_decide and not obstacle else [],
            people=desk.access.people() if any(kind in FOR_A_PERSON for kind, _rule in choices) else [],
            assigned_to=person(image.assigned_to) if image.assigned_to else "",
            may_note=self._may_note(desk, image, target),
            obstacle=obstacle,
            undoable=None if is_blind or undoable is None else undoable.pk,
            desk_url=self.url("review_picture", image.pk) if opens else "",
            reasons=[(rule, reasons_for(kind)) for kind, rule in choices if reasons_for(kind)],
            saved_notes=conf.REVIEW_NOTES,
            note_length=NOTE_LENGTH,
        )

    def _may_note(self, desk: Desk, image: WatchedImage, target: Target) -> bool:
        may_decide = any(desk.may_decide(image, target, queue=queue) for queue in (Queue.REVIEW, Queue.ESCALATED))
        return may_decide and not why_not_decidable(image, target)


@admin.register(ReviewDesk)
class ReviewDeskAdmin(ReadOnlyAdmin):
    """An entry of the index for whoever may open a queue; it leads to the desk."""

    def get_urls(self) -> list[URLPattern]:
        return [self.route("", "changelist", self.changelist_view)]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        desk = desk_of(self.admin_site, request)
        return desk is not None and bool(desk.open_queues)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        desk = desk_of(self.admin_site, request)
        if desk is None or not desk.open_queues:
            raise PermissionDenied
        return redirect(desk.model_admin.url("review"))


def desk_of(admin_site: AdminSite, request: HttpRequest) -> Desk | None:
    """Return the desk of a user on a site, None when the site has none."""
    found = admin_for(admin_site, WatchedImage, DeskViews)
    return None if found is None else Desk(found, request)
