"""The documents as tests read them: their code, and what they say that a command answers."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
# All that are written by hand; changes and security policy are included from the folder above.
DOCUMENTS = [ROOT / "README.rst", *sorted(DOCS.rglob("*.rst"))]
_BLOCK = re.compile(
    r"^(?P<indent> *)\.\. code-block:: (?P<language>\w+)\n(?:(?P=indent) +:.*\n)*\n"
    r"(?P<text>(?:(?P=indent) +\S.*\n|[ ]*\n)+)",
    re.MULTILINE,
)


class Block(NamedTuple):
    """One block of code; the line is that of its directive."""

    document: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


class Example(NamedTuple):
    """A command, and what the document says that it answers: with ``…`` for what is left out."""

    command: str
    says: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.command)

    def is_answered_by(self, output: str) -> bool:
        """Return whether the output has what the document says, in this order; white space is all the same."""
        parts = (re.escape(" ".join(part.split())) for part in self.says.split("…"))
        return re.search(".*".join(parts), " ".join(output.split()), re.DOTALL) is not None


def blocks(document: Path, *languages: str) -> list[Block]:
    """Return the blocks of a document in its order, those of the languages alone if some are named."""
    return list(_blocks_of(document.read_text(encoding="utf-8"), document, languages))


def _blocks_of(text: str, document: Path, languages: tuple[str, ...]) -> Iterator[Block]:
    for found in _BLOCK.finditer(text):
        if not languages or found["language"] in languages:
            line = text.count("\n", 0, found.start()) + 1
            yield Block(document, line, found["language"], dedent(found["text"]).strip("\n") + "\n")


def sections(document: Path, underline: str) -> Iterator[tuple[str, list[Block]]]:
    """Yield title and blocks of every section whose title is underlined so."""
    parts = re.split(rf"^(.+)\n{underline}{{4,}}\n", document.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        yield title, list(_blocks_of(text, document, ()))


def examples(block: Block) -> list[Example]:
    """Return the commands of a console block, each a line that begins with ``$``."""
    found: list[Example] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(Example(line[2:], ""))
        elif line.strip():
            found[-1] = found[-1]._replace(says=f"{found[-1].says}{line.strip()}\n")
    return found
