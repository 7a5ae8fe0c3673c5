"""Which faults strike one request: named in the file name (``fault-lost``) or drawn with a probability.

A login has no file: its faults are named in the e-mail address (``photos-fault-login-hang@example.org``).
"""

import random
import re
import threading
from collections import Counter
from collections.abc import Mapping

from .answers import ACCOUNT_CODES, ERRORS, PASSING_CODES

CODE_FAULTS = {f"error-code-{code}": code for code in ERRORS}
FAILURE_CODES = {f"failed-code-{code}": code for code in ERRORS}

# Switches of the command line that a file name sets for its own scan: ``--repeated 409`` is ``fault-repeated-409``.
SWITCHES: Mapping[str, tuple[str, ...]] = {
    "repeated": ("free", "charged", "409", "400"),
    "heatmap_key": ("heatmap", "mask", "overlay"),
    "heatmap_place": ("top", "result", "imageInfo"),
    "heatmap_encoding": ("data-uri", "url", "base64", "object-url", "object-data", "object-base64", "absent"),
    "heatmap_format": ("png", "jpeg", "webp"),
}
SWITCH_FAULTS: Mapping[str, tuple[str, str]] = {
    f"{switch.replace('_', '-')}-{choice.lower()}": (switch, choice)
    for switch, choices in SWITCHES.items()
    for choice in choices
}

# A fault that passes hits the first tries of a scan id only, so that the retry it provokes succeeds.
_PASSING_LOGIN_FAULTS = frozenset(
    {
        "login-status-429",
        "login-status-429-retry-after",
        "login-status-503",
        "login-status-520",
        "login-error-empty",
        "login-error-html",
        "login-hang",
        "login-reset",
    }
)
PASSING_FAULTS = _PASSING_LOGIN_FAULTS | {
    "status-401",
    "status-402",
    "no-credits",
    "status-429",
    "status-429-retry-after",
    "status-429-retry-after-date",
    "status-503",
    "status-503-retry-after",
    "status-520",
    "error-empty",
    "error-html",
    "error-type-authentication",
    "error-type-payment",
    "error-type-api",
    "hang-before",
    "hang-after",
    "reset-before",
    "reset-after",
    *(name for name, code in CODE_FAULTS.items() if code in PASSING_CODES | ACCOUNT_CODES),
}
LOGIN_FAULTS = _PASSING_LOGIN_FAULTS | {
    "login-refused",
    "login-refused-capital",
    *(f"login-error-code-{code}" for code in (2, 3, 4, 32)),
}
ANSWER_FAULTS = (PASSING_FAULTS - LOGIN_FAULTS) | {
    "forbidden",
    "denied",
    "status-409",
    "error-message",
    "error-message-capital",
    "error-field",
    "error-string",
    "error-type-request",
    "empty-201",
    *CODE_FAULTS,
}
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
        "failed-no-code",
        *FAILURE_CODES,
        "payload-missing",
        "payload-null",
        "scanned-image",
        "no-verdict",
        "no-summary",
        "mask-mismatch",
        "metadata-hostile",
        "unknown-keys",
        "unknown-headers",
        "sandbox-charged",
    }
)
FAULTS = LOGIN_FAULTS | ANSWER_FAULTS | CALLBACK_FAULTS | SWITCH_FAULTS.keys()

# Longest first, because "failed" begins "failed-code-14".
_MARKER = re.compile(
    r"(?<![a-z0-9])fault-(" + "|".join(sorted(FAULTS, key=len, reverse=True)) + r")(?![a-z0-9])",
    re.IGNORECASE,
)


def marked_faults(name: str) -> frozenset[str]:
    """Return the faults named in a file name or an address, anywhere, because storages append suffixes."""
    return frozenset(marker.lower() for marker in _MARKER.findall(name))


class Faults:
    """Decide per request; probabilities are drawn from seeded generators, in the order of requests."""

    def __init__(self, probabilities: Mapping[str, float], *, seed: int | None, passing_tries: int) -> None:
        # Two generators: how often a client logs in must not change what strikes its scans.
        self._of_scans = _Lot({name: each for name, each in probabilities.items() if name not in LOGIN_FAULTS}, seed)
        self._of_logins = _Lot({name: each for name, each in probabilities.items() if name in LOGIN_FAULTS}, seed)
        self._passing_tries = passing_tries
        self._logins: Counter[str] = Counter()
        self._lock = threading.Lock()

    def strike(self, file_name: str, *, attempt: int) -> frozenset[str]:
        """Return the faults of this request, the ``attempt``-th (from 1) for its scan id."""
        return self._marked(file_name, attempt) - LOGIN_FAULTS | self._of_scans.draw()

    def strike_login(self, email: str) -> frozenset[str]:
        """Return the faults of a login with this e-mail address."""
        with self._lock:
            self._logins[email] += 1
            attempt = self._logins[email]
        return self._marked(email, attempt) & LOGIN_FAULTS | self._of_logins.draw()

    def _marked(self, name: str, attempt: int) -> frozenset[str]:
        return frozenset(fault for fault in marked_faults(name) if attempt <= self._tries_hit(fault))

    def _tries_hit(self, name: str) -> float:
        if name == "status-401":
            # One token is lost, not two in a row: the request that follows the new login succeeds.
            return min(1, self._passing_tries)
        return self._passing_tries if name in PASSING_FAULTS else float("inf")


class _Lot:
    """Draw each name with its probability."""

    def __init__(self, probabilities: Mapping[str, float], seed: int | None) -> None:
        self._probabilities = probabilities
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._lock = threading.Lock()

    def draw(self) -> frozenset[str]:
        with self._lock:
            return frozenset(name for name, chance in self._probabilities.items() if self._random.random() < chance)
