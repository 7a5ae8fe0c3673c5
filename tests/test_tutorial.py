"""``docs/tutorial.rst`` as it stands: each file is written, each command run, and the pages are what it says."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from django.db import connection

from tests.documents import DOCS, Block, Example, blocks, examples
from tests.processes import LOOPBACK, free_port

pytestmark = [
    pytest.mark.sockets,
    # The project of the tutorial has a database of its own, the same whatever that of the tests is.
    pytest.mark.skipif(connection.vendor != "sqlite", reason="asks no database of the tests"),
]

COMMAND_SECONDS = 60
# Those that run until they are told to stop.
RUNNING = ("runserver", "copyleaks_emulator")
FILE = re.compile(r"^(?:#|<!--) (?P<path>[\w/]+\.\w+)(?P<at_the_end>, at the end)?(?: -->)?\n")


class Reader:
    """Somebody who does what the tutorial says, in an empty folder, at ports that are free."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site, self.copyleaks = (f"http://{LOOPBACK}:{free_port()}" for _ in range(2))
        # The package is installed already, so pip needs no index; nothing of the tests' own project is there.
        own = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "OTHER_DATABASE_URL", "PYTHONPATH")
        self._environment = {name: value for name, value in os.environ.items() if name not in own} | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(DOCS.parent), str(folder)]),
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        self._running: list[subprocess.Popen[bytes]] = []
        self._session = requests.Session()
        self._session.trust_env = False

    def writes(self, block: Block) -> None:
        found = FILE.match(block.text)
        assert found, f"{block}: the first line of a file is a comment with its path"
        path = self.folder / found["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() if found["at_the_end"] else ""
        text = block.text.replace("http://127.0.0.1:8000", self.site).replace("http://127.0.0.1:8001", self.copyleaks)
        path.write_text(before + text)

    def runs(self, example: Example) -> None:
        if any(name in example.words for name in RUNNING):
            self._starts(example)
            return
        ended = subprocess.run(
            ["bash", "-c", example.command],
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout
        assert example.is_answered_by(ended.stdout), ended.stdout

    def _starts(self, example: Example) -> None:
        if "runserver" in example.words:
            at_a_free_port = ["--noreload", self.site.removeprefix("http://")]
        else:
            at_a_free_port = ["--port", self.copyleaks.rpartition(":")[2]]
        with (self.folder / "running.log").open("ab") as log:
            self._running.append(
                subprocess.Popen(
                    [*example.words, *at_a_free_port],
                    cwd=self.folder,
                    env=self._environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

    def stops(self) -> None:
        """End what runs; whatever a process has started belongs to its session."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def page(self, path: str = "/") -> str:
        answer = self._session.get(self.site + path, timeout=10)
        assert answer.status_code == 200, answer.text[:2000]
        return answer.text

    def submits(self, path: str, *, to: str = "", file: Path | None = None, **fields: str) -> None:
        """Send a form of a page with its token."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.page(path))
        assert token
        answer = self._session.post(
            self.site + (to or path),
            data={"csrfmiddlewaretoken": token[1], **fields},
            files={"image": (file.name, file.read_bytes())} if file else None,
            headers={"Referer": self.site + path, "Accept": "text/html"},
            timeout=10,
            allow_redirects=False,
        )
        assert answer.status_code == 302, answer.text[:2000]

    def waits_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + COMMAND_SECONDS
        while not _is_met(condition):
            assert time.monotonic() < deadline, (self.folder / "running.log").read_text()[-3000:]
            time.sleep(0.05)

    def adds_both_photos(self) -> None:
        self.waits_for(lambda: "There is nothing to see yet." in self.page())
        self.submits("/admin/login/", username="admin", password="harbour", next="/admin/")
        for title, name in (("Meadow", "meadow.jpg"), ("Harbour", "harbour-ai-37.jpg")):
            self.submits("/admin/gallery/photo/add/", title=title, file=self.folder / name)
        self.waits_for(lambda: "2 watched images" in self.page("/admin/copyleaks_image/watchedimage/"))

    def clears_harbour(self) -> None:
        """Decide on the page of the picture, which has the keys of the desk as buttons."""
        pages = [f"/admin/copyleaks_image/watchedimage/{key}/change/" for key in (1, 2)]
        (path,) = (path for path in pages if "Harbour" in self.page(path))
        fields = re.search(r'action="([^"]+/decide/)".*?name="version" value="([^"]+)"', self.page(path), re.DOTALL)
        assert fields
        self.submits(path, to=fields[1], version=fields[2], back=path, seen="seen", kind="cleared")

    def titles_in_the_gallery(self) -> list[str]:
        return re.findall(r"<figcaption>(\w+)", self.page())


def _is_met(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except requests.ConnectionError:
        return False


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    yield reader
    reader.stops()


def test_tutorial__leads_to_a_moderated_gallery(reader: Reader) -> None:
    for block in blocks(DOCS / "tutorial.rst"):
        if block.language != "console":
            reader.writes(block)
            continue
        for example in examples(block):
            if "shell" in example.words:
                reader.adds_both_photos()
            reader.runs(example)

    assert reader.titles_in_the_gallery() == ["Meadow"]
    assert "Review desk" in reader.page("/admin/copyleaks_image/")
    assert "Harbour" in reader.page("/admin/copyleaks_image/watchedimage/?queue=review")
    reader.clears_harbour()
    assert reader.titles_in_the_gallery() == ["Harbour", "Meadow"]
    assert "cleared by a moderator" in reader.page()
