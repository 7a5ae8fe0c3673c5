"""Tells the project how a scan ended and what was decided.

Signals are sent after commit: at least once, in the normal course exactly once. Whoever sends one has a lease of it,
and renews that as long as the project's receivers take.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.dispatch import Signal
from django.utils import timezone

from django_copyleaks_image import clock_skew, signals, tenants
from django_copyleaks_image.models import ImageScan, decisions, home_database, scans
from django_copyleaks_image.models.scan import FINISHED
from django_copyleaks_image.renewal import renewed

# A process that dies while it sends a signal holds it no longer than this.
LEASE = timedelta(seconds=30)


def is_free(now: datetime) -> Q:
    """Return the condition that nobody is sending the signal of a row."""
    return Q(notifying_until=None) | clock_skew.has_passed("notifying_until", now, longest=LEASE)


def is_heard(signal: Signal, scan: ImageScan) -> bool:
    """Return whether a receiver waits for this signal of the scans of a model: else none is pending."""
    return signal.has_listeners(scan.content_type.model_class())


def after_commit(scan_pk: int) -> None:
    """Send the signal of a scan that has just ended once that is committed.

    A process that dies in between leaves ``notified_at`` null; the sweep then sends what is pending.
    """
    tenants.after_commit(lambda: send(scan_pk), using=home_database())


def send(scan_pk: int) -> None:
    """Send ``scan_completed`` or ``scan_failed`` unless it was sent; receivers that raise are logged by Django."""
    row = scans().filter(pk=scan_pk)
    with _leased(row.filter(notified_at=None, status__in=FINISHED)) as is_ours:
        if not is_ours:
            return
        scan = row.select_related("content_type", "result").get()
        completed = scan.status == ImageScan.Status.COMPLETED
        signal = signals.scan_completed if completed else signals.scan_failed
        signal.send_robust(sender=scan.content_type.model_class(), scan=scan, instance=scan.target)
    # If it has ended anew meanwhile, as a late result completes it, that is another signal, and still pending.
    is_told = When(finished_at=scan.finished_at, then=Value(timezone.now()))
    row.update(notified_at=Case(is_told, default=F("notified_at")), notifying_until=None)


def decision_after_commit(decision_pk: int) -> None:
    """Send ``decision_made`` once the decision is committed; the sweep sends what a dying process owes."""
    tenants.after_commit(lambda: send_decision(decision_pk), using=home_database())


def send_decision(decision_pk: int) -> None:
    """Send ``decision_made`` unless it was sent; receivers that raise are logged by Django."""
    row = decisions().filter(pk=decision_pk)
    with _leased(row.filter(notified_at=None)) as is_ours:
        if not is_ours:
            return
        decision = row.select_related("image__content_type", "scan__content_type", "scan__result", "reverses").get()
        image = decision.image
        signals.decision_made.send_robust(
            sender=image.content_type.model_class(),
            image=image,
            scan=decision.scan,
            instance=image.target,
            decision=decision,
        )
    row.update(notified_at=timezone.now(), notifying_until=None)


@contextmanager
def _leased(pending: QuerySet[Any]) -> Iterator[bool]:
    """Lease a pending signal while the block runs; yield False when another has it, or it was sent."""
    now = timezone.now()
    if not pending.filter(is_free(now)).update(notifying_until=now + LEASE):
        yield False
        return

    def renew() -> None:
        pending.filter(notifying_until__isnull=False).update(notifying_until=timezone.now() + LEASE)

    with renewed(renew, every=LEASE / 3):
        yield True
