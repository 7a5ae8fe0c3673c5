"""What Copyleaks does wrong in the run: the share of requests that each fault of the emulator strikes."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

CHANCES = {
    # Instead of an answer to the submission, or after it was accepted.
    "status-401": 0.005,
    "status-402": 0.001,
    "status-429": 0.02,
    "status-429-retry-after": 0.01,
    "status-429-retry-after-date": 0.005,
    "status-503": 0.03,
    "status-503-retry-after": 0.005,
    "status-520": 0.015,
    "error-empty": 0.005,
    "error-html": 0.01,
    "error-type-api": 0.005,
    "error-code-99": 0.005,
    "empty-201": 0.02,
    "reset-before": 0.02,
    "reset-after": 0.02,
    "hang-before": 0.005,
    "hang-after": 0.01,
    # The callback: whether, when and how often it comes.
    "lost": 0.04,
    "late": 0.03,
    "early": 0.03,
    "duplicated": 0.02,
    "duplicated-concurrently": 0.02,
    "reordered": 0.02,
    # The callback: what it carries.
    "failed": 0.02,
    "failed-object": 0.005,
    "failed-code-9": 0.005,
    "malformed-truncated": 0.01,
    "malformed-empty": 0.005,
    "malformed-array": 0.005,
    "malformed-types": 0.005,
    "metadata-hostile": 0.02,
    "gzip": 0.02,
    "payload-missing": 0.01,
    "payload-null": 0.01,
    "scanned-image": 0.02,
    # A login, which every worker makes when it starts again.
    "login-status-503": 0.03,
    "login-reset": 0.02,
}
# Nothing is wrong with these: the provider's own heatmap comes in another form, or not at all.
FORMS = {
    "heatmap-encoding-url": 0.05,
    "heatmap-encoding-object-url": 0.02,
    "heatmap-encoding-base64": 0.02,
    "heatmap-encoding-absent": 0.02,
    "heatmap-place-result": 0.02,
}
# Later than the result deadline, so that every late callback meets a scan that was given up.
LATE_SECONDS = 9.0
ARGUMENTS = (
    *("--latency", "0.1"),
    *("--late", str(LATE_SECONDS)),
    *("--hang", "4"),
    # Longer than the app's own first backoff.
    *("--retry-after", "3"),
    *("--login-limit", "0"),
    *("--webhook-retries", "0.5,1,2,4"),
    *(f"--fault={name}={chance}" for name, chance in {**CHANCES, **FORMS}.items()),
)

_TRY = re.compile(r"^\S+ async +\S+ .*, try \d+(?:, faults: (.*))?$")


@dataclass(frozen=True, kw_only=True)
class Struck:
    """How many submissions there were, how many a fault struck, and how often each fault and form occurred."""

    requests: int
    spoilt: int
    by_name: Counter[str]

    @property
    def share(self) -> float:
        return self.spoilt / self.requests if self.requests else 0.0


def count(log: Iterable[str]) -> Struck:
    """Count the faults in the lines of the emulator's log."""
    requests = spoilt = 0
    by_name: Counter[str] = Counter()
    for match in filter(None, map(_TRY.match, log)):
        requests += 1
        struck = (match[1] or "").split(", ")
        by_name.update(filter(None, struck))
        spoilt += any(name and name not in FORMS for name in struck)
    return Struck(requests=requests, spoilt=spoilt, by_name=by_name)
