"""Check that a wheel holds every file of the package that the repository has, and a compiled catalogue of each."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

PACKAGE = "django_copyleaks_image"


def main(repository: Path, wheel: Path) -> int:
    """Return 1 and name what is missing."""
    known = ["git", "-C", str(repository), "ls-files", "--cached", "--others", "--exclude-standard", PACKAGE]
    files = set(subprocess.run(known, check=True, text=True, capture_output=True).stdout.splitlines())
    expected = {path for path in files if (repository / path).is_file()}
    expected |= {path.removesuffix(".po") + ".mo" for path in expected if path.endswith(".po")}
    missing = sorted(expected - set(ZipFile(wheel).namelist()))
    for path in missing:
        print(f"{wheel.name} lacks {path}", file=sys.stderr)
    print(f"{wheel.name} holds {len(expected) - len(missing)} of {len(expected)} files.")
    return 1 if missing or not expected else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
