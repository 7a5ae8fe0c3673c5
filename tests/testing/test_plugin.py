"""The plugin is found by its entry point, costs nothing where it is not used, and is part of the package."""

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What a plugin must not bring into a project that has no use for it.
HEAVY = ("django", "rest_framework", "requests", "PIL", "django_copyleaks_image.testing", "django_copyleaks_image.conf")
PROBE = """
import sys, time
import pytest
begun = time.perf_counter()
import django_copyleaks_image.pytest_plugin
print((time.perf_counter() - begun) * 1000, *sorted(sys.modules))
"""


def entry_points() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found: dict[str, str] = project["entry-points"]["pytest11"]
    return found


def test_entry_point__names_the_plugin() -> None:
    (module,) = entry_points().values()

    assert callable(import_module(module).copyleaks_results)


def test_plugin__imports_nothing_of_django_or_the_app() -> None:
    said = subprocess.check_output([sys.executable, "-c", PROBE], cwd=ROOT, text=True)

    milliseconds, *modules = said.split()
    assert [name for name in HEAVY if name in modules] == []
    assert {name for name in modules if name.startswith("django_copyleaks_image")} == {
        "django_copyleaks_image",
        "django_copyleaks_image.pytest_plugin",
    }
    # 1 ms on an idle machine; others may be busy.
    assert float(milliseconds) < 100


@pytest.mark.parametrize("plugins", [(), ("-p", "pytest_django.plugin")])
def test_project_without_django__is_left_alone(plugins: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\nfilterwarnings = error\n")
    (tmp_path / "test_other.py").write_text(
        "import sys\n\n\ndef test_nothing_is_imported():\n    assert 'django_copyleaks_image.conf' not in sys.modules\n"
    )
    dropped = {"DJANGO_SETTINGS_MODULE", "PYTEST_CURRENT_TEST"}
    environment = {key: value for key, value in os.environ.items() if key not in dropped}

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, "-p", "django_copyleaks_image.pytest_plugin", str(tmp_path)],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "1 passed" in ended.stdout, ended.stdout + ended.stderr


def test_fixtures__are_told_what_they_are_for(tmp_path: Path) -> None:
    said = subprocess.check_output(
        [sys.executable, "-m", "pytest", "--fixtures", "-p", "django_copyleaks_image.pytest_plugin", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        text=True,
    )

    for name in ("copyleaks_emulator", "copyleaks_results"):
        assert f"{name} -- " in said
