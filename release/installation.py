"""The steps of the README, word for word, in an empty project: at the end its site has a picture scanned."""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from release import readme
from release.problem import Problem, run
from tests.processes import LOOPBACK, free_port

# An empty project has no cache that its processes share, and the site of this check neither certificate nor an address
# that the internet reaches.
EXPECTED = {"copyleaks_image.W006", "copyleaks_image.W011", "copyleaks_image.W056"}
ADDRESS_OF_THE_README = "http://127.0.0.1:8000"
ACCOUNT = {"COPYLEAKS_EMAIL": "photos@example.org", "COPYLEAKS_API_KEY": "any"}
STOP_SECONDS = 30
# The project that the README speaks to: an empty one with photos.
MODELS = """

class Photo(models.Model):
    image = models.ImageField(upload_to="photos")
"""
SETTINGS = """
INSTALLED_APPS.append("gallery")
MEDIA_ROOT = BASE_DIR / "media"
# Django 6.1 makes a project whose own mail settings do not pass "check --deploy".
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend"}}
"""


def install_and_scan(python: str, wheel: Path, steps: list[readme.Step], folder: Path) -> None:
    """Follow the steps with this Python in a new environment; raise Problem at what does not work."""
    folder.mkdir()
    run([python, "-m", "venv", folder / "venv"], folder=folder)
    project = _Project(folder, wheel)
    project.begin()
    for step in steps:
        if step.python:
            readme.apply(project.at_home(step.python), project.folder / "blank" / step.file)
        if step.is_endless:
            project.scan_with(step.commands)
        elif step.commands:
            project.follow(step.commands)


class _Project:
    """An empty project in an environment of its own."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder / "blank"
        self._logs = folder
        self._port, self._emulator = free_port(), free_port()
        constraints = folder / "constraints.txt"
        # What the README's command installs is the wheel that was built.
        constraints.write_text(f"django-copyleaks-image @ {wheel.as_uri()}\n")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO_"))}
        self.environment = inherited | {
            "PATH": f"{folder / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PIP_CONSTRAINT": str(constraints),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_QUIET": "1",
        }
        self.environment.pop("DATABASE_URL", None)

    def begin(self) -> None:
        """Make the project, with the newest Django that this Python can have."""
        self._shell("python -m pip install django && django-admin startproject blank", self._logs)
        self._shell("python manage.py startapp gallery")
        for name, more in (("gallery/models.py", MODELS), ("blank/settings.py", SETTINGS)):
            with (self.folder / name).open("a") as file:
                file.write(more)

    def at_home(self, python: str) -> str:
        """Return Python of the README with the address at which this site is."""
        return python.replace(ADDRESS_OF_THE_README, f"http://{LOOPBACK}:{self._port}")

    def follow(self, commands: Sequence[str]) -> None:
        """Do what a step says, and see that its effect is whole."""
        does = " ".join(commands)
        if "migrate" in does:
            self._shell("python manage.py makemigrations gallery --verbosity 0")
        self._shell("\n".join(commands))
        if "pip install" in does:
            self._shell("python -m pip check")
            # From here on, what warns is an error.
            self.environment["PYTHONWARNINGS"] = "error"
        if "migrate" in does:
            self._shell("python manage.py makemigrations --check --dry-run")
            self._check()

    def scan_with(self, commands: Sequence[str]) -> None:
        """Have a picture scanned by what the commands run, at ports that are free; they have to stop when asked to."""
        with ExitStack() as running:
            for command in commands:
                running.enter_context(self._running(f"{command}{self._ports(command)}"))
            self._scan()

    def _check(self) -> None:
        """Check the settings with an account; only what an empty project cannot have may be said."""
        environment = self.environment | ACCOUNT
        said = run(["bash", "-euc", "python manage.py check --deploy"], folder=self.folder, environment=environment)
        if found := set(re.findall(r"copyleaks_image\.[EW]\d+", said)) - EXPECTED:
            raise Problem(f"{said}\nThe checks find {', '.join(sorted(found))} in an empty project.")

    def _ports(self, command: str) -> str:
        if "runserver" in command:
            return f" --noreload {LOOPBACK}:{self._port}"
        return f" --port {self._emulator}"

    @contextmanager
    def _running(self, command: str) -> Iterator[None]:
        """Run a command of the README until the block ends; raise Problem if it does not stop when it is asked to."""
        with (self._logs / f"{command.split()[2]}.log").open("wb") as log:
            process = subprocess.Popen(
                ["bash", "-euc", f"exec {command}"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                yield
            finally:
                process.terminate()
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    raise Problem(f"{command} did not stop within {STOP_SECONDS} s.") from None
        # Django's own server knows no way to end well.
        if process.returncode and "runserver" not in command:
            raise Problem(f"{command} ended with status {process.returncode} when it was asked to stop.")

    def _scan(self) -> None:
        """Save a picture and wait for its verdict."""
        script = Path(__file__).with_name("scan_a_picture.py")
        try:
            self._shell(f"python manage.py shell < '{script}'")
        except Problem as problem:
            logs = "\n".join(f"{log.name}:\n{log.read_text()[-2000:]}" for log in sorted(self._logs.glob("*.log")))
            raise Problem(f"{problem}\n{logs}") from None

    def _shell(self, commands: str, folder: Path | None = None) -> str:
        return run(["bash", "-euc", commands], folder=folder or self.folder, environment=self.environment)
