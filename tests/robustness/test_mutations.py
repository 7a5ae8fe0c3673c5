"""The list of protections: each line stands where the list says, and what guards it is there."""

import pytest

from robustness.mutations.__main__ import PACKAGE, ROOT, _selection
from robustness.mutations.protection import Protection
from robustness.mutations.protections import PROTECTIONS


@pytest.mark.parametrize("protection", [pytest.param(each, id=each.name) for each in PROTECTIONS])
def test_protection__stands_where_the_list_says(protection: Protection) -> None:
    paths, _expression = _selection(protection.tests)

    assert (ROOT / PACKAGE / protection.module).read_text().count(protection.old) == 1
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_name__is_that_of_one_protection() -> None:
    names = [protection.name for protection in PROTECTIONS]

    assert len(names) == len(set(names))
