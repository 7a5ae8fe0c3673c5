"""How this site reacts to the end of a scan. A signal may come twice, so each receiver only states a fact."""

from typing import Any

from django.dispatch import receiver

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.signals import scan_completed, scan_failed

from .models import Photo


@receiver(scan_completed, sender=Photo)
def show_or_hold_back(*, scan: ImageScan, **kwargs: Any) -> None:
    """Show a photo without detected AI; hold back any other until a moderator decides."""
    clean = scan.verdict == ImageScan.Verdict.NO_AI
    _judge(scan, Photo.Standing.SHOWN if clean else Photo.Standing.HIDDEN)


@receiver(scan_failed, sender=Photo)
def hold_back_unmeasured(*, scan: ImageScan, **kwargs: Any) -> None:
    """Hold back a photo that could not be measured."""
    _judge(scan, Photo.Standing.UNCHECKED)


def _judge(scan: ImageScan, standing: Photo.Standing) -> None:
    # Named by file: what is known about a file that was replaced meanwhile says nothing about the new one.
    present = Photo.objects.filter(pk=scan.object_id, image=scan.file_name)
    present.update(standing=standing, judged_file=scan.file_name)
