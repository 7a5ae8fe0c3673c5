"""One registry of outcome codes: words, what follows and advice for each, and no code as a bare string elsewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

import django_copyleaks_image
from django_copyleaks_image import outcomes
from django_copyleaks_image.copyleaks import errors
from django_copyleaks_image.outcomes import Code, Follows, follows, in_words
from django_copyleaks_image.problems import PROBLEMS, Problem

PACKAGE = Path(django_copyleaks_image.__file__).parent
ROOT = PACKAGE.parent
# Where the codes stand, and where the ids are the vendor's own.
EXEMPT = ("outcomes.py", "migrations", "emulator")


def sources() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] not in EXEMPT:
            yield path


@pytest.mark.parametrize("code", Code)
def test_every_code__has_words_advice_a_sentence_and_a_class(code: Code) -> None:
    assert str(code.label).endswith(".")
    assert str(code.advice).endswith(".")
    assert code.sentence == str(code.label)
    assert code.sentence.stored == {"code": code.value}
    assert isinstance(code.follows, Follows)
    assert len(code.value) <= 64
    assert re.fullmatch(r"[a-z_]+", code.value)


@pytest.mark.parametrize("language", ["de", "es"])
def test_every_code_and_problem__is_told_in_the_readers_language(language: str) -> None:
    """An error has the name of a Python class in its only word; nothing else is the same in both languages."""
    with translation.override(language):
        same = {code for code in Code if str(code.label) == code.sentence or str(code.advice) == english(code)}
        told = {problem: in_words(stored(problem), "?") for problem in Problem}
    assert same == set()
    assert {problem for problem, words in told.items() if words in ("?", problem(**values_of(problem)))} <= set()


def english(code: Code) -> str:
    with translation.override("en"):
        return str(code.advice)


def values_of(problem: Problem) -> dict[str, object]:
    return dict.fromkeys(problem.placeholders, "7")


def stored(problem: Problem) -> dict[str, object]:
    return problem(**values_of(problem)).stored


@pytest.mark.parametrize("kind", Follows)
def test_every_class__is_explained_and_has_codes(kind: Follows) -> None:
    assert kind.meaning.endswith(".")
    assert [code for code in Code if code.follows is kind]


def test_no_code__is_a_bare_string_elsewhere() -> None:
    found = {
        f"{path.relative_to(PACKAGE)}:{node.lineno}: {node.value}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in Code.values
    }
    assert found == set()


def test_every_code__is_used() -> None:
    used = set(re.findall(r"\bCode\.([A-Z_]+)\b", "".join(path.read_text() for path in sources())))
    assert used == set(Code.names)


def test_codes_of_the_vendor__keep_their_values_and_classes() -> None:
    by_class = {code.value: code.follows for _, code in errors.CODES.values()}
    assert by_class["payment_required"] is Follows.ACCOUNT
    assert {code for code, kind in by_class.items() if kind is Follows.PICTURE} == {
        "file_too_large",
        "image_quality_too_low",
        "unsupported_file_type",
        "invalid_file",
        "bad_file_name",
    }


def test_class_and_error__say_the_same_of_what_pauses_the_account() -> None:
    kinds = {code: kind for kind, code in errors.CODES.values()}
    assert {code for code, kind in kinds.items() if kind.pauses_account} == {
        code for code in kinds if code.follows is Follows.ACCOUNT
    }


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("http_418", "The provider answered with the HTTP status 418."),
        ("code_99", "The provider answered with its error code 99."),
        ("brand_new", "brand_new"),
        ("", ""),
    ],
)
def test_codes_that_are_in_no_list__are_told_with_their_number_or_as_they_are(code: str, words: str) -> None:
    assert outcomes.words(code) == words
    assert outcomes.sentence(code) == words
    assert follows(code) is Follows.UNKNOWN
    assert outcomes.advice(code).endswith(".")
    assert outcomes.mend(code) == ""


def test_what_nobody_says_any_more__is_told_by_its_text() -> None:
    assert in_words({"code": "retired"}, "What it was.") == "What it was."
    assert in_words({"code": "mask_outside", "end": 5}, "What it was.") == "What it was."
    assert in_words({"code": "mask_outside"}) == Problem.MASK_OUTSIDE.english
    assert in_words({}, "Theirs.") == "Theirs."
    assert in_words({"code": "<b>"}) == "<b>"


def test_sentence_in_a_sentence__is_told_in_the_same_language() -> None:
    why = Problem.ENDED_ALIKE(count=5, why=Code.RESULT_LOST.sentence)
    assert why == "The last 5 scans ended alike: The provider accepted the picture, but no result came."
    with translation.override("de"):
        assert in_words(why.stored) == ("Die letzten 5 Prüfungen endeten gleich: " + str(Code.RESULT_LOST.label))


def test_codes_and_problems__are_never_the_same() -> None:
    assert set(Code.values) & set(PROBLEMS) == set()


def test_documentation__names_every_code_with_its_words() -> None:
    text = (ROOT / "docs" / "outcomes.rst").read_text()
    rows = re.findall(r"^``([a-z_]+)`` +(.+)$", text, re.MULTILINE)
    assert rows == [(code.value, str(code.label)) for kind in Follows for code in Code if code.follows is kind]
    assert re.findall(r"^=+\n\n(.+)\n\n===", text, re.MULTILINE) == [kind.meaning for kind in Follows]
