"""What Copyleaks measured; scans of identical bytes share one result."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_copyleaks_image import masks

from .read_where_written import ReadWhereWritten
from .receipt import WebhookReceipt


def _is_ratio(name: str) -> Q:
    return Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": 0, f"{name}__lte": 1})


class DetectionResult(ReadWhereWritten):
    """A measurement as the vendor stated it; ratios are shares of the picture's area from 0 to 1.

    The verdict is not here but on the scan, since thresholds are per field.
    """

    LARGE_FIELDS = ("mask", "heatmap", "metadata")

    is_ai_detected = models.BooleanField(_("AI detected"))
    ai_ratio = models.FloatField(_("AI share of the area"), null=True, blank=True)
    human_ratio = models.FloatField(_("remaining share of the area"), null=True, blank=True)
    model = models.CharField(_("detection model"), max_length=100, blank=True, default="")
    image_width = models.PositiveIntegerField(_("width in pixels"), null=True, blank=True)
    image_height = models.PositiveIntegerField(_("height in pixels"), null=True, blank=True)
    mask = models.BinaryField(_("packed mask"), default=bytes)
    mask_runs = models.PositiveIntegerField(_("number of runs"), default=0)
    # Code and values of a sentence, as below.
    mask_problem = models.JSONField(_("why the mask is not shown"), default=dict, blank=True)
    metadata = models.JSONField(_("provenance"), default=dict, blank=True)
    # Marked places as [x, y, width, height, area in pixels], the largest first; null when they were not sought.
    regions = models.JSONField(_("marked regions"), null=True, blank=True)
    credits = models.PositiveIntegerField(_("credits"), null=True, blank=True)
    scanned_at = models.DateTimeField(_("scanned at"), null=True, blank=True)
    received_at = models.DateTimeField(_("received at"), default=timezone.now, db_index=True)
    receipt = models.ForeignKey(
        WebhookReceipt,
        models.SET_NULL,
        verbose_name=_("receipt"),
        related_name="results",
        null=True,
        blank=True,
    )
    # The provider's own gradient picture, when it sends one: its bytes as received (never shown without being
    # encoded anew), or the address from which the worker fetches them when that is due.
    heatmap = models.BinaryField(_("provider's heatmap"), default=bytes)
    heatmap_url = models.TextField(_("address of the provider's heatmap"), blank=True, default="")
    heatmap_due_at = models.DateTimeField(_("next fetch of the heatmap"), null=True, blank=True, db_index=True)
    heatmap_problem = models.JSONField(_("why the provider's heatmap is not shown"), default=dict, blank=True)

    class Meta:
        verbose_name = _("detection result")
        verbose_name_plural = _("detection results")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="copyleaks_result_ai_ratio", condition=_is_ratio("ai_ratio")),
            models.CheckConstraint(name="copyleaks_result_human_ratio", condition=_is_ratio("human_ratio")),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    def read_mask(self) -> masks.Mask:
        """Return the stored runs; empty when the vendor gave none or none that fits.

        Raises :class:`~django_copyleaks_image.masks.MaskError` when the stored bytes are damaged.
        """
        return masks.unpack(bytes(self.mask)) if self.mask else masks.Mask((), ())
