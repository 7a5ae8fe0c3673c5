"""``copyleaks_scan app.Model.field``: queue the stored files that have no scan yet, or what ended with an outcome."""

from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import router

from django_copyleaks_image import registry
from django_copyleaks_image.models.scan import Lane
from django_copyleaks_image.scanning import reconcile, requeue
from django_copyleaks_image.watched_fields import Watched, WatchedClass

CHUNK = 500


class Command(BaseCommand):
    help = (
        "Queue every stored file of a watched field that has no scan, or whose scan found no file yet; with --status "
        "what ended with one outcome."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("field", metavar="app.Model.field", nargs="?", help="a watched field")
        parser.add_argument(
            "--status",
            metavar="CODE",
            help="queue again what failed or was skipped with this outcome code, such as bad_parameter",
        )
        parser.add_argument(
            "--pay-again", action="store_true", help="with --status, also what may have been paid already"
        )
        parser.add_argument("--dry-run", action="store_true", help="count the files, queue nothing")
        parser.add_argument("--limit", type=int, help="queue at most this many, the newest first")

    def handle(
        self,
        *,
        field: str | None,
        status: str | None,
        pay_again: bool,
        dry_run: bool,
        limit: int | None,
        **options: Any,
    ) -> None:
        if limit is not None and limit < 1:
            raise CommandError("--limit must be at least 1.")
        if (field is None) == (status is None):
            raise CommandError("Name a watched field, or an outcome code with --status.")
        if status is not None:
            self._queue_again(status, pay_again=pay_again, dry_run=dry_run, limit=limit)
        elif field is not None:
            self._queue_unscanned(field, dry_run=dry_run, limit=limit)

    def _queue_again(self, code: str, *, pay_again: bool, dry_run: bool, limit: int | None) -> None:
        found = requeue.ended_with(code).iterator(chunk_size=CHUNK)
        do = requeue.may_be_queued if dry_run else requeue.queue_again
        count = left_out = 0
        for scan in found:
            if do(scan, pay_again=pay_again):
                count += 1
            else:
                left_out += 1
            if count == limit:
                break
        counted = "files that would be queued" if dry_run else "files queued"
        self.stdout.write(
            f"{code}: {counted}: {count}. Left out: {left_out}; these have a newer scan or another file, or may have "
            "been paid already."
        )

    def _queue_unscanned(self, field: str, *, dry_run: bool, limit: int | None) -> None:
        watched, of = _watched_class(field)
        database = router.db_for_write(watched.owner)
        count = 0
        for picture, instance in islice(reconcile.unscanned(watched, of=of, newest_first=True), limit):
            if not dry_run:
                reconcile.queue_unscanned(picture, instance, database=database, lane=Lane.BACKFILL)
            count += 1
        for scan in requeue.arrived_since(watched):
            if count == limit:
                break
            count += dry_run or requeue.queue_again(scan)
        counted = "files that would be queued" if dry_run else "files queued"
        self.stdout.write(f"{field if of else watched.label}: {counted}: {count}.")


def _watched_class(label: str) -> tuple[Watched, WatchedClass | None]:
    """Return a watched field, and the class if the label names one of those that are watched, and not the column."""
    known: dict[str, tuple[Watched, WatchedClass | None]] = {}
    for watched in registry.all_watched():
        known |= {label: (watched, named) for label, named in zip(watched.named_labels, watched.classes, strict=True)}
        known[watched.label] = watched, None
    try:
        (found,) = (it for name, it in known.items() if name.lower() == label.lower())
    except ValueError:
        names = ", ".join(sorted(known)) or "none"
        raise CommandError(f"{label} is not a watched field. Watched: {names}.") from None
    if found[1] and not found[1].is_told_apart:
        raise CommandError(
            f"Nothing in the database tells the objects of {label} from others of {found[0].owner._meta.label}: "
            "give the proxy a manager that finds them."
        )
    return found
