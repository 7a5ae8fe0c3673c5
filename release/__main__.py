"""``python -m release``: build the files of a release and check them; exit status 1 says that there is a problem."""

import argparse
import os
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from release import changelog, contents, installation, pythons, readme, tags, upgrade
from release.problem import Problem, run

ROOT = Path(__file__).resolve().parent.parent
# Of the sdist's tests, which read files of all kinds beside the package.
QUICK_TESTS = (
    "tests/test_layers.py",
    "tests/test_log_events.py",
    "tests/test_threat_model.py",
    "tests/test_verdicts.py",
)


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    try:
        with TemporaryDirectory() as folder:
            check(options, Path(folder))
    except Problem as problem:
        print(problem, file=sys.stderr)
        print("Not ready for a release.", file=sys.stderr)
        return 1
    print(f"Ready: {', '.join(path.name for path in sorted(options.out.iterdir()))} in {options.out}")
    return 0


def check(options: argparse.Namespace, folder: Path) -> None:
    """Go through all steps; raise Problem at the first that finds something."""
    version = changelog.version_of(ROOT / contents.PACKAGE)
    section = changelog.check((ROOT / "CHANGELOG.rst").read_text(), version, tagged=options.tagged)
    if options.tagged:
        tags.check_tagged(ROOT, version)
    _say(f"Version {version}, and the changelog begins with {section}")

    _say("Build")
    wheel, sdist = _build(options.out)
    run([sys.executable, "-m", "twine", "check", "--strict", wheel, sdist], folder=ROOT)
    count = contents.check(ROOT, wheel, sdist, version)
    _say(f"{wheel.name} holds the {count} files of the package, {sdist.name} what its tests need besides")

    _say("Tests of the sdist")
    _test(sdist, folder / "sdist")

    steps = readme.read_steps((ROOT / "README.rst").read_text())
    for name in _pythons(options):
        _say(f"The README's {len(steps)} steps with {name}")
        installation.install_and_scan(name, wheel, steps, folder / f"project-{name.replace('/', '-')}")

    if tags.is_shallow(ROOT) and not options.tagged:
        _say("Upgrade: not checked, since this clone is shallow and has no earlier tags")
        return
    tag = tags.last_before(ROOT)
    if tag is None:
        _say("Upgrade: no tag before this commit, so there is nothing to upgrade from")
        return
    _say(f"Upgrade from {tag}")
    with ZipFile(wheel) as archive:
        archive.extractall(folder / "new")
    old = upgrade.unpack_tag(ROOT, tag, folder / "old")
    before = upgrade.fill(sys.executable, old, folder / "site")
    upgrade.compare(before, upgrade.migrate(sys.executable, folder / "new", folder / "site"))


def _build(out: Path) -> tuple[Path, Path]:
    for earlier in (*out.glob("django_copyleaks_image-*.whl"), *out.glob("django_copyleaks_image-*.tar.gz")):
        earlier.unlink()
    run([sys.executable, "-m", "build", "--outdir", out, ROOT], folder=ROOT)
    [wheel], [sdist] = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, sdist


def _test(sdist: Path, folder: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    [unpacked] = folder.iterdir()
    environment = os.environ | {"PYTHONPATH": str(unpacked)}
    pytest = [sys.executable, "-m", "pytest", "-q", "--no-header"]
    run([*pytest, "--collect-only"], folder=unpacked, environment=environment)
    run([*pytest, *QUICK_TESTS], folder=unpacked, environment=environment)


def _pythons(options: argparse.Namespace) -> list[str]:
    """Return the Pythons to install on; what is published must have been on each that is supported."""
    if options.python:
        return list(options.python)
    if not options.all:
        return [sys.executable]
    versions = pythons.supported((ROOT / "pyproject.toml").read_text())
    found = {version: pythons.installed(version) for version in versions}
    if missing := ", ".join(version for version, path in found.items() if path is None):
        if options.tagged:
            raise Problem(f"Python {missing} is supported and not installed here.")
        _say(f"Not installed here, so not checked: Python {missing}")
    return [path for path in found.values() if path]


def _say(line: str) -> None:
    print(f"- {line}", flush=True)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make release-check", description="Build the files of a release and check them."
    )
    parser.add_argument("--tagged", action="store_true", help="also: this commit is the one that has the version's tag")
    parser.add_argument("--all", action="store_true", help="install on each supported Python that is here")
    parser.add_argument("--python", action="append", default=[], help="install on this Python; may be repeated")
    parser.add_argument("--out", type=lambda name: Path(name).resolve(), default=ROOT / "dist", help="default: dist/")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
