"""A release is upgraded from the last tag's database: shown by a repository that has one."""

import shutil
import sys
from pathlib import Path

import pytest

from release import tags, upgrade
from release.contents import PACKAGE
from release.problem import Problem

from .conftest import Git

ROOT = Path(__file__).resolve().parents[2]
# A field without its migration.
UNFINISHED = '\nfrom django.db import models\n\nImageScan.add_to_class("more", models.IntegerField(null=True))\n'


def test_database_of_the_last_tag__is_upgraded_unless_a_migration_is_missing(git: Git, tmp_path: Path) -> None:
    shutil.copytree(ROOT / PACKAGE, tmp_path / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    git("add", PACKAGE)
    git("commit", "-q", "-m", "Release 0.1.0")
    git("tag", "v0.1.0")
    git("commit", "-q", "--allow-empty", "-m", "Go on")
    tag = tags.last_before(tmp_path)
    assert tag == "v0.1.0"
    site = tmp_path / "site"

    before = upgrade.fill(sys.executable, upgrade.unpack_tag(tmp_path, tag, tmp_path / "old"), site)
    upgrade.compare(before, upgrade.migrate(sys.executable, tmp_path, site))
    with (tmp_path / PACKAGE / "models" / "__init__.py").open("a") as models:
        models.write(UNFINISHED)
    with pytest.raises(Problem, match="Add field more to imagescan"):
        upgrade.migrate(sys.executable, tmp_path, site)


def test_what_a_migration_has_taken_or_changed__is_named() -> None:
    before = {"scan": ["1", "queued", "meadow.gif"], "rows": {"ImageScan": 1, "Receipt": 2}}
    upgrade.compare(before, before | {"rows": {"ImageScan": 2}})

    with pytest.raises(Problem, match=r"The queued scan was .*queued.* and is .*failed"):
        upgrade.compare(before, before | {"scan": ["1", "failed", "meadow.gif"]})
    with pytest.raises(Problem, match="rows are gone of Receipt"):
        upgrade.compare(before, before | {"rows": {"ImageScan": 1, "Receipt": 1}})
