"""What happened on each day, counted once and kept: also when the rows that it was counted from are gone."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# A day is counted again until nothing of it is open, and this long has passed.
OPEN_FOR = timedelta(days=8)


class About(models.TextChoices):
    """What is counted of a day: what was asked for, decided, or spent on it."""

    SCANS = "scans", _("Scans")
    DECISIONS = "decisions", _("Decisions")
    CREDITS = "credits", _("Credits")


def day_of(about: str, moment: datetime) -> date:
    """Return on which day something happened: of the site's time zone, but of UTC where it is about credits."""
    zone = UTC if about == About.CREDITS else timezone.get_default_timezone()
    return moment.astimezone(zone).date()


def midnight(day: date) -> datetime:
    """Return when a day of the site's time zone begins; it may be of 23 or 25 hours."""
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_default_timezone())


class DayQuerySet(models.QuerySet["Day"]):
    """Days by what is to be counted."""

    def reopen(self, about: str, dates: Iterable[date], now: datetime) -> None:
        """Have days counted once more that may be final, in the transaction that changes something of them.

        Those that are not old enough to be final are counted anyway, but those of people's decisions, which are few,
        at once. The UPDATE waits for whoever is counting such a day, and then overrules them.
        """
        last = day_of(about, now) - (timedelta(days=1) if about == About.DECISIONS else OPEN_FOR - timedelta(days=1))
        if old := [day for day in dates if day <= last]:
            self.filter(about=about, date__in=old).update(due_at=now)


class Day(models.Model):
    """That a day was counted, and from how many rows.

    Days of scans and decisions are those of the site's time zone, days of credits those of UTC, as in the budget.
    """

    about = models.CharField(_("about"), max_length=9, choices=About)
    date = models.DateField(_("date"))
    rows = models.PositiveIntegerField(_("rows that were counted"), default=0)
    counted_at = models.DateTimeField(_("counted at"), null=True, blank=True)
    # When it is counted again; never, once nothing of it can change.
    due_at = models.DateTimeField(_("counted again at"), null=True, blank=True, default=timezone.now, db_index=True)

    objects = DayQuerySet.as_manager()

    class Meta:
        verbose_name = _("day")
        verbose_name_plural = _("days")
        default_permissions = ()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["about", "date"], name="copyleaks_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.about} {self.date}"


class DayCountQuerySet(models.QuerySet["DayCount"]):
    """Counts by what they are of."""

    def of_days(self, about: str, first: date, last: date, *, sandbox: bool) -> "DayCountQuerySet":
        """Return what was counted about these days, both ends included; in no order, so that it can be added up."""
        return self.filter(day__about=about, day__date__range=(first, last), sandbox=sandbox).order_by()


class DayCount(models.Model):
    """How often one thing happened on a day to pictures of one field, and what it cost."""

    day = models.ForeignKey(Day, models.CASCADE, verbose_name=_("day"), related_name="counts")
    # As text, since the field may be gone by the time that somebody asks: "gallery.photo.image".
    field = models.CharField(_("field"), max_length=302)
    sandbox = models.BooleanField(_("sandbox"), default=False)
    # Of scans the status, of decisions what was done, of credits what they were spent for.
    what = models.CharField(_("what"), max_length=16)
    # Of scans the verdict or the outcome code, of decisions the reason.
    code = models.CharField(_("code"), max_length=100, blank=True, default="")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("person"), related_name="+", null=True, blank=True
    )
    # Of one whose account was deleted, as in the log.
    person_name = models.CharField(_("name of a deleted person"), max_length=200, blank=True, default="")
    number = models.PositiveIntegerField(_("number"))
    credits = models.PositiveBigIntegerField(_("credits"), default=0)
    # What the decisions took whose time is known.
    seconds = models.FloatField(_("seconds on the screen"), default=0.0)

    objects = DayCountQuerySet.as_manager()

    class Meta:
        verbose_name = _("count of a day")
        verbose_name_plural = _("counts of days")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.day} {self.what}: {self.number}"
