"""A scan has ended: whether it counts for its picture, how the picture stands then, and for whom it waits.

The rule of which scan counts is written here and nowhere else; :class:`WatchedImage` keeps what it says.
"""

import logging
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from django.db import Error as AnyDatabaseError
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F, Q
from django.utils import timezone

from django_copyleaks_image import registry, standing_columns
from django_copyleaks_image.database_errors import Trouble, trouble_of
from django_copyleaks_image.models import Decision, ImageScan, WatchedImage, home_database, images, scans
from django_copyleaks_image.models.scan import UNMEASURED, Status
from django_copyleaks_image.models.watched_image import WatchedImageQuerySet, digest_of
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.owners import NOBODY, Owner
from django_copyleaks_image.standings import STANDINGS, Queue, Standing
from django_copyleaks_image.verdicts import Verdict

from .claims import FREE
from .history import judgements_of

logger = logging.getLogger(__name__)

# The columns of a picture that waits for nobody any longer; whoever has seen it as it was is too late.
_LEFT: dict[str, Any] = {"queue": Queue.NONE, "assigned_to": None, "version": F("version") + 1, **FREE}
_NOT_MEASURED: dict[str, Any] = {"verdict": Verdict.NOT_MEASURED, "ai_share": None}


# A host may write a file anew after its save: so long after a scan has ended its file is looked at once more.
LOOK_AGAIN_AFTER = timedelta(minutes=5)


class Interrupted(OperationalError):
    """The row of the picture was changed between reading and writing: like a deadlock, the transaction is repeated."""


class Place(NamedTuple):
    """How a picture stands with a scan that ends now: true as long as its row is as it was read."""

    # None for a picture without a row.
    version: int | None
    columns: dict[str, Any]

    @property
    def waits(self) -> bool:
        return bool(self.columns["queue"])


def place_of_completed(scan: ImageScan, verdict: Verdict, *, ai_share: float, needs_review: bool) -> Place | None:
    """Return the place of a picture whose scan completes with this verdict, None when another scan counts.

    A decision about the same bytes stands. A verdict that contradicts it, other than the one the person saw, brings
    the picture to the desk again without overwriting the decision.
    """
    image = _row_of(scan)
    if not _counts(scan, image, is_measured=True):
        return None
    found = _found_by(scan, image)
    judgement = None if image is None else judgements_of(found).first()
    if judgement is None:
        standing, queue = (Standing.FLAGGED, Queue.REVIEW) if needs_review else (Standing.CLEAN, Queue.NONE)
    elif judgement.leaves_open:
        standing, queue = judgement.leaves, Queue.ESCALATED
    elif judgement.verdict == verdict or _agrees(judgement, verdict, needs_review=needs_review):
        awaits_second_look = image is not None and (image.queue, image.sha256) == (Queue.SECOND_LOOK, scan.sha256)
        standing, queue = judgement.leaves, Queue.SECOND_LOOK if awaits_second_look else Queue.NONE
    else:
        standing, queue = judgement.leaves, Queue.REVIEW
    return _place(found, image, standing, queue, judgement, verdict=verdict, ai_share=ai_share)


def place_of_unmeasured(scan: ImageScan, code: str) -> Place | None:
    """Return the place of a picture whose scan ends without a result, None when another scan counts.

    It is to be judged by eye, unless that was done, or it is no picture.
    """
    image = _row_of(scan)
    if not _counts(scan, image, is_measured=False):
        return None
    found = _found_by(scan, image)
    judgement = None if image is None else judgements_of(found).first()
    if code == Code.NO_PICTURE:
        standing, queue = Standing.NOT_A_PICTURE, Queue.NONE
    elif judgement is None:
        standing, queue = Standing.NOT_MEASURED, Queue.UNMEASURED
    else:
        standing, queue = judgement.leaves, Queue.ESCALATED if judgement.leaves_open else Queue.NONE
    return _place(found, image, standing, queue, judgement, **_NOT_MEASURED)


def put(scan: ImageScan, place: Place) -> None:
    """Write the row of the picture; raise :class:`Interrupted` when it is not as it was read.

    Call in the transaction that ends the scan, after its UPDATE: rows of scans are locked before those of pictures.
    """
    if place.version is None:
        try:
            images().create(
                content_type=scan.content_type,
                object_id=scan.object_id,
                field_name=scan.field_name,
                **place.columns,
                **standing_columns.due_of(scan),
            )
        except IntegrityError:  # Another scan of this picture has ended at the same moment.
            raise Interrupted from None
    else:
        as_it_was_read = images().same_target(scan).filter(version=place.version)
        if not as_it_was_read.update(**place.columns, **standing_columns.due()):
            raise Interrupted
    standing_columns.write_after_commit(scan)


def judge_anew(image: WatchedImage, verdict: Verdict, standing: Standing | None) -> None:
    """Write what today's thresholds say of a measured picture; raise :class:`Interrupted` when it is another by now.

    Without a standing it stays where it is. Call after the UPDATE of its scan.
    """
    columns: dict[str, Any] = {"verdict": verdict, "version": image.version + 1}
    if standing is not None:
        now = timezone.now()
        is_flagged = standing == Standing.FLAGGED
        columns |= {"standing": standing, "standing_since": now, "queued_at": now if is_flagged else None, **FREE}
        columns["queue"] = Queue.REVIEW if is_flagged else Queue.NONE
    if not images().filter(pk=image.pk, version=image.version).update(**columns, **standing_columns.due()):
        raise Interrupted
    standing_columns.write_after_commit(image)


def await_scan(scan: ImageScan) -> None:
    """Note that a picture holds the file of a new scan: what its row says is not about it.

    One whose scan has ended already, as of a file that the site leaves out, waits for nothing.
    """
    standing = Standing.NOT_MEASURED if scan.is_finished else Standing.WAITING
    row = images().same_target(scan)
    if scan.is_rescan:  # Until there is another result, what was found about the same file goes on counting.
        row = row.exclude(file_name=scan.file_name)
    is_changed = row.update(
        scan=scan,
        file_name=scan.file_name,
        file_digest=digest_of(scan.file_name),
        look_due_at=None,
        database=scan.database,
        uploaded_at=scan.created_at,
        removed_at=None,
        sandbox=False,
        sha256="",
        **_NOT_MEASURED,
        **_off_the_desk(standing),
        **standing_columns.due(),
    )
    if is_changed:
        standing_columns.write_after_commit(scan)


def withdraw(found: WatchedImageQuerySet) -> int:
    """Take pictures from the desk whose objects hold other files by now, and return how many."""
    return found.waiting().update(**_off_the_desk(Standing.WAITING), **_NOT_MEASURED, **standing_columns.due())


def remove(found: WatchedImageQuerySet) -> None:
    """Note that pictures were deleted: forget whose they were and the names of their files; what was decided stays."""
    found.filter(removed_at=None).update(
        owner_key="",
        owner_label="",
        file_name="",
        file_digest="",
        look_due_at=None,
        removed_at=timezone.now(),
        **_LEFT,
        **standing_columns.due(),
    )


def _off_the_desk(standing: Standing) -> dict[str, Any]:
    return {"standing": standing, "standing_since": timezone.now(), **_LEFT}


def _row_of(scan: ImageScan) -> WatchedImage | None:
    return images().select_related("scan", "assigned_to").same_target(scan).first()


def _found_by(scan: ImageScan, image: WatchedImage | None) -> WatchedImage:
    """Return the picture as a scan has found it, which is not stored.

    One more scan of the same file is about the same upload, and about the same bytes if it could not read them.
    """
    owner = _owner_of(scan, image)
    same_upload = image if image and scan.is_rescan and image.file_name == scan.file_name else None
    return WatchedImage(
        pk=None if image is None else image.pk,
        scan=scan,
        file_name=scan.file_name,
        file_digest=digest_of(scan.file_name),
        owner_key=owner.key,
        owner_label=owner.label,
        look_due_at=timezone.now() + LOOK_AGAIN_AFTER,
        database=scan.database,
        sandbox=scan.sandbox,
        sha256=scan.sha256 or (same_upload.sha256 if same_upload else ""),
        uploaded_at=same_upload.uploaded_at if same_upload else scan.created_at,
    )


def _owner_of(scan: ImageScan, image: WatchedImage | None) -> Owner:
    """Return whose the picture is; whose it was, where the project's function fails: a scan ends all the same."""
    if not registry.names_owner(scan):
        return NOBODY
    try:
        with transaction.atomic(using=home_database()):
            return registry.owner_of_picture(scan)
    except Exception as error:
        if isinstance(error, AnyDatabaseError) and trouble_of(error) in (Trouble.RACE, Trouble.LOST):
            raise  # The whole is repeated.
        logger.exception(
            "Whose the picture of scan %s is could not be told.", scan.scan_id, extra=scan.event("owner_unknown")
        )
        return NOBODY if image is None else Owner(image.owner_key, image.owner_label)


_OF_THE_SCAN = (
    "scan",
    "file_name",
    "file_digest",
    "owner_key",
    "owner_label",
    "look_due_at",
    "database",
    "sandbox",
    "sha256",
    "uploaded_at",
    "removed_at",
)


def _place(
    found: WatchedImage,
    image: WatchedImage | None,
    standing: Standing,
    queue: Queue,
    judgement: Decision | None,
    **measured: Any,
) -> Place:
    since = timezone.now() if image is None or image.standing != standing else image.standing_since
    columns = {name: getattr(found, name) for name in _OF_THE_SCAN}
    columns |= {"standing": standing, "standing_since": since, "queue": queue, **measured, **FREE}
    columns["assigned_to"] = image.assigned_to if image is not None and queue == Queue.ESCALATED else None
    columns["queued_at"] = _waiting_since(found, image, judgement) if queue else None
    if image is None:
        return Place(version=None, columns=columns)
    return Place(version=image.version, columns=columns | {"version": image.version + 1})


def _waiting_since(found: WatchedImage, image: WatchedImage | None, judgement: Decision | None) -> datetime:
    """Return since when a picture that waits for a person has done so, which is no later for being measured anew.

    It may have left its queue meanwhile, such as when the same bytes were saved once more.
    """
    if image is not None and image.queued_at is not None and _is_same(found, image):
        return image.queued_at
    return judgement.decided_at if judgement is not None and judgement.leaves_open else timezone.now()


def _is_same(found: WatchedImage, image: WatchedImage) -> bool:
    """Return whether the bytes are those that the row was about when it came to its queue."""
    if image.queue:  # Whatever waits is the present file, which may not have been readable before.
        return image.sha256 in ("", found.sha256)
    scan = cast("ImageScan", found.scan)
    earlier = scans().same_target(scan).filter(pk__lt=scan.pk).exclude(sha256="").order_by("-pk")
    return bool(found.sha256) and found.sha256 == earlier.values_list("sha256", flat=True).first()


def _agrees(judgement: Decision, verdict: Verdict, *, needs_review: bool) -> bool:
    denies_ai = STANDINGS[judgement.leaves].denies_ai
    return not needs_review if denies_ai else verdict is not Verdict.NO_AI


def _counts(scan: ImageScan, image: WatchedImage | None, *, is_measured: bool) -> bool:
    """Return whether a scan that ends now takes the place of the one that counts for its picture.

    A saved file counts from then on, one more scan of the same file by its result; and a mock result of the sandbox is
    none for real.
    """
    present = None if image is None else image.scan
    if image is None or present is None:
        # A save supersedes what is unfinished. Only a result that comes late may meet a newer file that it missed.
        return scan.status != Status.FAILED or not _is_gone(scan)
    is_same_file = present.file_name == scan.file_name
    if scan.pk <= present.pk:
        failed_again = present.is_rescan and is_same_file and present.status in UNMEASURED
        return image.removed_at is None and (scan.pk == present.pk or (is_measured and failed_again))
    if not scan.is_rescan or not is_same_file:
        return True
    if scan.sandbox and not image.sandbox and image.verdict:
        return False
    return is_measured or not (image.verdict or image.decision or image.queue)


def _is_gone(scan: ImageScan) -> bool:
    """Return whether the file of a scan was deleted, or replaced by a newer one."""
    of_target = scans().same_target(scan)
    is_new_file = Q(forced=False, repeated=False, resubmission_of=None) | ~Q(file_name=scan.file_name)
    return of_target.filter(Q(pk=scan.pk, removed_at__isnull=False) | Q(is_new_file, pk__gt=scan.pk)).exists()
