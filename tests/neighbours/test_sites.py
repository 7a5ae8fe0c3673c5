"""Whole sites beside their neighbours; the tests of each run in one process of its own, with its settings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT, need

# What each site needs, by the names of modules.
NEEDED = {
    "library": ("filer",),
    "magazine": ("wagtail",),
    "studio": (
        *("axes", "cachalot", "debug_toolbar", "django_cleanup", "django_otp", "django_prometheus", "django_redis"),
        *("django_resized", "easy_thumbnails", "guardian", "imagekit", "import_export", "mptt", "pictures"),
        *("polymorphic", "rules", "simple_history", "sorl", "stdimage", "versatileimagefield", "whitenoise"),
    ),
}


@pytest.mark.sockets
@pytest.mark.parametrize("name", NEEDED)
def test_site(name: str, tmp_path: Path) -> None:
    need(*NEEDED[name])
    inherited = {key: value for key, value in os.environ.items() if key != "DATABASE_URL" and "PYTEST" not in key}
    site = f"tests/neighbours/{name}"
    # What others warn of is theirs.
    command = [sys.executable, "-m", "pytest", "-q", "-W", "ignore", f"--ds={site.replace('/', '.')}.settings", site]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**inherited, "NEIGHBOURS_FOLDER": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
