"""What is missing is a skipped test on somebody's machine, and a failed one where everything was installed."""

import json

import pytest

from .optional_packages import needed


def test_package_that_is_there() -> None:
    assert needed("json", package="Python") is json


def test_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVERYWHERE_REQUIRED", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs nothing-of-the-kind"):
        needed("nothing_of_the_kind", package="nothing-of-the-kind")

    monkeypatch.setenv("EVERYWHERE_REQUIRED", "1")
    with pytest.raises(pytest.fail.Exception, match="needs nothing-of-the-kind"):
        needed("nothing_of_the_kind", package="nothing-of-the-kind")
