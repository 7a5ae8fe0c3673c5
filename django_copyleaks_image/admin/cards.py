"""The figures of the overview in the words and numbers of its reader."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from django.contrib.auth import get_user_model
from django.utils.formats import date_format, number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import AccountState
from django_copyleaks_image.models.day import midnight
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.reviewing.figures import FALSE_ALARMS, FLAGGED
from django_copyleaks_image.reviewing.reasons import label_of
from django_copyleaks_image.scanning.losses import Losses
from django_copyleaks_image.standings import FINAL, Kind, Queue
from django_copyleaks_image.verdicts import share_in_words

from .facts import person
from .figures import DayFigures, Figures, Former, spent_today
from .filters import QUEUES, fields_to_choose
from .log_filters import of_deleted
from .reasons import reason_in_words

# Gives the address of a list with these filters, empty for people who have none.
ListUrl = Callable[..., str]
# What the log is asked for decisions about AI or not, second looks left out.
_DECIDED = {"kind__in": ",".join(FINAL), "second_look": "no"}


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


def under_way(found: Figures, lost: Losses | None, list_url: ListUrl) -> Card:
    """Return what is not finished, how much of it is stuck, and whether results come."""
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
    if lost is not None and lost.sent:
        label = ngettext("Lost of the last one", "Lost of the last %(sent)s", lost.sent)
        lines.append(
            Line(
                label=label % {"sent": number_format(lost.sent)},
                value=_number(lost.lost),
                url=list_url(error_code=Code.RESULT_LOST.value) if lost.lost else "",
                is_alarming=lost.are_many,
            )
        )
    if lost is not None and lost.last_callback_at is not None:
        ago = _("%(time)s ago") % {"time": timesince(lost.last_callback_at, depth=1)}
        lines.append(Line(label=_("Last callback"), value=ago))
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


def false_alarms(found: Figures, log_url: ListUrl) -> Card:
    """Return how often the detection was wrong, and how often people were of two minds."""
    work, counts = found.work, found.work.counts
    looks = counts["agreed"] + counts["disagreed"]
    lines = [
        Line(label=_("Decisions"), value=_number(work.decided), url=log_url(**_DECIDED)),
        Line(
            label=_("Overturned"),
            value=_with_share(counts["overturned"], work.decided),
            url=log_url(overturned="yes"),
        ),
    ]
    if counts["undone"]:
        undone = Line(
            label=_("of these, undone"), value=_number(counts["undone"]), url=log_url(overturned="undone"), is_part=True
        )
        lines.append(undone)
    for kind, label in ((Kind.ESCALATED, _("Escalated")), (Kind.SKIPPED, _("Skipped"))):
        lines.append(Line(label=label, value=_number(counts[kind]), url=log_url(kind__exact=kind.value)))
    if looks:
        lines.append(Line(label=_("Second looks"), value=_number(looks), url=log_url(second_look="made")))
        lines += [
            Line(label=label, value=_with_share(counts[name], looks), url=log_url(second_look=name), is_part=True)
            for name, label in (("agreed", _("of these, in agreement")), ("disagreed", _("of these, in disagreement")))
        ]
    if work.seconds_each is not None:
        lines.append(Line(label=_("Time per decision"), value=_seconds(work.seconds_each)))
    if work.false_alarms is None:
        return Card(title=_("False alarms"), number="–", caption=_("no flagged picture decided yet"), lines=lines)
    judged = counts["judged"]
    caption = ngettext("of %(count)s flagged picture", "of %(count)s flagged pictures", judged)
    return Card(
        title=_("False alarms"),
        number=share_in_words(work.false_alarms),
        caption=caption % {"count": _number(judged)},
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


def fields(found: Figures, log_url: ListUrl) -> list[tuple[Line | str, ...]]:
    """Return rows of a field, its flagged pictures that were decided and cleared, and the share of the latter."""
    flagged = {**_DECIDED, "overturned": "no", "verdict__in": ",".join(FLAGGED)}
    rows: list[tuple[Line | str, ...]] = []
    for label, work in found.by_field.items():
        if work.false_alarms is None:
            continue
        watched = watched_label(label)
        asked = {**flagged, "field": watched}
        url = log_url(**asked) if watched else ""
        cleared = log_url(**{**asked, "kind__in": ",".join(FALSE_ALARMS)}) if watched else ""
        rows.append(
            (
                field_in_words(label),
                _linked(work.counts["judged"], url),
                _linked(work.counts["false_alarms"], cleared),
                share_in_words(work.false_alarms),
            )
        )
    return rows


def people(found: Figures, log_url: ListUrl) -> list[tuple[Line | str, ...]]:
    """Return rows of a person: decisions, escalated, overturned, disagreed and the time for each."""
    users = get_user_model()._default_manager.in_bulk([key for key in found.by_person if not isinstance(key, Former)])
    rows: list[tuple[Line | str, ...]] = []
    for key, work in found.by_person.items():
        former = key.name if isinstance(key, Former) else ""
        of_person = partial(log_url, person=of_deleted(former) if isinstance(key, Former) else str(key))
        counts = work.counts
        rows.append(
            (
                person(None if isinstance(key, Former) else users.get(key), former),
                _linked(work.decided, of_person(**_DECIDED)),
                _linked(counts["escalated"], of_person(kind__exact=Kind.ESCALATED.value)),
                _linked(counts["skipped"], of_person(kind__exact=Kind.SKIPPED.value)),
                Line(label="", value=_with_share(counts["overturned"], work.decided), url=of_person(overturned="yes")),
                "–" if work.seconds_each is None else _seconds(work.seconds_each),
            )
        )
    return rows


def why_decided(found: Figures, log_url: ListUrl) -> list[tuple[str, str, Line]]:
    """Return rows of a decision, its reason and how often it was given."""
    return [
        (
            str(Kind(kind).label),
            label_of(reason),
            _linked(number, log_url(kind__exact=kind, reason=reason, second_look="no")),
        )
        for (kind, reason), number in found.by_reason.items()
    ]


def days(found: Sequence[DayFigures], list_url: ListUrl) -> list[tuple[Line | str, ...]]:
    """Return rows of a day, its scans, the measured and flagged ones and the share of the latter; today first."""
    rows: list[tuple[Line | str, ...]] = []
    for day in reversed(found):
        begin, end = midnight(day.date).isoformat(), midnight(day.date + timedelta(days=1)).isoformat()
        of_day = partial(list_url, created_at__gte=begin, created_at__lt=end)
        rows.append(
            (
                date_format(day.date, "DATE_FORMAT"),
                _linked(day.scans, of_day()),
                _linked(day.measured, of_day(status__exact=Status.COMPLETED)),
                _linked(day.flagged, of_day(verdict__in=",".join(FLAGGED))),
                "–" if day.flagged_share is None else share_in_words(day.flagged_share),
            )
        )
    return rows


def _linked(number: int, url: str) -> Line:
    return Line(label="", value=_number(number), url=url if number else "")


def field_in_words(label: str) -> str:
    """Return the name of a field for people; as it was counted, where the field is not watched any more."""
    return dict(fields_to_choose()).get(watched_label(label), label)


def watched_label(label: str) -> str:
    """Return how filters name a field that was counted, empty where it is not watched any more."""
    return next((name for name, _words in fields_to_choose() if name.lower() == label.lower()), "")


def _seconds(seconds: float) -> str:
    return _("%(seconds)s s") % {"seconds": number_format(seconds, decimal_pos=1)}


def _number(count: int) -> str:
    return number_format(count, force_grouping=True)


def _with_share(part: int, whole: int) -> str:
    """Return a number with its share of a whole, such as ``3 (2.5 %)``."""
    if not whole:
        return _number(part)
    return _("%(number)s (%(share)s)") % {"number": _number(part), "share": share_in_words(part / whole)}
