"""``copyleaks_spent``: what was spent in a month, by day, field and outcome."""

import json
from collections import Counter
from typing import Any

from django.core.management.base import CommandError, CommandParser

from django_copyleaks_image.admin.period import Period
from django_copyleaks_image.management.of_tenant import TenantCommand
from django_copyleaks_image.models.scan import Spent
from django_copyleaks_image.scanning import clock, days, ledger


class Command(TenantCommand):
    help = "Tell what was spent in a month, in credits, by field and outcome; days and months are those of UTC."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", help="such as 2026-11; this month by default")
        parser.add_argument("--json", action="store_true", dest="as_json", help="for programs, with every day")

    def handle(self, *, month: str | None, as_json: bool, **options: Any) -> None:
        try:
            period = Period.of_month(month or f"{clock.now():%Y-%m}")
        except (ValueError, OverflowError):
            raise CommandError("Give the month as in --month 2026-11.") from None
        ledger.count_now(period.first, period.last)
        spent = ledger.spent(period.first, period.last)
        entries = [it._replace(field=days.as_a_project_names_it(it.field)) for it in spent]
        self.stdout.write(as_json_text(period, entries) if as_json else as_text(period, entries))


def as_json_text(period: Period, entries: list[ledger.Spending]) -> str:
    """Return the totals and every entry."""
    return json.dumps(
        {
            "month": period.month,
            "credits": sum(it.credits for it in entries),
            "by_outcome": _totals((it.outcome, it) for it in entries),
            "by_field": _totals((it.field, it) for it in entries),
            "entries": [{**it._asdict(), "day": it.day.isoformat()} for it in entries],
        },
        indent=2,
    )


def as_text(period: Period, entries: list[ledger.Spending]) -> str:
    """Return a table of fields and outcomes, and the total."""
    numbers, spent = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for it in entries:
        numbers[it.field, it.outcome] += it.scans
        spent[it.field, it.outcome] += it.credits
    lines = [f"Spent in {period.month}, days of UTC:"]
    lines += [
        f"  {field:<40} {outcome:<8} {numbers[field, outcome]:>9} scans {spent[field, outcome]:>9} credits"
        for field, outcome in sorted(numbers, key=lambda key: (key[0], Spent.values.index(key[1])))
    ]
    lines.append(f"  {'total':<49} {numbers.total():>9} scans {spent.total():>9} credits")
    return "\n".join(lines)


def _totals(keyed: Any) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for key, it in keyed:
        total = found.setdefault(key, {"scans": 0, "credits": 0})
        total["scans"] += it.scans
        total["credits"] += it.credits
    return found
