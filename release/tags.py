"""The tags of versions, as git knows them."""

from pathlib import Path

from packaging.version import Version

from release.problem import Problem, run


def check_tagged(repository: Path, version: str) -> None:
    """Raise Problem unless what is checked is a commit that has the tag of this version."""
    here = run(["git", "tag", "--points-at", "HEAD"], folder=repository).split()
    if f"v{version}" not in here:
        raise Problem(f"This commit has no tag v{version}, but {', '.join(here) or 'none'}.")
    if changed := run(["git", "status", "--porcelain"], folder=repository):
        raise Problem(f"What is checked is not what is tagged:\n{changed}")


def is_shallow(repository: Path) -> bool:
    return run(["git", "rev-parse", "--is-shallow-repository"], folder=repository).strip() == "true"


def last_before(repository: Path) -> str | None:
    """Return the highest version's tag among the commits before this one, None if there is none."""
    if is_shallow(repository):
        raise Problem("This clone is shallow, so that earlier tags are missing: git fetch --unshallow --tags")
    known = ["git", "tag", "--merged", "HEAD", "--no-contains", "HEAD", "--list", "v[0-9]*"]
    return max(run(known, folder=repository).split(), key=Version, default=None)
