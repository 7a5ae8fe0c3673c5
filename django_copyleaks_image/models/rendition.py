"""What is drawn of a scan for people to look at: by whom, when, and why not; and where it is kept by default."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_copyleaks_image import clock_skew

from .read_where_written import ReadWhereWritten
from .scan import ImageScan

# For which somebody may draw without a word: longer than any picture takes.
LEASE = timedelta(minutes=1)


class Kind(models.TextChoices):
    """What is drawn at a time, of the same bytes."""

    PICTURE = "picture", _("Picture")
    FULL = "full", _("Picture in full size")
    HEATMAP = "heatmap", _("Provider's heatmap")


class RenditionQuerySet(models.QuerySet["Rendition"]):
    """Renditions by what is still to be done."""

    def due(self, now: datetime) -> "RenditionQuerySet":
        """Return what a worker may draw now: what has not been tried yet first, then what takes longer than most."""
        return self.filter(clock_skew.has_passed("due_at", now, longest=LEASE)).order_by("attempts", "due_at")


class Rendition(ReadWhereWritten):
    """What was asked for: being prepared while ``due_at`` is set, else impossible if there is a ``problem``, else made.

    ``due_at`` is the lease as well: whoever draws moves it into the future.
    """

    Kind = Kind

    scan = models.ForeignKey(ImageScan, models.CASCADE, related_name="renditions", verbose_name=_("scan"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    # Of the bytes that were drawn; a scan that was skipped early has none of its own.
    sha256 = models.CharField("SHA-256", max_length=64, blank=True, default="", db_index=True)
    image_format = models.CharField(_("image format"), max_length=10, blank=True, default="")
    orientation = models.PositiveSmallIntegerField(_("orientation (EXIF)"), null=True, blank=True)
    due_at = models.DateTimeField(_("due at"), null=True, blank=True, default=timezone.now, db_index=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # An outcome code, and code and values of the sentence that says more.
    problem = models.CharField(_("why it is not shown"), max_length=64, blank=True, default="")
    problem_values = models.JSONField(default=dict, blank=True)
    # The bytes are to blame, which are not tried again; else it is tried again when somebody asks.
    is_final = models.BooleanField(_("not to be tried again"), default=False)
    checked_at = models.DateTimeField(_("last tried or checked at"), default=timezone.now, db_index=True)

    objects = RenditionQuerySet.as_manager()

    class Meta:
        verbose_name = _("rendition")
        verbose_name_plural = _("renditions")
        default_permissions = ()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["scan", "kind"], name="copyleaks_rendition_of_scan"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.scan_id}"


class RenditionPart(models.Model):
    """Bytes of a rendition where no storage is configured; in parts, since databases limit what is sent at once."""

    name = models.CharField(_("name"), max_length=100)
    number = models.PositiveSmallIntegerField(_("number"))
    content = models.BinaryField(_("content"))

    class Meta:
        verbose_name = _("part of a rendition")
        verbose_name_plural = _("parts of renditions")
        default_permissions = ()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["name", "number"], name="copyleaks_rendition_part"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.number}"
