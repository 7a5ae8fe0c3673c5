"""The table of the benchmarks: what stands in it was measured in this run, and what was not is told."""

import importlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks.figures import Figure, Unavailable

Measurements = Callable[..., Path]


def figure(name: str, value: float = 1, goal: float | None = 2) -> Figure:
    return Figure(name=name, value=value, goal=goal, better="lower", unit="×")


@pytest.fixture
def measurements(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Measurements:
    """Replace the measurements by functions; return the file of the results."""
    results = tmp_path / "results.json"
    monkeypatch.setattr(benchmarks, "RESULTS", results)

    def replace(**measures: Callable[[], Iterator[Figure]]) -> Path:
        found = {f"benchmarks.{name}": SimpleNamespace(measure=measure) for name, measure in measures.items()}
        monkeypatch.setattr(benchmarks, "NAMES", tuple(measures))
        monkeypatch.setattr(benchmarks, "importlib", SimpleNamespace(import_module=found.__getitem__))
        return results

    return replace


def test_every_name_is_a_measurement() -> None:
    for name in benchmarks.NAMES:
        assert callable(importlib.import_module(f"benchmarks.{name}").measure)


def test_unknown_name__is_told_and_nothing_is_measured(
    measurements: Measurements, capsys: pytest.CaptureFixture[str]
) -> None:
    results = measurements(upload=lambda: iter([figure("upload")]))

    assert benchmarks.main(["upload", "uplaod"]) == 2
    assert "There is no uplaod; measured can be: upload." in capsys.readouterr().err
    assert not results.exists()


def test_goals__only_a_missed_one_is_a_failure(measurements: Measurements, capsys: pytest.CaptureFixture[str]) -> None:
    measurements(fast=lambda: iter([figure("fast"), figure("seen", goal=None)]), slow=lambda: iter([figure("slow", 3)]))

    assert benchmarks.main(["fast"]) == 0
    assert benchmarks.main([]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "3 figures measured, 1 goals missed (slow)"


def test_what_is_missing__is_told_and_fails_only_those_who_asked_for_it(
    measurements: Measurements, capsys: pytest.CaptureFixture[str]
) -> None:
    def half() -> Iterator[Figure]:
        yield figure("half_sqlite")
        raise Unavailable("there is no PostgreSQL")

    measurements(half=half, whole=lambda: iter([figure("whole")]))

    assert benchmarks.main([]) == 0
    told = "2 figures measured, 0 goals missed, 1 measurements not made or not completed (half: there is no PostgreSQL)"
    assert capsys.readouterr().out.splitlines()[-1] == told
    assert benchmarks.main(["whole"]) == 0
    assert benchmarks.main(["half"]) == 1


def test_results__are_of_the_last_run_of_each_measurement(measurements: Measurements) -> None:
    names = ["old_name"]
    results = measurements(one=lambda: iter([figure(names[0])]), other=lambda: iter([figure("of_other")]))
    results.write_text(json.dumps({"of_a_measurement_that_is_gone": {"value": 1}}))
    benchmarks.main([])

    names[0] = "new_name"
    benchmarks.main(["one"])

    assert set(json.loads(results.read_text())) == {"new_name", "of_other"}


def test_measurement_that_breaks_down__costs_nothing_that_was_measured(measurements: Measurements) -> None:
    def broken() -> Iterator[Figure]:
        yield figure("before")
        raise ZeroDivisionError

    results = measurements(whole=lambda: iter([figure("whole")]), broken=broken)

    with pytest.raises(ZeroDivisionError):
        benchmarks.main([])

    assert set(json.loads(results.read_text())) == {"whole", "before"}
