"""What the guides name exists: checks, codes, settings, and what is quoted."""

import ast
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from django.conf import global_settings

import django_copyleaks_image
from django_copyleaks_image.conf import Conf, conf
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.standings import Standing
from tests.documents import DOCS, DOCUMENTS

PACKAGE = Path(django_copyleaks_image.__file__).parent
MODERATING = (DOCS / "moderating.rst").read_text(encoding="utf-8")
TROUBLESHOOTING = (DOCS / "troubleshooting.rst").read_text(encoding="utf-8")
# Words that are no codes of ours, though they look like it.
OTHER_WORDS = frozenset({"outbox", "failing", "runserver", "client_max_body_size", "standing"})


def test_checks__are_documented() -> None:
    known = set(re.findall(r"^\.\. _([EW]\d{3}):$", (DOCS / "checks.rst").read_text(), re.MULTILINE))
    named = {
        (document.name, found)
        for document in DOCUMENTS
        for found in re.findall(r"\b[EW]0\d\d\b", document.read_text(encoding="utf-8"))
    }

    assert {it for it in named if it[1] not in known} == set()
    assert {"W010", "W028"} < {name for _, name in named}


def test_troubleshooting__names_codes_and_settings_that_exist() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "doctor").glob("*.py"))
    codes = {*Code.values, *Standing.values, *OTHER_WORDS, *re.findall(r'"([a-z_]+)",?', sources)}
    words = set(re.findall(r"``([a-z_]+)``", TROUBLESHOOTING))
    settings = set(re.findall(r"``([A-Z_]{3,})``", TROUBLESHOOTING))

    assert {word for word in words - codes if not word.startswith("copyleaks_")} == set()
    assert settings - set(vars(Conf)) - set(dir(global_settings)) == set()
    assert {"body_too_large", "missing_file"} < words


def test_troubleshooting__quotes_what_is_said() -> None:
    said = re.sub(r"\s+", " ", "\n".join(strings_of_the_package()))
    tables = re.findall(r"^(=+) =+\nIt says .*\n=+ =+\n((?:.*\n)+?)\1 ", TROUBLESHOOTING, re.MULTILINE)
    quotes = [row[: len(bar)].strip() for bar, rows in tables for row in rows.splitlines()]
    quotes = [
        re.sub(r" \(``.*|, at \*.*|\b\d{3}\b", "", quote).strip() for quote in quotes if quote and quote[0] != "*"
    ]

    unsaid = [quote for quote in quotes if not all(part.strip() in said for part in quote.split("…") if part.strip())]

    assert unsaid == []
    assert len(quotes) > 20


def strings_of_the_package() -> Iterator[str]:
    """Yield every text that commands and checks can say, adjacent ones joined as Python does."""
    for path in chain.from_iterable(
        (PACKAGE / name).rglob("*.py") for name in ("checks", "doctor", "management", "worker")
    ):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_moderating__names_what_is_on_the_pages() -> None:
    polib = pytest.importorskip("polib")
    catalogue = polib.pofile(str(PACKAGE / "locale" / "de" / "LC_MESSAGES" / "django.po"))
    texts = {entry.msgid.casefold() for entry in catalogue}
    flat = re.sub(r"\s+", " ", MODERATING)
    labels = set(re.findall(r":guilabel:`([^`]+)`", flat))
    sentences = set(re.findall(r'"([^"]+\.)"', flat))

    assert {label for label in labels if label.casefold() not in texts} == set()
    assert {sentence for sentence in sentences if sentence.casefold() not in texts} == set()
    assert len(labels) > 15


def test_moderating__has_the_keys_of_the_desk() -> None:
    named = set(re.findall(r":kbd:`(.)`", MODERATING))
    dialog = (PACKAGE / "templates" / "admin" / "copyleaks_image" / "desk" / "keys.html").read_text(encoding="utf-8")
    fixed = {key for key in re.findall(r"<kbd>([^<{])</kbd>", dialog) if key not in "←↑→↓"}

    assert {key.upper() for key in conf.REVIEW_KEYS.values()} <= named
    # Those of the views are told as a range.
    assert fixed - named - set("2345") == set()
