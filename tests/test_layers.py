"""Imports run one way: what a layer may import stands above it in the table of ``docs/architecture.rst``."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "django_copyleaks_image"
# Whatever reads bytes that somebody has uploaded.
DECODERS = ("blemishes", "copies", "heif", "opening", "pictures", "provenance")


def layers() -> list[str]:
    """Return the modules and folders of the package in the order of the table."""
    text = (ROOT / "docs" / "architecture.rst").read_text()
    table = text[text.index("Layers\n======") : text.index("The life of a scan\n==")]
    names = (
        re.findall(r"``([a-z_]+)(?:\.py|/[a-z/]*)``", line[:28]) for line in table.splitlines() if line.startswith("``")
    )
    return [name for found in names for name in found]


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
        if parts[0] not in ("__init__", "migrations"):
            yield parts[0], path


def imported(path: Path) -> set[str]:
    """Return the names that a module imports, also inside its functions."""
    found = set()
    package = (PACKAGE, *path.relative_to(ROOT / PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            origin = ".".join(filter(None, (above, node.module)))
            found |= {f"{origin}.{alias.name}" for alias in node.names}
    return found


def imported_layers(path: Path) -> set[str]:
    """Return the layers that a module imports from."""
    names = (name.split(".") for name in imported(path))
    return {name[1] for name in names if name[0] == PACKAGE and len(name) > 1} & set(layers())


def test_every_layer__stands_in_the_table() -> None:
    assert {layer for layer, _ in modules()} == set(layers())


@pytest.mark.parametrize(
    ("layer", "path"), [pytest.param(*each, id=str(each[1].relative_to(ROOT))) for each in modules()]
)
def test_imports__come_from_above(layer: str, path: Path) -> None:
    order = layers()

    assert {other for other in imported_layers(path) if order.index(other) > order.index(layer)} == set()


def test_uploads__are_decoded_by_the_children_of_decoding_alone() -> None:
    """A web process, and the worker itself, would take the time and the memory that a stranger asks for."""
    decoders = {f"{PACKAGE}.{name}" for name in DECODERS}
    importing = {
        path.relative_to(ROOT / PACKAGE).as_posix()
        for _, path in modules()
        if any(name in decoders or name.startswith(tuple(f"{it}." for it in decoders)) for name in imported(path))
    }
    assert importing == {"decoding/child.py", *(f"{name}.py" for name in ("copies", "opening", "pictures"))}


def test_pillow__opens_nothing_but_what_we_have_drawn_ourselves() -> None:
    """Overlays are drawn of our own numbers; whatever else needs Pillow is run by a child, or is the emulator."""
    importing = {
        path.relative_to(ROOT / PACKAGE).as_posix()
        for layer, path in modules()
        if layer != "emulator" and any(name.split(".")[0] == "PIL" for name in imported(path))
    }
    drawing = {"alignment.py", "heatmap.py"}
    assert importing - drawing == {f"{name}.py" for name in ("copies", "opening", "pictures", "pixels", "provenance")}
    assert "open(" not in (ROOT / PACKAGE / "heatmap.py").read_text()
    # An overlay of ours that is turned.
    assert (ROOT / PACKAGE / "alignment.py").read_text().count("open(") == 1
