"""What is counted of people's decisions.

A decision counts once nobody is to take a second look at its picture any more: a sum that changes tells of its parts.
"""

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from django_copyleaks_image.models import Decision, decisions
from django_copyleaks_image.standings import DECIDED_FOR_GOOD, FINAL, KINDS, STANDINGS, Kind, Queue
from django_copyleaks_image.verdicts import Verdict

from .blindness import tells_of_first_looks

FLAGGED = (Verdict.PARTLY_AI, Verdict.MOSTLY_AI)
_FALSE_ALARMS = tuple(standing for standing in DECIDED_FOR_GOOD if standing and STANDINGS[standing].denies_ai)
# Somebody is still to take a second look, whoever that is.
_AWAITS_SECOND_LOOK = Q(queue=Queue.SECOND_LOOK)
_FIRST_LOOK = Q(kind__in=FINAL, agrees=None)
_KEPT = Q(reversal=None)
_CONFIRMS = reduce(or_, (Q(kind=kind, before=KINDS[kind].standing) for kind in FINAL))
# What a decision counts for, by its name in what is counted; one may count for several.
_STANDS = _KEPT & _FIRST_LOOK & Q(has_later=False, image__verdict__in=FLAGGED, image__standing__in=DECIDED_FOR_GOOD)
MEASURES = {
    "decided": _FIRST_LOOK,
    "escalated": Q(kind=Kind.ESCALATED),
    "replaced": _KEPT & _FIRST_LOOK & Q(before__in=DECIDED_FOR_GOOD) & ~_CONFIRMS,
    "undone": Q(kind=Kind.UNDONE, reverses__kind__in=FINAL),
    "skipped": _KEPT & Q(kind=Kind.SKIPPED),
    "second_looks": _KEPT & Q(agrees__isnull=False),
    "agreed": _KEPT & Q(agrees=True),
    # Of the pictures that were flagged: those about which this is the last word, and the false alarms among them.
    "judged": _STANDS,
    "cleared": _STANDS & Q(image__standing__in=_FALSE_ALARMS),
}


def hidden(steps: QuerySet[Decision]) -> QuerySet[Decision]:
    """Return the steps that count later."""
    return steps.filter(tells_of_first_looks(_AWAITS_SECOND_LOOK))


def of(steps: QuerySet[Decision]) -> Iterator[tuple[int, str, str, int, dict[str, Any]]]:
    """Yield content type, field, what is counted, how often, and by whom and for which reason."""
    later = decisions().filter(image=OuterRef("image"), pk__gt=OuterRef("pk"), kind__in=FINAL, agrees=None)
    shown = steps.exclude(tells_of_first_looks(_AWAITS_SECOND_LOOK))
    shown = shown.annotate(has_later=Exists(later.filter(reversal=None)))
    grouped = shown.values("image__content_type", "image__field_name", "sandbox", "decided_by", "kind", "reason")
    for row in grouped.annotate(**{f"of_{name}": Count("pk", filter=counts) for name, counts in MEASURES.items()}):
        rest = {"sandbox": row["sandbox"], "person_id": row["decided_by"], "code": row["reason"]}
        numbers: dict[str, Any] = {**row}
        for name in MEASURES:
            if number := numbers[f"of_{name}"]:
                yield row["image__content_type"], row["image__field_name"], name, number, rest
