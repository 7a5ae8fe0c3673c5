"""What a message makes a task backend's worker do: one step of its scan and of others that are due, or a round.

Messages carry a scan id and no state. One that comes twice, late or never changes nothing but the time that a scan
takes, because only the row says what is due and the claim says who has it. A message only wakes somebody up, who goes
on for a moment as the worker does: where many wait, most messages then find nothing to do.
"""

from datetime import datetime, timedelta
from math import ceil
from time import monotonic

from django_copyleaks_image import tenants
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
from django_copyleaks_image.scanning.isolation import isolated
from django_copyleaks_image.worker import go_round

from . import claims

# For so many seconds whoever was woken claims what else is due; then the backend has its turn, with tasks of others.
AWAKE_SECONDS = 5.0
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

# By tenant, each of whom asks whether anybody works.
_heartbeat_due: dict[str, float] = {}


def work_on(scan_id: str, *, and_others: bool = True) -> dict[str, datetime]:
    """Bring a scan, and then others, one step further if they are due and free; return when each should have a message.

    No message is for one that went on, is another's, waits for the payer of the same bytes, or for the account or the
    budget, after which a new one is sent. Without ``and_others`` it is for a request, which does not wait for those of
    other people.
    """
    sleeps_at = monotonic() + AWAKE_SECONDS
    renditions.draw_of(scan_id)
    worked_on = [scan_id] if submit.work_on_one(scan_id) else []
    if and_others:
        worked_on += _work_on_others(until=sleeps_at)
    again = _put_back(worked_on)
    if worked_on:
        _show_that_somebody_works()
    if scan_id not in worked_on and circuit.waits_for_results():
        is_next = scans().due(clock.now()).filter(scan_id=scan_id).exists()
        again |= {scan_id: clock.now() + submit.RESULTS_NAP + MARGIN} if is_next else {}
    return again


def _work_on_others(until: float) -> list[str]:
    worked_on = []
    with claims.awake():
        while scan := claims.next_scan(may_claim=monotonic() < until):
            submit.work_on(scan)
            worked_on.append(scan.scan_id)
    return worked_on


def _put_back(scan_ids: list[str]) -> dict[str, datetime]:
    """Return which of the scans are to be tried again, and when."""
    free = scans().filter(scan_id__in=scan_ids, status=Status.QUEUED, lease_until=None)
    now = clock.now()
    due = free.exclude(error_code=Code.WAITS_FOR_DUPLICATE).values_list("scan_id", "next_attempt_at")
    return {each: max(due_at, now) + MARGIN for each, due_at in due if due_at is not None}


def sweep() -> None:
    """Do what the worker does beside submitting, and send messages for the scans that nobody came for.

    Where the site has tenants, for each of them; one that fails keeps no other from its turn.
    """
    for tenant in tenants.each():
        with tenants.active(tenant), isolated("sweep %s", tenants.current() or "the site"):
            _sweep()


def _sweep() -> None:
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
    for (scan_id,) in left_lying.in_turn(ceil(conf.RATE_LIMIT * elapsed.total_seconds()), "scan_id"):
        conf.DISPATCHER(scan_id)


def _show_that_somebody_works() -> None:
    """Note that a worker is alive, now and then: a task backend's sweep may wait behind thousands of messages."""
    if monotonic() >= _heartbeat_due.get(tenants.current(), 0.0):
        _heartbeat_due[tenants.current()] = monotonic() + HEARTBEAT_SECONDS
        account.heartbeat()
