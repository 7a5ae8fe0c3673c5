"""The one row that every worker shares: circuit breaker, budget, rate slots, heartbeat, marks, refused callbacks."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Cause(models.TextChoices):
    """What it is about that holds every submission."""

    ACCOUNT = "account", _("Account")
    API = "api", _("API of the provider")
    REFUSALS = "refusals", _("Refusals")
    RESULTS = "results", _("Results")
    STORAGE = "storage", _("Storage")
    DATABASE = "database", _("Database of the pictures")
    CACHE = "cache", _("Cache")
    DECODER = "decoder", _("Decoding of pictures")
    PERSON = "person", _("Held until somebody resumes")


class AccountState(models.Model):
    """State of the Copyleaks account as the workers of this site know it. Credits are whole, times are UTC."""

    SINGLETON = 1

    # Not an automatic key: MariaDB allows no check constraint on one.
    id = models.PositiveSmallIntegerField(primary_key=True, default=SINGLETON, editable=False)
    # The circuit breaker: closed without ``paused_at``, half-open while ``trial_scan`` names what is let through.
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True)
    pause_reason = models.CharField(_("reason of the pause"), max_length=64, blank=True, default="")
    pause_message = models.TextField(_("message of the pause"), blank=True, default="")
    pause_values = models.JSONField(default=dict, blank=True)
    pause_cause = models.CharField(_("cause of the pause"), max_length=10, choices=Cause, blank=True, default="")
    probe_at = models.DateTimeField(_("next probe at"), null=True, blank=True)
    trial_scan = models.CharField(_("scan on trial"), max_length=36, blank=True, default="")
    trial_at = models.DateTimeField(_("on trial since"), null=True, blank=True)
    trials = models.PositiveIntegerField(_("probes in vain"), default=0)
    # What was found before counts no more.
    resumed_at = models.DateTimeField(_("last resumed at"), null=True, blank=True)
    # Failures one after the other for which something shared may be at fault, and of which scan, "" for several.
    failing_cause = models.CharField(max_length=10, choices=Cause, blank=True, default="")
    failing_scan = models.CharField(max_length=36, blank=True, default="")
    failing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)

    # What somebody asked to have queued again, up to which scan; the sweep does it, some at a time.
    requeue_code = models.CharField(_("outcome that is queued again"), max_length=64, blank=True, default="")
    requeue_mark = models.PositiveBigIntegerField(null=True, blank=True)

    # Whoever asked to have earlier results judged by the thresholds of today: up to which picture the sweep has come.
    rejudge_mark = models.PositiveBigIntegerField(null=True, blank=True)

    # The database was restored from a backup, and what Copyleaks has been sent since is not known.
    restored_at = models.DateTimeField(_("restored at"), null=True, blank=True)

    budget_day = models.DateField(_("budget day"), null=True, blank=True)
    budget_reserved = models.PositiveIntegerField(_("credits reserved"), default=0)
    budget_spent = models.PositiveIntegerField(_("credits spent"), default=0)

    # What the provider says is left, and when it is asked again.
    credits_left = models.PositiveIntegerField(_("credits left"), null=True, blank=True)
    credits_left_at = models.DateTimeField(_("credits left asked at"), null=True, blank=True)
    balance_due_at = models.DateTimeField(null=True, blank=True)

    next_slot_at = models.DateTimeField(_("next submission slot at"), null=True, blank=True)
    # After a refusal for the rate: how many times further apart slots were from then on. It wears off.
    slowdown = models.FloatField(_("slowdown"), default=1.0)
    slowed_at = models.DateTimeField(_("slowed down at"), null=True, blank=True)
    # When this site has logged in lately, in seconds since the epoch, separated by commas; never shown.
    logins = models.CharField(max_length=200, blank=True, default="")
    worker_seen_at = models.DateTimeField(_("worker last seen at"), null=True, blank=True)
    swept_at = models.DateTimeField(_("last sweep at"), null=True, blank=True)
    overdue_told_at = models.DateTimeField(_("overdue pictures told of at"), null=True, blank=True)
    reconciled_at = models.DateTimeField(_("last reconciliation at"), null=True, blank=True)
    # Highest key that reconciliation has seen, by "app_label.model.field".
    watermarks = models.JSONField(_("watermarks of reconciliation"), default=dict, blank=True)
    # How far it has come in looking at everything again; never shown.
    full_scan_progress = models.JSONField(default=dict, blank=True)

    # Thumbprints of the vendor's TLS client certificates; public, refreshed daily where they are used.
    certificate_thumbprints = models.JSONField(_("certificate thumbprints"), default=list, blank=True)
    certificates_due_at = models.DateTimeField(_("next fetch of the certificates at"), null=True, blank=True)

    # Callbacks of a day that were refused although they look like our own, see scanning/refused.py.
    wrong_tokens = models.PositiveIntegerField(_("callbacks with a wrong token"), default=0)
    wrong_tokens_on = models.DateField(_("day of the callbacks with a wrong token"), null=True, blank=True)
    unknown_scans = models.PositiveIntegerField(_("callbacks about unknown scans"), default=0)
    unknown_scans_on = models.DateField(_("day of the callbacks about unknown scans"), null=True, blank=True)

    class Meta:
        verbose_name = _("account state")
        verbose_name_plural = _("account state")
        permissions = (
            ("resume_accountstate", _("Can let paused submissions go on")),
            ("rejudge_accountstate", _("Can apply changed thresholds to earlier results")),
        )
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="copyleaks_account_singleton", condition=Q(pk=1)),
        ]

    def __str__(self) -> str:
        return str(_("account state"))

    @property
    def is_on_hold(self) -> bool:
        """Return whether submissions are held; a scan on trial may be let through a pause all the same."""
        return self.paused_at is not None or self.restored_at is not None
