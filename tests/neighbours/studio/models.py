"""A model for each app that brings fields, or models to be made from."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django_resized import ResizedImageField
from easy_thumbnails.fields import ThumbnailerImageField
from imagekit.models import ImageSpecField, ProcessedImageField
from imagekit.processors import ResizeToFit
from mptt.models import MPTTModel, TreeForeignKey
from pictures.models import PictureField
from polymorphic.models import PolymorphicModel
from simple_history.models import HistoricalRecords
from sorl.thumbnail import ImageField as SorlImageField
from sorl.thumbnail import get_thumbnail
from stdimage import StdImageField
from versatileimagefield.fields import VersatileImageField


class Named(models.Model):
    objects: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.pk}"


class Easy(Named):
    image = ThumbnailerImageField(upload_to="easy")


class Sorl(Named):
    image = SorlImageField(upload_to="sorl")


class Kit(Named):
    image = ProcessedImageField(upload_to="kit", processors=[ResizeToFit(800, 800)], format="JPEG")
    small = ImageSpecField(source="image", processors=[ResizeToFit(80, 80)], format="JPEG")


class Std(Named):
    image = StdImageField(upload_to="std", variations={"small": (80, 80)}, delete_orphans=True)


class Versatile(Named):
    image = VersatileImageField(upload_to="versatile")


class Resized(Named):
    image = ResizedImageField(upload_to="resized", size=[800, 800])


class Sources(Named):
    """Of django-pictures: each picture is there for several screens."""

    width = models.PositiveIntegerField(null=True, editable=False)
    height = models.PositiveIntegerField(null=True, editable=False)
    image = PictureField(upload_to="sources", aspect_ratios=[None], width_field="width", height_field="height")


class Shape(PolymorphicModel):  # type: ignore[misc]
    image = models.ImageField(upload_to="shapes")

    def __str__(self) -> str:
        return f"Shape {self.pk}"


class Circle(Shape):
    radius = models.IntegerField(default=1)


class Leaf(MPTTModel):  # type: ignore[misc]
    parent = TreeForeignKey("self", models.CASCADE, null=True, blank=True)
    image = models.ImageField(upload_to="leaves")

    def __str__(self) -> str:
        return f"Leaf {self.pk}"


class Sheet(Named):
    """Is imported and exported."""

    image = models.ImageField(upload_to="sheets")


class Journal(Named):
    """Keeps its history."""

    image = models.ImageField(upload_to="journals")
    history = HistoricalRecords()


class Plate(Named):
    """Who may change it is asked of each."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True)
    image = models.ImageField(upload_to="plates")


# How each package makes a rendition of the image of an object.
RENDITIONS: dict[type[models.Model], Callable[[Any], str]] = {
    Easy: lambda it: str(it.image.get_thumbnail({"size": (80, 80)}).url),
    Sorl: lambda it: str(get_thumbnail(it.image, "80x80").url),
    Kit: lambda it: str(it.small.url),
    Std: lambda it: str(it.image.small.url),
    Versatile: lambda it: str(it.image.thumbnail["80x80"].url),
    Sources: lambda it: str(it.image.aspect_ratios[None]["WEBP"][200].url),
}
