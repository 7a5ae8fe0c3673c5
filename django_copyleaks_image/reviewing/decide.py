"""A person decides, skips, or undoes: one compare-and-set UPDATE, and one row more in the log."""

import random
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import Decision, ImageScan, home_database, scans
from django_copyleaks_image.models.decision import Kind
from django_copyleaks_image.models.scan import UNFINISHED, UNMEASURED, Desk, Review, Standing, Status
from django_copyleaks_image.scanning import notify

from .claims import free_for

NOTE_LENGTH = 2_000
# What a person can do; undoing names what it undoes and has a function of its own.
CHOICES = (Kind.CONFIRMED, Kind.CLEARED, Kind.ESCALATED, Kind.SKIPPED)
_FINAL = (Kind.CONFIRMED, Kind.CLEARED)


class Refused(Exception):
    """A decision that is not possible; the text is for people."""


class Stale(Refused):
    """Something happened since the person saw the picture; nothing was changed.

    ``scan`` is as it is now, ``latest`` the last decision about it, None when there is none.
    """

    def __init__(self, scan: ImageScan) -> None:
        self.scan = scan
        self.latest = history_of(scan).first()
        super().__init__("Something happened to this picture meanwhile.")


def needs_reason(kind: Kind) -> bool:
    """Return whether a decision must name one of ``REVIEW_REASONS``."""
    return bool(conf.REVIEW_REASONS) and kind in _FINAL


def history_of(scan: ImageScan) -> Any:
    """Return the decisions about the bytes of a scan on its target, newest first."""
    decisions = Decision.objects.using(home_database()).select_related("decided_by", "reverses")
    return decisions.filter(scan__in=_same_bytes(scan).values("pk")).order_by("-pk")


def decide(scan_pk: int, *, user: Any, kind: Kind, version: int, reason: str = "", note: str = "") -> Decision:
    """Decide about a picture as it was seen at ``version``, and return the decision.

    Raises :class:`Stale` when the review has changed since or somebody else holds the picture, and
    :class:`Refused` for a kind or a reason that is not possible.
    """
    if kind not in CHOICES:
        raise Refused(f"{kind} is no decision.")
    if needs_reason(kind) != bool(reason) or (reason and reason not in conf.REVIEW_REASONS):
        raise Refused("The decision must name one of the reasons, and skipping or escalating none.")
    with transaction.atomic(using=home_database()):
        scan = scans().select_related("content_type").get(pk=scan_pk)
        if scan.status in UNFINISHED or scan.status == Status.SUPERSEDED:
            raise Stale(scan)
        if kind == Kind.ESCALATED and scan.desk == Desk.ESCALATED:
            raise Refused("The picture is escalated already.")
        if kind == Kind.SKIPPED and not scan.desk:
            raise Stale(scan)
        is_second_look = scan.desk == Desk.SECOND_LOOK
        after = _second_look(scan, kind) if is_second_look else _first_look(scan, kind)
        if not _change(scan, user, version, after):
            raise Stale(scans().get(pk=scan_pk))
        return _append(
            scan,
            kind=kind,
            user=user,
            reason=reason,
            note=note.strip()[:NOTE_LENGTH],
            agrees=kind == scan.decision if is_second_look and kind != Kind.SKIPPED else None,
        )


def undo(decision_pk: int, *, user: Any) -> Decision:
    """Undo a decision of the user's own as long as it is the last one, and return the reversal.

    Raises :class:`Stale` when something has happened since, :class:`Refused` when it is not the user's.
    """
    with transaction.atomic(using=home_database()):
        decision = Decision.objects.using(home_database()).select_related("scan__content_type").get(pk=decision_pk)
        scan = decision.scan
        if decision.decided_by_id != user.pk or decision.kind == Kind.UNDONE:
            raise Refused("Only the person who decided can undo a decision.")
        if not _stands(decision, scan):
            raise Stale(scan)
        restored = {} if decision.kind == Kind.SKIPPED else _restored(scan, decision)
        if not _change(scan, user, scan.review_version, restored):
            raise Stale(scans().get(pk=scan.pk))
        return _append(scan, kind=Kind.UNDONE, user=user, reverses=decision)


def _first_look(scan: ImageScan, kind: Kind) -> dict[str, Any]:
    measured = scan.status == Status.COMPLETED
    if kind == Kind.SKIPPED:
        return {}
    if kind == Kind.ESCALATED:
        review = Review.PENDING if measured else Review.NOT_NEEDED
        return {"decision": Standing.ESCALATED, "review": review, "desk": Desk.ESCALATED}
    wants_second_look = measured and random.random() < conf.SECOND_LOOK_SHARE  # noqa: S311 - a sample, no secret
    return {
        "decision": Standing(kind.value),
        "review": Review.DECIDED if measured else Review.NOT_NEEDED,
        "desk": Desk.SECOND_LOOK if wants_second_look else Desk.NONE,
    }


def _second_look(scan: ImageScan, kind: Kind) -> dict[str, Any]:
    """Return the change after a blind second look: the first decision stands, a contradiction is escalated."""
    if kind == Kind.SKIPPED:
        return {}
    if kind == scan.decision:
        return {"desk": Desk.NONE}
    return {"review": Review.PENDING, "desk": Desk.ESCALATED}


def _stands(decision: Decision, scan: ImageScan) -> bool:
    """Return whether nothing was decided since; skipping is nobody else's business."""
    if Decision.objects.using(home_database()).filter(reverses=decision).exists():
        return False
    if decision.kind == Kind.SKIPPED:
        return True
    decided = history_of(scan).exclude(kind=Kind.SKIPPED).exclude(reverses__kind=Kind.SKIPPED)
    return bool(decided.first() == decision)


def _restored(scan: ImageScan, decision: Decision) -> dict[str, Any]:
    """Return the columns as they were before a decision."""
    before = {"decision": decision.before, "desk": decision.desk}
    if scan.status in UNMEASURED:
        return {**before, "review": Review.NOT_NEEDED}
    if decision.desk in (Desk.REVIEW, Desk.ESCALATED):
        return {**before, "review": Review.PENDING}
    decided = decision.desk == Desk.SECOND_LOOK or decision.before
    return {**before, "review": Review.DECIDED if decided else Review.NOT_NEEDED}


def _change(scan: ImageScan, user: Any, version: int, after: dict[str, Any]) -> bool:
    """Change the review of a scan that is still at ``version``, and the decision on all scans of its bytes."""
    current = scans().filter(free_for(user, timezone.now()), pk=scan.pk, review_version=version)
    moved = {"review_version": F("review_version") + 1} if after else {}
    if not current.update(claimed_by=None, claimed_until=None, **after, **moved):
        return False
    if "decision" in after:
        _same_bytes(scan).exclude(pk=scan.pk).update(decision=after["decision"])
    return True


def _same_bytes(scan: ImageScan) -> Any:
    """Return the scans of the same bytes on the same target, this one included."""
    if not scan.sha256:
        return scans().filter(pk=scan.pk)
    same_target = scans().for_target(
        content_type=scan.content_type, object_id=scan.object_id, field_name=scan.field_name
    )
    return same_target.filter(sha256=scan.sha256)


def _append(scan: ImageScan, *, kind: Kind, user: Any, **columns: Any) -> Decision:
    decision = Decision(
        scan=scan,
        sha256=scan.sha256,
        kind=kind,
        decided_by=user,
        verdict=scan.verdict,
        before=scan.decision,
        desk=scan.desk,
        # Skipping decides nothing, so nobody is told; nor when it is undone.
        notified_at=timezone.now() if _is_silent(kind, columns.get("reverses")) else None,
        **columns,
    )
    decision.save(using=home_database(), force_insert=True)
    if decision.notified_at is None:
        notify.decision_after_commit(decision.pk)
    return decision


def _is_silent(kind: Kind, reverses: Decision | None) -> bool:
    return kind == Kind.SKIPPED or (reverses is not None and reverses.kind == Kind.SKIPPED)
