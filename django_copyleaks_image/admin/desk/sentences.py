"""What the desk says in whole sentences: what happened meanwhile, how much waits, who is there, what was done."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.text import get_text_list
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_copyleaks_image.admin.facts import decider, person
from django_copyleaks_image.models import WatchedImage, decisions
from django_copyleaks_image.reviewing.blindness import tells_of_first_looks
from django_copyleaks_image.reviewing.decide import is_decidable
from django_copyleaks_image.reviewing.history import latest_judgement
from django_copyleaks_image.reviewing.queue import COUNTED
from django_copyleaks_image.reviewing.users import AnyUser
from django_copyleaks_image.standings import CHOICES, JUDGEMENTS, Kind, Queue, rule_of

# So many of the others at the desk are named.
_NAMED = 4


def gone() -> str:
    return _("This picture is no longer here. Nothing was changed.")


def not_at_the_desk() -> str:
    return _("This picture does not wait for you at the review desk.")


def replaced() -> str:
    return _("The picture was replaced or removed. Nothing was changed.")


def something_happened() -> str:
    return _("Something happened to this picture meanwhile. Nothing was changed.")


def meanwhile(image: WatchedImage, user: AnyUser, *, is_as_seen: bool, is_blind: bool) -> str:
    """Return why a decision came too late; ``is_as_seen`` says that nothing was decided since the user looked.

    ``is_blind`` says that the user must not hear what was decided.
    """
    if is_as_seen and image.claimed_by != user and image.is_held(timezone.now()):
        return _("%(person)s is looking at this picture. Nothing was changed.") % {"person": person(image.claimed_by)}
    if not is_decidable(image):
        return replaced()
    latest = latest_judgement(image)
    # Nobody is told that a picture is looked at twice: what nobody decided about is spoken of in the same words.
    if is_as_seen or is_blind or latest is None or image.queue == Queue.SECOND_LOOK:
        return something_happened()
    finished_at = image.scan and image.scan.finished_at
    if finished_at and latest.decided_at < finished_at:
        return _("The picture was scanned again meanwhile. Nothing was changed.")
    told = {"person": decider(latest), "when": ago(latest.decided_at)}
    return str(rule_of(latest.kind, latest.verdict).meanwhile) % told


def number_waiting(count: int, *, in_all: bool = False) -> str:
    """Return a count of :func:`~django_copyleaks_image.reviewing.queue.count`, such as ``12``.

    ``in_all`` says that it includes what the user may not see.
    """
    words = number_format(min(count, COUNTED), force_grouping=True)
    if count > COUNTED:
        words = _("more than %(count)s") % {"count": words}
    return _in_all(words) if in_all and count else words


def waiting(count: int, *, in_all: bool = False) -> str:
    """Return the count as a phrase, such as ``12 waiting``."""
    number = number_format(min(count, COUNTED), force_grouping=True)
    if count > COUNTED:
        words = _("more than %(count)s waiting") % {"count": number}
    else:
        words = ngettext("%(count)s waiting", "%(count)s waiting", count) % {"count": number}
    return _in_all(words) if in_all and count else words


def with_oldest(words: str, since: datetime | None) -> str:
    """Return a phrase about what waits with how long the oldest has, such as ``12 waiting, the oldest for 3 hours``."""
    if since is None or since + timedelta(minutes=1) > timezone.now():
        return words
    return _("%(waiting)s, the oldest for %(time)s") % {"waiting": words, "time": timesince(since, depth=1)}


def _in_all(words: str) -> str:
    # Translators: behind a number, which may include pictures that the reader may not see: "12 waiting in all".
    return _("%(number)s in all") % {"number": words}


def others(names: list[str]) -> str:
    """Return who else is at the desk, empty when nobody is."""
    if not names:
        return ""
    left_out = len(names) - _NAMED
    shown = names[:_NAMED]
    if left_out > 0:
        shown.append(ngettext("%(count)s other", "%(count)s others", left_out) % {"count": number_format(left_out)})
    listed = get_text_list(shown, _("and"))
    return ngettext("%(names)s is here too", "%(names)s are here too", len(names)) % {"names": listed}


def ago(moment: datetime) -> str:
    if moment + timedelta(minutes=1) > timezone.now():
        return _("a moment ago")
    return _("%(time)s ago") % {"time": timesince(moment, depth=1)}


class Row(NamedTuple):
    """How often something was decided."""

    label: str
    mine: str
    everybody: str


class Today(NamedTuple):
    """The decisions since midnight, local time, without those that were undone."""

    sentence: str
    rows: list[Row]


def today(user: AnyUser, *, sandbox: bool, secret: Q) -> Today:
    """Return what was done today by this person and by everybody, about real pictures or the sandbox's mocks.

    ``secret`` is a condition of pictures of whose decisions the person must not hear: a sum tells of its parts.
    """
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    decided = decisions().filter(decided_at__gte=midnight, reversal=None, sandbox=sandbox)
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
    judged = [both for kind, both in counts.items() if kind in JUDGEMENTS]
    mine, everybody = (sum(column) for column in zip(*judged, strict=True)) if judged else (0, 0)
    return Today(sentence=_thanks(mine, everybody), rows=rows)


def _thanks(mine: int, everybody: int) -> str:
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
