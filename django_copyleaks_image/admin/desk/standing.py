"""The decision on the page of a scan: what stands, who decided what, and a form for those who may decide."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _

from django_copyleaks_image.admin.targets import Target
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Desk, Status
from django_copyleaks_image.reviewing.decide import NOTE_LENGTH, own_last_decision, waits_elsewhere
from django_copyleaks_image.reviewing.standing import is_outdated

from .blind import disguise
from .choice import Choice
from .history import Step, standing_in_words, steps_of
from .queues import DeskQueues
from .release import holder
from .seals import seal


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionSection:
    """What is shown about the decision.

    ``may_decide`` brings the form; ``obstacle`` says in its place why nothing can be decided now. ``undoable`` is the
    key of the user's own decision if it can be undone, ``desk_url`` the queue in which the picture waits. A decision
    names the ``version`` of the review, sealed; ``held_by`` is who looks at the picture now.
    """

    state: str
    version: str
    held_by: str
    may_release: bool
    contradiction: str
    steps: list[Step]
    may_decide: bool
    may_escalate: bool
    obstacle: str
    undoable: int | None
    desk_url: str
    reasons: tuple[str, ...]
    note_length: int


class StandingDecision(DeskQueues):
    """Adds what was decided to the page of a scan."""

    def decision_section(self, request: HttpRequest, scan: ImageScan, target: Target) -> DecisionSection:
        """Return what the user may know and do; a second look that is theirs to take is made to look like a first."""
        may_decide = self.may_decide(request, scan, target, desk=scan.desk)
        is_blind = bool(disguise([scan], request, self.admin_site))
        # Asked in any case: how long a page takes must not tell that there is something to keep secret.
        undoable = own_last_decision(scan, request.user)
        return DecisionSection(
            state=scan.get_decision_display(),
            version=seal(scan),
            held_by=holder(scan),
            may_release=target.visible and self.has_release_permission(request),
            contradiction=standing_in_words(scan),
            steps=steps_of(scan, is_blind=is_blind, with_notes=target.visible),
            may_decide=may_decide,
            may_escalate=scan.desk != Desk.ESCALATED,
            obstacle=why_not_decidable(scan, target) if may_decide else "",
            undoable=None if is_blind or undoable is None else undoable.pk,
            desk_url=self._queue_url(request, scan),
            reasons=conf.REVIEW_REASONS,
            note_length=NOTE_LENGTH,
        )

    def _queue_url(self, request: HttpRequest, scan: ImageScan) -> str:
        """Return the queue in which a scan waits, empty when it does not wait or the queue is closed to the user."""
        queue = Desk.REVIEW if scan.desk == Desk.SECOND_LOOK else Desk(scan.desk)
        if queue not in self.queues_to_open(request):
            return ""
        return self.desk_url(Choice(queue=queue, sandbox=scan.sandbox))


def why_not_decidable(scan: ImageScan, target: Target) -> str:
    """Return why the user can decide nothing about a scan now, in words; empty when they can.

    A second look that was not disguised is not theirs to take.
    """
    if not scan.is_finished:
        return _("The scan is still under way.")
    if scan.status == Status.SUPERSEDED or not target.holds_file:
        return _("The picture was replaced or removed.")
    if is_outdated(scan):
        return _("A newer scan of this picture counts instead.")
    if waits_elsewhere(scan):
        return _("An earlier scan of this picture waits at the review desk.")
    if scan.desk == Desk.SECOND_LOOK:
        return _("It waits for a second look by somebody else.")
    return ""
