"""Which faults strike one request: named in the file name (``fault-lost``) or drawn with a probability."""

import random
import re
import threading
from collections.abc import Mapping

from .answers import ACCOUNT_CODES, PASSING_CODES, VENDOR_ERRORS

CODE_FAULTS = {f"error-code-{code}": code for code in VENDOR_ERRORS}
FAILURE_CODES = {f"failed-code-{code}": code for code in VENDOR_ERRORS}

# A fault that passes hits the first tries of a scan id only, so that the retry it provokes succeeds.
PASSING_FAULTS = frozenset(
    {
        "status-401",
        "status-402",
        "no-credits",
        "status-429",
        "status-429-retry-after",
        "status-503",
        "status-520",
        "error-empty",
        "error-html",
        "hang-before",
        "hang-after",
        "reset-before",
        "reset-after",
        *(name for name, code in CODE_FAULTS.items() if code in PASSING_CODES | ACCOUNT_CODES),
    }
)
ANSWER_FAULTS = PASSING_FAULTS | {
    "status-409",
    "error-message",
    "error-message-capital",
    "error-field",
    "error-string",
    *CODE_FAULTS,
}
REPEAT_FAULTS = frozenset({"repeated-free", "repeated-charged", "repeated-409", "repeated-400"})
CALLBACK_FAULTS = frozenset(
    {
        "lost",
        "late",
        "early",
        "duplicated",
        "duplicated-concurrently",
        "reordered",
        "malformed-truncated",
        "malformed-empty",
        "malformed-array",
        "malformed-types",
        "gzip",
        "failed",
        "failed-object",
        "failed-string",
        *FAILURE_CODES,
        "payload-missing",
        "payload-null",
        "scanned-image",
        "no-verdict",
        "no-summary",
    }
)
FAULTS = ANSWER_FAULTS | REPEAT_FAULTS | CALLBACK_FAULTS

# Longest first, because "failed" begins "failed-code-14".
_MARKER = re.compile(
    r"(?<![a-z0-9])fault-(" + "|".join(sorted(FAULTS, key=len, reverse=True)) + r")(?![a-z0-9])",
    re.IGNORECASE,
)


def marked_faults(file_name: str) -> frozenset[str]:
    """Return the faults named in a file name, anywhere, because storages append suffixes."""
    return frozenset(name.lower() for name in _MARKER.findall(file_name))


class Faults:
    """Decide per request; probabilities are drawn from one seeded generator, in the order of requests."""

    def __init__(self, probabilities: Mapping[str, float], *, seed: int | None, passing_tries: int) -> None:
        self._probabilities = dict(probabilities)
        self._passing_tries = passing_tries
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._lock = threading.Lock()

    def strike(self, file_name: str, *, attempt: int) -> frozenset[str]:
        """Return the faults of this request, the ``attempt``-th (from 1) for its scan id."""
        marked = {name for name in marked_faults(file_name) if attempt <= self._tries_hit(name)}
        with self._lock:
            drawn = {name for name, chance in self._probabilities.items() if self._random.random() < chance}
        return frozenset(marked | drawn)

    def _tries_hit(self, name: str) -> float:
        if name == "status-401":
            # One token is lost, not two in a row: the request that follows the new login succeeds.
            return min(1, self._passing_tries)
        return self._passing_tries if name in PASSING_FAULTS else float("inf")
