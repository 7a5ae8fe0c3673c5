"""``copyleaks_prune``: delete receipts that are older than ``RETENTION_DAYS``."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_copyleaks_image.conf import conf
from django_copyleaks_image.scanning import erasure


class Command(BaseCommand):
    help = "Delete the receipts of finished scans, and with them the payloads, after RETENTION_DAYS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, help="age in days, instead of RETENTION_DAYS")

    def handle(self, *, days: int | None, **options: Any) -> None:
        if days is None:
            days = conf.RETENTION_DAYS
        if days is None:
            raise CommandError("Set COPYLEAKS_IMAGE['RETENTION_DAYS'], or give --days.")
        if days < 0:
            raise CommandError("--days must be at least 0.")
        deleted = erasure.prune(timedelta(days=days))
        self.stdout.write(f"Receipts deleted: {deleted}. Age in days: {days} or more.")
