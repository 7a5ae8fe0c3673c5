"""What is uploaded, replaced and deleted in which order: everything follows from the seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from .pictures import SIDE, TOO_SMALL, picture

UPLOADERS = 2
DUPLICATES = 0.1
# A duplicate repeats one of the last uploads, whose scan is on its way, as often as any earlier one.
RECENT = 30
# Uploads that must not get a verdict: the provider refuses them for good, or their file is never sent.
REFUSED = 0.01
SMALL = 0.005
REFUSALS = ("failed-code-14", "error-code-24")
# Uploaders that die between the media's commit and ours.
DYING = 0.02
# A follow-up to an upload comes at most so many uploads later, while its scan may be in any state.
LATEST_FOLLOW_UP = 20


class Action(StrEnum):
    UPLOAD = "upload"
    REPLACE = "replace"
    OVERWRITE = "overwrite"
    CLEAR = "clear"
    DELETE = "delete"


FOLLOW_UPS = {Action.REPLACE: 0.02, Action.OVERWRITE: 0.03, Action.CLEAR: 0.005, Action.DELETE: 0.02}


@dataclass(frozen=True, kw_only=True)
class File:
    """A picture to be made; its name tells the emulator what to find in it, and the judge what to expect."""

    name: str
    image_format: str
    colour: int
    mark: str
    side: int = SIDE

    def content(self) -> bytes:
        return picture(self.image_format, self.colour, self.mark, side=self.side)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that an uploader does to the photo with this title; ``dies`` in the middle of it."""

    title: str
    action: Action
    file: File
    dies: bool = False


def steps_of(uploader: int, *, uploads: int, seed: int) -> list[Step]:
    """Return the steps of one of the :data:`UPLOADERS`, in their order."""
    rng = random.Random(f"plan {seed}")
    repeatable: list[File] = []
    mine: list[tuple[float, Step]] = []
    for number in range(uploads):
        file = _file(rng, number, repeatable)
        if "fault" not in file.name and file.side == SIDE:
            repeatable.append(file)
        for position, step in _steps(rng, number, file):
            if number % UPLOADERS == uploader:
                mine.append((position, step))
    mine.sort(key=lambda placed: placed[0])
    return [step for _, step in mine]


def _file(rng: random.Random, number: int, repeatable: list[File]) -> File:
    if repeatable and rng.random() < DUPLICATES:
        original = rng.choice(repeatable[-RECENT:] if rng.random() < 0.5 else repeatable)
        return replace(original, name=f"u{number:05d}{original.name[6:]}")
    kind = rng.random()
    words = f"ai-{rng.randint(0, 100):02d}"
    if kind < REFUSED:
        words += f"-fault-{rng.choice(REFUSALS)}"
    side = TOO_SMALL if REFUSED <= kind < REFUSED + SMALL else SIDE
    if side == TOO_SMALL:
        words += "-small"
    image_format, extension = rng.choice((("JPEG", "jpg"), ("JPEG", "jpg"), ("PNG", "png")))
    return File(
        name=f"u{number:05d}-{words}.{extension}",
        image_format=image_format,
        colour=rng.randrange(1 << 24),
        mark=f"{number:05d} {rng.getrandbits(64):016x}",
        side=side,
    )


def _steps(rng: random.Random, number: int, file: File) -> Iterator[tuple[float, Step]]:
    """Yield an upload and what follows it, each with its place in the order of all uploads."""
    title = f"upload {number}"
    yield number, Step(title=title, action=Action.UPLOAD, file=file, dies=rng.random() < DYING)
    chance = rng.random()
    for action, share in FOLLOW_UPS.items():
        if chance < share:
            position = number + rng.randint(0, LATEST_FOLLOW_UP) + 0.5
            yield position, _follow_up(rng, title, action, file)
            return
        chance -= share


def _follow_up(rng: random.Random, title: str, action: Action, file: File) -> Step:
    if action == Action.OVERWRITE:
        # The name stays and with it what the emulator finds; half of the time even the length of the file stays.
        colour = file.colour if rng.random() < 0.5 else rng.randrange(1 << 24)
        return Step(title=title, action=action, file=replace(file, colour=colour, mark=_other_mark(rng, file)))
    if action == Action.REPLACE:
        words = f"{file.name[:6]}-again-ai-{rng.randint(0, 100):02d}"
        extension = file.name.rpartition(".")[2]
        other = replace(file, name=f"{words}.{extension}", mark=_other_mark(rng, file), side=SIDE)
        return Step(title=title, action=action, file=other, dies=rng.random() < 5 * DYING)
    return Step(title=title, action=action, file=file)


def _other_mark(rng: random.Random, file: File) -> str:
    return f"{file.mark[:6]}{rng.getrandbits(64):016x}"
