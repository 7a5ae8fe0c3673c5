"""Run in a process of a project with an empty database: all migrations forward, back with rows there, and forward."""

import django
from django.core.management import call_command
from django.db import connection


def tables() -> set[str]:
    """Return the names of our tables."""
    with connection.cursor() as cursor:
        return {name for name in connection.introspection.table_names(cursor) if name.startswith("copyleaks_image_")}


def save_rows() -> None:
    """Save a row in every table."""
    from django_copyleaks_image.models import Decision, DetectionResult, ImageScan, WatchedImage, WebhookReceipt
    from django_copyleaks_image.models.receipt import Source
    from django_copyleaks_image.scanning import account
    from django_copyleaks_image.standings import Kind, Standing
    from tests.samples import photo, target

    photo()
    scan = ImageScan.objects.latest("pk")
    receipt = WebhookReceipt.objects.create(scan=scan, source=Source.WEBHOOK, body=b"x", byte_size=1, digest="x")
    DetectionResult.objects.create(is_ai_detected=True, receipt=receipt)
    image = WatchedImage.objects.create(**target(scan), scan=scan)
    Decision.objects.create(image=image, scan=scan, kind=Kind.SKIPPED, before=Standing.WAITING)
    account.state()


if __name__ == "__main__":
    django.setup()
    for _ in range(2):
        call_command("migrate", run_syncdb=True, verbosity=0)
        save_rows()
        assert tables()
        call_command("migrate", "copyleaks_image", "zero", verbosity=0)
        assert not tables(), tables()
