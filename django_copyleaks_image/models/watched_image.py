"""The picture that a field of an object holds: which scan counts, how it stands, and who looks at it."""

import hashlib
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_copyleaks_image import owners
from django_copyleaks_image.standings import BY_VERDICT, DECIDED, STANDINGS, Queue, Standing
from django_copyleaks_image.verdicts import Verdict

from .fields import ExactCharField
from .read_where_written import ReadWhereWritten
from .result import DetectionResult
from .scan import ImageScan, object_of


def digest_of(file_name: str) -> str:
    """Return by what the pictures with a file of this name are found."""
    return hashlib.sha256(file_name.encode(errors="surrogatepass")).hexdigest() if file_name else ""


class WatchedImageQuerySet(models.QuerySet["WatchedImage"]):
    """Pictures by field and by queue."""

    def for_target(self, *, content_type: ContentType, object_id: str, field_name: str) -> "WatchedImageQuerySet":
        return self.filter(content_type=content_type, object_id=object_id, field_name=field_name)

    def same_target(self, row: Any) -> "WatchedImageQuerySet":
        """Return the row of the field of the object that a scan is about."""
        return self.filter(content_type=row.content_type_id, object_id=row.object_id, field_name=row.field_name)

    def waiting(self) -> "WatchedImageQuerySet":
        """Return those that wait for a person."""
        return self.exclude(queue=Queue.NONE)

    def with_scan(self) -> "WatchedImageQuerySet":
        """Join the scan that counts and its result, without the large columns, which lists never show."""
        joined = self.select_related("content_type", "scan__content_type", "scan__result", "assigned_to")
        return joined.defer(*(f"scan__result__{name}" for name in DetectionResult.LARGE_FIELDS))


class WatchedImage(ReadWhereWritten):
    """One row for each watched field of each object that has had a scan.

    It is made when a scan of the picture first ends. Until then, and while the object holds another file than
    ``file_name``, the picture is waiting. Whatever changes what a person would decide about is one UPDATE of this row
    that names the ``version`` which was read, and raises it.
    """

    content_type = models.ForeignKey(
        ContentType, models.CASCADE, verbose_name=_("content type"), related_name="+", db_index=False
    )
    object_id = ExactCharField(_("object id"), max_length=255)
    field_name = models.CharField(_("field name"), max_length=100)
    content_object = GenericForeignKey("content_type", "object_id")
    database = models.CharField(_("database of the object"), max_length=100, default="default")
    file_name = models.TextField(_("file name"))
    # Of the file name, which MariaDB cannot index: who else holds a file of this name.
    file_digest = models.CharField(max_length=64, blank=True, default="", db_index=True)
    # Whose it is, by what the project says of the field: by the first it is asked, the second is read by people.
    owner_key = ExactCharField(max_length=owners.LENGTH, blank=True, default="")
    owner_label = models.CharField(_("owner"), max_length=owners.LENGTH, blank=True, default="")
    # When it is looked whether the file is still the one that the scan has found. Never shown.
    look_due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    # The project's model has a column of its own for the standing, which does not say yet what this row says.
    column_due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    # When this file came: of an upload, when it was saved.
    uploaded_at = models.DateTimeField(_("uploaded at"), default=timezone.now)
    # The object or its file was deleted: what identifies it was erased here at once.
    removed_at = models.DateTimeField(_("picture deleted at"), null=True, blank=True, db_index=True)

    # The scan that counts, or, while the picture is waiting, the one that will.
    scan = models.OneToOneField(
        ImageScan, models.SET_NULL, verbose_name=_("scan"), related_name="image", null=True, blank=True
    )
    standing = models.CharField(_("standing"), max_length=16, choices=Standing, default=Standing.WAITING)
    standing_since = models.DateTimeField(_("standing since"), default=timezone.now)
    # Of the scan that counts: what is sorted, filtered and shown without a join.
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict, blank=True, default=Verdict.NOT_MEASURED)
    # 0 when the share is unknown, null when it was not measured.
    ai_share = models.FloatField(_("AI share of the area"), null=True, blank=True)
    sandbox = models.BooleanField(_("sandbox"), default=False)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True, default="", db_index=True)

    # The review: whoever looks at the picture holds a claim.
    queue = models.CharField(_("queue"), max_length=11, choices=Queue, blank=True, default=Queue.NONE)
    # Since when these bytes have been waiting. It stays while they are measured anew, so that they do not look new.
    queued_at = models.DateTimeField(_("waiting since"), null=True, blank=True)
    # Who is asked about what is escalated; everybody who may decide about it can.
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("assigned to"),
        related_name="+",
        null=True,
        blank=True,
    )
    version = models.PositiveIntegerField(_("version of the review"), default=0)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("claimed by"), related_name="+", null=True, blank=True
    )
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)
    claimed_until = models.DateTimeField(_("claimed until"), null=True, blank=True)

    objects = WatchedImageQuerySet.as_manager()

    class Meta:
        verbose_name = _("watched image")
        verbose_name_plural = _("watched images")
        permissions = (
            ("decide_watchedimage", _("Can decide about pictures")),
            ("decide_escalated_watchedimage", _("Can decide about escalated pictures")),
            ("release_watchedimage", _("Can release pictures that others look at")),
        )
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["queue", "queued_at"], name="copyleaks_image_queue_age"),
            models.Index(fields=["queue", "ai_share"], name="copyleaks_image_queue_share"),
            models.Index(fields=["standing"], name="copyleaks_image_standing"),
            models.Index(fields=["verdict"], name="copyleaks_image_verdict"),
            # Mocks are few among a million, or the other way round; and what waits is counted by the overview.
            models.Index(fields=["sandbox", "queue"], name="copyleaks_image_sandbox"),
            # All pictures of an owner, and those of them that were confirmed.
            models.Index(fields=["owner_key", "standing"], name="copyleaks_image_owner"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["content_type", "object_id", "field_name"], name="copyleaks_image_target"),
            models.CheckConstraint(name="copyleaks_image_standing_known", condition=Q(standing__in=Standing.values)),
            models.CheckConstraint(
                name="copyleaks_image_measured_has_verdict",
                condition=~Q(standing__in=BY_VERDICT) | ~Q(verdict=Verdict.NOT_MEASURED),
            ),
            models.CheckConstraint(
                name="copyleaks_image_queue_has_age", condition=Q(queue=Queue.NONE) | Q(queued_at__isnull=False)
            ),
            models.CheckConstraint(
                name="copyleaks_image_queue_of_standing",
                condition=Q(queue=Queue.NONE) & ~Q(standing__in=(Standing.FLAGGED, Standing.ESCALATED))
                | Q(queue=Queue.NONE, removed_at__isnull=False)
                | Q(queue=Queue.REVIEW, standing__in=(Standing.FLAGGED, *DECIDED))
                | Q(queue=Queue.SECOND_LOOK, standing__in=DECIDED)
                | Q(queue=Queue.ESCALATED, standing__in=DECIDED)
                | Q(queue=Queue.UNMEASURED, standing=Standing.NOT_MEASURED),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.content_type} {self.object_id}: {self.field_name}"

    def get_standing_display(self) -> str:  # type: ignore[no-redef]
        """Return how the picture stands: what was never measured cannot be a false alarm."""
        standing = Standing(self.standing)
        return str((not self.verdict and STANDINGS[standing].unmeasured) or standing.label)

    @property
    def target(self) -> Any:
        """Return the object that holds the picture, or None when it is gone."""
        return object_of(self)

    @property
    def decision(self) -> Standing | None:
        """Return the standing if it is a person's word, None otherwise."""
        return Standing(self.standing) if self.standing in DECIDED else None

    def is_held(self, now: datetime) -> bool:
        """Return whether somebody is looking at the picture."""
        return self.claimed_by_id is not None and self.claimed_until is not None and self.claimed_until > now
