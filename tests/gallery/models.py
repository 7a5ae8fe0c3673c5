"""Models of every kind that can hold a watched file."""

import uuid

from django.db import models


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


class Listing(models.Model):
    """Several watched fields, and one that a project's rule may leave out."""

    front = models.ImageField(upload_to="listings", blank=True)
    back = models.ImageField(upload_to="listings", blank=True)
    published = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"Listing {self.pk}"
