"""Everything but to submit and to judge."""

from django_copyleaks_image.alerts import rounds as alerts
from django_copyleaks_image.scanning import account, days, reconcile, sweep


def go_round() -> bool:
    """Show that somebody is there, and do what is due; return whether it was this one that swept."""
    account.heartbeat()
    return sweep_and_reconcile()


def sweep_and_reconcile() -> bool:
    """Sweep, tell, reconcile and count, each unless another just did; return whether it was this one that swept."""
    swept = sweep.sweep_if_due()
    if swept:
        alerts.go_round()
    reconcile.reconcile_if_due()
    days.count_due()
    return swept
