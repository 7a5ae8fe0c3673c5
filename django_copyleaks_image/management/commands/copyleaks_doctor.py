"""``copyleaks_doctor``: find out, step by step, why scans do not end."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_copyleaks_image.doctor.findings import Finding, Status, Step, found_by
from django_copyleaks_image.doctor.steps import STEPS

# Of what --json prints: raised when a key is renamed or removed.
VERSION = 1


class Command(BaseCommand):
    help = (
        "Check settings, account, public address, worker, queue and desk. Exit status 0 if nothing is wrong but for "
        "warnings, 1 if a step finds a problem, 2 for wrong arguments."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object for programs")
        parser.add_argument("--quiet", action="store_true", help="print warnings and problems only")

    def handle(self, *args: Any, **options: Any) -> None:
        found: list[tuple[Step, Finding]] = []
        for step in STEPS:
            finding = found_by(step)
            found.append((step, finding))
            if not options["json"] and (finding.is_wrong or not options["quiet"]):
                self._print(step, finding)
        failed = sum(finding.status == Status.PROBLEM for _, finding in found)
        if options["json"]:
            self.stdout.write(json.dumps(_document(found, failed, quiet=options["quiet"]), indent=2))
        if failed:
            raise CommandError(f"{failed} of {len(found)} steps found a problem.")

    def _print(self, step: Step, finding: Finding) -> None:
        labels = {
            Status.OK: self.style.SUCCESS("ok"),
            Status.WARNING: self.style.WARNING("! "),
            Status.PROBLEM: self.style.ERROR("!!"),
            Status.SKIPPED: "- ",
        }
        words = f"{finding.text} {finding.advice}".strip()
        self.stdout.write(f"{labels[finding.status]}   {step.title}: {words}")


def _document(found: list[tuple[Step, Finding]], failed: int, *, quiet: bool) -> dict[str, object]:
    return {
        "version": VERSION,
        "ok": not failed,
        "problems": failed,
        "steps": [
            {
                "name": step.name,
                "status": finding.status.value,
                "code": str(finding.code),
                "text": finding.text,
                "advice": finding.advice,
            }
            for step, finding in found
            if finding.is_wrong or not quiet
        ],
    }
