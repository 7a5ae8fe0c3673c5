"""``python -m robustness.shift``: two moderators work through 520 pictures, or as many as ``PICTURES`` says.

The site is served as in production. A moderator reads the number of a picture from the pixels on the screen, and
decides by that number alone. Exit status 1 when a decision is on another picture than the one that was seen, when
something was decided that nobody saw, or when something is left over; 2 when the run itself went wrong. Needs
Chromium, Playwright and the test dependencies; ``PICTURES=40`` takes a minute.
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
    pictures = int(os.environ.get("PICTURES", "520"))
    with tempfile.TemporaryDirectory(prefix="copyleaks-shift-") as folder:
        # For this process and for those that it starts.
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "benchmarks.review_speed.settings",
            "REVIEW_SPEED_FOLDER": folder,
            "REVIEW_SPEED_SECRET_KEY": secrets.token_hex(),
        }
        django.setup()
        try:
            return int(importlib.import_module("robustness.shift.run").run(Path(folder), pictures))
        except RunFailed as failure:
            print(failure, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main())
