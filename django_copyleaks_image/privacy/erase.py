"""Erases what is known of pictures because somebody asked for it, and says what was erased, what stays, and why.

Rows of scans stay without anything that names picture, object or person until nothing is counted from them, see
:mod:`.scanning.pruning`. What was decided stays if ``ERASE_KEEPS`` says so.
"""

import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.db.models.functions import Coalesce

from django_copyleaks_image import registry, standing_columns
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import (
    ImageScan,
    WatchedImage,
    WebhookReceipt,
    decisions,
    fitted_copies,
    home_database,
    images,
    receipts,
    renditions,
    results,
    scans,
)
from django_copyleaks_image.models.watched_image import digest_of
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.reviewing import people, placing
from django_copyleaks_image.scanning import clock, erasure, finishing, scan_requests
from django_copyleaks_image.scanning.counts import Counts
from django_copyleaks_image.setting_values import Kept
from django_copyleaks_image.standings import Standing
from django_copyleaks_image.transactions import atomically

from . import whose
from .whose import Target


@dataclass(kw_only=True, slots=True)
class Erasure(Counts):
    """What was erased, and what stays, in numbers."""

    pictures: int = 0
    scans: int = 0
    bodies: int = 0
    results: int = 0
    renditions: int = 0
    copies: int = 0
    notes: int = 0
    names: int = 0
    decisions_that_stay: int = 0
    hashes_that_stay: int = 0
    results_of_others: int = 0
    awaited_from_copyleaks: int = 0
    left_to_the_worker: int = 0
    files_that_are_still_there: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return what was erased, and what stays with the reason."""
        numbers = asdict(self)
        return {
            "erased": {name: number for name, number in numbers.items() if name not in _WHY},
            "stays": [{"what": it, "number": numbers[it], "why": why} for it, why in _WHY.items() if numbers[it]],
        }


_WHY = {
    "decisions_that_stay": "ERASE_KEEPS names them: what was decided, when and by whom, but not about which object.",
    "hashes_that_stay": "ERASE_KEEPS names them: the SHA-256 of the bytes, which is no picture.",
    "results_of_others": "Other pictures with the same bytes use them.",
    "awaited_from_copyleaks": "They were sent. What Copyleaks answers is noted as spent, and not kept.",
    "left_to_the_worker": "A callback waits to be judged, or a storage could not be reached: the worker goes on.",
    "files_that_are_still_there": "Their objects hold them, and say whose they are. They are not scanned again.",
}


def erase(instance: Model, field: str = "") -> Erasure:
    """Erase what is known of the pictures of an object, or of one ``field``, and return what that was.

    Nothing of the project itself is changed: an object that still holds its file counts as not measured from then on,
    and is not scanned until another file is saved or a scan is asked for.
    """
    if instance.pk is None:
        return Erasure()
    using = instance._state.db or home_database()
    return erase_all(whose.of_object(type(instance), instance.pk, field, using=using))


def erase_all(targets: Iterable[Target]) -> Erasure:
    """Erase what is known of pictures, each in a transaction of its own."""
    found = Erasure()
    for target in targets:
        found.add(_erase_picture(target))
    return found


def forget_person(person: Any) -> Erasure:
    """Erase that somebody was a moderator: their notes, and their name in all that they decided or were asked."""
    notes, names = people.forget(person, keeps_notes=Kept.NOTE in conf.ERASE_KEEPS)
    return Erasure(notes=notes, names=names)


def _erase_picture(target: Target) -> Erasure:
    severed = atomically(partial(_sever, target))
    if severed is None:
        return Erasure()
    of_picture, erased = severed
    while erasure.erase_of(of_picture.all()) == erasure.BATCH:
        pass
    erased.left_to_the_worker = of_picture.filter(erasure_due_at__isnull=False).count()
    return erased


def _sever(target: Target) -> tuple[Any, Erasure] | None:
    """Take from the rows of a picture what names it and its object; the rest is due then. None if nothing is known."""
    found = scans().filter(**target.columns)
    image = images().filter(**target.columns).select_related("scan").first()
    known = list(found.select_related("content_type").order_by("pk"))
    if not known and image is None:
        return None
    instance = _living(known[-1] if known else image)
    if instance is not None and _is_left_out_alone(known, image):
        return None
    pks, now = [scan.pk for scan in known], clock.now()
    of_picture = scans().filter(pk__in=pks)
    erased = _count(of_picture, pks, image)
    finishing.remove(found, Code.WITHDRAWN)
    # Nobody has this key: a text that every kind of key of a project can be compared with.
    token = f"-{secrets.randbelow(2**62) + 1}"
    of_picture.update(
        object_id=token, file_name="", erased_at=now, erasure_due_at=now, notified_at=Coalesce("notified_at", now)
    )
    if image is not None:
        _sever_image(image, token, erased)
    if instance is not None:
        erased.files_that_are_still_there = 1
        _leave_out(instance, target.field_name)
    return of_picture, erased


def _count(of_picture: Any, pks: list[int], image: WatchedImage | None) -> Erasure:
    result_pks = set(of_picture.values_list("result", flat=True)) - {None}
    of_others = results().filter(pk__in=result_pks, scans__in=scans().filter(erased_at=None).exclude(pk__in=pks))
    others = of_others.distinct().count()
    bodies = receipts().filter(scan__in=pks).exclude(body=WebhookReceipt.compress(b""))
    keeps = conf.ERASE_KEEPS
    return Erasure(
        pictures=1,
        scans=len(pks),
        bodies=bodies.count(),
        results=len(result_pks) - others,
        results_of_others=others,
        renditions=renditions().filter(scan__in=pks).count(),
        copies=fitted_copies().filter(scan__in=pks).count(),
        hashes_that_stay=of_picture.exclude(sha256="").count() if Kept.SHA256 in keeps else 0,
        awaited_from_copyleaks=of_picture.awaiting_result(clock.now()).count(),
        decisions_that_stay=decisions().filter(image=image).count() if image and Kept.DECISION in keeps else 0,
    )


def _sever_image(image: WatchedImage, token: str, erased: Erasure) -> None:
    placing.remove(images().filter(pk=image.pk))
    keeps = conf.ERASE_KEEPS
    no_hash: dict[str, Any] = {} if Kept.SHA256 in keeps else {"sha256": ""}
    images().filter(pk=image.pk).update(object_id=token, **no_hash)
    decided = decisions().filter(image=image.pk)
    if Kept.NOTE not in keeps:
        erased.notes = decided.exclude(note="").update(note="")
    if no_hash:
        decided.update(**no_hash)


def _living(row: Any) -> Any:
    """Return the object if it is watched and still holds a file, else None."""
    if registry.watched_field_of(row) is None:
        return None
    instance = row.target
    try:
        field = registry.picture_field(type(instance), row.field_name) if instance is not None else None
    except ImproperlyConfigured:
        return None
    return instance if field is not None and registry.stored_name(instance, field) else None


def _is_left_out_alone(known: list[ImageScan], image: WatchedImage | None) -> bool:
    """Return whether all that is known of a picture is that it is not to be scanned."""
    has_history = image is not None and (image.owner_key or decisions().filter(image=image.pk).exists())
    return len(known) == 1 and known[0].error_code == Code.WITHDRAWN and not known[0].sha256 and not has_history


def _leave_out(instance: Model, field_name: str) -> None:
    """Note that a file which is still there is not to be scanned: else it would be found, and sent once more."""
    scan_requests.withdraw_scan(instance, field_name)
    mark = scan_requests.latest_scan(instance, field_name)
    assert mark is not None
    images().create(
        content_type=mark.content_type,
        object_id=mark.object_id,
        field_name=mark.field_name,
        database=mark.database,
        file_name=mark.file_name,
        file_digest=digest_of(mark.file_name),
        scan=mark,
        standing=Standing.NOT_MEASURED,
        **standing_columns.due_of(mark),
    )
    standing_columns.write_after_commit(mark)
