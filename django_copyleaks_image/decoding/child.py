"""A process that reads pictures of strangers, and may die of one: ``python -m django_copyleaks_image.decoding.child``.

It imports no Django, has no settings, no connection and no secret, and ends when its pipe does. Its limits are its
own, so that they hold although whoever started it is gone: of memory, of processor time and of time for each picture.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from django_copyleaks_image import copies, formats, opening, pictures
from django_copyleaks_image.decoding import messages
from django_copyleaks_image.problems import Problem, stored

if sys.platform != "win32":  # Otherwise, whoever started it still has a clock.
    import resource

# Bytes of address space, all of Python and Pillow included: no more can ever be resident.
MEMORY = 600_000_000
# For those who started it and are gone by now; while they are there, they are the first to lose patience.
GRACE_SECONDS = 1.0

# How much later than others one who draws gets the processor, while it is busy.
NICENESS = 10

Drawn = dict[str, bytes]
Found = tuple[formats.PictureFacts | None, Drawn]
# What is asked for beside the task: numbers by their names.
Order = dict[str, int]


def _inspect(data: bytes, order: Order) -> Found:
    return opening.inspect(BytesIO(data)), {}


def _draw_picture(data: bytes, order: Order) -> Found:
    return opening.inspect(BytesIO(data)), pictures.renditions(BytesIO(data))


def _draw_full(data: bytes, order: Order) -> Found:
    return None, {"full": pictures.full_size(BytesIO(data))}


def _draw_heatmap(data: bytes, order: Order) -> Found:
    return None, {"heatmap": pictures.reencode(data, max_side=formats.RENDITION_SIDES["page"])}


def _copy(data: bytes, order: Order) -> Found:
    facts, content = copies.copy(BytesIO(data), formats.CopyOrder(**order))
    return facts, {"copy": content}


TASKS: dict[str, Callable[[bytes, Order], Found]] = {
    "inspect": _inspect,
    "picture": _draw_picture,
    "full": _draw_full,
    "heatmap": _draw_heatmap,
    "copy": _copy,
}


def main() -> None:
    """Answer one message after the other, until there are no more."""
    # What a library prints must not get between the messages.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _limit_process()
    while True:
        try:
            request = messages.receive(sys.stdin.buffer)
        except messages.BrokenMessage:
            return
        if request.head["task"] != "inspect":
            _let_others_go_first()
        _limit_picture(request.head["cpu_seconds"], request.head["seconds"])
        head, drawn = _answer(TASKS[request.head["task"]], request.body, request.head["order"])
        _limit_idleness()
        head["peak"], head["cpu"] = _peak(), time.process_time()
        body = b"".join(drawn.values())
        head["parts"] = {name: len(part) for name, part in drawn.items()}
        try:
            messages.send(answers, head, BytesIO(body), len(body))
        except OSError:
            return


def _answer(task: Callable[[bytes, Order], Found], data: bytes, order: Order) -> tuple[dict[str, Any], Drawn]:
    try:
        facts, drawn = task(data, order)
    except formats.UnreadablePicture as error:
        return {"error": type(error).__name__, "problem": stored(error.message)}, {}
    except MemoryError:
        return {"error": formats.TooComplex.__name__, "problem": Problem.PICTURE_NEEDS_MEMORY().stored}, {}
    return {"facts": None if facts is None else asdict(facts)}, drawn


def _limit_process() -> None:
    """Set the limits that hold for good: memory, and no file written, no core left."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started it.
    if sys.platform == "win32":
        return
    for limit, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(limit)[1]
        lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (lowest, lowest))


@cache
def _let_others_go_first() -> None:
    """Let whoever inspects, submits or serves have the processor before one who draws: once for this process."""
    if sys.platform != "win32":
        os.nice(NICENESS)


def _limit_picture(cpu_seconds: int, seconds: float) -> None:
    """Let the kernel end this process when the picture takes too long, whatever library is busy with it then."""
    if sys.platform == "win32":
        return
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    used = int(time.process_time()) + 1
    soft = used + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
    signal.setitimer(signal.ITIMER_REAL, seconds + GRACE_SECONDS)


def _limit_idleness() -> None:
    """Stop the clock: who waits for the next picture takes no time."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, 0)


def _peak() -> int:
    """Return how much was resident at most, in bytes; 0 where that is not told."""
    try:
        # getrusage() would count what the process had that started this one.
        lines = Path("/proc/self/status").read_bytes().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(b"VmHWM:")), 0)


if __name__ == "__main__":
    main()
