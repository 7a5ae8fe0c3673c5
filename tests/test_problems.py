"""Sentences of ours know their code and values: everything that is raised with one names all of its values."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

import django_copyleaks_image
from django_copyleaks_image.models.scan import reason_columns
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.problems import Problem, restored, stored, told

PACKAGE = Path(django_copyleaks_image.__file__).parent
# Errors whose text is stored or shown.
TOLD = re.compile(
    r"(MaskError|UnreadablePicture|DecoderMissing|TooComplex|TookTooLong|DecodingFailed|Stopped|StorageFailed|NotDecoded"
    r"|MediaDatabaseFailed|PayloadError|NotJsonObject|TooLarge|_Unusable|FetchRefused|FetchFailed)"
)


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def is_problem(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and name_of(function.value) == "Problem"


def test_every_sentence__is_given_all_its_values() -> None:
    for place, call in calls():
        if is_problem(call.func):
            given = {keyword.arg for keyword in call.keywords}
            expected = set(Problem[name_of(call.func)].placeholders)
            assert given in (expected, {None}), place


def test_every_problem__is_told_somewhere() -> None:
    found = {
        node.attr
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and name_of(node.value) == "Problem"
    }
    assert found == set(Problem.__members__)


def test_no_error_that_is_stored__has_a_text_of_its_own() -> None:
    texts = {
        place
        for place, call in calls()
        if TOLD.fullmatch(name_of(call.func)) and any(isinstance(it, ast.Constant | ast.JoinedStr) for it in call.args)
    }
    assert texts == set()


def test_sentence__is_english_text_that_keeps_code_and_values() -> None:
    sentence = Problem.MASK_OUTSIDE(end=500_000, pixels=409_600)
    assert sentence == "The mask ends at pixel 500000, outside the picture's 409600."
    assert stored(sentence) == {"code": "mask_outside", "end": 500_000, "pixels": 409_600}
    assert restored(str(sentence), sentence.stored) == sentence
    assert told(sentence.stored).stored == sentence.stored
    assert stored(sentence[:20]) == stored("Words of the provider.") == {}


def test_values__are_bounded() -> None:
    sentence = Problem.STORAGE_RAISED(error="x" * 5000)
    assert len(sentence) < 300
    assert len(sentence.stored["error"]) == 200
    assert Problem.STORAGE_RAISED(error="a\x00b\ud800\nc").stored["error"] == "abc"


def test_value_that_is_missing__is_noticed_at_once() -> None:
    with pytest.raises(KeyError):
        Problem.STORAGE_RAISED()


@pytest.mark.parametrize(
    "kept", [{}, {"code": "unheard_of"}, {"code": "mask_outside"}, {"code": []}, {1: 2, "code": "file_empty"}]
)
def test_what_makes_no_sentence__is_refused(kept: dict[Any, Any]) -> None:
    with pytest.raises(ValueError, match="no sentence"):
        told(kept)


def test_reason_without_a_message__is_told_by_its_code() -> None:
    with translation.override("de"):
        columns = reason_columns(Code.BUDGET_EXHAUSTED)
    assert columns == {
        "error_code": "budget_exhausted",
        "error_message": "Today's budget is used up.",
        "error_values": {"code": "budget_exhausted"},
    }
    assert reason_columns() == {"error_code": "", "error_message": "", "error_values": {}}
    words = reason_columns("code_99", "Theirs. " * 100)
    assert (len(str(words["error_message"])), words["error_values"]) == (500, {})
