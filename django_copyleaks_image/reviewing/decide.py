"""A person decides, skips, or undoes: one compare-and-set UPDATE, and one row more in the log."""

import random
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django.db import IntegrityError
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from django_copyleaks_image import notify, standing_columns
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import Decision, WatchedImage, days, decisions, home_database, images
from django_copyleaks_image.models.day import About, day_of
from django_copyleaks_image.standings import (
    CHOICES,
    DECIDED_FOR_GOOD,
    FINAL,
    FOR_A_PERSON,
    KINDS,
    SILENT,
    Kind,
    Queue,
    Seen,
    Standing,
    choices_in,
)
from django_copyleaks_image.transactions import atomically

from .blindness import awaits_second_look_by
from .claims import FREE, free_for
from .history import assignee_before, history_of, is_about, latest_judgement
from .reasons import why_refused
from .users import AnyUser

NOTE_LENGTH = 2_000


class Refused(Exception):
    """A decision that is not possible; the text is for people."""


class Stale(Refused):
    """Something happened since the person saw the picture; nothing was changed.

    ``image`` is as it is now, ``latest`` the last decision about it, None when there is none.
    """

    def __init__(self, image: WatchedImage) -> None:
        self.image = image
        self.latest = history_of(image).first()
        super().__init__(_("Something happened to this picture meanwhile."))


class _Moved(Exception):
    """The review is not what was read before: roll back."""


def decide(
    image_pk: int,
    *,
    user: AnyUser,
    kind: Kind,
    version: int,
    reason: str = "",
    note: str = "",
    seconds: float | None = None,
    batch: UUID | None = None,
    seen: Seen = Seen.NOT_SAID,
    assigned_to: AnyUser | None = None,
    acted_by: AnyUser | None = None,
) -> Decision:
    """Decide about a picture as it was seen at ``version``, for ``seconds``, and return the decision.

    What is decided as one ``batch`` can be undone as one. What is escalated may be ``assigned_to`` somebody,
    with a note. ``acted_by`` is who sits there in the user's place.

    Raises :class:`Stale` when the picture has changed since or somebody else holds it, and :class:`Refused` for a kind
    or a reason that is not possible.
    """
    if kind not in CHOICES:
        raise Refused(_("This is no decision."))
    if why_not := why_refused(kind, reason, note):
        raise Refused(why_not)
    if why_not := _why_not_assigned(kind, assigned_to, note):
        raise Refused(why_not)
    image = _read(image_pk)
    if not is_decidable(image) or (kind == Kind.SKIPPED and not image.queue):
        raise Stale(image)
    if kind not in choices_in(image.queue):
        is_escalated = image.queue == Queue.ESCALATED
        raise Refused(_("The picture is escalated already.") if is_escalated else _("The picture is not escalated."))
    is_second_look = image.queue == Queue.SECOND_LOOK
    if is_second_look and not images().filter(awaits_second_look_by(user), pk=image.pk).exists():
        raise Refused(_("The second look is somebody else's. You can undo your own decision."))
    given = KINDS[kind].standing
    agrees = given == image.standing if is_second_look and kind in FINAL else None
    return _record(
        image,
        user,
        version,
        _after(image, kind) | ({"assigned_to": assigned_to} if kind in FOR_A_PERSON else {}),
        kind=kind,
        assigned_to=assigned_to,
        acted_by=acted_by,
        reason=reason,
        note=note.strip()[:NOTE_LENGTH],
        agrees=agrees,
        seconds=_looked_at(image, seconds),
        batch=batch,
        seen=seen,
    )


def undo(decision_pk: int, *, user: AnyUser, acted_by: AnyUser | None = None) -> Decision:
    """Undo a decision of the user's own as long as it is the last one, and return the reversal.

    Raises :class:`Stale` when something has happened since, :class:`Refused` when it is not the user's.
    """
    decision = decisions().select_related("image__content_type", "image__scan").get(pk=decision_pk)
    if not _is_own(decision, user):
        raise Refused(_("Only the person who decided can undo a decision."))
    image = decision.image
    if not _stands(decision, image):
        raise Stale(image)
    restored: dict[str, Any] = {}
    if decision.kind != Kind.SKIPPED:
        restored = {"standing": decision.before, "queue": decision.queue, "queued_at": decision.queued_at}
        restored["assigned_to"] = assignee_before(decision)
    try:
        return _record(image, user, image.version, restored, kind=Kind.UNDONE, reverses=decision, acted_by=acted_by)
    except IntegrityError:  # Undone by another request at the same moment: only one reversal can name it.
        raise Stale(_read(image.pk)) from None


def leave_note(image_pk: int, *, user: AnyUser, note: str, acted_by: AnyUser | None = None) -> Decision:
    """Leave a note about a picture without deciding anything; raise :class:`Refused` when there is none of either."""
    text = note.strip()[:NOTE_LENGTH]
    if not text:
        raise Refused(_("Write the note first."))
    image = _read(image_pk)
    if not is_decidable(image):
        raise Stale(image)
    return _append(image, user, kind=Kind.NOTED, note=text, acted_by=acted_by)


def own_last_decision(image: WatchedImage, user: AnyUser) -> Decision | None:
    """Return the last decision about a picture if it is the user's own and :func:`undo` finds nothing against it."""
    decision = latest_judgement(image)
    return decision if decision is not None and _is_own(decision, user) and _stands(decision, image) else None


def undoable_among(listed: Iterable[Decision], user: AnyUser) -> set[int]:
    """Return the keys of the user's own decisions against which :func:`undo` finds nothing, with one query.

    The rows come with their pictures and reversals.
    """
    own = [it for it in listed if _is_own(it, user) and is_decidable(it.image) and is_about(it, it.image)]
    own = [it for it in own if not hasattr(it, "reversal")]
    last: dict[tuple[int, str], int] = {}
    if own:
        decided = decisions().filter(image__in={it.image_id for it in own}, sandbox__in={it.sandbox for it in own})
        decided = decided.exclude(kind__in=SILENT).exclude(reverses__kind__in=SILENT).order_by()
        last = {(image, sha256): pk for image, sha256, pk in decided.values_list("image", "sha256").annotate(Max("pk"))}
    return {it.pk for it in own if it.kind == Kind.SKIPPED or _is_last(it, last)}


def _is_last(decision: Decision, last: dict[tuple[int, str], int]) -> bool:
    """Return whether nothing was decided or measured since, by the last decisions about the bytes of pictures."""
    has_same_bytes = (decision.sha256, "") if decision.sha256 else None
    since = [
        pk
        for (image, sha256), pk in last.items()
        if image == decision.image_id and (has_same_bytes is None or sha256 in has_same_bytes)
    ]
    return max(since) == decision.pk and decision.verdict == decision.image.verdict


def is_decidable(image: WatchedImage) -> bool:
    """Return whether there is a picture to decide about, or was when its row was read."""
    return image.standing not in (Standing.WAITING, Standing.NOT_A_PICTURE) and image.removed_at is None


def _is_own(decision: Decision, user: AnyUser) -> bool:
    return (
        decision.kind not in (Kind.UNDONE, Kind.NOTED)
        and decision.decided_by_id is not None
        and decision.decided_by_id == user.pk
    )


def _stands(decision: Decision, image: WatchedImage) -> bool:
    """Return whether nothing was decided or measured since; skipping is nobody else's business."""
    if not is_decidable(image):
        return False
    if decision.kind == Kind.SKIPPED:
        is_present = history_of(image).filter(pk=decision.pk).exists()
        return is_present and not decisions().filter(reverses=decision).exists()
    return latest_judgement(image) == decision and decision.verdict == image.verdict


def _read(image_pk: int) -> WatchedImage:
    return images().select_related("content_type", "scan").get(pk=image_pk)


def _after(image: WatchedImage, kind: Kind) -> dict[str, Any]:
    """Return the change that a decision makes.

    After a blind second look the first decision stands, and a contradiction is escalated.
    """
    given = KINDS[kind].standing
    if given is None:
        return {}
    if image.queue == Queue.SECOND_LOOK:
        return _in_queue(image, Queue.NONE if given == image.standing else Queue.ESCALATED)
    if given not in DECIDED_FOR_GOOD:
        return {"standing": given, **_in_queue(image, Queue.ESCALATED)}
    wants_second_look = image.verdict and random.random() < conf.SECOND_LOOK_SHARE  # noqa: S311 - a sample, no secret
    return {"standing": given, **_in_queue(image, Queue.SECOND_LOOK if wants_second_look else Queue.NONE)}


def _why_not_assigned(kind: Kind, assigned_to: AnyUser | None, note: str) -> str:
    """Return why something cannot be assigned so, in words; empty when it can, or is not assigned."""
    if assigned_to is None:
        return _("Choose for whom it is.") if kind == Kind.ASSIGNED else ""
    if kind not in FOR_A_PERSON:
        return _("Only what is escalated can be assigned.")
    return "" if note.strip() else _("Write a note for the person.")


def _looked_at(image: WatchedImage, seconds: float | None) -> float | None:
    """Return for how long a person has looked at a picture, by their browser: no longer than it was claimed."""
    if seconds is None or image.claimed_at is None:
        return None
    return max(0.0, min(seconds, (timezone.now() - image.claimed_at).total_seconds()))


def _in_queue(image: WatchedImage, queue: Queue) -> dict[str, Any]:
    """Return the columns of a picture that comes to a queue by a decision.

    A second look looks as old as the first one, since its age must not tell that there was one.
    """
    if queue == Queue.NONE:
        return {"queue": queue, "queued_at": None, "assigned_to": None}
    keeps_age = queue == Queue.SECOND_LOOK and image.queued_at is not None
    return {"queue": queue, "queued_at": image.queued_at if keeps_age else timezone.now(), "assigned_to": None}


def _record(image: WatchedImage, user: AnyUser, version: int, after: dict[str, Any], **columns: Any) -> Decision:
    """Change a picture that is still at ``version``, and log it; raise :class:`Stale` otherwise.

    What was read before counts for nothing if the UPDATE does not find the version.
    """

    def record() -> Decision:
        if not _change(image, user, version, after):
            raise _Moved
        return _append(image, user, **columns)

    try:
        return atomically(record)
    except _Moved:
        raise Stale(_read(image.pk)) from None


def _change(image: WatchedImage, user: AnyUser, version: int, after: dict[str, Any]) -> bool:
    moved: dict[str, Any] = {"version": F("version") + 1} if after else {}
    if after.get("standing", image.standing) != image.standing:
        moved["standing_since"] = timezone.now()
    current = images().filter(free_for(user, timezone.now()), pk=image.pk, version=version)
    if "standing" not in after:
        return bool(current.update(**FREE, **after, **moved))
    # Whoever is answered that it is decided finds it so in the project's own column.
    standing_columns.write_after_commit(image, patience=standing_columns.PATIENCE)
    return bool(current.update(**FREE, **after, **moved, **standing_columns.due()))


def _append(
    image: WatchedImage, user: AnyUser, *, kind: Kind, reverses: Decision | None = None, **columns: Any
) -> Decision:
    # Nothing is decided, so nobody is told; nor when it is undone.
    is_silent = kind in SILENT or (reverses is not None and reverses.kind in SILENT)
    decision = Decision(
        image=image,
        scan=image.scan,
        sha256=image.sha256,
        sandbox=image.sandbox,
        kind=kind,
        decided_by=cast("Any", user),  # Of the project's own model; Django refuses whoever is not logged in.
        verdict=image.verdict,
        before=image.standing,
        queue=image.queue,
        queued_at=image.queued_at if image.queue else None,
        claimed_at=image.claimed_at if image.claimed_by_id == user.pk else None,
        reverses=reverses,
        notified_at=timezone.now() if is_silent else None,
        **columns,
    )
    decision.save(using=home_database(), force_insert=True)
    # It may change what earlier ones count for, on days that were counted for good.
    earlier = decisions().filter(image=image, pk__lt=decision.pk).values_list("decided_at", flat=True)
    days().reopen(About.DECISIONS, {day_of(About.DECISIONS, moment) for moment in earlier}, decision.decided_at)
    if not is_silent:
        notify.decision_after_commit(decision.pk)
    return decision
