"""What ends the check, and commands whose failure does."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class Problem(Exception):
    """Something that must not be published; the message says what to mend."""


def run(command: Sequence[str | Path], *, folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Return what a command prints; raise Problem with all of its output if it fails."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        check=False,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if result.returncode:
        raise Problem(f"{result.stdout}\n{' '.join(map(str, command))} ended with status {result.returncode}.")
    return result.stdout
