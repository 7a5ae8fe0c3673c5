"""A line of the mutation tests."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Protection:
    """``old`` stands exactly once in ``module`` and is replaced by ``new``; ``tests`` must then fail."""

    name: str
    module: str
    old: str
    new: str
    tests: str

    @property
    def selection(self) -> tuple[list[str], str]:
        """Return the files of the tests, and pytest's expression that chooses among them."""
        paths, _, expression = self.tests.partition(" -k ")
        return paths.split(), expression
