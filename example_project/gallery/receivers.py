"""How this site reacts to scans and decisions.

A signal may come twice, or after a newer one. So it only says when to look; what stands by now is asked.
"""

from typing import Any

from django.db import transaction
from django.dispatch import receiver

from django_copyleaks_image.api import standing
from django_copyleaks_image.signals import decision_made, scan_completed, scan_failed

from .models import Photo


@receiver([scan_completed, scan_failed, decision_made], sender=Photo)
def judge(*, instance: Photo | None, **kwargs: Any) -> None:
    """Note what may be done with the photo as it is now."""
    if instance is None:  # Deleted meanwhile.
        return
    with transaction.atomic():
        # One after the other: of two that asked at once, the one that writes last may have asked first.
        photo = Photo.objects.select_for_update().filter(pk=instance.pk).first()
        if photo is not None:
            photo.judge(standing(photo, "image"))
            photo.save(update_fields=["standing", "judged_file"])
