"""How far a column of the project's own, in which the app keeps how pictures stand, has been filled."""

from typing import ClassVar

from django.contrib.contenttypes.models import ContentType
from django.db import models


class StandingColumn(models.Model):
    """One row for each field that has a :class:`~django_copyleaks_image.fields.PictureStandingField`."""

    content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+", db_index=False)
    field_name = models.CharField(max_length=100)
    # The key of the last watched image whose standing has been written.
    after = models.BigIntegerField(default=0)
    # From then on queries trust the column.
    filled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["content_type", "field_name"], name="copyleaks_image_standing_column"),
        ]

    def __str__(self) -> str:
        return f"{self.content_type}: {self.field_name}"
