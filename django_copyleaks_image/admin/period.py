"""The days that a page of figures is about: the last ones, or those of a month."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.dates import MONTHS

from django_copyleaks_image.models import days
from django_copyleaks_image.models.day import About, day_of, midnight

DAYS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """Consecutive days, both ends included; ``month`` is empty for the last ones, else such as ``2026-11``."""

    first: date
    last: date
    month: str = ""

    @classmethod
    def latest(cls) -> "Period":
        """Return the last days, today included."""
        today = day_of(About.SCANS, timezone.now())
        return cls(first=today - timedelta(days=DAYS - 1), last=today)

    @classmethod
    def of_month(cls, month: str) -> "Period":
        """Return the days of a month such as ``2026-11``. Raises ValueError for anything else."""
        first = datetime.strptime(month, "%Y-%m").date()  # noqa: DTZ007 - a month has no time zone
        following = (first + timedelta(days=31)).replace(day=1)
        return cls(first=first, last=following - timedelta(days=1), month=f"{first:%Y-%m}")

    @classmethod
    def asked(cls, month: str) -> "Period":
        """Return the days of a month that an address names, the last ones where it names none."""
        try:
            return cls.of_month(month)
        except (ValueError, OverflowError):
            return cls.latest()

    @property
    def begin(self) -> datetime:
        """Return when the first day begins."""
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """Return when the day after the last one begins."""
        return midnight(self.last + timedelta(days=1))

    def dates(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1))


def months(about: About) -> list[tuple[str, str]]:
    """Return the months of which something was counted with their names, the latest first."""
    found = days().filter(about=about).dates("date", "month", order="DESC")
    return [(f"{first:%Y-%m}", month_in_words(first)) for first in found]


def month_in_words(first: date) -> str:
    """Return a month with its year, such as "November 2026"."""
    return f"{MONTHS[first.month]} {first.year}"
