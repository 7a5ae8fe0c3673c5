"""The code of docs/testing.rst is what a project would write, and runs as it stands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import DOCS, ROOT, blocks

MODULES = [block.text for block in blocks(DOCS / "testing.rst", "python") if "def test_" in block.text]


def test_document__has_a_module_for_each_way() -> None:
    assert len(MODULES) == 3
    assert "CopyleaksTestMixin" in MODULES[-1]


@pytest.mark.parametrize("enabled", ["true", "false"])
def test_document__runs(enabled: str, tmp_path: Path) -> None:
    for number, module in enumerate(MODULES):
        code = module.replace("from gallery.", "from tests.gallery.")
        (tmp_path / f"test_{number}.py").write_text(code, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\nfilterwarnings = error\n")
    plugins = ("-p", "pytest_django.plugin", "-p", "django_copyleaks_image.pytest_plugin")
    # A database of its own: on a server it would take away the one of these tests.
    environment = {name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")} | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": str(ROOT),
        "COPYLEAKS_ENABLED": enabled,
    }

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, str(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "5 passed" in ended.stdout
