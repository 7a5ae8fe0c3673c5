"""A project that imports the app and forgot to install it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORGETFUL = """
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"])
django.setup()
import django_copyleaks_image.api
"""


def test_not_in_installed_apps__is_told_at_the_first_import() -> None:
    ran = subprocess.run([sys.executable, "-c", FORGETFUL], cwd=ROOT, capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert "isn't in an application in INSTALLED_APPS" in ran.stderr
