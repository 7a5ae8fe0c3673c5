"""What the emulator was asked and what it charged: the truth that tests compare the app's books with."""

import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["new", "repeated", "unpaid"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One scan id. ``callbacks`` holds the status of every delivery tried, 0 for none received.

    ``faults`` are those that struck the try which was accepted: what its callback went through.
    """

    scan_id: str
    endpoint: str = ""
    file_name: str = ""
    sandbox: bool = False
    state: str = "refused"
    tries: int = 0
    accepted: int = 0
    charged: int = 0
    sha256: str = ""
    callbacks: tuple[int, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def delivered(self) -> int:
        """Return how many callbacks were answered 2xx."""
        return sum(200 <= status < 300 for status in self.callbacks)

    @property
    def scanned(self) -> bool:
        """Return whether a scan under this id was accepted and has not failed."""
        return self.state in ("accepted", "analysed")

    def as_json(self) -> dict[str, Any]:
        lists = {"callbacks": list(self.callbacks), "faults": list(self.faults)}
        return {**asdict(self), **lists, "delivered": self.delivered}


class Ledger:
    """A thread-safe record of all scan ids; changes are appended to the file, which is read back at start."""

    def __init__(self, path: Path | None = None) -> None:
        self._entries: dict[str, Entry] = {}
        self._counts: Counter[str] = Counter()
        self._charged = 0
        self._changed = threading.Condition()
        self._path: Path | None = None
        if path is not None:
            # A path that cannot be written must fail here and not under the first request.
            path.touch()
            with self._changed:
                self._read_back(path)
        self._path = path

    def entries(self) -> list[Entry]:
        """Return every entry, oldest scan id first."""
        with self._changed:
            return list(self._entries.values())

    def get(self, scan_id: str) -> Entry | None:
        with self._changed:
            return self._entries.get(scan_id)

    @property
    def charged(self) -> int:
        """Return the credits charged so far."""
        with self._changed:
            return self._charged

    def counted(self, event: str) -> int:
        """Return how often an event happened that belongs to no scan id, such as ``login``."""
        with self._changed:
            return self._counts[event]

    def wait_for(self, predicate: Callable[["Ledger"], bool], *, timeout: float = 5.0) -> bool:
        """Wait until ``predicate(ledger)`` holds; return whether it does after ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self), timeout)

    def as_json(self) -> dict[str, Any]:
        with self._changed:
            return {
                "charged": self._charged,
                "counts": dict(self._counts),
                "scans": [entry.as_json() for entry in self._entries.values()],
            }

    def count(self, event: str) -> None:
        with self._changed:
            self._counts[event] += 1
            self._changed.notify_all()

    def tried(self, scan_id: str, *, endpoint: str, file_name: str, sandbox: bool) -> int:
        """Record a valid request before it is decided on; return the number of tries with this id so far."""
        with self._changed:
            entry = self._entries.get(scan_id, Entry(scan_id=scan_id))
            entry = self._store(
                replace(
                    entry,
                    endpoint=endpoint,
                    file_name=file_name,
                    sandbox=entry.sandbox if entry.scanned else sandbox,
                    tries=entry.tries + 1,
                )
            )
            return entry.tries

    def accept(
        self, scan_id: str, *, cost: int, credits_total: int, rescan: bool, faults: Iterable[str] = ()
    ) -> Outcome:
        """Accept and charge a tried scan id, unless it was scanned before or there are too few credits."""
        with self._changed:
            entry = self._entries[scan_id]
            if entry.scanned and not rescan:
                return "repeated"
            if self._charged + cost > credits_total:
                return "unpaid"
            self._store(
                replace(
                    entry,
                    state="accepted",
                    accepted=entry.accepted + 1,
                    charged=entry.charged + cost,
                    faults=tuple(sorted(faults)),
                )
            )
            return "new"

    def received(self, scan_id: str, sha256: str) -> None:
        """Record the digest of the picture's bytes, before it is known whether they are a picture."""
        with self._changed:
            self._store(replace(self._entries[scan_id], sha256=sha256))

    def analysed(self, scan_id: str) -> None:
        with self._changed:
            self._store(replace(self._entries[scan_id], state="analysed"))

    def failed(self, scan_id: str, *, refund: int) -> None:
        """Record a scan that ended without a result, and give its credits back."""
        with self._changed:
            entry = self._entries[scan_id]
            self._store(replace(entry, state="failed", charged=entry.charged - refund))

    def called_back(self, scan_id: str, status: int) -> None:
        with self._changed:
            entry = self._entries[scan_id]
            self._store(replace(entry, callbacks=(*entry.callbacks, status)))

    def _store(self, entry: Entry) -> Entry:
        before = self._entries.get(entry.scan_id)
        self._charged += entry.charged - (before.charged if before else 0)
        self._entries[entry.scan_id] = entry
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry.as_json()) + "\n")
        self._changed.notify_all()
        return entry

    def _read_back(self, path: Path) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):
            # The process was killed while it wrote this line.
            os.truncate(path, path.stat().st_size - len(lines.pop()))
        for line in lines:
            values = json.loads(line)
            del values["delivered"]
            lists = {name: tuple(values[name]) for name in ("callbacks", "faults") if name in values}
            self._store(Entry(**{**values, **lists}))
