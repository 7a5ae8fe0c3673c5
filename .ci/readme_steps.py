"""Reads the steps to a first verdict from the README, so that what is tested is what stands there.

``commands STEP`` prints the commands of a step, and ``apply STEP FILE`` writes its Python into a file of the project. A
line ``# …`` in a list stands for what the project's own list holds.
"""

import argparse
import ast
import sys
from pathlib import Path

from docutils import nodes
from docutils.core import publish_doctree

SECTION = "Eleven lines to a first verdict"
PRESENT = "# …"


def read_steps(readme: Path) -> list[nodes.list_item]:
    """Return the numbered steps; raise SystemMessage for anything that docutils warns of."""
    document = publish_doctree(readme.read_text(), settings_overrides={"halt_level": 2, "report_level": 5})
    section = next(found for found in document.findall(nodes.section) if found[0].astext() == SECTION)
    numbered = next(section.findall(nodes.enumerated_list))
    return list(numbered.children)


def commands(step: nodes.list_item) -> str:
    return "\n".join(block.astext() for block in step.findall(nodes.literal_block) if not _is_python(block))


def apply(step: nodes.list_item, present: str, replacements: dict[str, str]) -> str:
    """Return the text of a file with the Python of a step in it."""
    [snippet] = [block.astext() for block in step.findall(nodes.literal_block) if _is_python(block)]
    for old, new in replacements.items():
        if old not in snippet:
            raise SystemExit(f"{old} does not stand in the README.")
        snippet = snippet.replace(old, new)
    imports, rest = [], []
    for statement in ast.parse(snippet).body:
        lines = snippet.splitlines()[statement.lineno - 1 : statement.end_lineno]
        if isinstance(statement, ast.Import | ast.ImportFrom):
            imports.append("\n".join(lines))
        elif any(line.strip() == PRESENT for line in lines):
            present = _extended(present, statement, lines)
        else:
            rest.append("\n".join(lines))
    return "\n".join([*_docstring_and(present, imports), *rest]) + "\n"


def _extended(present: str, addition: ast.stmt, lines: list[str]) -> str:
    """Return a file whose list of the same name has the new items after its own."""
    name = _assigned_name(addition)
    [own] = [statement for statement in ast.parse(present).body if _assigned_name(statement) == name]
    assert own.end_lineno is not None, "parsed from a text"
    of_file = present.splitlines()
    place = next(number for number, line in enumerate(lines) if line.strip() == PRESENT)
    inner = of_file[own.lineno : own.end_lineno - 1]
    return "\n".join(
        [*of_file[: own.lineno - 1], *lines[:place], *inner, *lines[place + 1 :], *of_file[own.end_lineno :]]
    )


def _docstring_and(present: str, imports: list[str]) -> list[str]:
    """Return a file in two parts with the imports between its docstring and the rest."""
    docstring = ast.parse(present).body[0].end_lineno
    lines = present.splitlines()
    return ["\n".join(lines[:docstring]), *imports, "\n".join(lines[docstring:])]


def _assigned_name(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return ""


def _is_python(block: nodes.literal_block) -> bool:
    return "python" in block["classes"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readme", type=Path)
    parser.add_argument("what", choices=("commands", "apply"))
    parser.add_argument("step", type=int)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--replace", action="append", default=[], metavar="OLD=NEW")
    arguments = parser.parse_args()
    step = read_steps(arguments.readme)[arguments.step - 1]
    if arguments.what == "apply":
        replacements = dict(pair.split("=", 1) for pair in arguments.replace)
        arguments.file.write_text(apply(step, arguments.file.read_text(), replacements))
    else:
        print(commands(step))
    return 0


if __name__ == "__main__":
    sys.exit(main())
