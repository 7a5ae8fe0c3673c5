"""``copyleaks_doctor``: find out, step by step, why scans do not end."""

import json
from functools import partial
from typing import Any

from django.core.management.base import CommandError, CommandParser

from django_copyleaks_image.doctor import live
from django_copyleaks_image.doctor.findings import Finding, Status, Step, found_by
from django_copyleaks_image.doctor.report import Report
from django_copyleaks_image.doctor.steps import STEPS
from django_copyleaks_image.management.of_tenant import TenantCommand

# Of what --json prints: raised when a key is renamed or removed.
VERSION = 1


class Command(TenantCommand):
    help = (
        "Check settings, account, public address, worker, queue and desk. Exit status 0 if nothing is wrong but for "
        "warnings, 1 if a step finds a problem, 2 for wrong arguments."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object for programs")
        parser.add_argument("--quiet", action="store_true", help="print warnings and problems only")
        parser.add_argument(
            "--live",
            action="store_true",
            help="send a free sandbox scan through the API and back, and report what is documented nowhere",
        )
        parser.add_argument(
            "--wait", type=float, default=live.TIMEOUT, help="seconds that --live waits for a result (%(default)g)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found: list[tuple[Step, Finding]] = []
        steps, report = STEPS, None
        if options["live"]:
            report = Report()
            steps = (*STEPS, Step("live", "Live", partial(live.round_trip, report, seconds=options["wait"])))
        for step in steps:
            finding = found_by(step)
            found.append((step, finding))
            if not options["json"] and (finding.is_wrong or not options["quiet"]):
                self._print(step, finding)
        failed = sum(finding.status == Status.PROBLEM for _, finding in found)
        if options["json"]:
            self.stdout.write(json.dumps(_document(found, failed, report, quiet=options["quiet"]), indent=2))
        elif report is not None and not options["quiet"]:
            self._print_report(report)
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

    def _print_report(self, report: Report) -> None:
        self.stdout.write("Contract report:")
        for name, value in report.facts.items():
            words = ", ".join(value) or "none" if isinstance(value, list) else "none" if value is None else value
            self.stdout.write(f"     {name.replace('_', ' ')}: {words}")


def _document(
    found: list[tuple[Step, Finding]], failed: int, report: Report | None, *, quiet: bool
) -> dict[str, object]:
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
        "contract": None if report is None else report.facts,
    }
