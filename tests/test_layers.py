"""Imports run one way: what a room may import stands above it in the table of ``docs/architecture.rst``."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "django_copyleaks_image"


def rooms() -> list[str]:
    """Return the modules and folders of the package in the order of the table."""
    text = (ROOT / "docs" / "architecture.rst").read_text()
    table = text[text.index("Rooms\n=====") : text.index("The life of a scan\n==")]
    names = (
        re.findall(r"``([a-z_]+)(?:\.py|/[a-z/]*)``", line[:28]) for line in table.splitlines() if line.startswith("``")
    )
    return [name for found in names for name in found]


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
        if parts[0] not in ("__init__", "migrations"):
            yield parts[0], path


def imported_rooms(path: Path) -> set[str]:
    """Return the rooms that a module imports from, also inside its functions."""
    found = set()
    package = (PACKAGE, *path.relative_to(ROOT / PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            origin = ".".join(filter(None, (above, node.module)))
            found |= {f"{origin}.{alias.name}" for alias in node.names}
    names = (name.split(".") for name in found)
    return {name[1] for name in names if name[0] == PACKAGE and len(name) > 1} & set(rooms())


def test_every_room__stands_in_the_table() -> None:
    assert {room for room, _ in modules()} == set(rooms())


@pytest.mark.parametrize(
    ("room", "path"), [pytest.param(*each, id=str(each[1].relative_to(ROOT))) for each in modules()]
)
def test_imports__come_from_above(room: str, path: Path) -> None:
    order = rooms()

    assert {other for other in imported_rooms(path) if order.index(other) > order.index(room)} == set()
