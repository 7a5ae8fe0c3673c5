"""The same bytes elsewhere: what of them waits for the same person, and what was decided about the others.

Nobody who is to take a second look at any of them hears what was decided about one: the bytes are the same.
"""

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_copyleaks_image.admin.facts import decider
from django_copyleaks_image.models import WatchedImage, decisions, images
from django_copyleaks_image.standings import DECIDED, JUDGEMENTS, Queue, Standing

from .sentences import ago

if TYPE_CHECKING:
    from .queues import Desk

# So many others are looked at.
_MOST = 50


class Copies(NamedTuple):
    """Pictures of the same bytes as another: those that wait for the user, and what is said of all."""

    waiting: list[WatchedImage]
    sentences: list[str]


def copies_of(desk: "Desk", image: WatchedImage, *, is_blind: bool) -> Copies:
    """Return the copies of a picture that the user may see; ``is_blind`` says that it is a second look of theirs."""
    if not image.sha256:
        return Copies(waiting=[], sentences=[])
    same = images().filter(sha256=image.sha256, sandbox=image.sandbox, removed_at=None).exclude(pk=image.pk)
    found = list(same.exclude(standing=Standing.WAITING).with_scan().order_by("pk")[: _MOST + 1])
    if not found:
        return Copies(waiting=[], sentences=[])
    is_secret = same.filter(desk.access.secret()).exists() or is_blind
    desk.access.disguise(found)
    targets = desk.access.targets(found)
    seen = [it for it in found[:_MOST] if targets[it.pk].visible and targets[it.pk].holds_file]
    waiting = [
        it
        for it in seen
        if it.queue not in (Queue.NONE, Queue.SECOND_LOOK) and desk.may_decide(it, targets[it.pk], queue=it.queue)
    ]
    # Asked in any case: how long a page takes must not tell that there is something to keep secret.
    told = _decided(image, [it for it in seen if it not in waiting and it.standing in DECIDED])
    sentences = [*_waiting(len(waiting)), *([] if is_secret else told)]
    if sentences and len(found) > _MOST:
        words = _("There are more than %(count)s copies; these are the first.")
        sentences.append(words % {"count": number_format(_MOST)})
    return Copies(waiting=waiting, sentences=sentences)


def _waiting(count: int) -> list[str]:
    if not count:
        return []
    words = ngettext("%(count)s more copy waits.", "%(count)s more copies wait.", count)
    return [words % {"count": number_format(count)}]


def _decided(image: WatchedImage, decided: list[WatchedImage]) -> list[str]:
    """Return how often the same was decided about copies, and by whom at last."""
    standings = Counter(it.standing for it in decided)
    judgements = decisions().filter(
        image__in=[it.pk for it in decided], sha256=image.sha256, kind__in=JUDGEMENTS, reversal=None
    )
    latest = {it.leaves: it for it in judgements.select_related("decided_by", "acted_by").order_by("pk")}
    sentences = []
    for standing, count in standings.most_common():
        last = latest.get(Standing(standing))
        named = next(it for it in decided if it.standing == standing).get_standing_display()
        told = {"standing": named, "count": number_format(count)}
        if last is None:
            sentences.append(_("%(standing)s: %(count)s.") % told)
        else:
            words = _("%(standing)s: %(count)s, the last by %(person)s %(when)s.")
            sentences.append(words % {**told, "person": decider(last), "when": ago(last.decided_at)})
    return sentences
