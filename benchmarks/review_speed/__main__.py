"""``python -m benchmarks.review_speed``: review 50 pictures of 12 megapixels in a real browser, twice.

The second pass is held to 20 Mbit/s, 40 ms of latency and a quarter of the processor. Exit status 1 when a goal is
missed, 2 when the run itself went wrong. Needs Chromium, Playwright and the test dependencies.
"""

import importlib
import os
import secrets
import sys
import tempfile
from pathlib import Path

import django

from tests.processes import RunFailed


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="copyleaks-review-speed-") as folder:
        # For this process and for the server.
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "benchmarks.review_speed.settings",
            "REVIEW_SPEED_FOLDER": folder,
            "REVIEW_SPEED_SECRET_KEY": secrets.token_hex(),
        }
        django.setup()
        try:
            return int(importlib.import_module("benchmarks.review_speed.run").run(Path(folder)))
        except RunFailed as failure:
            print(failure, file=sys.stderr)
            return 2


sys.exit(main())
