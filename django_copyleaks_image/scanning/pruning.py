"""Removes what was kept long enough: receipts, and of deleted pictures all that is left of them; never the counts.

What a day was counted from goes once that day is counted for good, see :mod:`.days`: until then its rows stay.
"""

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Exists, OuterRef, Q

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import (
    Decision,
    DetectionResult,
    ImageScan,
    WatchedImage,
    WebhookReceipt,
    decisions,
    fitted_copies,
    images,
    receipts,
    renditions,
    results,
    scans,
)
from django_copyleaks_image.models.day import About, midnight
from django_copyleaks_image.models.receipt import WebhookReceiptQuerySet
from django_copyleaks_image.models.scan import FINISHED, LATE_RESULTS, UNFINISHED, ImageScanQuerySet
from django_copyleaks_image.models.watched_image import WatchedImageQuerySet
from django_copyleaks_image.setting_values import Kept
from django_copyleaks_image.transactions import atomically

from . import clock, days, paid_results
from .counts import Counts
from .isolation import isolated

logger = logging.getLogger(__name__)

BATCH = 200
# No row fulfils it.
_NEVER = Q(pk__in=())


@dataclass(kw_only=True, slots=True)
class Pruned(Counts):
    """How many rows were removed, or would be; and of how many pictures the hash was."""

    receipts: int = 0
    scans: int = 0
    results: int = 0
    images: int = 0
    decisions: int = 0
    hashes: int = 0

    def __bool__(self) -> bool:
        return any(asdict(self).values())


def prune(older_than: timedelta, *, batch: int = BATCH) -> Iterator[Pruned]:
    """Remove what is older than this, and yield what each batch was: whoever stops in between has lost nothing."""
    before = clock.now() - older_than
    while pruned := step(before, batch=batch):
        yield pruned


def prune_if_due() -> None:
    """Remove one batch of what is older than ``RETENTION_DAYS``, if that is set."""
    if conf.RETENTION_DAYS is None:
        return
    before, pruned = clock.now() - timedelta(days=conf.RETENTION_DAYS), Pruned()
    for remove in _STEPS:
        with isolated("remove what was kept for long enough"):
            pruned.add(atomically(partial(remove, before, BATCH)))
    if pruned:
        logger.info(
            "Kept for %s days, and removed now: %s.",
            conf.RETENTION_DAYS,
            asdict(pruned),
            extra={"event": "pruned", "days": conf.RETENTION_DAYS, "removed": asdict(pruned)},
        )


def step(before: datetime, *, batch: int = BATCH) -> Pruned:
    """Remove a batch of each kind, in transactions of their own; several processes may do so at once."""
    pruned = Pruned()
    for remove in _STEPS:
        pruned.add(atomically(partial(remove, before, batch)))
    return pruned


def would_prune(older_than: timedelta) -> Pruned:
    """Return what :func:`prune` would remove."""
    before = clock.now() - older_than
    ended = _ended_scans(before)
    used_elsewhere = scans().filter(result=OuterRef("pk")).exclude(pk__in=ended.values("pk"))
    gone = _ended_images(before, but=ended)
    of_scans = receipts().filter(scan__in=ended.values("pk"))
    return Pruned(
        receipts=(_old_receipts(before) | of_scans).distinct().count(),
        scans=ended.count(),
        results=results().filter(scans__in=ended.values("pk")).exclude(Exists(used_elsewhere)).distinct().count(),
        images=gone.count(),
        decisions=decisions().filter(image__in=gone.values("pk")).count(),
        hashes=_with_hashes(before).count(),
    )


def held_back(older_than: timedelta) -> int:
    """Return how many scans of pictures deleted so long ago stay for now: mostly until their days are counted."""
    before = clock.now() - older_than
    return scans().filter(removed_at__lt=before).count() - _ended_scans(before).count()


def _old_receipts(before: datetime) -> WebhookReceiptQuerySet:
    old = receipts().filter(received_at__lt=before).exclude(scan__status__in=UNFINISHED)
    # A late result waits to be judged although its scan counts as failed.
    return old.exclude(pk__in=paid_results.unjudged_receipts().values("pk"))


def _remove_receipts(before: datetime, batch: int) -> Pruned:
    pks = list(_old_receipts(before).order_by("received_at").values_list("pk", flat=True)[:batch])
    return Pruned(receipts=_delete_receipts(pks))


def _delete_receipts(pks: list[int]) -> int:
    results().filter(receipt__in=pks).update(receipt=None)
    return _deleted(WebhookReceipt, receipts().filter(pk__in=pks).delete())


def _ended_scans(before: datetime) -> ImageScanQuerySet:
    """Return the scans of deleted pictures for which nothing is to come, and which nothing counts any more."""
    asked_for, spent = (days.counted_for_good_before(about) for about in (About.SCANS, About.CREDITS))
    if asked_for is None:
        return scans().none()
    is_counted = Q(created_at__lt=midnight(asked_for))
    is_counted &= Q(spent_on=None) | (_NEVER if spent is None else Q(spent_on__lt=spent))
    may_come_late = Q(may_have_arrived=True, result=None, finished_at__gt=clock.now() - LATE_RESULTS)
    found = scans().filter(
        is_counted,
        removed_at__lt=before,
        status__in=FINISHED,
        erasure_due_at=None,
        pay_key=None,
        budget_day=None,
        duplicates_due_at=None,
        notified_at__isnull=False,
    )
    # What was drawn has files, of which only these rows know.
    kept = (fitted_copies(), renditions(), paid_results.unjudged_receipts())
    return found.exclude(may_come_late).exclude(
        Q(*(Exists(rows.filter(scan=OuterRef("pk"))) for rows in kept), _connector=Q.OR)
    )


def _remove_scans(before: datetime, batch: int) -> Pruned:
    ended = list(_ended_scans(before).order_by("removed_at").values_list("pk", "result")[:batch])
    pks, result_pks = [pk for pk, _ in ended], {result for _, result in ended} - {None}
    of_scans = list(receipts().filter(scan__in=pks).values_list("pk", flat=True))
    pruned = Pruned(receipts=_delete_receipts(of_scans))
    pruned.scans = _deleted(ImageScan, scans().filter(pk__in=pks).delete())
    unused = results().filter(~Exists(scans().filter(result=OuterRef("pk"))), pk__in=result_pks)
    pruned.results = _deleted(DetectionResult, unused.delete())
    return pruned


def _ended_images(before: datetime, *, but: ImageScanQuerySet | None = None) -> WatchedImageQuerySet:
    """Return the deleted pictures of which nothing is left ``but`` these scans, and nothing is to stay."""
    target = {name: OuterRef(name) for name in ("content_type", "object_id", "field_name")}
    left = scans().filter(**target) if but is None else scans().filter(**target).exclude(pk__in=but.values("pk"))
    decided = decisions().filter(image=OuterRef("pk"))
    if Kept.DECISION not in conf.ERASE_KEEPS:
        counted = days.counted_for_good_before(About.DECISIONS)
        decided = decided if counted is None else decided.filter(decided_at__gte=midnight(counted))
    return images().filter(~Exists(left), ~Exists(decided), removed_at__lt=before, column_due_at=None)


def _remove_images(before: datetime, batch: int) -> Pruned:
    pks = list(_ended_images(before).order_by("removed_at").values_list("pk", flat=True)[:batch])
    by_model = images().filter(pk__in=pks).delete()
    return Pruned(images=_deleted(WatchedImage, by_model), decisions=_deleted(Decision, by_model))


def _with_hashes(before: datetime) -> WatchedImageQuerySet:
    """Return the deleted pictures whose decisions stay, but whose hashes do not."""
    if Kept.SHA256 in conf.ERASE_KEEPS:
        return images().none()
    named = decisions().filter(image=OuterRef("pk")).exclude(sha256="")
    return images().filter(~Q(sha256="") | Exists(named), removed_at__lt=before)


def _forget_hashes(before: datetime, batch: int) -> Pruned:
    pks = list(_with_hashes(before).order_by("removed_at").values_list("pk", flat=True)[:batch])
    decisions().filter(image__in=pks).update(sha256="")
    return Pruned(hashes=images().filter(pk__in=pks).update(sha256=""))


def _deleted(model: type[Any], by_model: tuple[int, dict[str, int]]) -> int:
    return by_model[1].get(model._meta.label, 0)


# What is left of a picture goes after its scans.
_STEPS = (_remove_receipts, _remove_scans, _remove_images, _forget_hashes)
