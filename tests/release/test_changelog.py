"""The version stands in one place, and a changelog that speaks of another one stops a release."""

from pathlib import Path

import pytest

import django_copyleaks_image
from release import changelog
from release.problem import Problem

ROOT = Path(__file__).resolve().parents[2]
TITLE = "=======\nChanges\n=======\n\n"


def _begins_with(section: str) -> str:
    return f"{TITLE}{section}\n{'=' * len(section)}\n\n- Something.\n\n0.9.0 – 2026-01-31\n==================\n"


def test_changelog_of_this_repository__may_be_released_or_is_not_released() -> None:
    version = changelog.version_of(ROOT / "django_copyleaks_image")

    assert version == django_copyleaks_image.__version__
    assert changelog.check((ROOT / "CHANGELOG.rst").read_text(), version, tagged=False)


@pytest.mark.parametrize(("section", "tagged"), [("Unreleased", False), ("1.2.0 – 2027-01-31", True)])
def test_section_that_may_stand_first(section: str, tagged: bool) -> None:
    assert changelog.check(_begins_with(section), "1.2.0", tagged=tagged) == section


@pytest.mark.parametrize(
    ("text", "tagged", "says"),
    [
        (_begins_with("Unreleased"), True, "write 1.2.0 – YYYY-MM-DD"),
        (_begins_with("1.2.0"), True, "begins with '1.2.0'"),
        (_begins_with("1.1.0 – 2027-01-31"), True, "begins with 1.1.0, and the package's version is 1.2.0"),
        (_begins_with("1.1.0 – 2027-01-31"), False, "begins with 1.1.0"),
        (_begins_with("1.2.0 – 2027-02-31"), True, "no day 2027-02-31"),
        (TITLE, False, "no section"),
    ],
)
def test_section_that_may_not__is_refused(text: str, tagged: bool, says: str) -> None:
    with pytest.raises(Problem, match=says):
        changelog.check(text, "1.2.0", tagged=tagged)


def test_package_without_a_version__is_refused(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text('__version__ = "soon"\n')

    with pytest.raises(Problem, match="has no line such as"):
        changelog.version_of(tmp_path)
