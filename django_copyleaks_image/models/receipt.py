"""Every authentic delivery, stored as received before it is judged: the webhook is the only copy."""

import hashlib
import zlib
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_copyleaks_image.outcomes import in_words

from .read_where_written import ReadWhereWritten


class Source(models.TextChoices):
    WEBHOOK = "webhook", _("Webhook")
    SYNC = "sync", _("Synchronous answer")


class Outcome(models.TextChoices):
    RECEIVED = "received", _("Received, not judged yet")
    APPLIED = "applied", _("Applied")
    SHARED = "shared", _("Stored for a replaced file")
    REPEATED = "repeated", _("The scan had a result already")
    FAILURE = "failure", _("Failure reported by the provider")
    CONTRADICTS = "contradicts", _("Names another scan")
    UNREADABLE = "unreadable", _("Not understood")
    MALFORMED = "malformed", _("No JSON object")


# How long it is tried, from the first time on, to judge a receipt. Then it is left to a person, who may replay it.
JUDGED_WITHIN = timedelta(days=2)


class WebhookReceiptQuerySet(models.QuerySet["WebhookReceipt"]):
    """Receipts by what is still to be done about them."""

    def unjudged(self) -> "WebhookReceiptQuerySet":
        """Return what is being judged, or will be."""
        return self.filter(outcome=Outcome.RECEIVED, judging_due_at__isnull=False)

    def due(self, now: datetime) -> "WebhookReceiptQuerySet":
        """Return the unjudged receipts that no live process is judging, oldest first."""
        return self.unjudged().filter(judging_due_at__lte=now).order_by("judging_due_at")

    def whole(self) -> "WebhookReceiptQuerySet":
        """Return those whose body is a JSON object, or may be."""
        return self.exclude(outcome=Outcome.MALFORMED)


class WebhookReceipt(ReadWhereWritten):
    """One distinct body delivered for a scan, compressed; identical deliveries are counted on the same row.

    No request header is stored: headers may carry secrets.
    """

    Source = Source
    Outcome = Outcome

    scan = models.ForeignKey(
        "copyleaks_image.ImageScan", models.CASCADE, verbose_name=_("scan"), related_name="receipts"
    )
    source = models.CharField(_("source"), max_length=10, choices=Source)
    body = models.BinaryField(_("compressed body"))
    byte_size = models.PositiveBigIntegerField(_("size in bytes"))
    digest = models.CharField(_("SHA-256 of the body"), max_length=64)
    deliveries = models.PositiveIntegerField(_("deliveries"), default=1)
    received_at = models.DateTimeField(_("received at"), default=timezone.now)
    last_received_at = models.DateTimeField(_("last received at"), default=timezone.now)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome, default=Outcome.RECEIVED)
    # Why, as code and values of a sentence.
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    # Names in the body that this version does not know, separated by commas: keys, never values.
    unknown_keys = models.CharField(_("unknown keys"), max_length=1500, blank=True, default="")
    # While it is judged, when the lease of the process that does so ends; null once nobody tries any more.
    judging_due_at = models.DateTimeField(_("next attempt at"), null=True, blank=True, default=timezone.now)
    judged_since = models.DateTimeField(_("first attempt at"), null=True, blank=True)

    objects = WebhookReceiptQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook receipt")
        verbose_name_plural = _("webhook receipts")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["received_at"], name="copyleaks_receipt_age"),
            models.Index(fields=["outcome", "judging_due_at"], name="copyleaks_receipt_due"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["scan", "digest"], name="copyleaks_receipt_once"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def detail_in_words(self) -> str:
        """Return why, in the reader's language."""
        return in_words(self.detail)

    @staticmethod
    def compress(body: bytes) -> bytes:
        """Compress a body for :attr:`body`; the fastest level already saves most of the database's time."""
        return zlib.compress(body, 1)

    @staticmethod
    def digest_of(body: bytes) -> str:
        return hashlib.sha256(body).hexdigest()

    def payload(self) -> bytes:
        """Return the body as it was received."""
        return zlib.decompress(bytes(self.body))
