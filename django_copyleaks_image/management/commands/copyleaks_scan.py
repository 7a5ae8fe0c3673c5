"""``copyleaks_scan app.Model.field``: queue the stored files that have no scan yet."""

from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import router

from django_copyleaks_image import registry
from django_copyleaks_image.registry import WatchedField
from django_copyleaks_image.scanning import reconcile


class Command(BaseCommand):
    help = "Queue a scan of every stored file of a watched field that has none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("field", metavar="app.Model.field", help="a watched field")
        parser.add_argument("--dry-run", action="store_true", help="count the files, queue nothing")
        parser.add_argument("--limit", type=int, help="queue at most this many, lowest keys first")

    def handle(self, *, field: str, dry_run: bool, limit: int | None, **options: Any) -> None:
        if limit is not None and limit < 1:
            raise CommandError("--limit must be at least 1.")
        watched = _watched_field(field)
        database = router.db_for_write(watched.owner)
        count = 0
        for instance in islice(reconcile.unscanned(watched), limit):
            if not dry_run:
                reconcile.queue_unscanned(watched, instance, database=database)
            count += 1
        verb = "would be queued" if dry_run else "queued"
        self.stdout.write(f"{watched.label}: {count} files {verb}.")


def _watched_field(label: str) -> WatchedField:
    watched = {field.label.lower(): field for field in registry.watched_fields()}
    try:
        return watched[label.lower()]
    except KeyError:
        known = ", ".join(sorted(field.label for field in watched.values())) or "none"
        raise CommandError(f"{label} is not a watched field. Watched: {known}.") from None
