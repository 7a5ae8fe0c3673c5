"""Which tag a release is upgraded from, and that a release is what has its tag."""

from pathlib import Path

import pytest

from release import tags
from release.problem import Problem

from .conftest import Git


def test_last_tag__is_the_highest_version_among_earlier_commits(git: Git, tmp_path: Path) -> None:
    git("commit", "-q", "--allow-empty", "-m", "Begin")
    assert tags.last_before(tmp_path) is None

    for tag in ("v0.9.0", "v0.10.0", "v0.10.0rc1", "not-a-version"):
        git("tag", tag)
    assert tags.last_before(tmp_path) is None, "of this commit itself"
    git("commit", "-q", "--allow-empty", "-m", "Go on")
    git("tag", "v0.11.0")

    assert tags.last_before(tmp_path) == "v0.10.0"
    tags.check_tagged(tmp_path, "0.11.0")
    with pytest.raises(Problem, match=r"no tag v0\.12\.0, but v0\.11\.0"):
        tags.check_tagged(tmp_path, "0.12.0")
    (tmp_path / "changed").touch()
    with pytest.raises(Problem, match=r"(?s)not what is tagged.*changed"):
        tags.check_tagged(tmp_path, "0.11.0")


def test_shallow_clone__is_refused_since_it_has_no_earlier_tags(git: Git, tmp_path: Path) -> None:
    git("commit", "-q", "--allow-empty", "-m", "Begin")
    git("commit", "-q", "--allow-empty", "-m", "Go on")
    git("clone", "-q", "--depth", "1", tmp_path.as_uri(), "clone")

    with pytest.raises(Problem, match="git fetch --unshallow --tags"):
        tags.last_before(tmp_path / "clone")
