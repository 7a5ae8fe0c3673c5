"""An app whose field and model were renamed while there were pictures."""

from django.db import models


class Collection(models.Model):
    title = models.CharField(max_length=50, blank=True)
    picture = models.ImageField(upload_to="albums", blank=True)
    meta = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.title or f"Collection {self.pk}"
