"""What people decided about pictures: a log to which is only appended."""

from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_copyleaks_image.standings import JUDGEMENTS, KINDS, Kind, Queue, Seen, Standing, rule_of
from django_copyleaks_image.verdicts import Verdict

from .scan import ImageScan
from .watched_image import WatchedImage

NAME_LENGTH = 200


class Decision(models.Model):
    """One step that a person took at the review desk, about the bytes of a picture.

    The latest one that was not undone counts, for every later scan of the same bytes as well. Rows are never changed:
    undoing appends one that ``reverses`` another.
    """

    Kind = Kind

    image = models.ForeignKey(WatchedImage, models.CASCADE, verbose_name=_("watched image"), related_name="decisions")
    # The scan that counted then; the hash is empty for a file that nobody could read.
    scan = models.ForeignKey(
        ImageScan, models.SET_NULL, verbose_name=_("scan"), related_name="decisions", null=True, blank=True
    )
    sha256 = models.CharField("SHA-256", max_length=64, blank=True, default="", db_index=True)
    sandbox = models.BooleanField(_("sandbox"), default=False)
    kind = models.CharField(_("decision"), max_length=10, choices=Kind)
    reason = models.CharField(_("reason"), max_length=100, blank=True, default="")
    note = models.TextField(_("note"), blank=True, default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("decided by"), related_name="+", null=True, blank=True
    )
    # Of a person whose account was deleted: what is left of their name, see reviewing/people.py.
    decided_by_name = models.CharField(
        _("name of a deleted person who decided"), max_length=NAME_LENGTH, blank=True, default=""
    )
    # Who did so in the session of the one above, as support does with django-hijack.
    acted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("acted by"), related_name="+", null=True, blank=True
    )
    acted_by_name = models.CharField(
        _("name of a deleted person who acted"), max_length=NAME_LENGTH, blank=True, default=""
    )
    decided_at = models.DateTimeField(_("decided at"), default=timezone.now, db_index=True)
    # What the person saw, and what stood before: an undo restores it.
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict, blank=True, default="")
    seen = models.CharField(_("seen"), max_length=6, choices=Seen, blank=True, default=Seen.NOT_SAID)
    before = models.CharField(_("standing before"), max_length=16, choices=Standing)
    queue = models.CharField(_("taken from"), max_length=11, choices=Queue, blank=True, default=Queue.NONE)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("assigned to"),
        related_name="+",
        null=True,
        blank=True,
    )
    assigned_to_name = models.CharField(
        _("name of a deleted person to whom it was assigned"), max_length=NAME_LENGTH, blank=True, default=""
    )
    # Since when it had waited there and was claimed, null where it was not; and for how long the person had it on the
    # screen, by their browser.
    queued_at = models.DateTimeField(_("waiting since"), null=True, blank=True)
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)
    seconds = models.FloatField(_("seconds on the screen"), null=True, blank=True)
    reverses = models.OneToOneField(
        "self", models.CASCADE, verbose_name=_("undoes"), related_name="reversal", null=True, blank=True
    )
    # Of decisions that were taken at once, and are undone at once.
    batch = models.UUIDField(_("batch"), null=True, blank=True, db_index=True)
    # Of a second look that confirmed or cleared: whether the first look, of which it did not know, had done the same.
    agrees = models.BooleanField(_("agrees with the first look"), null=True, blank=True)
    notified_at = models.DateTimeField(_("signal sent at"), null=True, blank=True)
    # The lease of the process in which the receivers of the signal run.
    notifying_until = models.DateTimeField(_("signal being sent until"), null=True, blank=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["decided_by", "kind", "decided_at"], name="copyleaks_decision_person"),
            models.Index(fields=["seen", "decided_at"], name="copyleaks_decision_seen"),
            models.Index(fields=["notified_at", "decided_at"], name="copyleaks_decision_pending"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="copyleaks_decision_kind_known", condition=Q(kind__in=Kind.values)),
            models.CheckConstraint(
                name="copyleaks_decision_undone_names_one",
                condition=(Q(kind=Kind.UNDONE) & Q(reverses__isnull=False))
                | (~Q(kind=Kind.UNDONE) & Q(reverses__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the decision; raise TypeError for one that is stored already."""
        if not self._state.adding:
            raise TypeError("Decisions are never changed. Append another one.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise TypeError; a decision goes only together with its scan."""
        raise TypeError("Decisions are never deleted. Undo the decision.")

    def get_kind_display(self) -> str:
        """Return what was decided, in the words for a picture that was measured or was not."""
        return str(rule_of(self.kind, self.verdict).made or Kind(self.kind).label)

    @property
    def is_second_look(self) -> bool:
        """Return whether this was decided blind, about a picture on which another person's decision stands."""
        return self.queue == Queue.SECOND_LOOK and self.kind in JUDGEMENTS

    @property
    def leaves(self) -> Standing:
        """Return how the picture stands after a judgement: a second look changes nothing by itself."""
        given = KINDS[Kind(self.kind)].standing
        return Standing(self.before) if self.is_second_look or given is None else given

    @property
    def leaves_open(self) -> bool:
        """Return whether somebody with the permission for it is still asked after a judgement."""
        return self.kind == Kind.ESCALATED or self.agrees is False
