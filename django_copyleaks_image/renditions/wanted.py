"""What somebody wants to look at: a row each, which is the queue of those who draw."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from django_copyleaks_image import dispatch
from django_copyleaks_image.models import ImageScan, Rendition, home_database, renditions
from django_copyleaks_image.models.rendition import LEASE, Kind

# What failed for a reason that may pass is tried again when somebody asks, but not at every look.
RETRY_AFTER = timedelta(minutes=1)
# A worker that dies over a picture, whatever it was, cannot say so.
MAX_ATTEMPTS = 3


def ask(scan: ImageScan, kind: str = Kind.PICTURE, *, is_lost: bool = False) -> Rendition:
    """Return what is known of a rendition, after it was asked for and whoever draws was woken, if that helps.

    One that was made is made anew only if it ``is_lost``, which whoever looks for it knows.
    """
    same = renditions().filter(scan=scan, kind=kind)
    row = same.first()
    if row is None:
        ask_ahead(scan, kind)
    elif not _ask_again(row, scan, is_lost=is_lost):
        return row
    dispatch.wake_after_commit(scan.scan_id, using=home_database())
    return same.get()


def ask_ahead(scan: ImageScan, kind: str = Kind.PICTURE) -> None:
    """Have a picture drawn that somebody will look at soon: one INSERT, in whatever transaction this is."""
    renditions().bulk_create([Rendition(scan=scan, kind=kind)], ignore_conflicts=True)


def _ask_again(row: Rendition, scan: ImageScan, *, is_lost: bool) -> bool:
    """Have it drawn once more, unless that is being done, or would only lead to the same."""
    if row.due_at is not None or row.is_final:
        return False
    # It was drawn before the scan was measured.
    is_of_others = row.kind != Kind.HEATMAP and not row.problem and bool(scan.sha256) and row.sha256 != scan.sha256
    may_help = bool(row.problem) or is_lost
    if not is_of_others and (not may_help or row.checked_at > timezone.now() - RETRY_AFTER):
        return False
    as_it_is = renditions().filter(pk=row.pk, due_at=None, checked_at=row.checked_at)
    return bool(as_it_is.update(due_at=timezone.now(), attempts=0, problem=""))


def claim(scan_id: str | None = None, *, fresh: bool = False) -> Rendition | None:
    """Take what is to be drawn next, of one scan or of all; ``fresh`` takes only what was not tried yet."""
    now = timezone.now()
    due = renditions().due(now)
    if scan_id is not None:
        due = due.filter(scan__scan_id=scan_id)
    if fresh:
        due = due.filter(attempts=0)
    for row in due.select_related("scan__content_type", "scan__result")[:10]:
        free = renditions().filter(pk=row.pk, due_at=row.due_at)
        if free.update(due_at=now + LEASE, attempts=F("attempts") + 1):
            row.due_at = now + LEASE
            row.attempts += 1
            return row
    return None


def store(row: Rendition, **columns: object) -> None:
    """Note what came of a claimed row, unless its lease was over and another has it."""
    renditions().filter(pk=row.pk, due_at=row.due_at).update(**({"checked_at": timezone.now()} | columns))
