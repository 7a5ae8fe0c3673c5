"""One scan of one stored file: the row is the queue entry, the state machine and the record."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple
from uuid import uuid4

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.connection import ConnectionDoesNotExist
from django.utils.translation import gettext_lazy as _

from django_copyleaks_image import clock_skew
from django_copyleaks_image.outcomes import sentence
from django_copyleaks_image.problems import restored, stored
from django_copyleaks_image.verdicts import Verdict

from .fields import ExactCharField
from .read_where_written import ReadWhereWritten
from .result import DetectionResult


def new_scan_id() -> str:
    """Return a fresh id: 36 characters of ``[a-z0-9-]``, the set on which all vendor pages agree."""
    return str(uuid4())


class Status(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SUBMITTED = "submitted", _("Submitted")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")
    SKIPPED = "skipped", _("Skipped")
    SUPERSEDED = "superseded", _("Superseded")


class Lane(models.IntegerChoices):
    """Who goes first of what is due: a scan is claimed only when none waits in a lane before its own."""

    UPLOAD = 0, _("Upload")
    AGAIN = 1, _("Once more")
    BACKFILL = 2, _("Backfill")


class Spent(models.TextChoices):
    """What was had for the credits of a scan."""

    RESULT = "result", _("Result")
    LOST = "lost", _("Lost: may have been charged, and nothing came")
    IN_VAIN = "in_vain", _("In vain: what came was no result")
    SHARED = "shared", _("Shared: the result was paid before")


UNFINISHED = (Status.QUEUED, Status.SUBMITTED)
FINISHED = tuple(status for status in Status if status not in UNFINISHED)
UNMEASURED = (Status.FAILED, Status.SKIPPED)
# How long after it was given up a scan's result may still come. One that comes later still is not turned away.
LATE_RESULTS = timedelta(days=7)
MEASURED = (Verdict.NO_AI, Verdict.PARTLY_AI, Verdict.MOSTLY_AI)


MESSAGE_LENGTH = 500
# For how long a worker may have a scan without a word.
LONGEST_LEASE = timedelta(seconds=90)


class SentBytes(NamedTuple):
    """Hash, size in bytes and format of what Copyleaks gets."""

    sha256: str
    byte_size: int
    image_format: str


class ImageScanQuerySet(models.QuerySet["ImageScan"]):
    """Scans by state and by target."""

    def unfinished(self) -> "ImageScanQuerySet":
        return self.filter(status__in=UNFINISHED)

    def queued(self) -> "ImageScanQuerySet":
        """Return queued scans; what is asked of ``next_attempt_at`` beside it is a range of the index in each lane."""
        return self.filter(status=Status.QUEUED, lane__in=Lane.values)

    def due(self, now: datetime) -> "ImageScanQuerySet":
        """Return queued scans whose time has come and which no live worker holds; :meth:`in_turn` reads them."""
        is_free = Q(lease_until=None) | clock_skew.has_passed("lease_until", now, longest=LONGEST_LEASE)
        return self.queued().filter(is_free, next_attempt_at__lte=now)

    def in_turn(self, limit: int, *columns: str, lanes: Iterable[Lane] = Lane) -> list[tuple[Any, ...]]:
        """Return columns of the first so many scans, lane by lane, those that have waited longest first.

        A query for each lane reads no further than it must, which no database does for all of them at once.
        """
        found: list[tuple[Any, ...]] = []
        for lane in lanes:
            if len(found) < limit:
                of_lane = self.filter(lane=lane).order_by("next_attempt_at", "pk")
                found += of_lane.values_list(*columns)[: limit - len(found)]
        return found

    def awaiting_result(self, now: datetime) -> "ImageScanQuerySet":
        """Return the scans that Copyleaks has, or may have, and whose result may still be taken.

        That of a failed or replaced one may still come: for the scan itself, or for others of the same bytes.
        """
        may_come_late = Q(status__in=(Status.FAILED, Status.SUPERSEDED), finished_at__gt=now - LATE_RESULTS)
        is_sent = Q(sent_at__isnull=False, may_have_arrived=True, result=None)
        return self.filter(Q(status__in=UNFINISHED) | may_come_late, is_sent)

    def awaiting_fetch(self, now: datetime) -> "ImageScanQuerySet":
        """Return the scans whose picture Copyleaks may still need: of those, all that it has not answered at all."""
        return self.awaiting_result(now).exclude(spent_as=Spent.IN_VAIN)

    def for_target(self, *, content_type: ContentType, object_id: str, field_name: str) -> "ImageScanQuerySet":
        return self.filter(content_type=content_type, object_id=object_id, field_name=field_name)

    def same_target(self, row: Any) -> "ImageScanQuerySet":
        """Return the scans of the field of the object that a scan or a watched image is about."""
        return self.filter(content_type=row.content_type_id, object_id=row.object_id, field_name=row.field_name)

    def with_result(self) -> "ImageScanQuerySet":
        """Join the result without its large columns, which lists never show."""
        return self.select_related("result").defer(*(f"result__{name}" for name in DetectionResult.LARGE_FIELDS))


class ImageScan(ReadWhereWritten):
    """A scan that was asked for, from ``queued`` to its end.

    A project may rely on the names of the columns. Times are UTC, sizes are in bytes and pixels.
    """

    Status = Status
    Verdict = Verdict

    scan_id = models.CharField(_("scan id"), max_length=36, unique=True, default=new_scan_id, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict, blank=True, default=Verdict.NOT_MEASURED)

    content_type = models.ForeignKey(
        ContentType, models.CASCADE, verbose_name=_("content type"), related_name="+", db_index=False
    )
    object_id = ExactCharField(_("object id"), max_length=255)
    field_name = models.CharField(_("field name"), max_length=100)
    content_object = GenericForeignKey("content_type", "object_id")
    database = models.CharField(_("database of the object"), max_length=100, default="default")
    file_name = models.TextField(_("file name"))
    forced = models.BooleanField(_("paid again on purpose"), default=False)
    # Of a scan that is forced: what was seen of the target before. Whoever asks for the same once more gets this scan.
    idempotency_key = models.CharField(_("idempotency key"), max_length=64, unique=True, null=True, blank=True)
    # Of a stored file, not of a save: until there is another result, an earlier scan of the same file goes on counting.
    repeated = models.BooleanField(_("asked for once more"), default=False)
    resubmission_of = models.OneToOneField(
        "self",
        models.SET_NULL,
        verbose_name=_("resubmission of"),
        related_name="resubmission",
        null=True,
        blank=True,
    )

    sha256 = models.CharField("SHA-256", max_length=64, blank=True, default="", db_index=True)
    width = models.PositiveIntegerField(_("width in pixels"), null=True, blank=True)
    height = models.PositiveIntegerField(_("height in pixels"), null=True, blank=True)
    byte_size = models.PositiveBigIntegerField(_("size in bytes"), null=True, blank=True)
    # What the storage told of the file right before it was read: other bytes under the same name change it.
    file_state = models.CharField(_("state of the file"), max_length=200, blank=True, default="")
    orientation = models.PositiveSmallIntegerField(_("orientation (EXIF)"), null=True, blank=True)
    image_format = models.CharField(_("image format"), max_length=10, blank=True, default="")
    several_frames = models.BooleanField(_("the first of several frames or pages"), default=False)
    # Of the copy that is sent in the place of the file; sides are known when it is decided, the rest once it is drawn.
    copy_width = models.PositiveIntegerField(_("width of the copy in pixels"), null=True, blank=True)
    copy_height = models.PositiveIntegerField(_("height of the copy in pixels"), null=True, blank=True)
    copy_sha256 = models.CharField(_("SHA-256 of the copy"), max_length=64, blank=True, default="")
    copy_bytes = models.PositiveIntegerField(_("size of the copy in bytes"), null=True, blank=True)
    copy_format = models.CharField(_("format of the copy"), max_length=10, blank=True, default="")
    model = models.CharField(_("detection model"), max_length=100, blank=True, default="")
    mask_type = models.CharField(_("mask type"), max_length=20, blank=True, default="")
    sandbox = models.BooleanField(_("sandbox"), default=False)
    # What one payment buys: the same bytes, model, mask type, copy and sandbox flag.
    content_key = models.CharField(_("content key"), max_length=64, blank=True, default="", db_index=True)
    # Equal to content_key while this scan is the one that pays. Nullable, because MariaDB ignores conditional
    # unique constraints.
    pay_key = models.CharField(_("pay key"), max_length=64, unique=True, null=True, blank=True)
    # Of a scan that has ended: when to see to those that waited for it. Never shown.
    duplicates_due_at = models.DateTimeField(null=True, blank=True, db_index=True)

    # Who goes first; see Lane.
    lane = models.PositiveSmallIntegerField(_("lane"), choices=Lane, default=Lane.UPLOAD)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # Those among them that ended with an error of no known class, which is allowed fewer tries.
    unclassified_attempts = models.PositiveSmallIntegerField(_("attempts with an unknown error"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True, default=timezone.now)
    lease_owner = models.CharField(_("lease owner"), max_length=100, blank=True, default="")
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    budget_day = models.DateField(_("day of the reserved credit"), null=True, blank=True)
    # Written when it is spent, and once more when a result comes that was given up: the ledger. The day is that of the
    # budget, in UTC.
    spent_on = models.DateField(_("spent on"), null=True, blank=True, db_index=True)
    spent_as = models.CharField(_("spent for"), max_length=7, choices=Spent, blank=True, default="")
    credits = models.PositiveIntegerField(_("credits"), null=True, blank=True)

    created_at = models.DateTimeField(_("created at"), default=timezone.now, db_index=True)
    sent_at = models.DateTimeField(_("first sent at"), null=True, blank=True)
    # True from before a call until its answer rules out that the vendor took the scan: a crash leaves it true.
    may_have_arrived = models.BooleanField(_("an earlier try may have arrived"), default=False)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)
    # By the media endpoint, to the last byte, for the first time since the scan was sent.
    fetched_at = models.DateTimeField(_("picture fetched at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    notified_at = models.DateTimeField(_("signal sent at"), null=True, blank=True)
    # The lease of the process in which the receivers of the signal run.
    notifying_until = models.DateTimeField(_("signal being sent until"), null=True, blank=True)

    # The object or its file was deleted: what identifies it was erased here at once, elsewhere when that is due.
    removed_at = models.DateTimeField(_("picture deleted at"), null=True, blank=True, db_index=True)
    erasure_due_at = models.DateTimeField(_("erasure due at"), null=True, blank=True, db_index=True)

    # Somebody asked for it: nothing names the picture any more, nor does what comes late.
    erased_at = models.DateTimeField(_("picture erased at"), null=True, blank=True)

    error_code = models.CharField(_("error code"), max_length=64, blank=True, default="")
    # In English, or in somebody else's words; and what it takes to say a sentence of ours in the reader's language.
    error_message = models.TextField(_("error message"), blank=True, default="")
    error_values = models.JSONField(default=dict, blank=True)
    result = models.ForeignKey(
        DetectionResult,
        models.PROTECT,
        verbose_name=_("result"),
        related_name="scans",
        null=True,
        blank=True,
    )

    objects = ImageScanQuerySet.as_manager()

    class Meta:
        verbose_name = _("image scan")
        verbose_name_plural = _("image scans")
        permissions = (("rescan_imagescan", _("Can have pictures scanned again")),)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["status", "lane", "next_attempt_at", "id"], name="copyleaks_scan_queue"),
            models.Index(fields=["status", "submitted_at"], name="copyleaks_scan_awaited"),
            models.Index(fields=["content_type", "object_id", "field_name"], name="copyleaks_scan_target"),
            models.Index(fields=["notified_at", "finished_at"], name="copyleaks_scan_pending"),
            models.Index(fields=["verdict"], name="copyleaks_scan_verdict"),
            models.Index(fields=["sandbox"], name="copyleaks_scan_sandbox"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="copyleaks_scan_status_known", condition=Q(status__in=Status.values)),
            models.CheckConstraint(name="copyleaks_scan_lane_known", condition=Q(lane__in=Lane.values)),
            models.CheckConstraint(
                name="copyleaks_scan_completed_has_result",
                condition=~Q(status=Status.COMPLETED) | Q(result__isnull=False),
            ),
            models.CheckConstraint(
                name="copyleaks_scan_verdict_iff_completed",
                condition=(Q(status=Status.COMPLETED) & Q(verdict__in=MEASURED))
                | (~Q(status=Status.COMPLETED) & Q(verdict=Verdict.NOT_MEASURED)),
            ),
            models.CheckConstraint(
                name="copyleaks_scan_finished_has_time",
                condition=(Q(status__in=UNFINISHED) & Q(finished_at__isnull=True))
                | (Q(status__in=FINISHED) & Q(finished_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="copyleaks_scan_queued_has_time",
                condition=~Q(status=Status.QUEUED) | Q(next_attempt_at__isnull=False),
            ),
            models.CheckConstraint(
                name="copyleaks_scan_submitted_has_time",
                condition=~Q(status=Status.SUBMITTED) | Q(submitted_at__isnull=False),
            ),
            models.CheckConstraint(
                name="copyleaks_scan_failure_has_reason",
                condition=~Q(status__in=UNMEASURED) | ~Q(error_code=""),
            ),
        ]

    def __str__(self) -> str:
        return self.scan_id

    @property
    def is_rescan(self) -> bool:
        """Return whether this is one more scan of a file that may have had one, and not what saving it made."""
        return self.forced or self.repeated or self.resubmission_of_id is not None

    @property
    def is_on_copy(self) -> bool:
        """Return whether a copy is sent in the place of the file."""
        return self.copy_width is not None

    @property
    def sent(self) -> "SentBytes":
        """Return what is known of the bytes that Copyleaks gets: those of the file, or of its copy."""
        if self.is_on_copy:
            return SentBytes(self.copy_sha256, self.copy_bytes or 0, self.copy_format)
        return SentBytes(self.sha256, self.byte_size or 0, self.image_format)

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    @property
    def message(self) -> str:
        """Return the error message, as the sentence that it was if it is one of ours."""
        return restored(self.error_message, self.error_values)

    def event(self, name: str, **extras: object) -> dict[str, object]:
        """Return the ``extra`` of a log entry about this scan; the database, which may be what fails, is not asked."""
        about: dict[str, object] = {"event": name, "scan_id": self.scan_id}
        if "field_name" in vars(self) and ImageScan._meta.get_field("content_type").is_cached(self):
            model = self.content_type.model_class()
            label = model._meta.label if model else f"{self.content_type.app_label}.{self.content_type.model}"
            about["field"] = f"{label}.{self.field_name}"
        return about | extras

    @property
    def target(self) -> Any:
        """Return the scanned object, or None when it is gone."""
        return object_of(self)


def reason_columns(code: str = "", message: str = "") -> dict[str, object]:
    """Return the columns that say why a scan has no result, or waits; empty ones without a code.

    ``message`` is a sentence of ours or somebody else's words; without one, it is that of the code.
    """
    message = message or sentence(code)
    return {"error_code": code, "error_message": message[:MESSAGE_LENGTH], "error_values": stored(message)}


def object_of(row: Any) -> Any:
    """Return the object that a scan or a watched image is about, read from the database in which it was saved.


    None when it is gone; the model, the type of its key, or the alias of the database may have changed since.
    """
    model = row.content_type.model_class()
    if model is None:
        return None
    try:
        return model._base_manager.using(row.database).filter(pk=row.object_id).first()
    except (ValueError, ValidationError, ConnectionDoesNotExist):
        return None
