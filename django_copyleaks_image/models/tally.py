"""What has happened so far, as numbers that only grow: for whoever watches how fast they do."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class What(models.TextChoices):
    """What is tallied, and what ``kind`` and ``code`` say of it."""

    SUBMITTED = "submitted", _("Submissions")
    # By outcome of the judgement.
    CALLBACK = "callback", _("Callbacks")
    # By class of the outcome code.
    ERROR = "error", _("Errors")
    # By status and by verdict or outcome code.
    ENDED = "ended", _("Scans that ended")
    # By what was had for them.
    CREDITS = "credits", _("Credits")
    # Seconds from the request to the verdict, by lane and by the upper bound of the bucket.
    LATENCY = "latency", _("Seconds to the verdict")


class Tally(models.Model):
    """How often one thing has happened, and what it comes to; never counted down, and kept when rows are pruned."""

    what = models.CharField(_("what"), max_length=9, choices=What)
    kind = models.CharField(_("kind"), max_length=20, blank=True, default="")
    code = models.CharField(_("code"), max_length=64, blank=True, default="")
    sandbox = models.BooleanField(_("sandbox"), default=False)
    number = models.PositiveBigIntegerField(_("number"), default=0)
    # Of credits and seconds.
    amount = models.FloatField(_("amount"), default=0.0)

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")
        default_permissions = ()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["what", "kind", "code", "sandbox"], name="copyleaks_tally_once"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.kind} {self.code}: {self.number}"
