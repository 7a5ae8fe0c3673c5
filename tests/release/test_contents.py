"""Files that a wheel or an sdist lacks, or should not have, are named."""

import tarfile
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from release import contents
from release.problem import Problem

from .conftest import Git

PACKAGE = "django_copyleaks_image"
OF_THE_PACKAGE = [
    f"{PACKAGE}/{name}"
    for name in (
        "__init__.py",
        "py.typed",
        "locale/de/LC_MESSAGES/django.po",
        "migrations/0001_initial.py",
        "static/a.js",
        "templates/a.html",
    )
]
COMPILED = f"{PACKAGE}/locale/de/LC_MESSAGES/django.mo"
BESIDE = ["README.rst", "pyproject.toml", "tests/test_a.py"]
OF_THE_REPOSITORY = [
    ".ci/run",
    ".github/workflows/ci.yml",
    ".gitignore",
    "Makefile",
    "frontend/package.json",
    "tox.ini",
]


@pytest.fixture
def repository(git: Git, tmp_path: Path) -> Path:
    for name in (*OF_THE_PACKAGE, *BESIDE, *OF_THE_REPOSITORY):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("dist/\n")
    return tmp_path


def _wheel(folder: Path, names: list[str], *, version: str = "1.2.0", urls: set[str] = contents.ADDRESSES) -> Path:
    path = folder / "dist" / "a.whl"
    path.parent.mkdir(exist_ok=True)
    metadata = [f"Version: {version}", *(f"Project-URL: {url}, https://example.org/" for url in urls)]
    with ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
        archive.writestr("a-1.2.0.dist-info/METADATA", "\n".join(metadata))
    return path


def _sdist(folder: Path, names: list[str]) -> Path:
    path = folder / "dist" / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in (*names, "PKG-INFO"):
            archive.addfile(tarfile.TarInfo(f"a-1.2.0/{name}"), BytesIO())
    return path


def test_what_is_complete__is_counted(repository: Path) -> None:
    wheel = _wheel(repository, [*OF_THE_PACKAGE, COMPILED])
    sdist = _sdist(repository, [*OF_THE_PACKAGE, COMPILED, *BESIDE])

    assert contents.check(repository, wheel, sdist, "1.2.0") == len(OF_THE_PACKAGE) + 1


def test_what_is_missing_or_too_much__is_named(repository: Path) -> None:
    secret = "tests/settings/private.key"
    (repository / "tests/settings").mkdir()
    (repository / secret).touch()
    wheel = _wheel(repository, [*OF_THE_PACKAGE, "tests/test_a.py"], version="1.1.0", urls={"Repository"})
    sdist = _sdist(repository, [*OF_THE_PACKAGE, COMPILED, "README.rst", "pyproject.toml", secret, "left/over.txt"])

    with pytest.raises(Problem) as problem:
        contents.check(repository, wheel, sdist, "1.2.0")

    assert str(problem.value).splitlines() == [
        f"The wheel lacks {COMPILED}",
        "The wheel should not hold tests/test_a.py",
        "The sdist lacks tests/test_a.py",
        "The sdist should not hold left/over.txt",
        f"Nothing should hold {secret}",
        "The wheel says version 1.1.0, and the package 1.2.0",
        *(f"[project.urls] lacks {name}" for name in sorted(contents.ADDRESSES - {"Repository"})),
    ]


def test_repository_without_a_kind_of_file__is_refused(repository: Path) -> None:
    left = [name for name in OF_THE_PACKAGE if "py.typed" not in name]
    (repository / PACKAGE / "py.typed").unlink()

    with pytest.raises(Problem, match=r"nothing like /py\.typed"):
        contents.check(
            repository, _wheel(repository, [*left, COMPILED]), _sdist(repository, [*left, COMPILED, *BESIDE]), "1.2.0"
        )
