"""A measured figure with its goal, and how times are taken."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias

Clock: TypeAlias = Callable[[], float]


class Unavailable(Exception):
    """Something that is measured with is not there; the message says what, and of which figures."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """``better`` says on which side of the goal the value should be; a figure without a goal is there to be read."""

    name: str
    value: float
    goal: float | None = None
    better: Literal["lower", "higher"]
    unit: str

    @property
    def is_met(self) -> bool:
        if self.goal is None:
            return True
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal

    def as_json(self) -> dict[str, object]:
        return {"value": round(self.value, 3), "goal": self.goal, "better": self.better, "unit": self.unit}

    def __str__(self) -> str:
        sign = "≤" if self.better == "lower" else "≥"
        goal = "" if self.goal is None else f"{sign} {self.goal:g}"
        verdict = "" if self.is_met else "  MISSED"
        return f"{self.name:<44} {self.value:>10.2f}  {goal:<8} {self.unit}{verdict}"


def seconds(work: Callable[[], object], *, repeat: int = 5) -> float:
    """Return the least processor time of ``work``: what else the machine does at that moment only adds to it."""
    return min(times(work, repeat, time.process_time))


def alternating(
    first: Callable[[], object], second: Callable[[], object], *, repeat: int, clock: Clock = time.process_time
) -> float:
    """Return median(first) / median(second), measured in turns, so that a busy moment hits both."""
    ours, theirs = [], []
    for _ in range(repeat):
        ours += times(first, 1, clock)
        theirs += times(second, 1, clock)
    return median(ours) / median(theirs)


def times(work: Callable[[], object], repeat: int, clock: Clock) -> list[float]:
    """Return what ``work`` takes each time."""
    taken = []
    for _ in range(repeat):
        start = clock()
        work()
        taken.append(clock() - start)
    return taken
