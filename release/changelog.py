"""The version, and whether the changelog speaks of it."""

import re
from datetime import date
from pathlib import Path

from release.problem import Problem

UNRELEASED = "Unreleased"
_VERSION = re.compile(r'^__version__ = "(?P<version>\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)"$', re.MULTILINE)
# What is underlined with "=" after an empty line; the title has a line above it.
_SECTION = re.compile(r"\n\n(?P<name>[^\n]+)\n=+\n")
_DATED = re.compile(r"(?P<version>\S+) – (?P<day>\d{4}-\d{2}-\d{2})")


def version_of(package: Path) -> str:
    """Return the version as the package itself says it, which is the only place."""
    match = _VERSION.search((package / "__init__.py").read_text())
    if match is None:
        raise Problem(f'{package.name}/__init__.py has no line such as __version__ = "1.2.3".')
    return match["version"]


def check(changelog: str, version: str, *, tagged: bool) -> str:
    """Return the name of the first section; raise Problem unless it may stand above this version.

    With a tag it must be the version's own, dated; without one it may also be what is not released.
    """
    match = _SECTION.search(changelog)
    if match is None:
        raise Problem("CHANGELOG.rst has no section that is underlined with =.")
    name = match["name"]
    if name == UNRELEASED:
        if tagged:
            raise Problem(f"CHANGELOG.rst begins with {UNRELEASED}: write {version} – YYYY-MM-DD there.")
        return name
    dated = _DATED.fullmatch(name)
    if dated is None:
        raise Problem(f"CHANGELOG.rst begins with {name!r}: write {UNRELEASED}, or {version} – YYYY-MM-DD.")
    if dated["version"] != version:
        raise Problem(f"CHANGELOG.rst begins with {dated['version']}, and the package's version is {version}.")
    try:
        date.fromisoformat(dated["day"])
    except ValueError:
        raise Problem(f"CHANGELOG.rst has no day {dated['day']} in the calendar.") from None
    return name
