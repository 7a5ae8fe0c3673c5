"""One child process as whoever started it sees it: started clean, asked with a clock at hand, and killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock, Timer
from typing import IO, cast

from . import messages

# Everything that the child needs of the environment; it holds none of the secrets that ours may hold.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP")
PIPE_BYTES = 256 * 1024
_PACKAGE_FOLDER = Path(__file__).resolve().parents[2]


class ChildDied(Exception):
    """The child ended without an answer; ``by_its_limits`` says that it was for the time that it took.

    ``had_begun`` is False when it had not even got the whole picture, which is then not to blame.
    """

    def __init__(self, *, by_its_limits: bool, had_begun: bool) -> None:
        super().__init__("The process that reads pictures has died.")
        self.by_its_limits = by_its_limits
        self.had_begun = had_begun


class Starved(Exception):
    """The child was ended for the time that went by, although it had hardly a chance to work."""


class Child:
    """A process that reads one picture after the other. Not for two threads at a time, except to kill it."""

    def __init__(self) -> None:
        # Not forked as it is, but a Python of its own: other threads may hold any lock at this moment.
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-P", "-B", "-m", "django_copyleaks_image.decoding.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Nothing is kept back that a process forked from this one would write once more.
            bufsize=0,
            # What Linux lets everybody have: a picture takes fewer turns.
            pipesize=PIPE_BYTES,
            env=_environment(),
            # Ctrl-C and the signals of a supervisor are for us; we end the child.
            start_new_session=True,
        )
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdout = cast("IO[bytes]", self._process.stdout)
        # Who kills it must not meet who reaps it: its number could be another process's by then.
        self._lock = Lock()
        self.asked = 0
        # Seconds of processor time before the picture that it is asked about.
        self.used = 0.0

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(
        self, task: str, file: IO[bytes], size: int, *, cpu_seconds: int, seconds: float, order: Mapping[str, int]
    ) -> messages.Message:
        """Return the child's answer about a picture; raise ChildDied or Starved, after which it is of no more use."""
        self.asked += 1
        # Ends the child, and with it whatever we wait for.
        clock = Timer(seconds, self.end)
        clock.daemon = True
        had_begun = False
        try:
            clock.start()
        except RuntimeError:  # There are no more threads, so that nothing would end the child.
            raise Starved from None
        try:
            request = {"task": task, "order": dict(order), "cpu_seconds": cpu_seconds, "seconds": seconds}
            messages.send(self._stdin, request, file, size)
            had_begun = True
            return messages.receive(self._stdout)
        except (OSError, messages.BrokenMessage):
            was_late = clock.finished.is_set()
            used = self.kill()
        finally:
            clock.cancel()
        if was_late and used is not None and used - self.used < cpu_seconds / 2:
            raise Starved
        ended_by_itself = self._process.returncode in (-_number("SIGXCPU"), -_number("SIGALRM"))
        raise ChildDied(by_its_limits=was_late or ended_by_itself, had_begun=had_begun)

    def kill(self) -> float | None:
        """End the process at once, if it has not ended; return the seconds of processor time it used, if known."""
        self.end()
        used = self._reap()
        self._close_pipes()
        return used

    def end(self) -> None:
        """Kill the process, perhaps from another thread than the one that waits for it, which notices."""
        with self._lock:
            if self._process.returncode is None:
                # Not its own kill(), which would reap a dead one, and lose what it has used.
                with suppress(ProcessLookupError):
                    os.kill(self._process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    def disown(self) -> None:
        """Let go of a child that belongs to the process that this one was forked from."""
        self._process.returncode = 0
        self._close_pipes()

    def _close_pipes(self) -> None:
        self._stdin.close()
        self._stdout.close()

    def _reap(self) -> float | None:
        with self._lock:
            if self._process.returncode is None and hasattr(os, "wait4"):
                # Unless the host reaps all children itself.
                with suppress(ChildProcessError):
                    _, status, usage = os.wait4(self._process.pid, 0)
                    self._process.returncode = os.waitstatus_to_exitcode(status)
                    return usage.ru_utime + usage.ru_stime
            self._process.wait()
            return None


def _environment() -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    paths = [str(Path(path).absolute()) for path in sys.path if path and not path.endswith(".zip")]
    # One arena: each further one would take 64 MB of the address space that is allowed.
    return {**passed_on, "PYTHONPATH": os.pathsep.join([*paths, str(_PACKAGE_FOLDER)]), "MALLOC_ARENA_MAX": "1"}


def _number(name: str) -> int:
    return int(getattr(signal, name, 0))
