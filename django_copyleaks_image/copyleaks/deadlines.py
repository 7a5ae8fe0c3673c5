"""A limit on the time that a whole exchange takes, however its bytes come or go.

The timeouts of a socket begin anew with each byte, so that a header, a row of "100 Continue" or the extensions of a
chunk that drip outlast them all. Here one thread of the process shuts the connection at its deadline, which ends
whatever waits for it: a handshake, our upload, a header or a body.
"""

import math
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from typing import Protocol


class HasDescriptor(Protocol):
    """A socket, plain or wrapped in TLS."""

    def fileno(self) -> int: ...


class Deadline:
    """The end of one exchange, at a time in seconds of the monotonic clock."""

    def __init__(self, at: float) -> None:
        self.at = at
        # Whether the connection was shut: then what was read may only look as if it were complete.
        self.has_cut = False
        self._handle: socket.socket | None = None

    @property
    def left(self) -> float:
        """Return the seconds that are left, none if it has passed."""
        return max(0.0, self.at - time.monotonic())

    def guard(self, connection: HasDescriptor) -> None:
        """Shut this connection when the time is over, in place of the one that was guarded before."""
        self.release()
        # A descriptor of its own: who reads may close theirs, and the number may then be that of another connection.
        self._handle = socket.socket(fileno=socket.dup(connection.fileno()))
        _watchdog(os.getpid()).add(self)

    def release(self) -> None:
        """Guard nothing any more."""
        if self._handle is not None:
            _watchdog(os.getpid()).remove(self)
            self._handle.close()
            self._handle = None

    def cut(self) -> None:
        """Shut the connection that is guarded."""
        self.has_cut = True
        if self._handle is not None:
            with suppress(OSError):  # The other side was faster.
                self._handle.shutdown(socket.SHUT_RDWR)


class _Watchdog:
    """One thread, which sleeps until the next deadline."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: set[Deadline] = set()
        self._wakes_at = math.inf
        threading.Thread(target=self._watch, name="copyleaks-deadlines", daemon=True).start()

    def add(self, deadline: Deadline) -> None:
        with self._changed:
            self._watched.add(deadline)
            if deadline.at < self._wakes_at:
                self._changed.notify()

    def remove(self, deadline: Deadline) -> None:
        with self._changed:
            self._watched.discard(deadline)

    def _watch(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for deadline in [it for it in self._watched if it.at <= now]:
                    self._watched.discard(deadline)
                    deadline.cut()
                self._wakes_at = min((it.at for it in self._watched), default=math.inf)
                # The loop looks again, so that an early end does no harm.
                self._changed.wait(min(self._wakes_at - now, threading.TIMEOUT_MAX))


@lru_cache(maxsize=1)
def _watchdog(_process: int) -> _Watchdog:
    """Return the watchdog of this process: a fork leaves the thread behind."""
    return _Watchdog()


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def current() -> Deadline | None:
    """Return the deadline of the exchange that this thread is in."""
    return _current.get()


@contextmanager
def within(seconds: float) -> Iterator[Deadline]:
    """Give the block so many seconds, or less where the block around it has less left."""
    around = _current.get()
    at = time.monotonic() + seconds
    deadline = Deadline(at if around is None else min(at, around.at))
    before = _current.set(deadline)
    try:
        yield deadline
    finally:
        _current.reset(before)
        deadline.release()
