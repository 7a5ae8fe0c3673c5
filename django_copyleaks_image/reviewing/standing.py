"""What earlier decisions mean for a scan that ends now; at most one scan of a target waits at the desk."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Case, F, Q, QuerySet, Value, When

from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.models.scan import Desk, Review, Standing, Status
from django_copyleaks_image.verdicts import Verdict


def review_of_completed(scan: ImageScan, verdict: Verdict, *, needs_review: bool) -> dict[str, Any]:
    """Return the columns of the review for a scan that completes with this verdict.

    A decision about the same bytes on the same target stands. A verdict that contradicts it, other than the one
    the person saw, re-opens the review without overwriting the decision. The scans before leave the desk.
    """
    same_bytes = ~Q(decision="") & Q(sha256=scan.sha256) if scan.sha256 else Q(pk=scan.pk) & ~Q(decision="")
    earlier = list(
        _target_of(scan)
        .filter(same_bytes | ~Q(desk=""))
        .order_by("-pk")
        .values("pk", "decision", "verdict", "desk", "sha256")
    )
    withdraw(_target_of(scan).filter(pk__in=[row["pk"] for row in earlier if row["desk"] and row["pk"] != scan.pk]))
    # Sorted newest first; the row with the verdict that was judged may be this very scan, measured late.
    judged = next((row for row in earlier if row["decision"] and _is_of_the_bytes(row, scan)), None)
    if judged is None:
        review, desk = (Review.PENDING, Desk.REVIEW) if needs_review else (Review.NOT_NEEDED, Desk.NONE)
        return {"review": review, "desk": desk}
    columns = {"decision": judged["decision"], "review_version": F("review_version") + 1}
    if judged["decision"] == Standing.ESCALATED:
        return {**columns, "review": Review.PENDING, "desk": Desk.ESCALATED}
    if judged["verdict"] == verdict or _agrees(judged["decision"], verdict):
        desk = Desk.SECOND_LOOK if judged["desk"] == Desk.SECOND_LOOK else Desk.NONE
        return {**columns, "review": Review.DECIDED, "desk": desk}
    return {**columns, "review": Review.PENDING, "desk": Desk.REVIEW}


def withdraw(waiting: QuerySet[ImageScan]) -> int:
    """Take scans from the desk whose picture is no longer the present one; a decision that stands is kept."""
    return waiting.exclude(desk="").update(
        # MariaDB assigns from left to right: what reads the desk comes before the desk.
        review=Case(
            When(desk=Desk.SECOND_LOOK, then=Value(Review.DECIDED.value)), default=Value(Review.NOT_NEEDED.value)
        ),
        desk=Desk.NONE,
        review_version=F("review_version") + 1,
        claimed_by=None,
        claimed_until=None,
    )


def withdraw_replaced(target_scans: QuerySet[ImageScan], *, same_file: bool) -> None:
    """Take the scans of a target from the desk when a newer one is queued.

    One of the same file stays until the newer one is measured, unless it has nothing to show itself.
    """
    withdraw(target_scans.filter(desk=Desk.UNMEASURED) if same_file else target_scans)


def may_wait_unmeasured(scan: ImageScan, status: Status) -> bool:
    """Return whether a scan that ends without a result is to be judged by eye.

    A scan that was paid for on purpose leaves an earlier one of the same file behind, which is.
    """
    return status in (Status.FAILED, Status.SKIPPED) and not scan.forced


def _target_of(scan: ImageScan) -> QuerySet[ImageScan]:
    return scans().for_target(content_type=scan.content_type, object_id=scan.object_id, field_name=scan.field_name)


def _is_of_the_bytes(row: Mapping[str, Any], scan: ImageScan) -> bool:
    return row["pk"] == scan.pk or bool(scan.sha256 and row["sha256"] == scan.sha256)


def _agrees(decision: str, verdict: Verdict) -> bool:
    return (decision == Standing.CLEARED) == (verdict is Verdict.NO_AI)
