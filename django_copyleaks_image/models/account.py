"""The one row that every worker shares: pause, budget, rate slots, heartbeat and reconciliation marks."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .scan import home_database


class AccountState(models.Model):
    """State of the Copyleaks account as the workers of this site know it. Credits are whole, times are UTC."""

    SINGLETON = 1

    # Not an automatic key: MariaDB allows no check constraint on one.
    id = models.PositiveSmallIntegerField(primary_key=True, default=SINGLETON, editable=False)
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True)
    pause_reason = models.CharField(_("reason of the pause"), max_length=64, blank=True, default="")
    pause_message = models.TextField(_("message of the pause"), blank=True, default="")
    probe_at = models.DateTimeField(_("next probe at"), null=True, blank=True)

    budget_day = models.DateField(_("budget day"), null=True, blank=True)
    budget_reserved = models.PositiveIntegerField(_("credits reserved"), default=0)
    budget_spent = models.PositiveIntegerField(_("credits spent"), default=0)

    next_slot_at = models.DateTimeField(_("next submission slot at"), null=True, blank=True)
    # After a refusal for the rate: how many times further apart slots were from then on. It wears off.
    slowdown = models.FloatField(_("slowdown"), default=1.0)
    slowed_at = models.DateTimeField(_("slowed down at"), null=True, blank=True)
    # When this site has logged in lately, in seconds since the epoch, separated by commas; never shown.
    logins = models.CharField(max_length=200, blank=True, default="")
    worker_seen_at = models.DateTimeField(_("worker last seen at"), null=True, blank=True)
    swept_at = models.DateTimeField(_("last sweep at"), null=True, blank=True)
    reconciled_at = models.DateTimeField(_("last reconciliation at"), null=True, blank=True)
    # Highest key that reconciliation has seen, by "app_label.model.field".
    reconciliation_marks = models.JSONField(_("reconciliation marks"), default=dict, blank=True)
    # How far it has come in looking at everything again; never shown.
    reconciliation_walks = models.JSONField(default=dict, blank=True)

    # Thumbprints of the vendor's TLS client certificates; public, refreshed daily where they are used.
    certificate_thumbprints = models.JSONField(_("certificate thumbprints"), default=list, blank=True)
    certificates_due_at = models.DateTimeField(_("next fetch of the certificates at"), null=True, blank=True)

    class Meta:
        verbose_name = _("account state")
        verbose_name_plural = _("account state")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="copyleaks_account_singleton", condition=Q(pk=1)),
        ]

    def __str__(self) -> str:
        return str(_("account state"))


def account_row() -> models.QuerySet[AccountState]:
    """Return the one row as a query, for changes by compare-and-set; it is empty until the row is first read."""
    return AccountState.objects.using(home_database()).filter(pk=AccountState.SINGLETON)
