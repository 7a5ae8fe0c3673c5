"""A developer's machine: neither credentials nor an address, and every command that is not about Copyleaks works."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

Manage: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = """
from tests.settings import *
COPYLEAKS_IMAGE = {"FIELDS": ["gallery.Photo.image"]}
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE / "db.sqlite3"}}
DATABASE_ROUTERS = []
"""
FIXTURE = '[{"model": "gallery.photo", "pk": 1, "fields": {"title": "Harbour", "image": "photos/harbour.jpg"}}]'
TEST = """
from django.core.files.base import ContentFile
from django.test import TestCase
from tests.gallery.models import Photo

class Uploads(TestCase):
    def test_upload(self):
        Photo.objects.create(image=ContentFile(b"x", name="x.jpg"))
        self.assertEqual(Photo.objects.count(), 1)
"""


@pytest.fixture
def manage(tmp_path: Path) -> Manage:
    (tmp_path / "bare_settings.py").write_text("from pathlib import Path\nBASE = Path(__file__).parent\n" + SETTINGS)
    (tmp_path / "harbour.json").write_text(FIXTURE)
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "__init__.py").touch()
    (tmp_path / "uploads" / "test_uploads.py").write_text(TEST)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COPYLEAKS_")}
    environment |= {
        "DJANGO_SETTINGS_MODULE": "bare_settings",
        "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT))),
    }

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "django", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


def test_commands__need_no_account(manage: Manage) -> None:
    for arguments in (
        ("check",),
        ("migrate", "--run-syncdb", "--verbosity=0"),
        ("makemigrations", "--check", "--dry-run", "copyleaks_image"),
        ("loaddata", "harbour.json"),
        ("test", "uploads"),
    ):
        ran = manage(*arguments)
        assert ran.returncode == 0, (arguments, ran.stderr)

    worker = manage("copyleaks_worker", "--once")
    assert worker.returncode != 0
    assert "'API_KEY'" in worker.stderr
    assert "'PUBLIC_URL'" in worker.stderr
