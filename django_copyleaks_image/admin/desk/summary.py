"""What the desk shows when nothing waits: what was done today, and by whom."""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_copyleaks_image.models import decisions
from django_copyleaks_image.models.decision import Kind
from django_copyleaks_image.reviewing.blindness import tells_of_first_looks
from django_copyleaks_image.reviewing.decide import CHOICES
from django_copyleaks_image.reviewing.users import AnyUser


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """How often something was decided."""

    label: str
    mine: str
    everybody: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Today:
    """The decisions since midnight, local time, without those that were undone."""

    sentence: str
    rows: list[Row]


def today(user: AnyUser, *, sandbox: bool, secret: Q) -> Today:
    """Return what was done today by this person and by everybody, about real pictures or the sandbox's mocks.

    ``secret`` is a condition of scans of whose decisions the person must not hear: a sum tells of its parts.
    """
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    decided = decisions().filter(decided_at__gte=midnight, reversal=None, scan__sandbox=sandbox)
    decided = decided.exclude(tells_of_first_looks(secret))
    counts = {
        kind: (mine, everybody)
        for kind, mine, everybody in decided.exclude(kind=Kind.UNDONE)
        .order_by()
        .values_list("kind")
        .annotate(mine=Count("pk", filter=Q(decided_by=user)), everybody=Count("pk"))
    }
    rows = [
        Row(label=str(kind.label), mine=number_format(counts[kind][0]), everybody=number_format(counts[kind][1]))
        for kind in CHOICES
        if kind in counts
    ]
    judged = [both for kind, both in counts.items() if kind != Kind.SKIPPED]
    mine, everybody = (sum(column) for column in zip(*judged, strict=True)) if judged else (0, 0)
    return Today(sentence=_sentence(mine, everybody), rows=rows)


def _sentence(mine: int, everybody: int) -> str:
    if mine:
        words = ngettext(
            "You have decided about %(count)s picture today. Thank you!",
            "You have decided about %(count)s pictures today. Thank you!",
            mine,
        )
        return words % {"count": number_format(mine)}
    if everybody:
        words = ngettext(
            "Others have decided about %(count)s picture today.",
            "Others have decided about %(count)s pictures today.",
            everybody,
        )
        return words % {"count": number_format(everybody)}
    return _("Nothing was decided today.")
