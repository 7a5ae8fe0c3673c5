"""Tells the project how a scan ended and what was decided.

Signals are sent after commit: at least once, in the normal course exactly once.
"""

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from django_copyleaks_image import signals
from django_copyleaks_image.models import Decision, ImageScan, home_database, scans


def is_heard(signal: Signal, scan: ImageScan) -> bool:
    """Return whether a receiver waits for this signal of the scans of a model: else none is owed."""
    return signal.has_listeners(scan.content_type.model_class())


def after_commit(scan_pk: int) -> None:
    """Send the signal of a scan that has just ended once that is committed.

    A process that dies in between leaves ``notified_at`` null; the sweep then sends what is owed.
    """
    transaction.on_commit(lambda: send(scan_pk), using=home_database(), robust=True)


def send(scan_pk: int) -> None:
    """Send ``scan_completed`` or ``scan_failed`` unless it was sent; receivers that raise are logged by Django."""
    scan = scans().select_related("content_type", "result").filter(pk=scan_pk, notified_at=None).first()
    if scan is None or not scan.is_finished:
        return
    completed = scan.status == ImageScan.Status.COMPLETED
    signal = signals.scan_completed if completed else signals.scan_failed
    signal.send_robust(sender=scan.content_type.model_class(), scan=scan, instance=scan.target)
    scans().filter(pk=scan_pk, finished_at=scan.finished_at).update(notified_at=timezone.now())


def decision_after_commit(decision_pk: int) -> None:
    """Send ``decision_made`` once the decision is committed; the sweep sends what a dying process owes."""
    transaction.on_commit(lambda: send_decision(decision_pk), using=home_database(), robust=True)


def send_decision(decision_pk: int) -> None:
    """Send ``decision_made`` unless it was sent; receivers that raise are logged by Django."""
    owed = Decision.objects.using(home_database()).filter(pk=decision_pk, notified_at=None)
    decision = owed.select_related("scan__content_type", "scan__result", "reverses").first()
    if decision is None:
        return
    scan = decision.scan
    signals.decision_made.send_robust(
        sender=scan.content_type.model_class(), scan=scan, instance=scan.target, decision=decision
    )
    owed.update(notified_at=timezone.now())
