"""Shortens the app's times for the run, so that what takes minutes on a site takes seconds here.

Nothing else of the app is changed. The proportions are kept: a lease outlasts every timeout of one submission, and
whoever looks after the rest waits longer than a process in good health needs.
"""

from datetime import timedelta

from django.apps import AppConfig

LEASE_SECONDS = 8
RECONCILE_SECONDS = 2


class ChaosConfig(AppConfig):
    name = "robustness.chaos"
    label = "chaos"

    def ready(self) -> None:
        # Models can be imported from here on.
        from django_copyleaks_image import notify  # noqa: PLC0415
        from django_copyleaks_image.scanning import (  # noqa: PLC0415
            attempts,
            circuit,
            duplicates,
            heatmaps,
            inbox,
            leases,
            logins,
            rate,
            reconcile,
            sweep,
        )
        from django_copyleaks_image.worker import loop  # noqa: PLC0415

        # What was in flight while the database is away fails alike, and holds the rest until a trial goes through.
        circuit.INTERVALS = dict.fromkeys(circuit.INTERVALS, (timedelta(seconds=2), timedelta(seconds=10)))
        duplicates.LEASE = timedelta(seconds=3)
        heatmaps.RETRY_AFTER = timedelta(seconds=4)
        inbox.LEASE = timedelta(seconds=3)
        reconcile.INTERVAL = timedelta(seconds=RECONCILE_SECONDS)
        reconcile.GRACE = timedelta(seconds=10)
        leases.LEASE = timedelta(seconds=LEASE_SECONDS)
        # Each worker that was killed logs in anew.
        logins.WINDOW = timedelta(seconds=3)
        notify.LEASE = timedelta(seconds=3)
        rate.LONGEST_WAIT = timedelta(seconds=3)
        attempts.LONGEST_WAIT = 3.0
        sweep.GRACE = timedelta(seconds=3)
        sweep.INTERVAL = timedelta(seconds=1)
        loop.NAP = 0.5
