"""What was done, in numbers that are added up."""

from dataclasses import asdict, dataclass
from typing import Self


@dataclass(kw_only=True, slots=True)
class Counts:
    """Base of a data class whose fields are numbers."""

    def add(self, more: Self) -> None:
        """Add the numbers of another one to these."""
        for name, number in asdict(more).items():
            setattr(self, name, getattr(self, name) + number)
