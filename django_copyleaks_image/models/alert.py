"""What the project and its people are told of, once for each incident, and what became of each message."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_copyleaks_image import clock_skew

from .read_where_written import ReadWhereWritten

# Whoever sends a message has it for so long, or until it is tried again, whichever is longer.
LONGEST_WAIT = timedelta(hours=1)


class Kind(models.TextChoices):
    """What an alert is about; each has a signal of this name."""

    PAUSED = "account_paused", _("Submissions are paused")
    RESUMED = "account_resumed", _("Submissions go on")
    BUDGET = "budget_reached", _("The budget is being used up")
    LOST = "results_lost", _("Results are lost")
    SILENT = "worker_silent", _("No worker is there")
    BALANCE = "balance_low", _("The credits run out")


class Channel(models.TextChoices):
    """By which way somebody is told."""

    SIGNAL = "signal", _("Signal")
    MAIL = "mail", _("Mail")
    WEBHOOK = "webhook", _("Webhook")


class Alert(ReadWhereWritten):
    """One incident. ``incident`` names it, while it lasts at least, so that all who notice it make one row together."""

    Kind = Kind

    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    incident = models.CharField(max_length=80, unique=True, null=True, editable=False)  # noqa: DJ001 - unique
    since = models.DateTimeField(_("since"))
    # What the signal tells beside that: numbers, codes and times as text.
    facts = models.JSONField(default=dict)
    noticed_at = models.DateTimeField(_("noticed at"), default=timezone.now, db_index=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="copyleaks_alert_kind_known", condition=models.Q(kind__in=Kind.values)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.since:%Y-%m-%d %H:%M})"


class AlertMessageQuerySet(models.QuerySet["AlertMessage"]):
    """Messages by what is still to be done."""

    def due(self, now: datetime) -> "AlertMessageQuerySet":
        """Return what is to be sent now, the oldest first."""
        return self.filter(clock_skew.has_passed("due_at", now, longest=LONGEST_WAIT)).order_by("due_at", "pk")


class AlertMessage(ReadWhereWritten):
    """What is told of an alert by one way: waiting while ``due_at`` is set, else sent, given up or needless.

    ``due_at`` is the lease as well: whoever sends it moves it into the future.
    """

    Channel = Channel

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="messages", verbose_name=_("alert"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    due_at = models.DateTimeField(_("due at"), null=True, blank=True, default=timezone.now, db_index=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    objects = AlertMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message of an alert")
        verbose_name_plural = _("messages of alerts")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["alert", "channel"], name="copyleaks_alert_message_once"),
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} · {self.channel}"
