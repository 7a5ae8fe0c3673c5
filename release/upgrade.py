"""Whether a database of the last version is one of this version once it is migrated."""

import json
import os
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

from release.contents import PACKAGE
from release.problem import Problem, run

# A site that both versions can run, first to fill its database, then to migrate it; it prints what that holds.
SITE = """
import json, sys
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="of a check", USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.sqlite3"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django_copyleaks_image", "photos"],
    MEDIA_ROOT="media", ROOT_URLCONF="site_of_both",
    COPYLEAKS_IMAGE={
        "PUBLIC_URL": "https://photos.example.org", "FIELDS": ["photos.Photo.image"],
        "EMAIL": "photos@example.org", "API_KEY": "any",
    },
)
urlpatterns = []
if __name__ == "__main__":
    django.setup()
    from django.apps import apps
    from django.core.files.base import ContentFile
    from django.core.management import call_command

    from django_copyleaks_image.api import latest_scan

    if sys.argv[1] == "fill":
        call_command("migrate", run_syncdb=True, verbosity=0)
        apps.get_model("photos.Photo").objects.create(image=ContentFile(b"GIF89a", "meadow.gif"))
    else:
        call_command("makemigrations", "copyleaks_image", check_changes=True, dry_run=True)
        call_command("migrate", verbosity=0)
    scan = latest_scan(apps.get_model("photos.Photo").objects.get(), "image")
    rows = {model.__name__: model.objects.count() for model in apps.get_app_config("copyleaks_image").get_models()}
    print(json.dumps({"scan": [str(scan.pk), scan.status, scan.file_name], "rows": rows}))
"""
MODELS = """
from django.db import models


class Photo(models.Model):
    image = models.ImageField(upload_to="photos")
"""


def fill(python: str, package: Path, folder: Path) -> dict[str, Any]:
    """Make a site in a folder, with the package that is in another one, and return what its database holds."""
    (folder / "photos").mkdir(parents=True)
    (folder / "photos" / "__init__.py").touch()
    (folder / "photos" / "models.py").write_text(MODELS)
    (folder / "site_of_both.py").write_text(SITE)
    return _ask(python, package, folder, "fill")


def migrate(python: str, package: Path, folder: Path) -> dict[str, Any]:
    """Migrate that site to another package and return what its database holds then.

    Raises Problem when a model lacks a migration, and when the migrations fail.
    """
    return _ask(python, package, folder, "upgrade")


def compare(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Raise Problem when the migration has taken or changed what was there."""
    if before["scan"] != after["scan"]:
        raise Problem(f"The queued scan was {before['scan']}, and is {after['scan']} after the migration.")
    # A model may go; whose rows are to stay somewhere is a decision, and not for this check.
    lost = [name for name, count in before["rows"].items() if after["rows"].get(name, count) < count]
    if lost:
        raise Problem(f"After the migration rows are gone of {', '.join(lost)}.")


def _ask(python: str, package: Path, folder: Path, what: str) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    environment |= {"PYTHONPATH": f"{package}{os.pathsep}{folder}"}
    printed = run([python, folder / "site_of_both.py", what], folder=folder, environment=environment)
    answer: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return answer


def unpack_tag(repository: Path, tag: str, folder: Path) -> Path:
    """Return the folder with the package as it was at a tag."""
    archive = ["git", "archive", "--format=tar", tag, PACKAGE]
    content = subprocess.run(archive, cwd=repository, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=BytesIO(content)) as files:
        files.extractall(folder, filter="data")
    return folder
