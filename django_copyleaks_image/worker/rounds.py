"""Everything but to submit and to judge."""

from django_copyleaks_image.scanning import account, days, reconcile, sweep


def go_round() -> bool:
    """Show that somebody is there, and do what is due; return whether it was this one that swept."""
    account.heartbeat()
    return sweep_and_reconcile()


def sweep_and_reconcile() -> bool:
    """Sweep, reconcile and count, each unless another just did; return whether it was this one that swept."""
    swept = sweep.sweep_if_due()
    reconcile.reconcile_if_due()
    days.count_due()
    return swept
