"""A run of the project's tests pays for nothing by surprise, whichever dispatcher runs inside its process."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from django_copyleaks_image import dispatch, test_runs
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import submit
from tests.samples import only_scan, photo

ROOT = Path(__file__).parents[1]
CODE = """
from django.conf import settings
settings.configure()
from django_copyleaks_image.test_runs import is_test_run
before = is_test_run()
from django.test.utils import setup_test_environment, teardown_test_environment
imported = is_test_run()
setup_test_environment()
within = is_test_run()
teardown_test_environment()
print(before, imported, within, is_test_run())
"""


def test_test_environment__of_django_makes_a_test_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)

    said = subprocess.check_output([sys.executable, "-c", CODE], cwd=ROOT, text=True)

    assert said.split() == ["False", "False", "True", "False"]


def test_test_of_pytest__is_one_without_a_test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "django.test.utils", SimpleNamespace())
    assert test_runs.is_test_run()

    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    assert not test_runs.is_test_run()


@pytest.mark.parametrize(
    ("url", "would_reach"),
    [
        ("http://127.0.0.1:8001", False),
        ("http://[::1]:8001", False),
        ("http://localhost:8001", False),
        ("http://emulator:8001", False),
        ("http://emulator.internal", False),
        ("http://172.18.0.3:8001", False),
        ("https://api.copyleaks.com", True),
        ("https://8.8.8.8", True),
        ("https://gateway.example.org", True),
    ],
)
def test_account__is_where_no_emulator_can_be(url: str, would_reach: bool, configure: Callable[..., None]) -> None:
    configure(API_URL=url)

    assert test_runs.would_reach_the_account() is would_reach


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have been submitted by this process."""
    scan_ids: list[str] = []
    monkeypatch.setattr(submit, "work_on_one", scan_ids.append)
    return scan_ids


@pytest.mark.django_db(transaction=True)
def test_inline__submits_nothing_to_copyleaks_from_a_test(
    woken: list[str], configure: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    configure(DISPATCHER="django_copyleaks_image.dispatch.inline")

    photo()

    assert woken == []
    assert only_scan().status == Status.QUEUED
    assert "A test run submits nothing to api.copyleaks.com: the scan stays queued." in caplog.text


@pytest.mark.django_db(transaction=True)
def test_inline__submits_to_an_emulator(woken: list[str], configure: Callable[..., None]) -> None:
    configure(DISPATCHER="django_copyleaks_image.dispatch.inline", API_URL="http://127.0.0.1:1")

    photo()

    assert woken == [only_scan().scan_id]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("runs_here", "sent"), [(True, 0), (False, 1)])
@pytest.mark.parametrize("dispatcher", ["celery", "tasks"])
def test_task_backend__that_runs_tasks_where_they_are_sent_is_kept_from_copyleaks(
    dispatcher: str, runs_here: bool, sent: int, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    backend = SimpleNamespace(wake=taken.append, runs_in_the_request=lambda: runs_here)
    monkeypatch.setattr(dispatch, "load", lambda name: backend)
    configure(DISPATCHER=f"django_copyleaks_image.dispatch.{dispatcher}")

    photo()

    assert len(taken) == sent
