"""A scan that the doctor tries out with the provider: of no picture of the site, in no queue, and gone with its end."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .read_where_written import ReadWhereWritten


class LiveTrial(ReadWhereWritten):
    """What is sent in a trial, and what came of it, while ``copyleaks_doctor --live`` waits for that."""

    trial_id = models.CharField(_("id of the trial"), max_length=36, unique=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    picture = models.BinaryField(_("picture"))
    fetches = models.PositiveIntegerField(_("fetches of the picture"), default=0)
    fetch_headers_came = models.BooleanField(null=True, blank=True)
    callbacks = models.PositiveIntegerField(_("callbacks"), default=0)
    # Of the first callback: its compressed body, and the names of its headers, never their values.
    body = models.BinaryField(_("compressed body"), default=bytes)
    encoding = models.CharField(max_length=20, blank=True, default="")
    header_names = models.CharField(max_length=1500, blank=True, default="")
    was_let_in = models.BooleanField(null=True, blank=True)

    class Meta:
        verbose_name = _("trial of the doctor")
        verbose_name_plural = _("trials of the doctor")
        default_permissions = ()

    def __str__(self) -> str:
        return self.trial_id
