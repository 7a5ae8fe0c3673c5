"""Post callbacks: at least once until one is answered 2xx, never again after that, unless a fault says so."""

import threading
from dataclasses import dataclass, field, replace
from functools import partial

import requests

from .ledger import Ledger
from .log import EventLog
from .options import Options
from .results import Body, distort, encode
from .scheduler import Scheduler
from .submissions import Pairs

# A body cut short on the way would be whole when it is sent again.
_PASSING = frozenset({"malformed-truncated", "malformed-empty"})


@dataclass(frozen=True, kw_only=True, eq=False)
class Callback:
    """One callback to be delivered; ``repr`` does not show where to."""

    scan_id: str
    url: str = field(repr=False)
    headers: Pairs = field(repr=False)
    body: Body = field(repr=False)
    faults: frozenset[str]


class Deliveries:
    """Deliver callbacks over real sockets, in the order and the number their faults ask for."""

    def __init__(self, options: Options, ledger: Ledger, scheduler: Scheduler, log: EventLog) -> None:
        self._options = options
        self._ledger = ledger
        self._scheduler = scheduler
        self._log = log
        self._held: list[Callback] = []
        self._lock = threading.Lock()

    def send(self, callback: Callback) -> None:
        """Make the first attempt now, on this thread, unless a fault loses or delays it."""
        faults = callback.faults
        if "lost" in faults:
            self._log.line("lost", callback.scan_id, "no callback will be sent")
        elif "late" in faults:
            once = replace(callback, faults=faults - {"late"})
            self._scheduler.after(self._options.late, lambda: self.send(once))
        elif "reordered" in faults and self._hold(callback):
            self._scheduler.after(self._options.late, lambda: self._release(callback))
        elif "duplicated-concurrently" in faults:
            together = threading.Barrier(2)
            for _ in range(2):
                self._scheduler.after(0, lambda: self._attempt_together(callback, together))
        else:
            self._attempt(callback, 1)

    def _attempt(self, callback: Callback, number: int) -> None:
        status = self._post(callback, number)
        self._ledger.called_back(callback.scan_id, status)
        self._log.line("callback", callback.scan_id, f"attempt {number} answered {status or 'not at all'}")
        pauses = self._options.webhook_retries
        if 200 <= status < 300:
            self._release_all()
            if "duplicated" in callback.faults:
                again = replace(callback, faults=callback.faults - {"duplicated"})
                self._scheduler.after(0, lambda: self._attempt(again, 1))
        elif number <= len(pauses):
            self._scheduler.after(pauses[number - 1], lambda: self._attempt(callback, number + 1))
        else:
            self._log.line("callback", callback.scan_id, "given up")

    def _attempt_together(self, callback: Callback, together: threading.Barrier) -> None:
        try:
            together.wait(timeout=5)
        except threading.BrokenBarrierError:
            self._log.line("callback", callback.scan_id, "its duplicate could not be sent at the same time")
        self._attempt(callback, 1)

    def _post(self, callback: Callback, number: int) -> int:
        """Return the status of the answer, 0 if there is none; redirects are not followed."""
        faults = callback.faults
        if number > self._options.passing_tries:
            faults -= _PASSING
        content, described = encode(distort(callback.body, faults), faults)
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.post(
                    callback.url,
                    data=content,
                    headers={**described, **dict(callback.headers)},
                    timeout=self._options.webhook_timeout,
                    allow_redirects=False,
                    stream=True,
                )
            except requests.RequestException as error:
                # The text of the exception holds the address; its kind is enough.
                self._log.line("callback", callback.scan_id, type(error).__name__)
                return 0
            answer.close()
            return answer.status_code

    def _hold(self, callback: Callback) -> bool:
        """Hold a callback back until another one has been delivered; false if one is held already."""
        with self._lock:
            if self._held:
                return False
            self._held.append(callback)
            return True

    def _release(self, callback: Callback) -> None:
        with self._lock:
            if callback not in self._held:
                return
            self._held.remove(callback)
        self._attempt(callback, 1)

    def _release_all(self) -> None:
        with self._lock:
            released, self._held = self._held, []
        for callback in released:
            self._scheduler.after(0, partial(self._attempt, callback, 1))
