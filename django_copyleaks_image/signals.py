"""What a project can listen to.

Every signal is sent after commit with ``sender`` = the concrete model that owns the field, ``scan`` and
``instance`` (None when the object is gone). Delivery is at least once, in the normal course exactly once:
receivers must be idempotent. A receiver that raises is logged and changes nothing.
"""

from django.dispatch import Signal

__all__ = ["decision_made", "scan_completed", "scan_failed"]

# A result was stored for a file that was current when it arrived.
scan_completed = Signal()

# A scan ended without a result: it failed for good, or was skipped (``scan.status`` tells which).
scan_failed = Signal()

# A person decided about a picture, or undid a decision: ``decision.kind`` tells which (``"undone"``), and
# ``scan.decision`` what stands now ("" for nothing): go by that, since a second look does not change what stands.
# Skipping decides nothing and is not sent. The decision is about the bytes of ``scan.sha256``: compare
# ``scan.file_name`` with the file that the object holds by now.
decision_made = Signal()
