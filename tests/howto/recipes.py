"""The code of the how-to guides, as modules and settings of a project."""

import re
from types import ModuleType

from tests.documents import DOCS, blocks

GUIDES = DOCS / "howto"


def code_of(guide: str, language: str = "python") -> list[str]:
    """Return the blocks of a language in a guide."""
    return [block.text for block in blocks(GUIDES / f"{guide}.rst", language)]


def module(guide: str, named: str) -> ModuleType:
    """Run the one block that begins with the name of a file, and return it as a module."""
    [code] = [block for block in code_of(guide) if block.startswith(f"# {named}")]
    made = ModuleType(named.removesuffix(".py").replace("/", "."))
    exec(compile(code, f"{guide}.rst", "exec"), vars(made))
    return made


def settings_of(guide: str) -> dict[str, object]:
    """Return the settings that the blocks of a guide make, one after the other."""
    found: dict[str, object] = {}
    for block in code_of(guide):
        if re.match(r"[A-Z_]+ = ", block):
            exec(compile(block, f"{guide}.rst", "exec"), found)
    return {name: value for name, value in found.items() if name.isupper()}
