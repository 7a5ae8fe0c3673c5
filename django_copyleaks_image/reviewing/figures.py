"""What is counted of people's decisions.

A decision counts once nobody is to take a second look at its picture any more: a sum that changes tells of its parts.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Sum

from django_copyleaks_image.models import Decision, decisions
from django_copyleaks_image.standings import FINAL, JUDGEMENTS, KINDS, STANDINGS, Kind, Queue
from django_copyleaks_image.verdicts import Verdict

from .blindness import tells_of_first_looks
from .history import is_overturned

FLAGGED = (Verdict.PARTLY_AI, Verdict.MOSTLY_AI)
# Somebody is still to take a second look, whoever that is.
_AWAITS_SECOND_LOOK = Q(queue=Queue.SECOND_LOOK)
FALSE_ALARMS = [
    kind for kind in FINAL if (standing := KINDS[kind].standing) is not None and STANDINGS[standing].denies_ai
]
# Of the pictures that were flagged: those about which this is the last word, and the false alarms among them.
_STANDS = Q(kind__in=FINAL, agrees=None, is_overturned=False, is_repeated=False, verdict__in=FLAGGED)
# What a step counts for, by its name in what is counted; one may count for several. Each is asked of the log by its
# filters as well, so that a number leads to what it counts.
MEASURES = {
    **{kind.value: Q(kind=kind, agrees=None) for kind in JUDGEMENTS},
    "overturned": Q(is_overturned=True),
    "undone": Q(kind__in=FINAL, reversal__isnull=False),
    "skipped": Q(kind=Kind.SKIPPED),
    "agreed": Q(agrees=True),
    "disagreed": Q(agrees=False),
    "judged": _STANDS,
    "false_alarms": _STANDS & Q(kind__in=FALSE_ALARMS),
    # Decided one by one at the desk, whose pages tell for how long.
    "timed": Q(kind__in=JUDGEMENTS, seconds__isnull=False),
}


class Measured(NamedTuple):
    """How often something was done to pictures of a field, by whom and for which reason; what it took in seconds."""

    content_type: int
    field_name: str
    what: str
    number: int
    seconds: float
    columns: dict[str, Any]


def hidden(steps: QuerySet[Decision]) -> QuerySet[Decision]:
    """Return the steps that count later."""
    return steps.filter(tells_of_first_looks(_AWAITS_SECOND_LOOK))


def of(steps: QuerySet[Decision]) -> Iterator[Measured]:
    """Yield what steps count for."""
    later = decisions().filter(image=OuterRef("image"), pk__gt=OuterRef("pk"), kind__in=FINAL, agrees=None)
    shown = steps.exclude(tells_of_first_looks(_AWAITS_SECOND_LOOK)).annotate(
        is_repeated=Exists(later.filter(reversal=None)),
        is_overturned=ExpressionWrapper(is_overturned(), output_field=BooleanField()),
    )
    grouped = shown.values(
        "image__content_type", "image__field_name", "sandbox", "decided_by", "decided_by_name", "reason"
    )
    counted = {f"of_{name}": Count("pk", filter=counts) for name, counts in MEASURES.items()}
    row: Any
    for row in grouped.annotate(**counted, took=Sum("seconds", filter=MEASURES["timed"])):
        columns = {"sandbox": row["sandbox"], "code": row["reason"]}
        columns |= {"person_id": row["decided_by"], "person_name": row["decided_by_name"]}
        for name in MEASURES:
            if number := row[f"of_{name}"]:
                seconds = (row["took"] or 0.0) if name == "timed" else 0.0
                yield Measured(row["image__content_type"], row["image__field_name"], name, number, seconds, columns)
