"""A local Copyleaks in a process of its own, so that it takes no processor time from what is measured."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from django.test import override_settings

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 20


@contextmanager
def local_copyleaks(*options: str, **settings: object) -> Iterator[str]:
    """Run the emulator with these options and point ``COPYLEAKS_IMAGE`` at it; yields its address.

    It never fetches a picture nor calls back, unless ``--latency`` is among them: only the way there is measured.
    """
    command = [sys.executable, "-m", "django", "copyleaks_emulator", "--settings", "benchmarks.settings"]
    with TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        with output.open("w") as file:
            quiet = ["--port", "0", "--latency", "86400", *options]
            process = subprocess.Popen([*command, *quiet], cwd=ROOT, stdout=file)
        try:
            url = _address(output)
            account = {"EMAIL": "a@example.org", "API_KEY": "key", "PUBLIC_URL": "https://photos.example.org"}
            ours = {
                "API_URL": url,
                "ID_URL": url,
                "FIELDS": ["gallery.Photo.image"],
                "RESULT_WINDOW": None,
                **account,
                **settings,
            }
            with override_settings(COPYLEAKS_IMAGE=ours):
                yield url
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def refused_for_the_rate(url: str) -> int:
    """Return how many requests this local Copyleaks has answered 429, by its own count."""
    counts = requests.get(f"{url}/_emulator/ledger", timeout=30).json()["counts"]
    return int(counts.get("rate limited", 0))


def _address(output: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while (found := re.search(r"http://\S+", output.read_text())) is None:
        assert time.monotonic() < deadline, "the emulator did not start"
        time.sleep(0.05)
    return found[0]
