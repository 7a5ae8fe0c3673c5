"""The translations are whole, fit their originals, and are compiled as they are written."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.utils import translation

import django_copyleaks_image
from django_copyleaks_image.verdicts import share_in_words

PACKAGE = Path(django_copyleaks_image.__file__).parent
LANGUAGES = ("de", "es")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|%%")
MARKUP = re.compile(r"</?\w+[^>]*>")


def catalogue(language: str) -> polib.POFile:
    return polib.pofile(str(PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po"))


def translations_of(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated(language: str) -> None:
    messages = [entry for entry in catalogue(language) if not entry.obsolete]
    assert len(messages) > 200
    assert [entry.msgid for entry in messages if entry.fuzzy or not all(translations_of(entry))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_and_markup_are_kept(language: str) -> None:
    def parts(text: str) -> list[str]:
        return sorted(PLACEHOLDER.findall(text) + MARKUP.findall(text))

    for entry in catalogue(language):
        originals = [parts(entry.msgid), parts(entry.msgid_plural)] if entry.msgid_plural else [parts(entry.msgid)]
        # A singular may say "one" without its number.
        for text in translations_of(entry):
            assert parts(text) in originals, f"{entry.msgid!r} is translated as {text!r}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogue_is_the_written_one(language: str) -> None:
    folder = PACKAGE / "locale" / language / "LC_MESSAGES"
    compiled = {
        (entry.msgctxt, entry.msgid): translations_of(entry) for entry in polib.mofile(str(folder / "django.mo"))
    }
    written = {
        (entry.msgctxt, entry.msgid): translations_of(entry) for entry in catalogue(language) if not entry.obsolete
    }
    assert compiled == written
    with (folder / "django.mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Picture") != "Picture"


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs GNU gettext")
def test_catalogues_hold_what_the_code_says(tmp_path: Path) -> None:
    copy = tmp_path / "package"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
    command = [sys.executable, "-m", "django", "makemessages", "--locale", "de", "--no-obsolete"]
    # Without the settings of the tests, which cannot be imported from there.
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=copy, env=environment, check=True, capture_output=True)
    said = {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(copy / "locale/de/LC_MESSAGES/django.po"))}
    for language in LANGUAGES:
        assert {(entry.msgctxt, entry.msgid) for entry in catalogue(language) if not entry.obsolete} == said


def test_numbers_follow_the_language() -> None:
    with translation.override("de"):
        assert share_in_words(0.0123) == "1,2 %"
    with translation.override("en"):
        assert share_in_words(0.0123) == "1.2 %"
