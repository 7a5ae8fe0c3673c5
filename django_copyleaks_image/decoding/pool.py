"""The children that read pictures: a few, used again and again, and what their death means for a picture."""

import atexit
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import SEEK_END
from threading import BoundedSemaphore, Lock
from types import MappingProxyType
from typing import IO, Any, NamedTuple

from django_copyleaks_image import formats
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.problems import Problem, SentenceError, told

from .messages import Message
from .process import Child, ChildDied, Starved

# A child that has read so many pictures, or had so many bytes resident, is replaced.
PICTURES_PER_CHILD = 200
LARGE_CHILD = 256_000_000
# Longer than all who are before us could take.
SLOT_SECONDS = 30.0

_ERRORS: dict[str, type[formats.UnreadablePicture]] = {
    error.__name__: error
    for error in (formats.UnreadablePicture, formats.DecoderMissing, formats.TooComplex, formats.UnknownKind)
}
_BEGINNINGS = (b"RIFF", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


class DecodingFailed(SentenceError):
    """Nothing was found out about the picture; worth another try. ``code`` is stored."""

    code = Code.NOT_DECODED


class Busy(DecodingFailed):
    """Others are being copied, each of which may take long: whoever waited would keep a thread from others."""


class Stopped(DecodingFailed):
    """Whoever draws is told to stop."""


class TookTooLong(formats.TooComplex):
    """The picture took longer than it was given; with more time, it may be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """What a picture is given: whole seconds of processor time, and seconds on the clock for a busy machine."""

    cpu_seconds: int
    seconds: float


# A header takes milliseconds. So does drawing, of nearly all pictures; the others are drawn when nothing else waits.
BRIEF = Patience(cpu_seconds=1, seconds=4)
LONG = Patience(cpu_seconds=7, seconds=9.5)
# Of a picture that a copy is made of: 200 megapixels take a second or two.
FOR_A_COPY = LONG


class Answer(NamedTuple):
    facts: formats.PictureFacts | None
    drawn: Mapping[str, bytes]
    peak: int


class Pool:
    """At most so many children at a time. They are started when they are needed, and end with this process."""

    def __init__(self, *, children: int) -> None:
        self._children = children
        self._slots = BoundedSemaphore(children)
        self._lock = Lock()
        self._idle: list[Child] = []
        self._busy: set[Child] = set()
        self._ended: set[Child] = set()
        atexit.register(self.close)
        if hasattr(os, "register_at_fork"):
            # Two processes that talk to one child would get each other's pictures.
            os.register_at_fork(after_in_child=self._forget)

    def ask(
        self, task: str, file: IO[bytes], patience: Patience, *, order: Mapping[str, int] = MappingProxyType({})
    ) -> Answer:
        """Have a child do a task with the bytes of a seekable file; ``order`` says more about what it is to draw.

        Raises UnreadablePicture or one of its subclasses, and DecodingFailed.
        """
        size = file.seek(0, SEEK_END)
        if size > formats.MAX_BYTES:
            raise formats.UnreadablePicture(Problem.FILE_OVER_LIMIT(limit=formats.MAX_BYTES))
        if not self._slots.acquire(timeout=SLOT_SECONDS):
            raise DecodingFailed(Problem.READERS_BUSY())
        try:
            return self._ask(task, file, size, patience, order)
        finally:
            self._slots.release()

    def has_room(self) -> bool:
        """Return whether somebody who asked now would be served at once."""
        if not self._slots.acquire(blocking=False):
            return False
        self._slots.release()
        return True

    def close(self) -> None:
        """End all children at once; what one of them is asked at this moment raises Stopped."""
        with self._lock:
            for child in self._busy:
                child.end()
            self._ended |= self._busy
            idle, self._idle = self._idle, []
        for child in idle:
            child.kill()

    def _ask(self, task: str, file: IO[bytes], size: int, patience: Patience, order: Mapping[str, int]) -> Answer:
        blamed = 0
        for _ in range(3):
            child = self._take()
            file.seek(0)
            is_sound = False
            try:
                message = child.ask(task, file, size, **asdict(patience), order=order)
                answer, error, child.used = _checked(message)
                is_sound = answer.peak < LARGE_CHILD and child.asked < PICTURES_PER_CHILD
            except Starved:
                raise DecodingFailed(Problem.READER_STARVED()) from None
            except ChildDied as death:
                if self._was_ended(child):
                    raise Stopped(Problem.READER_STOPPED()) from None
                if death.by_its_limits and death.had_begun:
                    raise TookTooLong(Problem.PICTURE_NEEDS_TIME()) from None
                # Once may be an accident: somebody has killed it. What has killed two does it again.
                blamed += death.had_begun
                if blamed == 2:
                    raise formats.TooComplex(Problem.PICTURE_KILLS_READER()) from None
            else:
                if error is not None:
                    raise error
                return answer
            finally:
                self._give_back(child, is_sound=is_sound)
        raise DecodingFailed(Problem.READER_NOT_STARTED())

    def _take(self) -> Child:
        with self._lock:
            child = self._idle.pop() if self._idle else None
        if child is None:
            try:
                child = Child()
            except OSError as error:
                raise DecodingFailed(Problem.READER_NOT_STARTED()) from error
        with self._lock:
            self._busy.add(child)
        return child

    def _give_back(self, child: Child, *, is_sound: bool) -> None:
        with self._lock:
            is_wanted = is_sound and child not in self._ended
            self._busy.discard(child)
            self._ended.discard(child)
            if is_wanted:
                self._idle.append(child)
        if not is_wanted:
            child.kill()

    def _was_ended(self, child: Child) -> bool:
        with self._lock:
            return child in self._ended

    def _forget(self) -> None:
        """Begin without children, since they are those of the process that this one was forked from."""
        for child in (*self._idle, *self._busy):
            child.disown()
        # Whoever held the lock at that moment does not exist here.
        self._slots = BoundedSemaphore(self._children)
        self._lock = Lock()
        self._idle, self._busy, self._ended = [], set(), set()


def _checked(message: Message) -> tuple[Answer, formats.UnreadablePicture | None, float]:
    """Return what a child says, what it says was wrong with the picture, and what processor time it has used by now.

    It has read bytes of a stranger, so that nothing of it is taken for granted.
    """
    head = message.head
    try:
        facts = None if head.get("facts") is None else _facts(head["facts"])
        drawn, offset = {}, 0
        for name, size in head["parts"].items():
            drawn[str(name)] = message.body[offset : offset + size]
            offset += size
        if not all(part.startswith(_BEGINNINGS) for part in drawn.values()):
            raise ValueError("no picture")
        error = _error(head["error"], head["problem"]) if "error" in head else None
        return Answer(facts, drawn, int(head["peak"])), error, float(head["cpu"])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ChildDied(by_its_limits=False, had_begun=True) from None


def _error(name: str, problem: dict[str, Any]) -> formats.UnreadablePicture:
    return _ERRORS.get(name, formats.UnreadablePicture)(told(problem))


def _facts(found: dict[str, Any]) -> formats.PictureFacts:
    if found["format"] not in formats.TYPES or found["orientation"] not in range(1, 9):
        raise ValueError("no facts")
    if not all(isinstance(found[side], int) and 0 <= found[side] < 2**33 for side in ("width", "height")):
        raise ValueError("no facts")
    if not all(isinstance(found.get(name, False), bool) for name in ("animated", "blemished")):
        raise ValueError("no facts")
    return formats.PictureFacts(**found)


# Apart, so that nobody's upload waits for a picture that somebody wants to look at.
inspecting = Pool(children=2)
drawing = Pool(children=2)
copying = Pool(children=2)


def inspect(file: IO[bytes]) -> formats.PictureFacts:
    """Return what the header of a seekable file says; raise what :meth:`Pool.ask` raises."""
    facts = inspecting.ask("inspect", file, BRIEF).facts
    if facts is None:
        raise DecodingFailed(Problem.READER_SILENT())
    return facts


def copy(file: IO[bytes], order: formats.CopyOrder) -> tuple[formats.PictureFacts, bytes]:
    """Return a copy of the first frame of a seekable file and its facts.

    Raises Busy, and what :meth:`Pool.ask` raises.
    """
    if not copying.has_room():
        raise Busy(Problem.READERS_BUSY())
    answer = copying.ask("copy", file, FOR_A_COPY, order=asdict(order))
    content = answer.drawn.get("copy", b"")
    if answer.facts is None or not _is_as_ordered(answer.facts, content, order):
        raise DecodingFailed(Problem.READER_SILENT())
    return answer.facts, content


def _is_as_ordered(facts: formats.PictureFacts, content: bytes, order: formats.CopyOrder) -> bool:
    sides = (facts.width, facts.height)
    has_sides = (order.width, order.height) in (sides, sides[::-1])
    return has_sides and facts.format in ("JPEG", "PNG") and 0 < len(content) <= order.most_bytes
