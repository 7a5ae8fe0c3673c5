"""The process behind ``copyleaks_worker``: works on several scans at a time, judges callbacks, sweeps, reconciles."""

from .ending import STUCK_STATUS, end_process, is_own_process, stop_on_signals
from .loop import GRACEFUL_SECONDS, Worker
from .rounds import go_round
from .sign_of_life import default_path, why_unwell
from .watchdog import Stuck

__all__ = [
    "GRACEFUL_SECONDS",
    "STUCK_STATUS",
    "Stuck",
    "Worker",
    "default_path",
    "end_process",
    "go_round",
    "is_own_process",
    "stop_on_signals",
    "why_unwell",
]
