"""What a project can listen to.

The signals of scans and decisions are sent after commit with ``sender`` = the concrete model that owns the field,
``scan`` and ``instance`` (None when the object is gone). Delivery is at least once, in the normal course exactly once:
receivers must be idempotent. A receiver that raises is logged and changes nothing.
"""

from django.dispatch import Signal

__all__ = [
    "account_paused",
    "account_resumed",
    "balance_low",
    "budget_reached",
    "decision_made",
    "queue_overdue",
    "results_lost",
    "scan_completed",
    "scan_failed",
    "worker_silent",
]

# A result was stored for a file that was current when it arrived.
scan_completed = Signal()

# A scan ended without a result: it failed for good, or was skipped (``scan.status`` tells which).
scan_failed = Signal()

# A person decided about a picture, or undid a decision: ``decision.kind`` tells which (``"undone"``). ``image`` is the
# picture's row and ``image.standing`` what stands now: go by that, since a second look does not change what stands.
# It is also sent when what is escalated is assigned to somebody (``"assigned"``): ``decision.assigned_to`` tells
# to whom, as of an escalation. Skipping and notes decide nothing and are not sent. The decision is about the file
# ``image.file_name``: compare it with the one that the object holds by now. ``scan`` is the one that counted then.
decision_made = Signal()

# A picture has waited at the desk for longer than ``OVERDUE_HOURS``. Sent by the worker, at most once a day, with
# ``sender`` = ``WatchedImage``, the ``image`` that has waited longest, and ``since`` when.
queue_overdue = Signal()

# What follows is about the account as a whole: once for each incident, by the worker, with ``sender`` =
# ``AccountState``, ``since`` when, and the ``alert``, whose ``pk`` names the incident. See docs/alerts.rst.

# Nothing is submitted any more, and scans wait: ``reason``, an outcome code, and ``waiting`` pictures.
account_paused = Signal()

# Submissions go on, after a pause from ``since`` until ``until`` for a ``reason``.
account_resumed = Signal()

# 50, 80 or 100 ``percent`` of the day's ``budget`` are ``spent``, in credits. At 100 scans wait until midnight UTC.
budget_reached = Signal()

# ``lost`` of the last ``sent`` scans ended without their result, for ``credits``; ``last_callback_at`` or None.
results_lost = Signal()

# No worker was seen ``since`` then, although ``waiting`` pictures wait. Sent by a web process.
worker_silent = Signal()

# ``credits`` are left, enough for ``days`` days at ``a_day``.
balance_low = Signal()
