"""``chaos_upload``: one visitor who uploads, replaces and deletes pictures, and may die while doing so."""

import os
import signal
import time
from pathlib import PurePosixPath
from typing import Any, NoReturn
from unittest.mock import patch

from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as AnyDatabaseError
from django.db import connection

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import scan_requests
from robustness.chaos.plan import Action, Step, steps_of
from tests.gallery.models import Photo

# Visitors wait while so many scans are queued, so that files are replaced and deleted in every state of their scan.
BACKLOG = 30
STEPS_BETWEEN_LOOKS = 4
# For so many seconds a visitor tries again when the database is away.
PATIENCE = 60.0


class Command(BaseCommand):
    help = "Do the planned steps of one uploader; each is noted on the output before it is begun."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("uploader", type=int)
        parser.add_argument("--uploads", type=int, required=True)
        parser.add_argument("--seed", type=int, required=True)
        parser.add_argument("--journal", required=True, help="file in which the steps that were begun are counted")
        parser.add_argument("--begun", type=int, default=0, help="steps that were begun before")

    def handle(self, *, uploader: int, uploads: int, seed: int, journal: str, begun: int, **options: Any) -> None:
        steps = steps_of(uploader, uploads=uploads, seed=seed)
        for number, step in enumerate(steps[begun:], start=begun):
            if number % STEPS_BETWEEN_LOOKS == 0:
                _persistently(_wait_for_the_queue)
            with open(journal, "a", encoding="utf-8") as file:  # noqa: PTH123 - closed, hence written, at once
                file.write(f"{step.action}\n")
            _persistently(lambda step=step: _do(step))


def _wait_for_the_queue() -> None:
    while ImageScan.objects.filter(status=Status.QUEUED).count() > BACKLOG:
        time.sleep(0.1)


def _persistently(work: Any) -> None:
    """Do something again until the database has let it happen, as visitors do."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            work()
        except AnyDatabaseError:
            if time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(0.2)
        else:
            return


def _do(step: Step) -> None:
    if not step.dies:
        _change(step)
        return
    # The photo is committed when its scan is about to be queued: the request dies just there.
    with patch.object(scan_requests, "queue", _die):
        _change(step)


def _die(*_: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives this")


def _change(step: Step) -> None:
    """Bring about a step; doing it twice does no harm, since a broken connection does not tell what was committed."""
    photo = Photo.objects.filter(title=step.title).first()
    file = ContentFile(step.file.content(), name=step.file.name)
    if step.action == Action.UPLOAD:
        if photo is None:
            Photo(title=step.title, image=file).save()
    elif photo is None:
        # Deleted by a try whose commit was not confirmed.
        return
    elif step.action == Action.REPLACE:
        photo.image = file
        photo.save()
    elif step.action == Action.OVERWRITE:
        name = PurePosixPath(photo.image.name or "").name
        photo.image.delete(save=False)
        photo.image.save(name, file)
    elif step.action == Action.CLEAR:
        photo.image.delete()
    else:
        photo.image.delete(save=False)
        photo.delete()
