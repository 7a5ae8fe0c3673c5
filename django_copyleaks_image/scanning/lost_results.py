"""A result that will not come: at most one paid resubmission, as a new row with a new id."""

import logging

from django.db import transaction
from django.db.models import Case, F, Value, When

from django_copyleaks_image.conf import conf
from django_copyleaks_image.dispatch import wake_elsewhere_after_commit
from django_copyleaks_image.models import ImageScan, home_database, scans
from django_copyleaks_image.models.scan import ImageScanQuerySet, Lane, Spent
from django_copyleaks_image.outcomes import Code

from . import account, evidence, finishing, stored_files, unmeasured

logger = logging.getLogger(__name__)

# What preparation has found out about the bytes, and what is bought.
MEASURED_FACTS = (
    "sha256",
    "byte_size",
    "file_state",
    "width",
    "height",
    "orientation",
    "image_format",
    "several_frames",
    "copy_width",
    "copy_height",
    "copy_sha256",
    "copy_bytes",
    "copy_format",
    "model",
    "mask_type",
    "sandbox",
    "content_key",
)

# Noted on a scan whose callback was refused for its size: another one would be as large.
OVERSIZED = Code.RESULT_TOO_LARGE


def unless_oversized(code: str) -> Case:
    """Return a code to be stored, unless a callback was refused for its size: then that keeps it from being repaid."""
    return Case(When(error_code=OVERSIZED, then=F("error_code")), default=Value(code))


def end_or_resubmit(
    scan: ImageScan,
    code: str,
    message: str = "",
    *,
    may_resubmit: bool,
    owner: str | None = None,
    spent_as: Spent = Spent.LOST,
) -> bool:
    """End an unfinished scan as failed; resubmit it once if the settings and the cause allow.

    With ``owner``, only while that worker holds its lease. ``scan_failed`` is sent only when no resubmission
    follows. ``spent_as`` says what was had for its credit. Returns False when the scan had ended already.
    """
    resubmits = may_resubmit and conf.ON_LOST_RESULT == "resubmit" and _may_be_resubmitted(scan)
    gone = _why_its_file_is_gone(scan) if resubmits else ""
    with transaction.atomic(using=home_database()):
        if gone and finishing.supersede(_open_to(scan, owner), gone):
            # Nobody told of it. What is lost is paid once more by a duplicate whose own file is there.
            finishing.free(scan)
        elif not finishing.fail(scan, code, message, owner=owner, announce=not resubmits):
            # A worker that gives up does not know whether the result of a replaced scan may still come.
            return owner is None and give_key_up(scan, spent_as=spent_as)
        elif resubmits:
            _resubmit(scan)
        # Whether the vendor charged is not known: the budget is a hard limit, so it counts as spent.
        account.settle_credit(scan, 1, spent_as)
    return True


def give_key_up(scan: ImageScan, *, spent_as: Spent = Spent.LOST) -> bool:
    """Let a duplicate pay in the place of a superseded scan that ended without a result; False when there is none."""
    if not finishing.free(scan):
        return False
    if scan.may_have_arrived:
        account.settle_credit(scan, 1, spent_as)
    else:
        account.release_credit(scan)
    return True


def _may_be_resubmitted(scan: ImageScan) -> bool:
    if scan.resubmission_of_id is not None or scan.error_code == OVERSIZED:
        return False
    return not evidence.resubmissions_are_in_vain()


def _open_to(scan: ImageScan, owner: str | None) -> ImageScanQuerySet:
    ours = scans().filter(pk=scan.pk)
    return ours if owner is None else ours.filter(lease_owner=owner)


def _why_its_file_is_gone(scan: ImageScan) -> str:
    try:
        stored_files.stored_file(scan)
    except unmeasured.Replaced as replaced:
        return replaced.reason
    except unmeasured.StorageFailed:  # Nobody knows; a resubmission asks again.
        return ""
    return ""


def _resubmit(scan: ImageScan) -> None:
    again = ImageScan(
        content_type=scan.content_type,
        object_id=scan.object_id,
        field_name=scan.field_name,
        file_name=scan.file_name,
        database=scan.database,
        forced=scan.forced,
        repeated=scan.repeated,
        resubmission_of=scan,
        lane=max(scan.lane, Lane.AGAIN),
        # It pays in the place of the lost one; the duplicates go on waiting.
        pay_key=scan.pay_key,
        **{name: getattr(scan, name) for name in MEASURED_FACTS},
    )
    again.save(using=home_database(), force_insert=True)
    wake_elsewhere_after_commit(again.scan_id, using=home_database())
    logger.warning(
        "Scan %s: resubmitted as %s.",
        scan.scan_id,
        again.scan_id,
        extra=scan.event("scan_resubmitted", new_scan_id=again.scan_id),
    )
