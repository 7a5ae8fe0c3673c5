"""``python -m benchmarks [name …]``: measure, print a table, and write ``benchmarks/results.json``.

Every goal is for a ratio or stands against a floor within one run, so that machines can be compared; what has no goal
is there to be read. Exit status 1 when a goal is missed, or when something asked for by name could not be measured;
2 when there is no such name.
"""

import importlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import django

from benchmarks.figures import Figure, Unavailable

NAMES = (
    "heatmap",
    "pictures",
    "fitting",
    "hostile",
    "upload",
    "webhook",
    "throughput",
    "drain",
    "duplicates",
    "lanes",
    "workers",
    "task_backend",
    "startup",
    "lists",
    "publishing",
    "queue_work",
    "growth",
)
RESULTS = Path(__file__).with_name("results.json")


def main(asked_for: list[str]) -> int:
    unknown = sorted(set(asked_for) - set(NAMES))
    if unknown:
        print(f"There is no {', '.join(unknown)}; measured can be: {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    django.setup()
    results = Results(RESULTS)
    figures: list[Figure] = []
    left_out: dict[str, list[str]] = {}
    for name in asked_for or NAMES:
        results.forget(name)
        try:
            for figure in importlib.import_module(f"benchmarks.{name}").measure():
                print(figure, flush=True)
                figures.append(figure)
                results.add(name, figure)
        except Unavailable as reason:
            left_out.setdefault(str(reason), []).append(name)
        finally:
            # At once: a later measurement that breaks down, or a person who has seen enough, costs nothing.
            results.write()
    print(summary(figures, left_out))
    is_missed = any(not figure.is_met for figure in figures)
    return 1 if is_missed or (asked_for and left_out) else 0


def summary(figures: Iterable[Figure], left_out: dict[str, list[str]]) -> str:
    """Return the last line: how much was measured, and what was not and why."""
    measured = list(figures)
    missed = [figure.name for figure in measured if not figure.is_met]
    line = f"{len(measured)} figures measured, {len(missed)} goals missed"
    line += f" ({', '.join(missed)})" if missed else ""
    count = sum(map(len, left_out.values()))
    reasons = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in left_out.items())
    return line + (f", {count} measurements not made or not completed ({reasons})" if count else "")


class Results:
    """The figures by name, as the file holds them between runs; each says which measurement it is from."""

    def __init__(self, path: Path) -> None:
        self._path = path
        found = json.loads(path.read_text()) if path.exists() else {}
        # What a measurement left that is gone by now is no result any more.
        self._figures = {name: figure for name, figure in found.items() if figure.get("measured_by") in NAMES}

    def forget(self, measurement: str) -> None:
        """Drop what a measurement has found before."""
        self._figures = {name: figure for name, figure in self._figures.items() if figure["measured_by"] != measurement}

    def add(self, measurement: str, figure: Figure) -> None:
        self._figures[figure.name] = {**figure.as_json(), "measured_by": measurement}

    def write(self) -> None:
        self._path.write_text(json.dumps(self._figures, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
