"""The example project as its visitors meet it: a site on a real socket, a worker and a local Copyleaks."""

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from demo.processes import LOOPBACK, Process, free_port
from demo.visitor import Visitor
from django_copyleaks_image.emulator import Emulator

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "example_project"
PASSWORD = "correct horse"
COMMAND_SECONDS = 60
CALLBACK_SECONDS = 60
USERS = f"""
from django.contrib.auth.models import User
User.objects.create_user("anna", password={PASSWORD!r})
User.objects.create_user("bert", password={PASSWORD!r})
User.objects.create_superuser("moderator", password={PASSWORD!r})
"""


class Site:
    """A running example site with its users."""

    def __init__(self, data: Path, emulator: Emulator) -> None:
        self._visitors: dict[str, Visitor] = {}
        self.data = data
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(data),
            "DATABASE_URL": f"sqlite:///{data / 'db.sqlite3'}",
            "COPYLEAKS_API_URL": emulator.url,
            "COPYLEAKS_ID_URL": emulator.url,
            "COPYLEAKS_PUBLIC_URL": self.url,
        }

    def visitor(self, name: str = "") -> Visitor:
        """Return a visitor, logged in when a name is given; the same one for the same name."""
        if name not in self._visitors:
            self._visitors[name] = Visitor(self.url)
            if name:
                self._visitors[name].log_in(name, PASSWORD)
        return self._visitors[name]

    def manage(self, *arguments: str, stdin: str = "") -> None:
        """Run a management command to its end."""
        subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=self.environment,
            input=stdin,
            text=True,
            check=True,
            timeout=COMMAND_SECONDS,
            capture_output=True,
        )

    def check_pictures(self) -> None:
        """Let the worker submit what is queued, and judge the callbacks as they arrive."""
        deadline = time.monotonic() + CALLBACK_SECONDS
        while self._unfinished():
            assert time.monotonic() < deadline, "a callback did not arrive"
            self.manage("copyleaks_worker", "--once")

    def _unfinished(self) -> int:
        with closing(sqlite3.connect(self.data / "db.sqlite3")) as database:
            query = "SELECT count(*) FROM copyleaks_image_imagescan WHERE notified_at IS NULL"
            count: int = database.execute(query).fetchone()[0]
            return count

    @property
    def log(self) -> str:
        return (self.data / "site.log").read_text()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("site")
    # Each run of the worker is a process of its own, with a login of its own.
    with Emulator(latency=0.0, login_limit=0) as emulator:
        site = Site(data, emulator)
        site.manage("migrate")
        site.manage("shell", stdin=USERS)
        server = Process(
            "site",
            *("runserver", "--noreload", f"{LOOPBACK}:{site.port}"),
            project=PROJECT,
            environment=site.environment,
            logs=data,
        )
        with server:
            server.wait_for(site.port)
            yield site


def jpeg(width: int = 640, height: int = 512) -> bytes:
    """Return a picture that no other call returns: equal bytes would share a result."""
    file = BytesIO()
    Image.frombytes("L", (width, height), os.urandom(width * height)).save(file, "JPEG", quality=30)
    return file.getvalue()


def upload(
    visitor: Visitor, title: str, file_name: str, *, content: bytes | None = None, is_private: bool = False
) -> int:
    """Upload a picture with the site's form and return its key."""
    visitor.upload(title=title, file_name=file_name, content=content or jpeg(), is_private=is_private)
    kind = "private" if is_private else "photos"
    # The newest upload of its kind comes first.
    match = re.search(rf"/{kind}/(\d+)/tile.jpg[^<]*>\s*<span class=\"title\">{title}<", visitor.page("/mine/"))
    assert match, f"{title} is not among the uploads"
    return int(match[1])
