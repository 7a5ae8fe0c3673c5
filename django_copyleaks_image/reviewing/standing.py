"""What earlier decisions mean for a scan that ends now; one scan of a target waits at the desk at a time."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, Q, QuerySet, Value, When

from django_copyleaks_image.models import Decision, ImageScan
from django_copyleaks_image.models.scan import Desk, Review, Standing, Status
from django_copyleaks_image.verdicts import Verdict

from .claims import FREE
from .history import judgements_of, same_target

# The columns by which scans of a target are weighed.
_WEIGHED = (
    "status",
    "forced",
    "repeated",
    "resubmission_of",
    "file_name",
    "sha256",
    "sandbox",
    "desk",
    "decision",
    "review_version",
    "removed_at",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a scan that ends is put: true as long as its review is at ``version``."""

    version: int
    # No newer file counts by now, nor a newer measurement of this one.
    is_present: bool
    review: Review
    desk: Desk
    decision: Standing
    # The scans of the target that leave the desk in its favour.
    leaving: tuple[int, ...] = ()

    def columns(self) -> dict[str, Any]:
        return {
            "review": self.review,
            "desk": self.desk,
            "decision": self.decision,
            "review_version": self.version + 1,
            **FREE,
        }


def place_of_completed(
    scan: ImageScan, verdict: Verdict, *, needs_review: bool, ends_from: Collection[Status]
) -> Place | None:
    """Return the place of a scan that completes with this verdict, None when its status is none of ``ends_from``.

    A decision about the same bytes on the same target stands. A verdict that contradicts it, other than the one
    the person saw, re-opens the review without overwriting the decision.
    """
    ground = _ground_of(scan, ends_from)
    if ground is None:
        return None
    judgement = ground.judgement
    if judgement is None:
        review, desk = (Review.PENDING, Desk.REVIEW) if needs_review else (Review.NOT_NEEDED, Desk.NONE)
    elif judgement.leaves_open:
        review, desk = Review.PENDING, Desk.ESCALATED
    elif judgement.verdict == verdict or _agrees(judgement.leaves_standing, verdict, needs_review=needs_review):
        review, desk = Review.DECIDED, Desk.SECOND_LOOK if ground.awaits_second_look else Desk.NONE
    else:
        review, desk = Review.PENDING, Desk.REVIEW
    if ground.is_present:
        return ground.place(review, desk, leaving=ground.at_desk)
    return ground.place(Review.NOT_NEEDED if review is Review.PENDING else review, Desk.NONE)


def place_of_unmeasured(scan: ImageScan, *, ends_from: Collection[Status]) -> Place | None:
    """Return the place of a scan that ends without a result, None when its status is none of ``ends_from``.

    It is to be judged by eye, unless that was done, or an earlier scan of the same file goes on counting.
    """
    ground = _ground_of(scan, ends_from)
    if ground is None:
        return None
    asked_for = scan.forced or scan.repeated
    if not ground.is_present or (asked_for and _an_earlier_one_counts(scan, ground.own)):
        return ground.place(Review.NOT_NEEDED, Desk.NONE)
    desk = Desk.UNMEASURED
    if ground.judgement is not None:
        desk = Desk.ESCALATED if ground.judgement.leaves_open else Desk.NONE
    return ground.place(Review.NOT_NEEDED, desk, leaving=ground.at_desk)


def is_outdated(scan: ImageScan) -> bool:
    """Return whether a newer file, or a newer measurement of the same file, counts instead of this scan."""
    newer = same_target(scan).filter(pk__gt=scan.pk).only(*_WEIGHED)
    return any(_counts_instead(other, of=scan) for other in newer)


def counts_now(scan: ImageScan) -> ImageScan:
    """Return the scan of the target that counts instead of this one, which is this one itself if none does."""
    newer = same_target(scan).filter(pk__gt=scan.pk).select_related("content_type").order_by("-pk")
    return next((other for other in newer if _counts_instead(other, of=scan)), scan)


def withdraw(waiting: QuerySet[ImageScan]) -> int:
    """Take scans from the desk, and return how many; a decision that stands is kept."""
    return waiting.exclude(desk="").update(**off_the_desk())


def off_the_desk() -> dict[str, Any]:
    """Return the columns of a scan that waits no longer; whoever has seen it as it was is too late."""
    return {
        "review": Case(When(review=Review.PENDING, then=Value(Review.NOT_NEEDED.value)), default=F("review")),
        "desk": Desk.NONE,
        "review_version": F("review_version") + 1,
        **FREE,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ground:
    """What a scan meets on its target."""

    own: ImageScan
    is_present: bool
    judgement: Decision | None
    awaits_second_look: bool
    at_desk: tuple[int, ...]

    def place(self, review: Review, desk: Desk, *, leaving: tuple[int, ...] = ()) -> Place:
        return Place(
            version=self.own.review_version,
            is_present=self.is_present,
            review=review,
            desk=desk,
            decision=Standing.UNDECIDED if self.judgement is None else self.judgement.leaves_standing,
            leaving=leaving,
        )


def _ground_of(scan: ImageScan, ends_from: Collection[Status]) -> _Ground | None:
    """Read with one query what is known of the target, and with another what was decided, if anything was."""
    matters = Q(pk__gte=scan.pk) | ~Q(desk="") | (~Q(decision="") & Q(sha256=scan.sha256))
    met = list(same_target(scan).filter(matters).only(*_WEIGHED))
    own = next((it for it in met if it.pk == scan.pk and it.status in ends_from), None)
    if own is None:
        return None
    at_desk = [it for it in met if it.desk and it.pk != own.pk and it.sandbox == own.sandbox]
    return _Ground(
        own=own,
        is_present=own.removed_at is None and not any(_counts_instead(it, of=own) for it in met),
        judgement=judgements_of(scan).first() if any(it.decision for it in met) else None,
        awaits_second_look=any(it.desk == Desk.SECOND_LOOK and it.sha256 == own.sha256 for it in at_desk),
        at_desk=tuple(it.pk for it in at_desk),
    )


def _counts_instead(other: ImageScan, *, of: ImageScan) -> bool:
    """Return whether another scan of the target takes the place of this one, or will.

    One more scan of the same file does so only by its result, and a mock result of the sandbox is none for real.
    """
    if other.pk <= of.pk:
        return False
    measures = other.status == Status.COMPLETED and other.sandbox == of.sandbox
    return measures or not other.is_rescan or other.file_name != of.file_name


def _an_earlier_one_counts(scan: ImageScan, own: ImageScan) -> bool:
    """Return whether an earlier scan of the same file was measured, decided about, or waits at the desk."""
    for earlier in same_target(scan).filter(pk__lt=scan.pk).order_by("-pk").only(*_WEIGHED):
        if earlier.file_name != own.file_name or earlier.sandbox != own.sandbox:
            return False
        if earlier.status == Status.COMPLETED or earlier.decision or earlier.desk:
            return True
        if not earlier.is_rescan:  # Here the file was saved.
            return False
    return False


def _agrees(decision: Standing, verdict: Verdict, *, needs_review: bool) -> bool:
    return not needs_review if decision is Standing.CLEARED else verdict is not Verdict.NO_AI
