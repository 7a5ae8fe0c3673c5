import re
from pathlib import Path

import pytest

import django_copyleaks_image
from django_copyleaks_image.admin.reasons import REASONS, reason_in_words
from django_copyleaks_image.copyleaks import errors

PACKAGE = Path(django_copyleaks_image.__file__).parent
# A code is the first text in one of these calls, a keyword, or a constant of two words.
CODE = re.compile(
    r"""(?:Skipped|Replaced|NotNow|give_up|try_again|ends\.fail|supersede_all|end_or_resubmit)\("""
    r"""\s*(?:scan,\s*|target,\s*)?"([a-z_]+)"|slug\s*=\s*"([a-z_]+)\""""
    r"""|^[A-Z_]+ = "([a-z]+_[a-z_]+)\"""",
    re.MULTILINE,
)


def codes_in_the_source() -> set[str]:
    sources = [path.read_text() for room in ("scanning", "copyleaks") for path in (PACKAGE / room).glob("*.py")]
    return {code for source in sources for found in CODE.findall(source) for code in found if code}


def test_every_code_that_is_stored__has_words() -> None:
    codes = codes_in_the_source() | {slug for _, slug in errors.CODES.values()}
    assert {"too_small", "result_lost", "waits_for_twin", "timeout", "payment_required"} <= codes
    assert codes - set(REASONS) == set()


def test_every_word__belongs_to_a_code_of_the_source() -> None:
    paths = [path for room in ("scanning", "copyleaks", "admin") for path in (PACKAGE / room).glob("*.py")]
    sources = "".join(path.read_text() for path in paths if path.name != "reasons.py")
    assert {code for code in REASONS if f'"{code}"' not in sources} == set()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("http_418", "The provider answered with the HTTP status 418."),
        ("code_99", "The provider answered with its error code 99."),
        ("brand_new", "brand_new"),
        ("", ""),
    ],
)
def test_other_codes__are_shown_with_their_number_or_as_they_are(code: str, words: str) -> None:
    assert reason_in_words(code) == words
