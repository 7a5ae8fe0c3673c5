"""Days as two rows of bars, scans above and the share of flagged pictures below, ready for an SVG.

Across, everything is in percent of the width, so that the picture fits any screen while its letters keep their size;
upright, it is in pixels. What has decimals is text already: a template would write them as the reader does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import date_format, get_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_copyleaks_image.verdicts import share_in_words

from .figures import DayFigures

# Of the room that a day has.
_BAR_WIDTH = 0.76
_LABEL_EVERY = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """A row of bars between two heights; ``most`` is what reaches the upper one, and stands there in words."""

    kind: str
    most: float
    caption: str
    top: int
    base: int

    @property
    def caption_y(self) -> int:
        return self.top - 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    kind: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A day: its room from top to bottom, and a bar on every scale where it has a value."""

    words: str
    x: str
    width: str
    bars: list[Bar]


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    x: str
    anchor: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    description: str
    scales: list[Scale]
    columns: list[Column]
    labels: list[Label]
    height: int = 252
    dates_y: int = 246


def draw(days: Sequence[DayFigures]) -> Chart:
    """Return the chart of consecutive days, the oldest first."""
    most_scans = round_up(max(day.scans for day in days))
    percent = min(100, round_up(100 * max(day.flagged_share or 0 for day in days)))
    scans = Scale(
        kind="scans",
        most=most_scans,
        caption=ngettext("%(count)s scan", "%(count)s scans", most_scans)
        % {"count": number_format(most_scans, force_grouping=True)},
        top=20,
        base=120,
    )
    share = Scale(
        kind="share",
        most=percent / 100,
        caption=_("%(percent)s %% flagged") % {"percent": number_format(percent)},
        top=160,
        base=225,
    )
    return Chart(
        description=_description(days),
        scales=[scans, share],
        columns=[_column(index, len(days), day, scans, share) for index, day in enumerate(days)],
        labels=_labels(days),
    )


def round_up(value: float) -> int:
    """Return the next number of the row 1, 2, 5, 10, 20, 50 …"""
    if value <= 1:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return int(next(factor * power for factor in (1, 2, 5, 10) if value <= factor * power))


def in_words(day: DayFigures) -> str:
    """Return the numbers of a day as a sentence."""
    words = ngettext("%(day)s: %(count)s scan", "%(day)s: %(count)s scans", day.scans) % {
        "day": date_format(day.date, "MONTH_DAY_FORMAT"),
        "count": number_format(day.scans, force_grouping=True),
    }
    if day.flagged_share is None:
        return words
    return _("%(scans)s, %(share)s of the measured ones flagged") % {
        "scans": words,
        "share": share_in_words(day.flagged_share),
    }


def _description(days: Sequence[DayFigures]) -> str:
    return _("From %(first)s to %(last)s. The most scans: %(busiest)s. A table of all numbers follows.") % {
        "first": date_format(days[0].date, "DATE_FORMAT"),
        "last": date_format(days[-1].date, "DATE_FORMAT"),
        "busiest": in_words(max(days, key=lambda day: day.scans)),
    }


def _column(index: int, count: int, day: DayFigures, scans: Scale, share: Scale) -> Column:
    values = ((scans, day.scans or None), (share, day.flagged_share))
    return Column(
        words=in_words(day),
        x=_percent(index / count),
        width=_percent(1 / count),
        bars=[_bar(index, count, scale, value) for scale, value in values if value is not None],
    )


def _bar(index: int, count: int, scale: Scale, value: float) -> Bar:
    # A value of zero is a line, and so is told from none.
    height = max(1.0, value / scale.most * (scale.base - scale.top))
    return Bar(
        kind=scale.kind,
        x=_percent((index + (1 - _BAR_WIDTH) / 2) / count),
        y=f"{scale.base - height:.1f}",
        width=_percent(_BAR_WIDTH / count),
        height=f"{height:.1f}",
    )


def _labels(days: Sequence[DayFigures]) -> list[Label]:
    """Return the dates of today and of the same weekday in the weeks before, in a short form."""
    form = get_format("MONTH_DAY_FORMAT").replace("F", "M")
    last = len(days) - 1
    return [
        # The middle of the last word would be too near to the end.
        Label(x="100%", anchor="end", text=date_format(days[index].date, form))
        if index == last
        else Label(x=_percent((index + 0.5) / len(days)), anchor="middle", text=date_format(days[index].date, form))
        for index in range(last, -1, -_LABEL_EVERY)
    ]


def _percent(share: float) -> str:
    return f"{share * 100:.3f}%"
