"""What a project can listen to.

Every signal is sent after commit with ``sender`` = the concrete model that owns the field, ``scan`` and
``instance`` (None when the object is gone). Delivery is at least once, in the normal course exactly once:
receivers must be idempotent. A receiver that raises is logged and changes nothing.
"""

from django.dispatch import Signal

__all__ = ["decision_made", "queue_overdue", "scan_completed", "scan_failed"]

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
