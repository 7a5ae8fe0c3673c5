"""The files of ``docs/deploy``: each is read by what it is for, as far as that is installed."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.worker import GRACEFUL_SECONDS
from tests.documents import DOCS
from tests.processes import environment_of
from tests.samples import photo

from .command_lines import WrongCommand, check

FOLDER = DOCS / "deploy"
VIRTUAL_ENVIRONMENT = "/srv/photos/.venv/bin/"
UNITS = sorted(FOLDER.glob("*.service")) + sorted(FOLDER.glob("*.timer"))


def text_of(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def gunicorn_settings() -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(compile(text_of("gunicorn.conf.py"), "gunicorn.conf.py", "exec"), found)
    return found


def value_in(unit: str, key: str) -> str:
    found = re.search(rf"^{key}=(.+)$", text_of(unit), re.MULTILINE)
    assert found is not None, key
    return found[1]


@pytest.mark.parametrize(
    "line",
    [
        "python manage.py copyleaks_workers",
        "python manage.py copyleaks_worker --ones",
        "python manage.py copyleaks_worker --threads many",
        "gunicorn --threads many",
        "uvicorn config.asgi:application --ports 8000",
        "nohup python manage.py copyleaks_worker",
    ],
)
def test_wrong_command__is_found(line: str) -> None:
    with pytest.raises(WrongCommand):
        check(line)


def test_units__start_what_there_is() -> None:
    for unit in UNITS:
        if unit.suffix == ".service":
            command = value_in(unit.name, "ExecStart")
            assert command.startswith(VIRTUAL_ENVIRONMENT)
            check(command.removeprefix(VIRTUAL_ENVIRONMENT))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_units__are_understood_by_systemd(tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("python", "gunicorn"):
        (programs / name).symlink_to(sys.executable)
    copies = []
    for unit in UNITS:
        copies.append(tmp_path / unit.name)
        copies[-1].write_text(unit.read_text(encoding="utf-8").replace(VIRTUAL_ENVIRONMENT, f"{programs}/"))

    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, copies)],
        env=os.environ | {"SYSTEMD_LOG_LEVEL": "warning"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    ours = [line for line in said.stderr.splitlines() if "photos-" in line]
    assert ours == []


def test_stops__wait_for_longer_than_what_is_stopped() -> None:
    gunicorn = gunicorn_settings()
    compose = text_of("compose.yaml")

    assert int(value_in("photos-web.service", "TimeoutStopSec")) > gunicorn["graceful_timeout"]
    assert int(value_in("photos-worker.service", "TimeoutStopSec")) > GRACEFUL_SECONDS
    web, worker = (int(found) for found in re.findall(r"stop_grace_period: (\d+)s", compose))
    assert web > gunicorn["graceful_timeout"]
    assert worker > GRACEFUL_SECONDS


def test_procfile() -> None:
    lines = dict(line.split(": ", 1) for line in text_of("Procfile").splitlines())

    assert lines.keys() == {"release", "web", "worker"}
    for line in lines.values():
        check(line.replace("$PORT", "8000"))


def test_dockerfile() -> None:
    instructions = [line.split(" ", 1) for line in text_of("Dockerfile").splitlines() if line and line[0].isupper()]

    assert instructions[0] == ["FROM", "python:3.13-slim"]
    assert {name for name, _ in instructions} <= {"FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "EXPOSE", "CMD"}
    assert dict(instructions)["USER"] == "photos"
    check_words(dict(instructions)["CMD"])


def check_words(words: object) -> None:
    """Check a command that is written as a list, in a Dockerfile or in YAML."""
    if isinstance(words, str):
        words = re.findall(r'"([^"]*)"', words)
    assert isinstance(words, list)
    if words[0] == "CMD":
        words = words[1:]
    if words[:2] == ["python", "-c"]:
        compile(words[2], "healthcheck", "exec")
    elif words[0] in ("python", "gunicorn"):
        check(" ".join(words))


def test_compose() -> None:
    yaml = pytest.importorskip("yaml")
    compose = yaml.safe_load(text_of("compose.yaml"))
    services = compose["services"]

    for service in services.values():
        if "command" in service:
            check_words(service["command"])
        if "healthcheck" in service:
            check_words(service["healthcheck"]["test"])
    needed = {name for service in services.values() for name in service.get("depends_on", {})}
    assert needed < services.keys()
    # What waits for another one to be well needs it to say so.
    for service in services.values():
        for name, needs in service.get("depends_on", {}).items():
            assert needs["condition"] == "service_completed_successfully" or "healthcheck" in services[name]
    # The worker sends the files that the site stores.
    assert services["worker"]["volumes"] == services["web"]["volumes"] == ["media:/srv/photos/media"]
    volumes = {mount.split(":")[0] for service in services.values() for mount in service.get("volumes", [])}
    assert volumes == compose["volumes"].keys()


def test_uvicorn_command() -> None:
    document = (DOCS / "deploy.rst").read_text(encoding="utf-8")
    [command] = re.findall(r"^ +(uvicorn .+)$", document, re.MULTILINE)

    check(command)
    # With these headers believed, TRUSTED_PROXIES would see the address of Copyleaks in the place of the proxy's.
    assert "--no-proxy-headers" in command


@pytest.mark.django_db(transaction=True)
@pytest.mark.sockets
@pytest.mark.skipif(shutil.which("flock") is None, reason="flock is not installed")
def test_cron_line__runs_as_cron_runs_it(tmp_path: Path, emulator: Emulator, settings: Any) -> None:
    photo("ai-37.jpg")
    [line] = [line for line in text_of("crontab").splitlines() if line.startswith("* ")]
    schedule_and_user = "* * * * * photos "
    assert line.startswith(schedule_and_user)
    assert "%" not in line  # To cron it is the end of the line.
    site = tmp_path / "photos"
    programs = site / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (programs / "python").chmod(0o755)
    (site / "manage.py").write_text("from django.core import management\nmanagement.execute_from_command_line()\n")
    ours = environment_of(settings) | {
        name: value for name, value in os.environ.items() if name in ("DATABASE_URL", "TMPDIR")
    }
    documented = [
        line for line in text_of("photos.env").splitlines() if not line.startswith(("DATABASE_URL", "DJANGO"))
    ]
    written = [*documented, *(f"{name}={shlex.quote(value)}" for name, value in ours.items())]
    (site / "photos.env").write_text("\n".join(written))
    command = line.removeprefix(schedule_and_user)
    command = command.replace("/etc/photos.env", f"{site}/photos.env").replace("/srv/photos", str(site))

    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "HOME": str(tmp_path)},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert ImageScan.objects.get().sent_at is not None
