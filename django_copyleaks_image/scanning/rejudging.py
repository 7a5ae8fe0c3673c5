"""Thresholds were changed: today's are applied to what was measured before. Costs nothing, and touches no decision.

A threshold applies when a result comes; until somebody asks for this, what came earlier stays as it was judged. Each
picture is a transaction of its own, which names the version that was read, so it can be broken off and begun anew.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from django_copyleaks_image import notify, registry, signals, verdicts
from django_copyleaks_image.models import WatchedImage, account_row, images, scans
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.renditions import wanted
from django_copyleaks_image.reviewing import placing
from django_copyleaks_image.standings import BY_VERDICT, Standing
from django_copyleaks_image.transactions import atomically
from django_copyleaks_image.verdicts import Verdict

from . import account
from .isolation import isolated

logger = logging.getLogger(__name__)

BATCH = 500


class Change(NamedTuple):
    """What becomes of a picture: another verdict, and perhaps another side of the desk."""

    verdict: Verdict
    # None where it stays, or a person has decided.
    standing: Standing | None


class Changes:
    """How many pictures change, by field."""

    def __init__(self) -> None:
        self.by_field: dict[str, Counter[str]] = defaultdict(Counter)
        self.pictures = 0

    def count(self, image: WatchedImage, change: Change) -> None:
        self.pictures += 1
        label = f"{image.content_type.app_label}.{image.content_type.model}.{image.field_name}"
        if change.standing is not None:
            self.by_field[label][change.standing] += 1
        if change.verdict != image.verdict:
            self.by_field[label][change.verdict] += 1

    def __bool__(self) -> bool:
        return bool(self.pictures)


def preview() -> Changes:
    """Return what would change."""
    found = Changes()
    for image, change in _changing():
        found.count(image, change)
    return found


def ask() -> None:
    """Have the sweep judge anew what would change, some at a time."""
    account.state()
    account_row().update(rejudge_mark=0)


def carry_on() -> int:
    """Judge the next pictures anew if somebody has asked for it; return how many have changed."""
    mark = account.state().rejudge_mark
    if mark is None:
        return 0
    batch = _measured(after=mark)
    changed = 0
    for image in batch:
        if _change_of(image) is not None:
            with isolated("judge picture %s anew", image.pk):
                changed += atomically(partial(_rejudge, image.pk))
    # Unless it was asked for anew meanwhile.
    account_row().filter(rejudge_mark=mark).update(rejudge_mark=batch[-1].pk if batch else None)
    if not batch:
        logger.info("All earlier results were judged by the thresholds of today.", extra={"event": "rejudged"})
    return changed


def rejudge() -> Iterator[bool]:
    """Judge the pictures that would change anew; yield for each whether it has changed."""
    for image, _ in _changing():
        yield atomically(partial(_rejudge, image.pk))


def _changing() -> Iterator[tuple[WatchedImage, Change]]:
    """Yield the pictures that change, by ascending key."""
    last = 0
    while batch := _measured(after=last):
        last = batch[-1].pk
        for image in batch:
            if (change := _change_of(image)) is not None:
                yield image, change


def _measured(*, after: int) -> list[WatchedImage]:
    """Return the next pictures with a share that a threshold can be compared with."""
    measured = images().filter(verdict__in=(Verdict.PARTLY_AI, Verdict.MOSTLY_AI), removed_at=None, pk__gt=after)
    return list(measured.select_related("content_type").order_by("pk")[:BATCH])


def _change_of(image: WatchedImage) -> Change | None:
    if registry.watched_field_of(image) is None:
        return None
    policy = registry.options_of(image).policy
    verdict, needs_review = verdicts.judge(
        detected=image.verdict != Verdict.NO_AI, ai_ratio=image.ai_share, policy=policy
    )
    standing = Standing.FLAGGED if needs_review else Standing.CLEAN
    is_other = image.standing in BY_VERDICT and image.standing != standing
    if verdict == image.verdict and not is_other:
        return None
    return Change(verdict, standing if is_other else None)


def _rejudge(pk: int) -> bool:
    image = images().select_related("content_type", "scan__content_type").filter(pk=pk, removed_at=None).first()
    change = None if image is None or not image.verdict else _change_of(image)
    if image is None or change is None:
        return False
    scan = image.scan
    if scan is not None:
        is_heard = change.standing is not None and notify.is_heard(signals.scan_completed, scan)
        completed = scans().filter(pk=scan.pk, status=Status.COMPLETED)
        completed.update(verdict=change.verdict, **({"notified_at": None} if is_heard else {}))
        if is_heard:
            notify.after_commit(scan.pk)
    placing.judge_anew(image, change.verdict, change.standing)
    if scan is not None and change.standing == Standing.FLAGGED:
        wanted.ask_ahead(scan)
    return True
