"""The figures of the overview in the words and numbers of its reader."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.utils.formats import date_format, number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import AccountState
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.standings import Queue
from django_copyleaks_image.verdicts import share_in_words

from .figures import DayFigures, Figures, Judged, spent_today
from .filters import QUEUES, fields_to_choose
from .reasons import reason_in_words

# Gives the address of a list with these filters, empty for people who have none.
ListUrl = Callable[..., str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A labelled number, with the address of the list of what it counts, if there is one.

    ``is_part`` says that the line before counts these as well.
    """

    label: str
    value: str
    url: str = ""
    is_part: bool = False
    is_alarming: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One large number and a few small ones; ``percent`` says how far something limited is used up."""

    title: str
    number: str
    caption: str
    lines: list[Line] = field(default_factory=list)
    percent: int | None = None


def waiting(found: Figures, list_url: ListUrl) -> Card:
    """Return what waits in the queues of the desk; second looks are among the reviews, as they are there."""
    counts = Counter(found.waiting)
    counts[Queue.REVIEW] += counts.pop(Queue.SECOND_LOOK, 0)
    lines = [
        Line(label=str(queue.label), value=_number(counts[queue]), url=list_url(queue=queue.value)) for queue in QUEUES
    ]
    total = sum(found.waiting.values())
    return Card(
        title=_("Waiting for people"),
        number=_number(total),
        caption=ngettext("picture", "pictures", total),
        lines=lines,
    )


def under_way(found: Figures, list_url: ListUrl) -> Card:
    """Return what is not finished, and how much of it is stuck."""
    total = sum(found.under_way.values())
    lines = [
        Line(label=str(status.label), value=_number(count), url=list_url(status__exact=status.value))
        for status in (Status.QUEUED, Status.SUBMITTED)
        if (count := found.under_way.get(status, 0))
    ]
    if found.oldest is not None:
        lines.append(Line(label=_("Oldest"), value=timesince(found.oldest, depth=1)))
    lines.append(
        Line(label=_("Stuck"), value=_number(found.stuck), url=list_url(stuck="yes"), is_alarming=bool(found.stuck))
    )
    return Card(title=_("Under way"), number=_number(total), caption=ngettext("scan", "scans", total), lines=lines)


def credits_used(found: Figures, row: AccountState | None, ledger_url: str) -> Card:
    """Return the credits of today against the budget, and those of the month, today included."""
    spent, reserved = spent_today(row)
    budget = conf.DAILY_BUDGET
    # The budget has what was spent since the day was counted last.
    month = found.credits_before_today + max(spent, found.credits_today)
    lines = [Line(label=_("This month"), value=_number(month), url=ledger_url)]
    if reserved:
        lines.insert(0, Line(label=_("Reserved today"), value=_number(reserved)))
    if budget is None:
        caption = ngettext("credit today, without a limit", "credits today, without a limit", spent)
    else:
        caption = _("of %(budget)s credits today") % {"budget": _number(budget)}
    return Card(
        title=_("Spent"),
        number=_number(spent),
        caption=caption,
        lines=lines,
        percent=None if budget is None else min(100, round(100 * (spent + reserved) / max(budget, 1))),
    )


def false_alarms(found: Figures) -> Card:
    """Return how often the detection was wrong, and how often people were of two minds."""
    work = found.work
    overturned = work.replaced + work.undone
    lines = [Line(label=_("Decisions"), value=_number(work.decided))]
    lines.append(Line(label=_("Overturned"), value=_with_share(overturned, work.decided)))
    if work.undone:
        lines.append(Line(label=_("of these, undone"), value=_number(work.undone), is_part=True))
    lines.append(Line(label=_("Skipped"), value=_number(work.skipped)))
    if work.second_looks:
        lines.append(Line(label=_("Second looks"), value=_number(work.second_looks)))
        agreed = _with_share(work.agreed, work.second_looks)
        lines.append(Line(label=_("of these, in agreement"), value=agreed, is_part=True))
    decided = sum(one.decided for one in found.judged)
    if not decided:
        return Card(title=_("False alarms"), number="–", caption=_("no flagged picture decided yet"), lines=lines)
    caption = ngettext("of %(count)s flagged picture", "of %(count)s flagged pictures", decided)
    return Card(
        title=_("False alarms"),
        number=share_in_words(sum(one.cleared for one in found.judged) / decided),
        caption=caption % {"count": _number(decided)},
        lines=lines,
    )


def unmeasured(found: Figures) -> Card:
    """Return how many scans ended without a result."""
    scans = sum(day.scans for day in found.days)
    ended = sum(count for _code, count in (*found.failed, *found.skipped))
    caption = ngettext("of %(count)s scan", "of %(count)s scans", scans)
    return Card(title=_("Not measured"), number=_number(ended), caption=caption % {"count": _number(scans)})


def reasons(counted: Sequence[tuple[str, int]], list_url: ListUrl, **filters: str) -> list[Line]:
    """Return reason codes in words, each with the address of the scans that ended for it."""
    return [
        Line(label=reason_in_words(code), value=_number(count), url=list_url(error_code__exact=code, **filters))
        for code, count in counted
    ]


def fields(judged: Sequence[Judged]) -> list[tuple[str, ...]]:
    """Return rows of a field, its decided and cleared pictures, and the share of the latter."""
    return [
        (field_in_words(one.field), _number(one.decided), _number(one.cleared), share_in_words(one.false_alarms))
        for one in judged
    ]


def days(found: Sequence[DayFigures]) -> list[tuple[str, ...]]:
    """Return rows of a day, its scans, the measured and flagged ones and the share of the latter; today first."""
    return [
        (
            date_format(day.date, "DATE_FORMAT"),
            _number(day.scans),
            _number(day.measured),
            _number(day.flagged),
            "–" if day.flagged_share is None else share_in_words(day.flagged_share),
        )
        for day in reversed(found)
    ]


def field_in_words(label: str) -> str:
    """Return the name of a field for people; as it was counted, where the field is not watched any more."""
    return {name.lower(): words for name, words in fields_to_choose()}.get(label.lower(), label)


def _number(count: int) -> str:
    return number_format(count, force_grouping=True)


def _with_share(part: int, whole: int) -> str:
    """Return a number with its share of a whole, such as ``3 (2.5 %)``."""
    if not whole:
        return _number(part)
    return _("%(number)s (%(share)s)") % {"number": _number(part), "share": share_in_words(part / whole)}
