"""The processes that upload: each dies where the plan says so, and goes on behind that step."""

import signal
from pathlib import Path

from tests.processes import Process

from .plan import Step, steps_of


class Visitor:
    """A visitor's process, which is started again behind the step in which it died."""

    def __init__(self, number: int, *, uploads: int, seed: int, folder: Path, environment: dict[str, str]) -> None:
        self.steps: list[Step] = steps_of(number, uploads=uploads, seed=seed)
        self.deaths = 0
        self._journal = folder / f"uploader-{number}.journal"
        self._journal.touch()
        chosen = ("--uploads", str(uploads), "--seed", str(seed), "--journal", str(self._journal))
        command = ("django", "chaos_upload", str(number), *chosen)
        self.process = Process(f"uploader-{number}", *command, folder=folder, environment=environment)

    def begun(self) -> list[Step]:
        """Return the steps that were begun."""
        return self.steps[: self._journal.read_text().count("\n")]

    def look_after(self) -> bool:
        """Start it again when it died as planned; return whether it is still at work."""
        status = self.process.status
        if status is None:
            return True
        if status == 0:
            return False
        begun = self.begun()
        if status != -signal.SIGKILL or not begun[-1].dies:
            self.process.check()
        self.deaths += 1
        self.process.start("--begun", str(len(begun)))
        return True
