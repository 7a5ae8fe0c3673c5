import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Sites whose tests run in a process of their own, with their own settings: see test_sites.py.
SITES = ("library", "magazine", "studio")
collect_ignore = [it for it in SITES if os.environ.get("DJANGO_SETTINGS_MODULE") != f"tests.neighbours.{it}.settings"]

RunScript: TypeAlias = Callable[..., str]


def need(*packages: str) -> None:
    """Skip a test for want of a package, unless this is the environment that has them all."""
    missing = [name for name in packages if find_spec(name) is None]
    if missing and os.environ.get("NEIGHBOURS_REQUIRED"):
        pytest.fail(f"{', '.join(missing)} should be installed here.")
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "NEIGHBOURS_FOLDER": str(tmp_path), "PYTHONPATH": str(ROOT)}


def run_in(environment: dict[str, str], code: str, *arguments: str) -> str:
    """Run Python code in a process of its own, and return what it printed."""
    command = [sys.executable, "-c", code, *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture
def run_script(environment: dict[str, str]) -> RunScript:
    """Return what runs Python code in a process of its own: neighbours change Django for good."""
    return partial(run_in, environment)
