"""What the shop does when a picture was measured or judged."""

from typing import Any

from django.dispatch import receiver

from django_copyleaks_image.models import Decision, ImageScan, WatchedImage
from django_copyleaks_image.signals import decision_made, scan_completed, scan_failed

from .models import Article


@receiver(scan_completed, sender=Article)
def publish(scan: ImageScan, instance: Article | None, **kwargs: Any) -> None:
    if instance is not None and scan.verdict == ImageScan.Verdict.NO_AI and scan.result is not None:
        share: float | None = scan.result.ai_ratio
        print(instance.price, share)


@receiver(scan_failed)
def complain(scan: ImageScan, **kwargs: Any) -> None:
    if scan.status == ImageScan.Status.SKIPPED:
        print(scan.error_code.upper(), scan.created_at.isoformat())


@receiver(decision_made)
def obey(image: WatchedImage, decision: Decision, **kwargs: Any) -> None:
    print(image.standing, decision.kind, decision.decided_at.year)
