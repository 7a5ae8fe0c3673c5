"""The models of the recipes in ``docs/neighbours.rst``."""

import reversion
from django.db import models
from safedelete.models import SafeDeleteModel

from django_copyleaks_image.registry import scan_images


@reversion.register()
@scan_images("image")
class Picture(models.Model):
    title = models.CharField(max_length=100, blank=True)
    image = models.ImageField(upload_to="pictures")

    def __str__(self) -> str:
        return self.title


@scan_images("image", when=lambda photo: photo.deleted is None)
class Photo(SafeDeleteModel):  # type: ignore[misc]
    image = models.ImageField(upload_to="photos")

    def __str__(self) -> str:
        return str(self.image)
