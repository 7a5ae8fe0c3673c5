"""Check that the wheel holds what the repository has of the package, its catalogues compiled, and nothing else."""

import subprocess
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZipFile

PACKAGE = "django_copyleaks_image"
# At least one of each must be there: a list of nothing would be complete, too.
KINDS = ("/templates/", "/static/", "/migrations/0001_initial.py", "/py.typed")
BESIDE_THE_PACKAGE = ("CHANGELOG.rst", "LICENSE", "README.rst", "pyproject.toml")


def main(repository: Path, wheel: Path, sdist: Path) -> int:
    """Return 1 and name what is missing, or too much."""
    package = package_files(repository)
    in_wheel = {name for name in ZipFile(wheel).namelist() if not name.split("/")[0].endswith(".dist-info")}
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    problems = [
        *(f"The repository has nothing like {kind}" for kind in KINDS if not any(kind in name for name in package)),
        *_told("The wheel lacks", package - in_wheel),
        *_told("The wheel should not hold", in_wheel - package),
        *_told("The sdist lacks", (package | set(BESIDE_THE_PACKAGE)) - in_sdist),
    ]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{wheel.name} holds {len(package & in_wheel)} of {len(package)} files.")
    return 1 if problems else 0


def package_files(repository: Path) -> set[str]:
    """Return the files of the package that belong into a release, catalogues also as they are compiled."""
    known = ["git", "-C", str(repository), "ls-files", "--cached", "--others", "--exclude-standard", PACKAGE]
    files = set(subprocess.run(known, check=True, text=True, capture_output=True).stdout.splitlines())
    package = {name for name in files if (repository / name).is_file()}
    return package | {name.removesuffix(".po") + ".mo" for name in package if name.endswith(".po")}


def _told(what: str, names: Iterable[str]) -> list[str]:
    return [f"{what} {name}" for name in sorted(names)]


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:4])))
