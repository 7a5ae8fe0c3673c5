"""A person decides, skips, or undoes: one compare-and-set UPDATE, and one row more in the log."""

import random
from typing import Any, cast

from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from django_copyleaks_image import notify
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import Decision, ImageScan, decisions, home_database, scans
from django_copyleaks_image.models.decision import FINAL, JUDGEMENTS, Kind
from django_copyleaks_image.models.scan import UNFINISHED, UNMEASURED, Desk, ImageScanQuerySet, Review, Standing, Status
from django_copyleaks_image.transactions import atomically

from . import standing
from .blindness import is_blind_for
from .claims import FREE, free_for
from .history import history_of, latest_judgement, same_bytes, same_target
from .users import AnyUser

NOTE_LENGTH = 2_000
# What a person can do; undoing names what it undoes and has a function of its own.
CHOICES = (*JUDGEMENTS, Kind.SKIPPED)


class Refused(Exception):
    """A decision that is not possible; the text is for people."""


class Stale(Refused):
    """Something happened since the person saw the picture; nothing was changed.

    ``scan`` is as it is now, ``latest`` the last decision about it, None when there is none.
    """

    def __init__(self, scan: ImageScan) -> None:
        self.scan = scan
        self.latest = history_of(scan).first()
        super().__init__(_("Something happened to this picture meanwhile."))


class _Moved(Exception):
    """The review is not what was read before: roll back."""


def needs_reason(kind: Kind) -> bool:
    """Return whether a decision must name one of ``REVIEW_REASONS``."""
    return bool(conf.REVIEW_REASONS) and kind in FINAL


def decide(scan_pk: int, *, user: AnyUser, kind: Kind, version: int, reason: str = "", note: str = "") -> Decision:
    """Decide about a picture as it was seen at ``version``, and return the decision.

    Raises :class:`Stale` when the review has changed since or somebody else holds the picture, and
    :class:`Refused` for a kind or a reason that is not possible.
    """
    if kind not in CHOICES:
        raise Refused(_("This is no decision."))
    if needs_reason(kind) != bool(reason) or (reason and reason not in conf.REVIEW_REASONS):
        raise Refused(_("To confirm or to clear needs one of the reasons; to escalate or to skip has none."))
    scan = _read(scan_pk)
    if not _is_decidable(scan) or (kind == Kind.SKIPPED and not scan.desk):
        raise Stale(scan)
    if kind == Kind.ESCALATED and scan.desk == Desk.ESCALATED:
        raise Refused(_("The picture is escalated already."))
    if waits_elsewhere(scan):
        raise Refused(_("An earlier scan of this picture waits at the review desk."))
    is_second_look = scan.desk == Desk.SECOND_LOOK
    if is_second_look and not scans().filter(is_blind_for(user), pk=scan.pk).exists():
        raise Refused(_("The second look is somebody else's. You can undo your own decision."))
    return _record(
        scan,
        user,
        version,
        _after_second_look(scan, kind) if is_second_look else _after_first_look(scan, kind),
        kind=kind,
        reason=reason,
        note=note.strip()[:NOTE_LENGTH],
        agrees=kind == scan.decision if is_second_look and kind in FINAL else None,
    )


def undo(decision_pk: int, *, user: AnyUser) -> Decision:
    """Undo a decision of the user's own as long as it is the last one, and return the reversal.

    It is a reversal at the scan of the same bytes that counts now. Raises :class:`Stale` when something has happened
    since, :class:`Refused` when it is not the user's.
    """
    decision = decisions().select_related("scan__content_type").get(pk=decision_pk)
    if not _is_own(decision, user):
        raise Refused(_("Only the person who decided can undo a decision."))
    scan = _where_it_stands(decision)
    if scan is None:
        raise Stale(decision.scan)
    restored = {} if decision.kind == Kind.SKIPPED else _before(decision, scan)
    try:
        return _record(scan, user, scan.review_version, restored, kind=Kind.UNDONE, reverses=decision)
    except IntegrityError:  # Undone by another request at the same moment: only one reversal can name it.
        raise Stale(_read(scan.pk)) from None


def own_last_decision(scan: ImageScan, user: AnyUser) -> Decision | None:
    """Return the last decision about a picture if it is the user's own and :func:`undo` finds nothing against it."""
    decision = latest_judgement(scan)
    if decision is None or not _is_own(decision, user) or _where_it_stands(decision) is None:
        return None
    return decision


def _is_own(decision: Decision, user: AnyUser) -> bool:
    return decision.kind != Kind.UNDONE and decision.decided_by_id is not None and decision.decided_by_id == user.pk


def _where_it_stands(decision: Decision) -> ImageScan | None:
    """Return the scan that the decision is about now, None when something was decided or measured since."""
    scan = standing.counts_now(decision.scan)
    is_of_same_bytes = scan == decision.scan or same_bytes(scan).filter(pk=decision.scan_id).exists()
    return scan if is_of_same_bytes and _is_decidable(scan) and _is_last(decision, scan) else None


def waits_elsewhere(scan: ImageScan) -> bool:
    """Return whether the file waits for a person at an earlier scan, as when one more scan of it has failed.

    What is decided here would take the place of what a second look there is to find out.
    """
    earlier = same_target(scan).filter(pk__lt=scan.pk, file_name=scan.file_name, sandbox=scan.sandbox)
    return not scan.desk and earlier.exclude(desk="").exists()


def _read(scan_pk: int) -> ImageScan:
    return scans().select_related("content_type").get(pk=scan_pk)


def _is_decidable(scan: ImageScan) -> bool:
    """Return whether there is a picture to decide about, or was when the scan was read."""
    return scan.status not in (*UNFINISHED, Status.SUPERSEDED) and scan.removed_at is None


def _after_first_look(scan: ImageScan, kind: Kind) -> dict[str, Any]:
    measured = scan.status == Status.COMPLETED
    if kind == Kind.SKIPPED:
        return {}
    if kind == Kind.ESCALATED:
        review = Review.PENDING if measured else Review.NOT_NEEDED
        return {"decision": Standing.ESCALATED, "review": review, "desk": Desk.ESCALATED}
    wants_second_look = measured and random.random() < conf.SECOND_LOOK_SHARE  # noqa: S311 - a sample, no secret
    return {
        "decision": Standing(kind),
        "review": Review.DECIDED if measured else Review.NOT_NEEDED,
        "desk": Desk.SECOND_LOOK if wants_second_look else Desk.NONE,
    }


def _after_second_look(scan: ImageScan, kind: Kind) -> dict[str, Any]:
    """Return the change after a blind second look: the first decision stands, a contradiction is escalated."""
    if kind == Kind.SKIPPED:
        return {}
    if kind == scan.decision:
        return {"desk": Desk.NONE}
    return {"review": Review.PENDING, "desk": Desk.ESCALATED}


def _is_last(decision: Decision, scan: ImageScan) -> bool:
    """Return whether nothing was decided or measured since; skipping is nobody else's business."""
    if decision.kind == Kind.SKIPPED:
        return not decisions().filter(reverses=decision).exists()
    return latest_judgement(scan) == decision and decision.verdict == scan.verdict


def _before(decision: Decision, scan: ImageScan) -> dict[str, Any]:
    """Return the columns as they were before a decision."""
    review = Review.DECIDED if decision.before in FINAL else Review.NOT_NEEDED
    if decision.desk in (Desk.REVIEW, Desk.ESCALATED):
        review = Review.PENDING
    if scan.status in UNMEASURED:
        review = Review.NOT_NEEDED
    return {"decision": decision.before, "desk": decision.desk, "review": review}


def _record(scan: ImageScan, user: AnyUser, version: int, after: dict[str, Any], **columns: Any) -> Decision:
    """Change the review of a scan that is still at ``version``, and log it; raise :class:`Stale` otherwise.

    What was read before counts for nothing if the UPDATE does not find the version. The siblings are written
    before it is asked whether one of them, ending at the same moment, counts instead.
    """

    def record() -> Decision:
        if not _change(scan, user, version, after) or standing.is_outdated(scan):
            raise _Moved
        return _append(scan, user, **columns)

    try:
        return atomically(record)
    except _Moved:
        if standing.is_outdated(scan):
            standing.withdraw(scans().filter(pk=scan.pk))
        raise Stale(_read(scan.pk)) from None


def _change(scan: ImageScan, user: AnyUser, version: int, after: dict[str, Any]) -> bool:
    """Change the review of a scan that is still at ``version``, and the decision on all scans of its bytes.

    Call inside a transaction that is rolled back when this returns False.
    """
    current = scans().filter(free_for(user, timezone.now()), pk=scan.pk, review_version=version)
    moved = {"review_version": F("review_version") + 1} if after else {}

    def spread(siblings: ImageScanQuerySet) -> None:
        if "decision" in after:
            siblings.update(decision=after["decision"], **standing.off_the_desk())

    # In the order of their keys, in which scans are also ended and removed: nobody locks the other out.
    spread(same_bytes(scan).filter(pk__lt=scan.pk))
    changed = current.update(**FREE, **after, **moved)
    spread(same_bytes(scan).filter(pk__gt=scan.pk))
    return bool(changed)


def _append(
    scan: ImageScan, user: AnyUser, *, kind: Kind, reverses: Decision | None = None, **columns: Any
) -> Decision:
    # Skipping decides nothing, so nobody is told; nor when it is undone.
    is_silent = kind == Kind.SKIPPED or (reverses is not None and reverses.kind == Kind.SKIPPED)
    decision = Decision(
        scan=scan,
        sha256=scan.sha256,
        kind=kind,
        decided_by=cast("Any", user),  # Of the project's own model; Django refuses whoever is not logged in.
        verdict=scan.verdict,
        before=scan.decision,
        desk=scan.desk,
        reverses=reverses,
        notified_at=timezone.now() if is_silent else None,
        **columns,
    )
    decision.save(using=home_database(), force_insert=True)
    if not is_silent:
        notify.decision_after_commit(decision.pk)
    return decision
