"""How the process ends: when it is told to, when it is told twice, and when it hangs."""

import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread, current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from .loop import Worker

logger = logging.getLogger(__name__)

# EX_SOFTWARE of sysexits.h: supervisors start the process again.
STUCK_STATUS = 70
# Whoever hangs may hold the lock of a log.
LAST_WORDS_SECONDS = 3.0


def is_own_process() -> bool:
    """Return whether this process is the worker's own: in another thread than the main one it is somebody else's."""
    return current_thread() is main_thread()


@contextmanager
def stop_on_signals(worker: "Worker") -> Iterator[None]:
    """Stop the worker on SIGTERM and Ctrl-C while the block runs; the second one ends the process at once.

    In another thread than the main one there are no signals, and whoever started it stops it.
    """
    if not is_own_process():
        yield
        return
    has_come = False

    def stop(number: int, _frame: FrameType | None) -> None:
        # This interrupts the main thread, perhaps while that holds the lock of a log: nothing is logged here.
        nonlocal has_come
        if has_come:
            os._exit(128 + number)
        has_come = True
        worker.stop()

    previous: dict[int, Callable[[int, FrameType | None], object] | int | None] = {
        number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def end_process(status: int, reason: str = "") -> NoReturn:
    """End this process whatever its threads hang in, as a kill would, which is harmless; say why if there is a reason.

    Python itself waits at its end for what hangs, such as the children of a library.
    """
    if reason:
        speaker = Thread(target=_say, args=(reason,), daemon=True)
        with suppress(RuntimeError):
            speaker.start()
            speaker.join(LAST_WORDS_SECONDS)
    os._exit(status)


def _say(reason: str) -> None:
    logger.critical("%s.\n%s", reason, _where_threads_are(), extra={"event": "worker_ends", "reason": reason})


def _where_threads_are() -> str:
    """Return the stack of every other thread: places in the code, no values."""
    frames = sys._current_frames()
    stacks = (
        f"{thread.name}:\n{''.join(traceback.format_stack(frames[thread.ident]))}"
        for thread in threading.enumerate()
        if thread is not current_thread() and thread.ident in frames
    )
    return "\n".join(stacks)
