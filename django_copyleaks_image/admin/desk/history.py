"""The decisions about a picture, as the desk and the page of a scan list them."""

from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from django_copyleaks_image.admin.page import moment, person
from django_copyleaks_image.models import Decision, ImageScan
from django_copyleaks_image.models.decision import Kind
from django_copyleaks_image.models.scan import Desk, Standing
from django_copyleaks_image.reviewing.history import history_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One decision; ``undone`` says by whom and when, and is empty for one that stands."""

    what: str
    by: SafeString
    reason: str
    note: str
    undone: SafeString | str


def steps_of(scan: ImageScan, *, is_blind: bool, with_notes: bool) -> list[Step]:
    """Return the decisions about the bytes of a scan, newest first, each with its reversal.

    Whoever is to take a second look is told who skipped the picture, and nothing else. Notes may tell what is to be
    seen on the picture, so they are only for those who may see it.
    """
    decisions = history_of(scan).exclude(kind=Kind.UNDONE).select_related("decided_by", "reversal__decided_by")
    if is_blind:
        decisions = decisions.filter(kind=Kind.SKIPPED)
    return [
        Step(
            what=_what(decision),
            by=format_html("{}, {}", person(decision.decided_by), moment(decision.decided_at)),
            reason=decision.reason,
            note=decision.note if with_notes else "",
            undone=_undone(decision),
        )
        for decision in decisions
    ]


def standing_in_words(scan: ImageScan) -> str:
    """Return what stands about a picture that waits for a decision all the same; empty when nothing does."""
    if scan.decision not in (Standing.CONFIRMED, Standing.CLEARED):
        return ""
    decision = {"decision": scan.get_decision_display()}
    if scan.desk == Desk.ESCALATED:
        return _("A second look disagrees with what was decided: %(decision)s.") % decision
    if scan.desk == Desk.REVIEW:
        return _("A newer scan disagrees with what was decided: %(decision)s.") % decision
    return ""


def _what(decision: Decision) -> str:
    kind = decision.get_kind_display()
    return _("Second look: %(decision)s") % {"decision": kind} if decision.is_second_look else kind


def _undone(decision: Decision) -> SafeString | str:
    reversal: Decision | None = getattr(decision, "reversal", None)
    if reversal is None:
        return ""
    return format_html(
        _("Undone by {person}, {moment}"), person=person(reversal.decided_by), moment=moment(reversal.decided_at)
    )
