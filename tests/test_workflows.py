"""The workflows of the repository's host: actions pinned by commit, and no permission that a job does not need."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).resolve().parent.parent
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
# What a job may ask for; more is a decision that belongs here.
PERMISSIONS = {"publish": {"id-token": "write"}}
USUAL: dict[str, str] = {"contents": "read"}

# The sdist holds no workflows.
pytestmark = pytest.mark.skipif(not WORKFLOWS, reason="no repository")


def _jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        yield from yaml.safe_load(path.read_text())["jobs"].items()


def test_every_action__is_pinned_by_commit_and_says_its_version() -> None:
    lines = [line.strip().removeprefix("- ") for path in WORKFLOWS for line in path.read_text().splitlines()]
    used = [line for line in lines if line.startswith("uses:")]

    assert len(used) == sum("uses" in step for _, job in _jobs() for step in job["steps"])
    assert [line for line in used if not PINNED.match(line)] == []
    assert len(set(used)) == len({line.partition("@")[0] for line in used}), "one version of each"


def test_every_job__has_the_permissions_that_it_needs_and_an_end() -> None:
    assert [yaml.safe_load(path.read_text())["permissions"] for path in WORKFLOWS] == [{}] * len(WORKFLOWS)
    for name, job in _jobs():
        assert job["permissions"] == PERMISSIONS.get(name, USUAL), name
        assert job["timeout-minutes"] <= 30, name
    checkouts = [step for _, job in _jobs() for step in job["steps"] if "actions/checkout@" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_only_what_was_checked__is_published() -> None:
    jobs = dict(_jobs())

    assert jobs["publish"]["needs"] == "build"
    assert jobs["publish"]["environment"]["name"] == "pypi"
    assert not any("checkout" in step["uses"] or "run" in step for step in jobs["publish"]["steps"])
    assert any("make release-check" in step.get("run", "") for step in jobs["build"]["steps"])
    # PyYAML reads "on" as true.
    assert yaml.safe_load((GITHUB / "workflows/release.yml").read_text())[True] == {"push": {"tags": ["v*"]}}


def test_every_make_target_that_a_workflow_calls__is_there() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {step["run"].split()[1] for _, job in _jobs() for step in job["steps"] if "make " in step.get("run", "")}

    assert called - targets == set()


def test_all_other_files__can_be_read() -> None:
    others = [*GITHUB.glob("*.yml"), *GITHUB.glob("ISSUE_TEMPLATE/*.yml"), ROOT / ".pre-commit-config.yaml"]

    assert len(others) >= 5
    assert all(yaml.safe_load(path.read_text()) for path in others)
