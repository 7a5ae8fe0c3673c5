"""``copyleaks_prune``: remove what was kept for longer than ``RETENTION_DAYS``, as the worker does."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser

from django_copyleaks_image.conf import conf
from django_copyleaks_image.management.of_tenant import TenantCommand
from django_copyleaks_image.scanning import pruning


class Command(TenantCommand):
    help = (
        "Remove the receipts of finished scans after RETENTION_DAYS, and with them the payloads; and so long after a "
        "picture was deleted, what is left of it. Counts and spending stay. The worker does the same."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, help="age in days, instead of RETENTION_DAYS")
        parser.add_argument("--dry-run", action="store_true", help="say what would be removed, remove nothing")

    def handle(self, *, days: int | None, dry_run: bool, **options: Any) -> None:
        if days is None:
            days = conf.RETENTION_DAYS
        if days is None:
            raise CommandError("Set COPYLEAKS_IMAGE['RETENTION_DAYS'], or give --days.")
        if days < 0:
            raise CommandError("--days must be at least 0.")
        age = timedelta(days=days)
        if dry_run:
            self.stdout.write(f"Would be removed, {_in_words(pruning.would_prune(age), days)}")
        else:
            self._prune(age, days)
        if held_back := pruning.held_back(age):
            self.stdout.write(
                f"Scans of deleted pictures that stay for now: {held_back}. Their days are not counted for good, which "
                "takes nine days and a worker, or something may still come for them."
            )

    def _prune(self, age: timedelta, days: int) -> None:
        removed = pruning.Pruned()
        try:
            for batch in pruning.prune(age):
                removed.add(batch)
        except KeyboardInterrupt:
            raise CommandError(
                f"Stopped. Removed, {_in_words(removed, days)} The same command goes on with the rest.", returncode=130
            ) from None
        self.stdout.write(f"Removed, {_in_words(removed, days)}")


def _in_words(pruned: pruning.Pruned, days: int) -> str:
    hashes = f" Hashes of pictures: {pruned.hashes}." if pruned.hashes else ""
    return (
        f"of what is {days} days old or older: receipts: {pruned.receipts}. Of deleted pictures: scans: "
        f"{pruned.scans}, results that nobody uses: {pruned.results}, pictures: {pruned.images}, decisions: "
        f"{pruned.decisions}.{hashes}"
    )
