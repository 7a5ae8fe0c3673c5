"""Reads the steps to a first verdict from the README, so that what is tested is what stands there."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from docutils.core import publish_doctree

from release.problem import Problem

# A line in a list that stands for what the project's own list holds.
PRESENT = "# …"
# By what its Python assigns: the file of a project that it belongs to.
FILES = {"INSTALLED_APPS": "settings.py", "urlpatterns": "urls.py"}
# Commands that run until they are stopped.
ENDLESS = ("copyleaks_emulator --with-worker", "runserver")


@dataclass(frozen=True)
class Step:
    """One step: Python for a file of the project, then commands."""

    python: str
    commands: tuple[str, ...]

    @property
    def file(self) -> str:
        """Return the name of the file that its Python belongs into."""
        assigned = {_assigned_name(statement) for statement in ast.parse(self.python).body}
        for name, file in FILES.items():
            if name in assigned:
                return file
        raise Problem(f"The README does not say where this belongs:\n{self.python}")

    @property
    def is_endless(self) -> bool:
        return any(command.endswith(ENDLESS) for command in self.commands)


def read_steps(readme: str) -> list[Step]:
    """Return the steps of the first numbered list that begins with ``pip install``; docutils' warnings are errors."""
    document = publish_doctree(readme, settings_overrides={"halt_level": 2, "report_level": 5})
    for numbered in document.findall(nodes.enumerated_list):
        steps = [_step(item) for item in numbered.children]
        if "pip install" in " ".join(steps[0].commands):
            return list(_complete(steps))
    raise Problem("The README has no numbered list whose first step is pip install.")


def _complete(steps: list[Step]) -> Iterator[Step]:
    yield from steps
    files = {step.file for step in steps if step.python}
    if files != set(FILES.values()):
        raise Problem(f"The README's steps change {', '.join(sorted(files))}, and not {', '.join(FILES.values())}.")
    called = [line for step in steps for line in step.commands]
    for command in ("migrate", *ENDLESS):
        if not any(line.endswith(command) for line in called):
            raise Problem(f"The README's steps do not call {command}.")


def _step(item: nodes.Node) -> Step:
    blocks = list(item.findall(nodes.literal_block))
    return Step(
        python="\n".join(block.astext() for block in blocks if "python" in block["classes"]),
        commands=tuple(
            line for block in blocks if "python" not in block["classes"] for line in block.astext().splitlines() if line
        ),
    )


def apply(snippet: str, file: Path) -> None:
    """Write Python of the README into a file of a project, its imports first."""
    present = file.read_text()
    imports, rest = [], []
    for statement in ast.parse(snippet).body:
        lines = snippet.splitlines()[statement.lineno - 1 : statement.end_lineno]
        if isinstance(statement, ast.Import | ast.ImportFrom):
            imports.append("\n".join(lines))
        elif any(line.strip() == PRESENT for line in lines):
            present = _extended(present, statement, lines)
        else:
            rest.append("\n".join(lines))
    file.write_text("\n".join([*_docstring_and(present, imports), *rest]) + "\n")


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
