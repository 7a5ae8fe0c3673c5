"""The suite of a project that was there before the app: with the app switched off, nothing of it changes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTBOX, INLINE = "django_copyleaks_image.dispatch.outbox", "django_copyleaks_image.dispatch.inline"
CALLBACKS = "test_form__leaves_one_thing_to_the_commit"
# Whatever leaves the process fails the test, and says where to.
OFFLINE = """
import socket, sys
import pytest
def refuse(self, address, *rest):
    raise AssertionError(f"a connection to {address}")
socket.socket.connect = socket.socket.connect_ex = refuse
sys.exit(pytest.main(sys.argv[1:]))
"""


def run(app: str, *arguments: str, dispatcher: str = OUTBOX, plugin: bool = True) -> str:
    """Run the suite with the app ``without``, ``off`` or ``on``, and return what pytest says."""
    plugins = ["pytest_django.plugin", *(["django_copyleaks_image.pytest_plugin"] if plugin else [])]
    ini = ROOT / "tests" / "host" / "pytest.ini"
    named = [argument for name in plugins for argument in ("-p", name)]
    command = [*named, "-c", str(ini), "--noconftest", "-rA", *arguments, str(ini.with_name("suite.py"))]
    environment = {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"}
    environment |= {
        "DJANGO_SETTINGS_MODULE": "tests.host.settings",
        "HOST_APP": app,
        "HOST_DISPATCHER": dispatcher,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": str(ROOT),
    }
    ended = subprocess.run(
        [sys.executable, "-c", OFFLINE, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in (0, 1), ended.stdout + ended.stderr
    return ended.stdout


def outcomes(said: str) -> dict[str, str]:
    """Return what became of each test, by its name."""
    found = re.findall(r"^(PASSED|FAILED|ERROR|SKIPPED).*?(test_\w+|suite\.py:\d+)", said, re.MULTILINE)
    return {name: outcome for outcome, name in found}


def failed(said: str) -> list[str]:
    return sorted(name for name, outcome in outcomes(said).items() if outcome not in ("PASSED", "SKIPPED"))


@pytest.fixture(scope="module")
def without() -> dict[str, str]:
    """What becomes of the suite where the app is not installed, and its plugin neither."""
    said = run("without", plugin=False)
    assert (len(outcomes(said)), failed(said)) == (14, []), said
    return outcomes(said)


def test_suite__passes_with_the_plugin_alone(without: dict[str, str]) -> None:
    assert outcomes(run("without")) == without


@pytest.mark.parametrize("dispatcher", [OUTBOX, INLINE])
def test_suite__passes_as_well_with_the_app_switched_off(dispatcher: str, without: dict[str, str]) -> None:
    assert outcomes(run("off", dispatcher=dispatcher)) == without


def documented_failures() -> list[str]:
    """Return the tests that docs/testing.rst says cost more statements with the app on."""
    text = (ROOT / "docs" / "testing.rst").read_text()
    return sorted(set(re.findall(r"``(test_\w+)``", text)))


@pytest.mark.parametrize(("dispatcher", "counts_callbacks"), [(OUTBOX, []), (INLINE, [CALLBACKS])])
def test_suite__with_the_app_on_differs_where_it_is_documented_and_touches_no_network(
    dispatcher: str, counts_callbacks: list[str], without: dict[str, str]
) -> None:
    said = run("on", dispatcher=dispatcher)

    assert set(outcomes(said)) == set(without)
    assert failed(said) == sorted([*documented_failures(), *counts_callbacks])
    assert said.count("queries executed, ") >= len(documented_failures())
    assert "a connection to" not in said
