"""A saved file becomes a queued scan: one INSERT, no network, no file read."""

import hashlib
import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connections, transaction
from django.db.models import Model, Q, Subquery
from django.utils import timezone

from django_copyleaks_image import registry, tenants
from django_copyleaks_image.dispatch import Wake, wake_after_commit, wake_elsewhere_after_commit
from django_copyleaks_image.models import ImageScan, home_database, images, scans
from django_copyleaks_image.models.scan import UNFINISHED, ImageScanQuerySet, Lane, reason_columns
from django_copyleaks_image.models.watched_image import WatchedImageQuerySet
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.reviewing import placing
from django_copyleaks_image.transactions import atomically
from django_copyleaks_image.watched_fields import Watched, WatchedField, WatchedSeveral

from . import arrival, finishing, owner_changes

logger = logging.getLogger(__name__)


# Of scans that say that the site does not want a file.
LEFT_OUT = (Code.NOT_WANTED, Code.WITHDRAWN)


class _Newest(NamedTuple):
    """What every save must know of the newest scan: columns, since a model instance would cost as much again."""

    status: str
    file_name: str
    error_code: str
    # Of the picture, where the project says who owns it.
    owner_key: str | None = None


_COLUMNS = ("status", "file_name", "error_code")


def request_scan(instance: Model, field: str, *, force: bool = False) -> ImageScan:
    """Queue a scan of a stored file and return it, or return the unfinished one of the same file.

    A result that exists for the same bytes is shared instead of paid; ``force`` pays again on purpose, and once only
    however often it is asked before that scan has ended. Until there is a result, what was measured and decided about
    the file goes on counting.
    Raises ValueError when there is no stored file, ImproperlyConfigured when the field holds none.
    """
    return repeat_scan(instance, field, force=force).scan


class Repetition(NamedTuple):
    """A scan that was asked for, and whether it is a new one."""

    scan: ImageScan
    is_new: bool


def repeat_scan(
    instance: Model, field: str, *, force: bool, seen: int | None = None, lane: Lane = Lane.AGAIN
) -> Repetition:
    """Queue a scan as :func:`request_scan` does, and tell whether there was none already.

    One that waits in a later lane moves to this one. ``seen`` is the key of the newest scan of the target that the
    asking person knew of, 0 for none: whoever asks twice about the same has asked once, also when the scan has ended
    meanwhile.
    """
    picture_field = registry.picture_field(type(instance), field)
    owner = registry.owner_of(picture_field)
    name = registry.stored_name(instance, picture_field)
    if instance.pk is None or not name:
        raise ValueError(f"{owner._meta.label}.{field} of this object holds no stored file: save it first.")
    using = instance._state.db or home_database()
    target = target_of(owner, instance, field, using=using)
    if force and seen is None:
        # Before the unfinished one is looked for: a scan that somebody queues in between was not seen.
        seen = scans().for_target(**target).order_by("-pk").values_list("pk", flat=True).first()
    of_file = scans().for_target(**target).filter(file_name=name).order_by("-pk")
    matters = of_file.unfinished().filter(forced=True) if force else of_file.unfinished()
    waiting = matters.first()
    if waiting is not None:
        if waiting.lane > lane:
            atomically(lambda: scans().filter(pk=waiting.pk, lane__gt=lane).update(lane=lane))
        return Repetition(waiting, is_new=False)
    scan = ImageScan(**target, file_name=name, database=using, forced=force, repeated=True, lane=lane)
    if not force:
        atomically(lambda: queue(scan, Code.FILE_REPLACED))
        return Repetition(scan, is_new=True)
    scan.idempotency_key = _idempotency_key(target, seen or 0)
    try:
        atomically(lambda: queue(scan, Code.SCANNED_AGAIN))
    except IntegrityError:
        # Somebody else asked for the same first; whoever comes second has waited for the first one's commit.
        first = scans().filter(idempotency_key=scan.idempotency_key).first()
        if first is None:
            raise
        return Repetition(first, is_new=False)
    return Repetition(scan, is_new=True)


def _idempotency_key(target: dict[str, Any], seen: int) -> str:
    content_type, *names = target.values()
    return hashlib.sha256(repr((content_type.pk, *names, seen)).encode()).hexdigest()


def latest_scan(instance: Model, field: str) -> ImageScan | None:
    """Return the newest scan of an object's field, None when there is none."""
    owner = registry.owner_of(registry.picture_field(type(instance), field))
    if instance.pk is None:
        return None
    target = target_of(owner, instance, field, using=instance._state.db or home_database())
    return scans().for_target(**target).with_result().order_by("-pk").first()


def file_saved(watched: WatchedField, instance: Model, *, created: bool, written: bool, using: str) -> bool:
    """Queue a scan when a save changed the file; whatever goes wrong here, the upload goes on.

    ``written`` tells that bytes were written, which a name comparison cannot see when they keep their name. Returns
    False when something went wrong.
    """
    return _without_spoiling_the_save(
        f"queue a scan of {watched.label} {instance.pk}",
        lambda: _follow(watched, instance, created=created, written=written, using=using),
    )


def _follow(watched: WatchedField, instance: Model, *, created: bool, written: bool, using: str) -> None:
    named = watched.class_of(type(instance))
    if created and named is None:
        return
    name = registry.stored_name(instance, watched.field) or ""
    target = target_of(watched.owner, instance, watched.name, using=using)
    latest = None
    # A new key has no earlier scan: looking for one would nearly double the cost of the save.
    if not created:
        latest = _newest_of_owner(watched, instance, target, using=using)
        if latest is None and named is None:
            # Saved as less than a watched class, and nothing says that it is one: reconciliation finds those that are.
            return
    if latest is not None and not written and not watched.has_rules and _says_all(name, latest):
        return
    if not name:
        if latest is not None:
            _with_the_media(lambda: finishing.remove(scans().for_target(**target), Code.FILE_REMOVED), using=using)
        return
    # A new object is what it is saved as: to look whether it is more would cost as much as the scan.
    if not (named.options.want(instance) if created and named else is_wanted(watched, instance)):
        if latest is not None and (written or not _is_left_out(name, by=latest)):
            left_out = ImageScan(**target, file_name=name, database=using, **_ended_with(Code.NOT_WANTED))
            is_other = written or latest.file_name != name
            reason = Code.FILE_REPLACED if is_other else Code.NOT_WANTED
            _with_the_media(lambda: _leave_out(left_out, reason), using=using)
    elif latest is None or written or not _says_all(name, latest):
        scan = ImageScan(**target, file_name=name, database=using)
        _with_the_media(lambda: queue(scan, "" if latest is None else Code.FILE_REPLACED), using=using)


def owner_changed(watched: WatchedField, instance: Model, *, using: str) -> None:
    """Note whose a picture is after a save that has not written the file."""

    def follow() -> None:
        target = target_of(watched.owner, instance, watched.name, using=using)
        _follow_the_owner(watched, instance, images().for_target(**target), using=using)

    _without_spoiling_the_save(f"note whose {watched.label} {instance.pk} is", follow)


def _follow_the_owner(
    watched: Watched | WatchedField,
    instance: Model,
    pictures: WatchedImageQuerySet,
    *,
    using: str,
    stored: Iterable[str | None] | None = None,
) -> None:
    owner = owner_changes.changed_owner(watched, instance, pictures, stored=stored)
    if owner is not None:
        _with_the_media(lambda: owner_changes.note(owner, pictures), using=using)


def _newest_of_owner(watched: WatchedField, instance: Model, target: dict[str, Any], *, using: str) -> _Newest | None:
    """Return the newest scan of a target, and note whose the picture is, for the price of one SELECT."""
    of_target = scans().for_target(**target)
    if not watched.names_owner:
        return _newest(of_target)
    pictures = images().for_target(**target)
    latest = _newest(of_target, beside=[owner_changes.stored_key(pictures)])
    if latest is not None:
        _follow_the_owner(watched, instance, pictures, using=using, stored=[latest.owner_key])
    return latest


def rule_changed(watched: WatchedField, instance: Model, *, using: str) -> None:
    """Ask the project's ``when=`` once more, after a save that has not written the file.

    What the instance holds may not be stored, so this is about the file that was seen last.
    """
    _without_spoiling_the_save(
        f"ask when= of {watched.label} {instance.pk}", lambda: _follow_the_rule(watched, instance, using=using)
    )


def _follow_the_rule(watched: WatchedField, instance: Model, *, using: str) -> None:
    target = target_of(watched.owner, instance, watched.name, using=using)
    latest = _newest(scans().for_target(**target))
    if latest is None or not latest.file_name or latest.error_code == Code.WITHDRAWN:
        return
    was_wanted = latest.error_code != Code.NOT_WANTED
    if is_wanted(watched, instance) == was_wanted:
        return
    columns = {**target, "file_name": latest.file_name, "database": using}
    if was_wanted:
        left_out = ImageScan(**columns, **_ended_with(Code.NOT_WANTED))
        _with_the_media(lambda: _leave_out(left_out, Code.NOT_WANTED), using=using)
    else:
        _with_the_media(lambda: queue(ImageScan(**columns), Code.FILE_REPLACED), using=using)


def several_saved(watched: WatchedSeveral, instance: Model, *, created: bool, using: str) -> None:
    """Queue a scan for each of an object's pictures that a save changed; whatever goes wrong, the upload goes on."""

    def follow() -> None:
        names = watched.source.names_in(instance)
        known = {} if created else _newest_of_several(watched, instance, using=using)
        for key in dict.fromkeys((*names, *known)):
            name, latest = names.get(key, ""), known.get(key)
            # Of one that has no scan yet, none has to be looked for.
            if latest is None or ((name or latest.file_name) and not covers(name, by=latest)):
                _follow(watched.at(key), instance, created=latest is None, written=False, using=using)
        if watched.names_owner and not created:
            target = target_of(watched.owner, instance, "", using=using)
            of_object = images().filter(content_type=target["content_type"], object_id=target["object_id"])
            _follow_the_owner(watched, instance, of_object.filter(watched.is_about()), using=using)

    _without_spoiling_the_save(f"queue scans of {watched.label} {instance.pk}", follow)


def several_deleted(watched: WatchedSeveral, instance: Model, *, using: str) -> None:
    """Supersede what is unfinished for the pictures of an object that was deleted."""

    def forget() -> None:
        for key in _newest_of_several(watched, instance, using=using):
            object_deleted(watched.at(key), instance, using=using)

    _without_spoiling_the_save(f"remove the scans of {watched.label} {instance.pk}", forget)


def _newest_of_several(watched: WatchedSeveral, instance: Model, *, using: str) -> dict[str, _Newest]:
    """Return the newest scan of each picture that an object has had, by its key."""
    target = target_of(watched.owner, instance, "", using=using)
    of_object = scans().filter(watched.is_about(), content_type=target["content_type"], object_id=target["object_id"])
    rows = of_object.order_by("pk").values_list("field_name", *_COLUMNS)
    return {name.removeprefix(watched.stored_as): _Newest(*columns) for name, *columns in rows}


def object_deleted(watched: WatchedField, instance: Model, *, using: str) -> None:
    """Supersede what is unfinished for an object that was deleted, and forget what identifies the picture."""

    def forget() -> None:
        target = target_of(watched.owner, instance, watched.name, using=using)
        _with_the_media(lambda: finishing.remove(scans().for_target(**target), Code.FILE_REMOVED), using=using)

    _without_spoiling_the_save(f"remove the scans of {watched.label} {instance.pk}", forget)


def is_wanted(watched: WatchedField, instance: Model) -> bool:
    """Return whether the object is of a watched class, and the project's ``when=`` for it wants its file scanned."""
    governed = watched.governed(instance)
    return governed is not None and governed.options.want(governed.instance)


def target_of(owner: type[Model], instance: Model, field_name: str, *, using: str) -> dict[str, Any]:
    """Return the columns that name the scanned field: the concrete owner and its key in database form."""
    key = getattr(instance, owner._meta.pk.attname)
    content_type = ContentType.objects.db_manager(home_database()).get_for_model(owner)
    return {
        "content_type": content_type,
        "object_id": object_id_of(owner, key, using=using),
        "field_name": field_name,
    }


def object_id_of(owner: type[Model], key: Any, *, using: str) -> str:
    """Return a key in database form."""
    return str(owner._meta.pk.get_db_prep_value(key, connections[using]))


def queue(scan: ImageScan, supersede_reason: str = "", *, wake: Wake = wake_after_commit) -> None:
    """Insert a scan, supersede the unfinished ones before it if a reason is given, and wake the dispatcher."""
    home = home_database()
    scan.save(using=home, force_insert=True)
    if supersede_reason:
        _take_the_place_of_older(scan, supersede_reason)
    wake(scan.scan_id, using=home)


def _take_the_place_of_older(scan: ImageScan, reason: str) -> None:
    """End what is unfinished about the file that a scan's file replaces; its picture waits for this scan now."""
    older = scans().same_target(scan).filter(pk__lt=scan.pk)
    if scan.is_rescan:
        # What may be paid of the same file is not thrown away.
        older = older.exclude(file_name=scan.file_name, may_have_arrived=True)
    finishing.supersede(older, reason)
    placing.await_scan(scan)


def _newest(target_scans: ImageScanQuerySet, *, beside: Iterable[Subquery] = ()) -> _Newest | None:
    row = target_scans.order_by("-pk").values_list(*_COLUMNS, *beside).first()
    return None if row is None else _Newest(*row)


def withdraw_scan(instance: Model, field: str) -> bool:
    """Take back the picture of an object: it is not sent, and nobody is asked about it; return whether it was there.

    A scan that waits ends unpaid; the result of one that was sent already is not applied. The picture counts as not
    measured until another file is saved, or :func:`request_scan` is called. Raises ImproperlyConfigured when the field
    holds no file.
    """
    picture_field = registry.picture_field(type(instance), field)
    name = registry.stored_name(instance, picture_field)
    if instance.pk is None or not name:
        return False
    using = instance._state.db or home_database()
    target = target_of(registry.owner_of(picture_field), instance, field, using=using)
    left_out = ImageScan(**target, file_name=name, database=using, **_ended_with(Code.WITHDRAWN))
    atomically(lambda: _leave_out(left_out, Code.WITHDRAWN))
    return True


def _is_left_out(file_name: str, *, by: _Newest) -> bool:
    """Return whether the newest scan of a target says already that the site does not want this file."""
    return by.file_name == file_name and by.error_code in LEFT_OUT


def _says_all(name: str, latest: _Newest) -> bool:
    """Return whether a save of an object need do nothing about its file.

    A scan may have ended because there was no file yet: a save asks no storage whether there is one now.
    """
    found_no_file = latest.status == ImageScan.Status.SKIPPED and latest.error_code in arrival.MISSING
    return covers(name, by=latest) and not found_no_file


def _leave_out(scan: ImageScan, reason: Code) -> None:
    """Store that the project does not want a file: for this reason what is unfinished ends, and nobody is asked."""
    with transaction.atomic(using=home_database()):
        scan.save(using=home_database(), force_insert=True)
        _take_the_place_of_older(scan, reason)


def _ended_with(code: Code) -> dict[str, Any]:
    now = timezone.now()
    ended = {"finished_at": now, "notified_at": now, "next_attempt_at": None}
    return {"status": ImageScan.Status.SKIPPED, **reason_columns(code), **ended}


def is_refused_by_rule(scan: ImageScan, instance: Callable[[], Model]) -> bool:
    """Return whether the project's ``when=`` does not want the picture of a scan any more.

    It is not asked where somebody has asked for this very scan, nor is the object read where there is no rule.
    """
    if scan.forced or scan.repeated:
        return False
    watched = registry.watched_field_of(scan)
    return watched is not None and watched.has_rules and not is_wanted(watched, instance())


def take_back(scan: ImageScan) -> bool:
    """Leave out the file of a scan that the project's ``when=`` does not want any more; return False if that was done.

    For what no save has told of.
    """
    if _is_followed(scan):
        return False
    left_out = ImageScan(**_columns_of_target(scan), **_ended_with(Code.NOT_WANTED))
    atomically(lambda: _leave_out(left_out, Code.NOT_WANTED))
    return True


def _columns_of_target(scan: ImageScan) -> dict[str, Any]:
    names = ("content_type", "object_id", "field_name", "file_name", "database")
    return {name: getattr(scan, name) for name in names}


def bytes_changed(scan: ImageScan) -> bool:
    """Queue the other bytes that a file was found to hold under the same name; return False if somebody has.

    What was found before says nothing about them: an unfinished scan is superseded, a measured picture waits again.
    """
    successor = ImageScan(
        **_columns_of_target(scan),
        lane=scan.lane,
        idempotency_key=hashlib.sha256(f"other bytes than those of {scan.scan_id}".encode()).hexdigest(),
    )
    if _is_followed(scan):
        return False
    try:
        atomically(lambda: queue(successor, Code.FILE_REPLACED, wake=wake_elsewhere_after_commit))
    except IntegrityError:
        return False
    return True


def _is_followed(scan: ImageScan) -> bool:
    """Return whether a newer scan of the target is about what its file holds now, or finds that out."""
    newer = scans().same_target(scan).filter(pk__gt=scan.pk)
    return newer.filter(Q(status__in=UNFINISHED) | Q(forced=False, repeated=False, resubmission_of=None)).exists()


def covers(file_name: str, *, by: Any) -> bool:
    """Return whether the newest scan of a target, or its columns, says all that is to be said about a file."""
    says_nothing = by.status == ImageScan.Status.SUPERSEDED or by.error_code == Code.NOT_WANTED
    return bool(by.file_name == file_name and not says_nothing)


def _with_the_media(write: Any, *, using: str) -> None:
    """Write in the media's transaction; two databases share none, so there the scan follows the commit."""
    if using == home_database():
        write()
    else:
        tenants.after_commit(write, using=using)


def _without_spoiling_the_save(what: str, work: Callable[[], None]) -> bool:
    """Log what goes wrong, a database error or a ``when=`` that raises: reconciliation looks at the file again.

    Inside a transaction a failed statement would spoil it for the project, hence the savepoint. Returns False when
    something went wrong.
    """
    home = home_database()
    try:
        if connections[home].in_atomic_block:
            with transaction.atomic(using=home):
                work()
        else:
            work()
    except Exception:
        logger.exception("Could not %s; the save goes on.", what, extra={"event": "save_not_followed", "step": what})
        return False
    return True
