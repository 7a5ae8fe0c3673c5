"""All steps in their order: what later ones rest on comes first."""

from . import account, address, configuration, desk, progress
from .findings import Step

STEPS: tuple[Step, ...] = (
    Step("settings", "Settings", configuration.settings),
    Step("watched_fields", "Watched fields", configuration.watched_fields),
    Step("account", "Account", account.access),
    Step("pause_and_budget", "Pause and budget", account.pause_and_budget),
    Step("public_address", "Public address", address.public_address),
    Step("callbacks", "Callbacks", progress.callbacks),
    Step("results", "Results", progress.results),
    Step("media", "Media", progress.media),
    Step("worker", "Worker", progress.worker),
    Step("queue", "Queue", progress.queue),
    Step("rows", "Rows", configuration.rows),
    Step("desk", "Review desk", desk.unseen),
)
