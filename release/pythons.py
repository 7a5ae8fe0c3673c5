"""The versions of Python that the package says it supports, and those of them that this machine has."""

import re
import shutil
import tomllib
from pathlib import Path

PYENV = Path.home() / ".pyenv" / "versions"


def supported(pyproject: str) -> list[str]:
    """Return the versions that the classifiers name, the oldest first."""
    classifiers = tomllib.loads(pyproject)["project"]["classifiers"]
    found = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line) for line in classifiers)
    return sorted((match[1] for match in found if match), key=lambda version: int(version.partition(".")[2]))


def installed(version: str, pyenv: Path = PYENV) -> str | None:
    """Return where a version is installed, also where pyenv's shims hide it; None if it is not."""
    folders = sorted(pyenv.glob(f"{version}.*/bin/python"), key=lambda path: path.parts, reverse=True)
    return str(folders[0]) if folders else shutil.which(f"python{version}")
