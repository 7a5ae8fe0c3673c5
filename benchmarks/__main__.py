"""``python -m benchmarks [name …]``: measure, print a table, and write ``benchmarks/results.json``.

Every figure is a ratio, or stands against a floor, within one run, so that machines can be compared. Exit status 1
when a goal is missed.
"""

import importlib
import json
import os
import sys
from pathlib import Path

import django

NAMES = (
    "heatmap",
    "upload",
    "webhook",
    "throughput",
    "drain",
    "workers",
    "startup",
    "lists",
    "queue_work",
    "growth",
)
RESULTS = Path(__file__).with_name("results.json")


def main(names: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    django.setup()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    missed = 0
    for name in names or NAMES:
        for figure in importlib.import_module(f"benchmarks.{name}").measure():
            missed += not figure.is_met
            results[figure.name] = figure.as_json()
            print(figure, flush=True)
    RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    return 1 if missed else 0


sys.exit(main(sys.argv[1:]))
