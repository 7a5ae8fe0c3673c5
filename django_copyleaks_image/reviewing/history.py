"""What was decided about a picture: about these bytes, in this field of this object."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from django_copyleaks_image.models import Decision, WatchedImage, decisions
from django_copyleaks_image.standings import FINAL, FOR_A_PERSON, JUDGEMENTS, SILENT, Queue


def history_of(image: WatchedImage) -> QuerySet[Decision]:
    """Return the decisions about the bytes of a picture, newest first.

    Where somebody decided about a file, or now looks at one, that could not be read, they are about the same bytes if
    no other file was saved in between. Mock results of the sandbox are judged apart from real ones.
    """
    since_upload = Q(decided_at__gte=image.uploaded_at)
    same_bytes = Q(sha256=image.sha256) | Q(since_upload, sha256="") if image.sha256 else since_upload
    found = decisions().select_related("decided_by", "acted_by", "reverses")
    return found.filter(same_bytes, image=image.pk, sandbox=image.sandbox).order_by("-pk")


def is_about(decision: Decision, image: WatchedImage) -> bool:
    """Return whether a decision is in the history of a picture, whose row it names."""
    if decision.sandbox != image.sandbox:
        return False
    is_read = bool(decision.sha256 and image.sha256)
    return decision.sha256 == image.sha256 if is_read else decision.decided_at >= image.uploaded_at


def judgements_of(image: WatchedImage) -> QuerySet[Decision]:
    """Return the decisions that count, newest first: none that was undone, and no skipping, which decides nothing."""
    return history_of(image).filter(kind__in=JUDGEMENTS, reversal=None)


def latest_judgement(image: WatchedImage) -> Decision | None:
    """Return the last decision or reversal about a picture; skipping and notes are neither."""
    return history_of(image).exclude(kind__in=SILENT).exclude(reverses__kind__in=SILENT).first()


def assignee_before(decision: Decision) -> int | None:
    """Return the key of whom a picture was assigned to before a decision about it, None for nobody."""
    if decision.queue != Queue.ESCALATED:
        return None
    earlier = history_of(decision.image).filter(pk__lt=decision.pk, kind__in=FOR_A_PERSON, reversal=None)
    return earlier.values_list("assigned_to", flat=True).first()


def is_replaced() -> Q:
    """Return the condition that a row of the log says the opposite of a later decision that stands.

    Both are about the same bytes, and neither is a second look, which replaces nothing by itself.
    """
    of_same_bytes = {name: OuterRef(name) for name in ("image", "sha256", "sandbox")}
    later = decisions().filter(**of_same_bytes, pk__gt=OuterRef("pk"), kind__in=FINAL, agrees=None, reversal=None)
    return Q(Exists(later.exclude(kind=OuterRef("kind"))), kind__in=FINAL, agrees=None, reversal=None)


def is_overturned() -> Q:
    """Return the condition that a row of the log decided what was undone, or replaced by the opposite."""
    return Q(kind__in=FINAL, reversal__isnull=False) | is_replaced()
