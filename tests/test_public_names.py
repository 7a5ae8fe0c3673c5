"""What the documentation has a project import is named in ``__all__`` of its module."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.documents import DOCUMENTS

PUBLIC = [
    *(
        "admin",
        "api",
        "dispatch",
        "endpoints.media",
        "endpoints.verifiers",
        "endpoints.webhook",
        "emulator",
        "fields",
        "models",
    ),
    *("operations", "publishing", "redaction", "registry", "signals", "sources", "testing", "verdicts"),
]


def documented() -> Iterator[tuple[str, str]]:
    """Yield module and name of every import of ours that stands in the documentation."""
    for document in DOCUMENTS:
        for module, names in re.findall(r"from (django_copyleaks_image[\w.]*) import ([\w, ]+)", document.read_text()):
            yield from ((module, name.strip()) for name in names.split(","))


def public_names(module: str) -> list[str]:
    """Return ``__all__`` as it is written: a task backend's module cannot be imported without its package."""
    spec = find_spec(module)
    assert spec is not None
    tree = ast.parse(Path(str(spec.origin)).read_text())
    (found,) = (
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    names: list[str] = ast.literal_eval(found)
    return names


@pytest.mark.parametrize(("module", "name"), sorted(set(documented())))
def test_documented_name__is_public(module: str, name: str) -> None:
    assert name in public_names(module)


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name__is_there(name: str) -> None:
    module = import_module(f"django_copyleaks_image.{name}")

    assert module.__all__
    assert [public for public in module.__all__ if not hasattr(module, public)] == []
