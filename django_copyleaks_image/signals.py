"""What a project can listen to.

Every signal is sent after commit with ``sender`` = the concrete model that owns the field, ``scan`` and
``instance`` (None when the object is gone). Delivery is at least once, in the normal course exactly once:
receivers must be idempotent. A receiver that raises is logged and changes nothing.
"""

from django.dispatch import Signal

# A result was stored for a file that was current when it arrived.
scan_completed = Signal()

# A scan ended without a result: it failed for good, or was skipped (``scan.status`` tells which).
scan_failed = Signal()
