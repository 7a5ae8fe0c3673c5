"""The how-to guides: what is in them runs as it stands."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.core.files.storage import storages
from django.utils.module_loading import import_string

from django_copyleaks_image.conf import conf
from tests.documents import ROOT

from .recipes import GUIDES, settings_of


def test_guides_about_a_sites_own_pages__run_in_the_example_project(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")} | {
        "DATA_DIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "example_project"))),
    }
    plugins = ("-p", "pytest_django.plugin", "-p", "django_copyleaks_image.pytest_plugin")
    command = [sys.executable, "-m", "pytest", "-q", "--ds=config.settings", *plugins, "tests/howto/in_example.py"]

    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_settings_of_guides__are_no_mistake(configure: Callable[..., None], settings: Any) -> None:
    settings.MANAGERS = []
    for guide in sorted(GUIDES.glob("*.rst")):
        found = settings_of(guide.stem)
        ours: Any = found.get("COPYLEAKS_IMAGE", {})
        # Fields are those of the guide's own project, and Celery may not be installed.
        configure(**{key: value for key, value in ours.items() if key not in ("FIELDS", "DISPATCHER")})
        errors = [it.id for it in checks.run_checks(tags=["copyleaks"], databases=[]) if it.level >= checks.ERROR]
        assert errors == [], guide.name


def test_celery__knows_the_tasks_of_the_guide() -> None:
    celery = pytest.importorskip("celery")
    found: Any = settings_of("celery")
    import_string("django_copyleaks_image.task_backends.celery.sweep")

    tasks = celery.current_app.tasks
    assert {it["task"] for it in found["CELERY_BEAT_SCHEDULE"].values()} < tasks.keys()
    assert callable(import_string(found["COPYLEAKS_IMAGE"]["DISPATCHER"]))
    assert all(name.startswith("copyleaks_image.") for name in found["CELERY_TASK_ROUTES"])


def test_private_bucket__is_signed_and_keeps_names_apart(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("storages")
    pytest.importorskip("boto3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "a key of the environment")
    found: Any = settings_of("private_s3")
    settings.STORAGES = found["STORAGES"]

    storage: Any = storages["default"]
    assert "X-Amz-Signature=" in storage.url("photos/meadow.jpg")
    assert not storage.file_overwrite
    assert conf.MEDIA_ACCESS == "signed"
    assert not [
        it for it in checks.run_checks(databases=[]) if it.id in ("copyleaks_image.W039", "copyleaks_image.W036")
    ]
