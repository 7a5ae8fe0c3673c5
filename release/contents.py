"""What the wheel and the sdist hold: what the repository has of it, catalogues compiled, and nothing else."""

import re
import tarfile
from collections.abc import Iterable
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

from release.problem import Problem, run

PACKAGE = "django_copyleaks_image"
# At least one of each must be there: a list of nothing would be complete, too.
KINDS = ("/templates/", "/static/", "/locale/", "/migrations/0001_initial.py", "/py.typed")
# What is for who works in the repository; everything else is in the sdist.
OF_THE_REPOSITORY = re.compile(r"(\.(ci|github)|frontend)/|(\.\w[\w.-]*|Makefile|tox\.ini)$")
MADE_BY_THE_BUILD = {"PKG-INFO", ".gitignore"}
# Even where git knows it.
NEVER = re.compile(r"(^|/)(__pycache__|node_modules|\.env|\.DS_Store|id_rsa)(/|$)|\.(pyc|pem|key|p12|sqlite3|log)$")
ADDRESSES = {"Documentation", "Changelog", "Repository", "Issues", "Security"}


def check(repository: Path, wheel: Path, sdist: Path, version: str) -> int:
    """Return how many files the package has; raise Problem that names what is missing, or too much."""
    known = files_of(repository)
    package = {name for name in known if name.startswith(f"{PACKAGE}/")}
    package |= {name.removesuffix(".po") + ".mo" for name in package if name.endswith(".po")}
    in_wheel = {name for name in ZipFile(wheel).namelist() if not name.split("/")[0].endswith(".dist-info")}
    with tarfile.open(sdist) as archive:
        in_sdist = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    wanted = package | {name for name in known if not OF_THE_REPOSITORY.match(name)}
    problems = [
        *(f"The repository has nothing like {kind}" for kind in KINDS if not any(kind in name for name in package)),
        *_told("The wheel lacks", package - in_wheel),
        *_told("The wheel should not hold", in_wheel - package),
        *_told("The sdist lacks", wanted - in_sdist),
        *_told("The sdist should not hold", in_sdist - wanted - MADE_BY_THE_BUILD),
        *_told("Nothing should hold", filter(NEVER.search, in_wheel | in_sdist)),
        *_of_metadata(wheel, version),
    ]
    if problems:
        raise Problem("\n".join(problems))
    return len(package)


def files_of(repository: Path) -> set[str]:
    """Return the files that git knows, or would take."""
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], folder=repository).splitlines()
    return {name for name in listed if (repository / name).is_file()}


def _of_metadata(wheel: Path, version: str) -> Iterable[str]:
    with ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = message_from_bytes(archive.read(name))
    if metadata["Version"] != version:
        yield f"The wheel says version {metadata['Version']}, and the package {version}"
    addresses = {entry.partition(",")[0] for entry in metadata.get_all("Project-URL", [])}
    yield from _told("[project.urls] lacks", ADDRESSES - addresses)


def _told(what: str, names: Iterable[str]) -> list[str]:
    return [f"{what} {name}" for name in sorted(names)]
