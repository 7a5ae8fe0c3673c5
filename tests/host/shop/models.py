from typing import ClassVar

from django.db import models


class Article(models.Model):
    title = models.CharField(max_length=100)
    photo = models.ImageField(upload_to="articles", blank=True)

    objects: ClassVar[models.Manager["Article"]] = models.Manager()

    class Meta:
        app_label = "shop"

    def __str__(self) -> str:
        return self.title


class Note(models.Model):
    """What the shop writes down after the commit of an upload."""

    text = models.CharField(max_length=200)

    objects: ClassVar[models.Manager["Note"]] = models.Manager()

    class Meta:
        app_label = "shop"

    def __str__(self) -> str:
        return self.text
