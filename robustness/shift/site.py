"""The site of the shift: its pictures, as they are when moderators come, and what is in the database afterwards."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from django_copyleaks_image import regions
from django_copyleaks_image.models import Decision, Rendition, WatchedImage
from django_copyleaks_image.renditions import wanted
from django_copyleaks_image.scanning import renditions
from django_copyleaks_image.standings import Standing
from tests.admin.scans_to_show import measured
from tests.gallery.models import Photo
from tests.processes import RunFailed
from tests.samples import photo

from .pictures import kind_of

_NO_DECODER = "raise ImportError('not installed here')\n"


def set_up(folder: Path, pictures: int) -> None:
    """Make a database with so many pictures to review, each with a number as its title, all drawn as far as can be."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    for is_without in (True, False):
        for number in range(pictures):
            if kind_of(number).without_heif == is_without:
                _add(number)
        _draw(folder, pictures, is_without=is_without)
    left = Rendition.objects.exclude(due_at=None).count()
    if left:
        raise RunFailed(f"{left} pictures were not drawn.")


def session_of(name: str) -> str:
    """Return the session of a new moderator."""
    client = Client()
    client.force_login(User.objects.create_superuser(name, password=name))
    return client.cookies["sessionid"].value


def _add(number: int) -> None:
    kind = kind_of(number)
    instance = photo(kind.name, kind.make(number))
    Photo.objects.filter(pk=instance.pk).update(title=str(number))
    mask, (width, height) = kind.mask(), kind.size
    facts: dict[str, Any] = {
        "width": width,
        "height": height,
        "regions": regions.find(mask, width, height) if mask else [],
    }
    wanted.ask(measured(instance, mask=mask, size=kind.size, ai_ratio=kind.marked, **facts))


def _draw(folder: Path, pictures: int, *, is_without: bool) -> None:
    if not is_without:
        renditions.draw_due(at_most=pictures)
        return
    subprocess.run([sys.executable, "-m", "robustness.shift.drawing", "--once"], env=without_heif(folder), check=True)


def without_heif(folder: Path) -> dict[str, str]:
    """Return the environment of a process that finds no decoder of HEIC."""
    blocked = folder / "without_heif"
    blocked.mkdir(exist_ok=True)
    for name in ("pillow_heif", "pi_heif"):
        (blocked / f"{name}.py").write_text(_NO_DECODER)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(blocked), str(Path(__file__).parents[2])])}


def decisions_of(name: str) -> list[tuple[int, str, str]]:
    """Return what somebody decided, in its order: the number of the picture, what, and the note."""
    made = Decision.objects.filter(decided_by__username=name).order_by("pk").select_related("image")
    titles = dict(Photo.objects.values_list("pk", "title"))
    return [(int(titles[int(it.image.object_id)]), it.kind, it.note) for it in made]


def undecided() -> int:
    """Return how many pictures nobody has decided about."""
    return WatchedImage.objects.filter(standing=Standing.FLAGGED).count()
