"""``python -m release``: what it is asked for, and how it ends."""

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("docutils")

from release import __main__ as command
from release import pythons
from release.problem import Problem, run


def test_problem__is_told_and_is_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def check(options: argparse.Namespace, folder: Path) -> None:
        run(["git", "no-such-command"], folder=folder)

    monkeypatch.setattr(command, "check", check)

    assert command.main(["--out", str(tmp_path)]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[-1] == "Not ready for a release."
    assert "git no-such-command ended with status 1." in told


def test_pythons__are_those_asked_for_and_all_of_them_for_what_is_published(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pythons, "supported", lambda _: ["3.11", "3.12"])
    installed: Callable[[str], str | None] = {"3.11": "/usr/bin/python3.11"}.get
    monkeypatch.setattr(pythons, "installed", installed)

    def found(*arguments: str) -> list[str]:
        return command._pythons(command._options(arguments))

    assert found("--python", "python3.12", "--python", "python3.11") == ["python3.12", "python3.11"]
    assert len(found()) == 1
    assert found("--all") == ["/usr/bin/python3.11"]
    assert "not checked: Python 3.12" in capsys.readouterr().out
    with pytest.raises(Problem, match=r"Python 3\.12 is supported and not installed"):
        found("--all", "--tagged")
