"""Models of every kind that can hold a watched file."""

import uuid
from typing import ClassVar

from django.db import models

from django_copyleaks_image.fields import PictureStandingField


class Photo(models.Model):
    title = models.CharField(max_length=100, blank=True)
    image = models.ImageField(upload_to="photos", max_length=300, blank=True)

    def __str__(self) -> str:
        return self.title or f"Photo {self.pk}"


class ProxyPhoto(Photo):
    class Meta:
        proxy = True


class Panorama(Photo):
    """A child with a table of its own; the watched column is its parent's."""

    degrees = models.IntegerField(default=180)


class Document(models.Model):
    """A file of any kind, as media libraries have them: of its children, one holds pictures."""

    name = models.CharField(max_length=100, blank=True)
    file = models.FileField(upload_to="documents", blank=True)

    def __str__(self) -> str:
        return self.name or f"Document {self.pk}"


class Drawing(Document):
    artist = models.CharField(max_length=100, blank=True)


class Leaflet(Document):
    pages = models.IntegerField(default=1)


class Covers(models.Manager["Cover"]):
    def get_queryset(self) -> "models.QuerySet[Cover]":
        return super().get_queryset().filter(name__startswith="cover")


class Cover(Document):
    """A proxy whose objects its manager tells."""

    objects: ClassVar[Covers] = Covers()

    class Meta:
        proxy = True


class PlainDocument(Document):
    """A proxy whose objects nothing tells."""

    class Meta:
        proxy = True


class Product(models.Model):
    """Its pictures are no files of a field: a key in a storage, an address, a key within JSON."""

    title = models.CharField(max_length=100, blank=True)
    image_key = models.CharField(max_length=300, blank=True)
    image_url = models.URLField(max_length=300, blank=True)
    meta = models.JSONField(default=dict, null=True, blank=True)

    def __str__(self) -> str:
        return self.title or f"Product {self.pk}"


class Portrait(models.Model):
    """Its key is that of another object: an integer, but none that grows."""

    photo = models.OneToOneField(Photo, models.CASCADE, primary_key=True)
    face = models.ImageField(upload_to="portraits", blank=True)

    def __str__(self) -> str:
        return f"Portrait {self.pk}"


class Picture(models.Model):
    """Abstract: each concrete child owns a column."""

    file = models.FileField(upload_to="pictures", null=True, blank=True)

    class Meta:
        abstract = True


class Poster(Picture):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)

    def __str__(self) -> str:
        return f"Poster {self.pk}"


class Sticker(Picture):
    code = models.CharField(max_length=50, primary_key=True)

    def __str__(self) -> str:
        return self.code


class Postcard(models.Model):
    """How its picture stands is kept in a column of its own."""

    front = models.ImageField(upload_to="postcards", blank=True)
    front_standing = PictureStandingField("front")
    published = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"Postcard {self.pk}"


class LargePostcard(Postcard):
    """A child with a table of its own; picture and standing are its parent's."""

    size = models.CharField(max_length=100, blank=True)


class Listing(models.Model):
    """Several watched fields, and one that a project's rule may leave out."""

    front = models.ImageField(upload_to="listings", blank=True)
    back = models.ImageField(upload_to="listings", blank=True)
    published = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"Listing {self.pk}"
