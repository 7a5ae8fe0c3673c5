"""What a message makes an engine's worker do: one step of one scan, or one round of everything else.

Messages carry a scan id and no state. One that comes twice, late or never changes nothing but the time that a scan
takes, because only the row says what is due and the claim says who has it.
"""

from datetime import datetime, timedelta
from math import ceil
from time import monotonic

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import scans
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.scanning import (
    account,
    circuit,
    clock,
    duplicates,
    heatmaps,
    receive,
    renditions,
    submit,
)
from django_copyleaks_image.worker import go_round

# How long a due scan is left to the message that was sent for it.
HEAD_START = timedelta(minutes=1)
# The time since the round before: when there was none, and at most.
ROUND, LONGEST_ROUND = timedelta(minutes=1), timedelta(minutes=10)
# Fetched in a round, one after the other: each may take as long as ``TIMEOUT`` allows.
HEATMAPS = 10
# Drawn in a round; those that somebody looks at have messages of their own.
PICTURES = 50
# RQ keeps whole seconds and rounds them down: a message that comes too early would do nothing.
MARGIN = timedelta(seconds=1)
HEARTBEAT_SECONDS = 30.0
# Of a round, seconds in which duplicates of what has ended are ended.
ENDING_DUPLICATES = 10.0

_heartbeat_due = 0.0


def work_on(scan_id: str) -> datetime | None:
    """Bring a scan one step further if it is due and free; return when a message should come for it again.

    None when none need come: because the scan went on, is another's, waits for the payer of the same bytes, or for
    the account or the budget, after which a new one is sent.
    """
    renditions.draw_of(scan_id)
    if not submit.work_on_one(scan_id):
        is_next = circuit.waits_for_results() and scans().due(clock.now()).filter(scan_id=scan_id).exists()
        return clock.now() + submit.RESULTS_NAP + MARGIN if is_next else None
    _show_that_somebody_works()
    put_back = (
        scans().filter(scan_id=scan_id, status=Status.QUEUED, lease_until=None).exclude(error_code=Code.WAITS_FOR_TWIN)
    )
    due_at = put_back.values_list("next_attempt_at", flat=True).first()
    return due_at and max(due_at, clock.now()) + MARGIN


def sweep() -> None:
    """Do what the worker does beside submitting, and send messages for the scans that nobody came for."""
    receive.judge_due()
    duplicates.settle_due(seconds=ENDING_DUPLICATES)
    before = account.state().swept_at
    if go_round():
        _send_messages(since=before)
    heatmaps.fetch_due(at_most=HEATMAPS)
    renditions.draw_due(at_most=PICTURES)


def _send_messages(since: datetime | None) -> None:
    """Send as many as the account has taken since the round before.

    Some of these scans have a message that only waits for its turn, and get a second one. It finds nothing to do, and
    no more of them come than workers at full rate take away.
    """
    now = clock.now()
    elapsed = min(now - since, LONGEST_ROUND) if since and since < now else ROUND
    left_lying = submit.due()
    # The one that is let through while all others are held came up just now.
    if not circuit.is_open():
        left_lying = left_lying.filter(next_attempt_at__lt=now - HEAD_START)
    for scan_id in left_lying.values_list("scan_id", flat=True)[: ceil(conf.RATE_LIMIT * elapsed.total_seconds())]:
        conf.DISPATCHER(scan_id)


def _show_that_somebody_works() -> None:
    """Note that a worker is alive, now and then: an engine's sweep may wait behind thousands of messages."""
    global _heartbeat_due  # noqa: PLW0603 - of this process
    if monotonic() >= _heartbeat_due:
        _heartbeat_due = monotonic() + HEARTBEAT_SECONDS
        account.heartbeat()
