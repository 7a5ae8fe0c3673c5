"""``python -m robustness.mutations [name …]``: disable each protection in turn and see that its tests notice.

Works on copies of the tree, see :mod:`.forks`. A protection is caught when the tests that guard it fail without it;
they are run unharmed first, so that a failure means what it says. The last line reads ``protections=N caught=N``;
exit status 1 when one was not caught.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import cache_from_source
from itertools import chain, groupby
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from . import forks
from .protection import Protection
from .protections import PROTECTIONS

ROOT = Path(__file__).parents[2]
PACKAGE = "django_copyleaks_image"
COPIED = (PACKAGE, "tests", "pyproject.toml", "docs", "README.rst")


def main(names: list[str]) -> int:
    chosen = [protection for protection in PROTECTIONS if not names or protection.name in names]
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        context = forks.start()
        # One copy for each process at a time. They stay warm: only the module that is harmed is compiled anew.
        trees: SimpleQueue[Path] = SimpleQueue()
        for _ in range(os.cpu_count() or 1):
            trees.put(_copy(folder))
        guards = sorted({protection.tests for protection in chosen})
        sound = set(chain.from_iterable(pool.map(lambda of_one: _sound(context, trees, of_one), _by_file(guards))))
        caught = list(pool.map(lambda protection: _is_caught(context, trees, protection, sound), chosen))
    print(f"protections={len(chosen)} caught={sum(caught)}")
    return 0 if all(caught) else 1


def _by_file(guards: list[str]) -> list[list[str]]:
    return [list(alike) for _, alike in groupby(guards, key=lambda tests: _selection(tests)[0])]


def _sound(context: Any, trees: "SimpleQueue[Path]", guards: list[str]) -> list[str]:
    """Return those of one file's ``guards`` that pass unharmed: all are run at once, and alone only when one fails."""
    paths = _selection(guards[0])[0]
    expressions = [_selection(tests)[1] for tests in guards]
    together = "" if "" in expressions else " or ".join(f"({expression})" for expression in expressions)
    with _borrowed(trees) as tree:
        if len(guards) > 1 and forks.run(context, tree, paths, together) is forks.Outcome.PASSED:
            return guards
        return [tests for tests in guards if forks.run(context, tree, *_selection(tests)) is forks.Outcome.PASSED]


def _is_caught(context: Any, trees: "SimpleQueue[Path]", protection: Protection, sound: set[str]) -> bool:
    with _borrowed(trees) as tree:
        module = tree / PACKAGE / protection.module
        text = module.read_text()
        if text.count(protection.old) != 1:
            outcome = "NOT FOUND in the source"
        elif protection.tests not in sound:
            outcome = "GUARD FAILS unharmed"
        else:
            with _harmed(module, text.replace(protection.old, protection.new)):
                is_new_schema = protection.module.startswith(("models", "migrations"))
                ended = forks.run(context, tree, *_selection(protection.tests), is_new_schema=is_new_schema)
            outcome = _OUTCOMES[ended]
    print(f"{protection.name:<34} {outcome}", flush=True)
    return outcome.startswith("caught")


_OUTCOMES = {
    forks.Outcome.PASSED: "NOT CAUGHT",
    forks.Outcome.FAILED: "caught",
    forks.Outcome.HUNG: "caught, since its tests hang",
    forks.Outcome.BROKEN: "NOT RUN: nothing was selected, or the module cannot be imported",
}


def _selection(tests: str) -> tuple[list[str], str]:
    paths, _, expression = tests.partition(" -k ")
    return paths.split(), expression


@contextmanager
def _borrowed(trees: "SimpleQueue[Path]") -> Iterator[Path]:
    tree = trees.get()
    try:
        yield tree
    finally:
        trees.put(tree)


@contextmanager
def _harmed(module: Path, text: str) -> Iterator[None]:
    whole = module.read_text()
    try:
        _write(module, text)
        yield
    finally:
        _write(module, whole)


def _write(module: Path, text: str) -> None:
    module.write_text(text)
    # What was compiled goes by the second of a change and by the size: both may be the same.
    Path(cache_from_source(str(module))).unlink(missing_ok=True)


def _copy(folder: str) -> Path:
    tree = Path(tempfile.mkdtemp(dir=folder))
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)
    return tree


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
