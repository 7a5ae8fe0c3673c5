"""The run: paint the pictures, start the server, review twice, and judge the times."""

import os
from math import ceil
from pathlib import Path
from statistics import median

from tests.processes import LOOPBACK, Process, free_port

from . import project
from .moderator import SLOW, review

PICTURES = 50
GOAL_MS = 150
SLOW_GOAL_MS = 300


def run(folder: Path) -> int:
    """Print the figures, the goals last; return the exit status."""
    # The picture after the last one is shown, too, and not decided.
    number = 2 * PICTURES + 1
    print(f"Painting {number} pictures of 12 megapixels …", flush=True)
    session = project.set_up(pictures=number)
    port = free_port()
    with Process("server", *_server(port), folder=folder, environment=os.environ) as server:
        server.wait_for(port)
        return _review(f"http://{LOOPBACK}:{port}", session)


def _server(port: int) -> list[str]:
    application = "benchmarks.review_speed.wsgi:application"
    return ["gunicorn", "--bind", f"{LOOPBACK}:{port}", "--workers", "1", "--threads", "8", application]


def _review(site: str, session: str) -> int:
    print(f"Reviewing {PICTURES} pictures …", flush=True)
    local = review(site, session, pictures=PICTURES)
    decided = project.decisions()
    print(f"Reviewing {PICTURES} pictures at 20 Mbit/s, 40 ms and a quarter of the processor …", flush=True)
    slow = review(site, session, pictures=PICTURES, conditions=SLOW)
    decided_slowly = project.decisions() - decided

    for name, times in (("local", local.milliseconds), ("slow", slow.milliseconds)):
        print(f"{name}: median {median(times):.0f} ms, longest {max(times):.0f} ms")
    print(f"decisions in the database: {decided} and {decided_slowly}")
    keys = (local.keys + slow.keys) / (decided + decided_slowly)
    p95, p95_slow = _p95(local.milliseconds), _p95(slow.milliseconds)
    undecoded = local.undecoded + slow.undecoded
    print(
        f"pictures={PICTURES} keys_per_decision={keys:.1f} p95_ms={p95:.0f} p95_slow_ms={p95_slow:.0f} "
        f"undecoded={undecoded}"
    )
    is_fast = p95 <= GOAL_MS and p95_slow <= SLOW_GOAL_MS and not undecoded
    return 0 if is_fast and decided == decided_slowly == PICTURES else 1


def _p95(values: list[float]) -> float:
    return sorted(values)[ceil(0.95 * len(values)) - 1]
