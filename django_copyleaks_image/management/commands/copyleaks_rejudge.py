"""``copyleaks_rejudge``: apply today's thresholds to the results that came before they were changed."""

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from django_copyleaks_image.management.of_tenant import TenantCommand
from django_copyleaks_image.management.progress import shown
from django_copyleaks_image.scanning import rejudging
from django_copyleaks_image.standings import Standing
from django_copyleaks_image.verdicts import Verdict

_WORDS = {
    Standing.FLAGGED: "come to the desk",
    Standing.CLEAN: "leave it",
    Verdict.MOSTLY_AI: "become mostly AI",
    Verdict.PARTLY_AI: "become partly AI",
}


class Command(TenantCommand):
    help = (
        "Apply today's REVIEW_AREA and MOSTLY_AI_AREA, and those of the fields, to stored results. Says first how many "
        "pictures change, and asks. Costs nothing; what people have decided stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")
        parser.add_argument("--yes", action="store_true", help="change without a question")

    def handle(self, *, dry_run: bool, yes: bool, **options: Any) -> None:
        if not (dry_run or yes or sys.stdin.isatty()):
            raise CommandError("Here is no terminal to ask at: say --yes, or --dry-run to see what would change.")
        changed = 0
        try:
            found = rejudging.preview()
            for label, counts in sorted(found.by_field.items()):
                said = ", ".join(f"{counts[name]:,} {words}" for name, words in _WORDS.items() if counts[name])
                self.stdout.write(f"{label}: {said}.")
            if not found:
                self.stdout.write("Nothing changes: all results are judged by the thresholds of today.")
            if dry_run or not found or not (yes or self._agrees()):
                return
            for has_changed in shown(rejudging.rejudge(), self.stdout, total=found.pictures):
                changed += has_changed
        except KeyboardInterrupt:
            raise CommandError(
                f"Stopped: {changed:,} pictures were judged anew. The same command goes on with the rest.",
                returncode=130,
            ) from None
        self.stdout.write(f"Judged anew: {changed:,} pictures. What people have decided stays.")

    def _agrees(self) -> bool:
        agrees = input("Judge them anew? [y/N] ").strip().lower() in ("y", "yes")
        if not agrees:
            self.stdout.write("Nothing was changed.")
        return agrees
