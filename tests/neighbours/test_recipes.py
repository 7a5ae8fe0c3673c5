"""The recipes of ``docs/neighbours.rst``, each in a process of its own with the package that it is about."""

from pathlib import Path
from typing import Any

import pytest

from tests.documents import DOCS, sections

from .conftest import RunScript, need


def recipe(title: str) -> str:
    """Return the code under a heading of the page."""
    (code, *_) = dict(sections(DOCS / "neighbours.rst", "="))[title]
    return code.text


BEGIN = """
import io, json, os, sys
from tests.neighbours.site import set_up
settings = {}
exec(sys.argv[1], settings)
settings = {name: value for name, value in settings.items() if name.isupper()}
"""
READY = """
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from django.core import checks
from django.core.files.base import ContentFile
from PIL import Image
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.scanning import submit
from django_copyleaks_image.api import request_scan
def picture(colour="navy"):
    data = io.BytesIO()
    Image.new("RGB", (640, 640), colour).save(data, "JPEG")
    return ContentFile(data.getvalue(), name=f"{colour}.jpg")
def ids():
    return [it.id.partition(".")[2] for it in checks.run_checks(databases=[]) if it.id.startswith("copyleaks_image.")]
"""

CACHEOPS = (
    BEGIN
    + """
settings.setdefault("CACHEOPS", {"migrations.*": None, "*.*": {"ops": "all", "timeout": 3600}})
set_up(apps=("cacheops",), CACHEOPS_REDIS=sys.argv[2], CACHEOPS_PREFIX=lambda query: f"test-{os.getpid()}-", **settings)
"""
    + READY
    + """
from tests.gallery.models import Photo
from django.utils import timezone
photo = Photo.objects.create(image=picture())
def waiting():
    return ImageScan.objects.filter(status="queued").count()
before = waiting()
now = timezone.now()
ImageScan.objects.filter(status="queued").update(status="submitted", submitted_at=now)
after = waiting()
print(json.dumps([before, after, [it for it in ids() if it == "W061"]]))
"""
)

AUDITLOG = (
    BEGIN
    + 'set_up(apps=("auditlog",), **settings)\n'
    + READY
    + """
from auditlog.models import LogEntry
from tests.gallery.models import Photo
Photo.objects.create(image=picture())
logged = sorted({str(it.content_type.app_label) for it in LogEntry.objects.all()})
print(json.dumps([logged, ImageScan.objects.count()]))
"""
)

REVERSION = (
    BEGIN.replace("exec(sys.argv[1], settings)", "")
    + 'set_up(apps=("reversion", "safedelete", "tests.neighbours.shop"))\n'
    + READY
    + """
import reversion
from reversion.models import Version
from tests.neighbours.shop.models import Picture
with reversion.create_revision():
    photo = Picture.objects.create(image=picture("navy"))
first = photo.image.name
ImageScan.objects.update(status="failed", error_code="given_up", finished_at="2026-01-01T00:00Z", next_attempt_at=None)
with reversion.create_revision():
    photo.image = picture("olive")
    photo.save()
version = Version.objects.get_for_object(photo).last()
exec(sys.argv[1])
latest = ImageScan.objects.order_by("-pk").first()
print(json.dumps([photo.image.name == first, latest.file_name == first, latest.status]))
"""
)

SAFEDELETE = (
    BEGIN.replace("exec(sys.argv[1], settings)", "")
    + 'set_up(apps=("reversion", "safedelete", "tests.neighbours.shop"))\n'
    + READY
    + """
from tests.neighbours.shop.models import Photo
kept, gone = Photo.objects.create(image=picture("navy")), Photo.objects.create(image=picture("olive"))
gone.delete()
assert Photo.objects.count() == 1 and Photo.all_objects.count() == 2
of_each = [ImageScan.objects.filter(object_id=str(it.pk)).order_by("pk") for it in (kept, gone)]
print(json.dumps([list(scans.values_list("status", "error_code")) for scans in of_each]))
"""
)


HIJACK = (
    BEGIN.replace("exec(sys.argv[1], settings)", "")
    + """
from types import ModuleType
from django.urls import include, path
from django.contrib import admin
set_up(apps=("hijack",), middleware=(), ROOT_URLCONF="hijacked_urls")
"""
    + READY
    + """
urls = sys.modules["hijacked_urls"] = ModuleType("hijacked_urls")
urls.urlpatterns = [
    path("admin/", admin.site.urls), path("hijack/", include("hijack.urls")),
    path("copyleaks/", include("django_copyleaks_image.urls")),
]
from django.contrib.auth.models import User
from django.test import Client
from django_copyleaks_image.models import Decision, WatchedImage
from tests.admin.desk_requests import press
from tests.admin.scans_to_show import measured_photo
ada, grace = User.objects.create_superuser("ada"), User.objects.create_superuser("grace")
measured_photo()
client = Client()
client.force_login(grace)
taken = client.post("/hijack/acquire/", {"user_pk": ada.pk})
press(client, WatchedImage.objects.get(), "confirmed")
first = Decision.objects.get()
print(json.dumps([taken.status_code, first.decided_by.username, first.acted_by.username]))
"""
)


def run(code: str, run_script: RunScript, *arguments: str) -> Any:
    import json

    return json.loads(run_script(code, *arguments).splitlines()[-1])


@pytest.mark.sockets
def test_cacheops__with_the_recipe_sees_every_update_and_without_is_told(run_script: RunScript) -> None:
    need("cacheops", "redis")
    import os

    address = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

    assert run(CACHEOPS, run_script, recipe("django-cacheops"), address) == [1, 0, []]
    # Or the recipe would not have been needed.
    assert run(CACHEOPS, run_script, "", address) == [1, 1, ["W061"]]


def test_auditlog__with_the_recipe_logs_the_project_alone(run_script: RunScript) -> None:
    need("auditlog")

    logged, scans = run(AUDITLOG, run_script, recipe("django-auditlog"))

    assert "gallery" in logged
    assert "copyleaks_image" not in logged
    assert scans == 1


def test_reversion__with_the_recipe_scans_what_was_restored(run_script: RunScript) -> None:
    need("reversion", "safedelete")

    assert run(REVERSION, run_script, recipe("django-reversion")) == [True, True, "queued"]


def test_safedelete__sends_nothing_that_is_softly_deleted(run_script: RunScript) -> None:
    need("reversion", "safedelete")
    models = (Path(__file__).parent / "shop" / "models.py").read_text()
    assert '@scan_images("image", when=lambda photo: photo.deleted is None)\nclass Photo(SafeDeleteModel)' in models
    assert '@scan_images("image", when=lambda photo: photo.deleted is None)' in recipe("django-safedelete")

    kept, gone = run(SAFEDELETE, run_script)

    assert kept == [["queued", ""]]
    assert gone[-1] == ["skipped", "not_wanted"]
    assert "queued" not in dict(gone)


def test_hijack__has_decisions_name_both(run_script: RunScript) -> None:
    need("hijack")

    assert run(HIJACK, run_script) == [302, "ada", "grace"]
