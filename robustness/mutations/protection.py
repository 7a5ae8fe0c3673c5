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
