"""Which Pythons a release is installed on."""

from pathlib import Path

from release import pythons

ROOT = Path(__file__).resolve().parents[2]


def test_supported_versions__are_those_of_the_classifiers() -> None:
    found = pythons.supported((ROOT / "pyproject.toml").read_text())

    assert found[:2] == ["3.11", "3.12"]
    assert found == sorted(found)


def test_installed_version__is_found_behind_the_shims_of_pyenv(tmp_path: Path) -> None:
    python = tmp_path / "3.99.1" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()

    assert pythons.installed("3.99", tmp_path) == str(python)
    assert pythons.installed("3.98", tmp_path) is None
