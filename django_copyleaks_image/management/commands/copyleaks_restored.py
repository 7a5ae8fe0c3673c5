"""``copyleaks_restored``: after the database was restored from a backup, hold everything, find out, and go on."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from django_copyleaks_image.conf import conf
from django_copyleaks_image.management.of_tenant import TenantCommand
from django_copyleaks_image.scanning import restore

PER_MINUTE = 60


class Command(TenantCommand):
    help = (
        "To be called when the database was restored from a backup, before a worker is started: holds every submission "
        "and tells what is known and what it may cost. With --go-on the hold ends."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--go-on", action="store_true", help="end the hold, and submit what waits, slowly")
        parser.add_argument(
            "--per-minute",
            type=int,
            default=PER_MINUTE,
            help="how many scans of the backup are submitted a minute (default: %(default)s)",
        )

    def handle(self, *, go_on: bool, per_minute: int, **options: Any) -> None:
        if per_minute < 1:
            raise CommandError("--per-minute must be at least 1.")
        if not go_on:
            restore.hold()
        known = restore.found()
        if known is None:
            raise CommandError("Nothing is held: call this command without --go-on when a backup was restored.")
        self.stdout.write(told(known))
        if go_on:
            restore.go_on(per_minute=per_minute)
            self.stdout.write(f"Going on. Scans of the backup a minute: {per_minute}; new ones are sent at once.")
        else:
            self.stdout.write("Start the site and the workers; end it with --go-on when no more callbacks come.")


def told(known: restore.Restored) -> str:
    """Return what is known of a restored database, a sentence a line."""
    return (
        f"Held since {known.since:%Y-%m-%d %H:%M} UTC: nothing is submitted, and nothing counts as lost.\n"
        f"Scans of the backup that are queued: {known.queued}. Each may have been sent since, and is asked for under "
        "its own id, which Copyleaks does not scan twice.\n"
        f"Scans of the backup that wait for their result: {known.submitted}. It may have come before the restore.\n"
        f"Callbacks that came since: {known.callbacks}, and about scans that this database does not know: "
        f"{known.unknown_scans}. If the pictures of those are still there, they are paid again.\n"
        f"Credits that going on costs at most: {known.credits}, since ON_LOST_RESULT is {conf.ON_LOST_RESULT!r}. What "
        "was answered before the restore does not come again."
    )
