"""A field for the project's own serializers of Django REST framework."""

from dataclasses import asdict
from typing import Any

from django.db.models import Model
from rest_framework import serializers

from .schema import described_field
from .standing import standing_told

__all__ = ["CopyleaksStandingField"]


class _Shape(serializers.Serializer[Any]):
    """What is known about a picture."""

    class Meta:
        ref_name = "CopyleaksStanding"

    standing = serializers.CharField(help_text="In one word, measurement and decision together.")
    verdict = serializers.CharField(allow_blank=True, help_text="Empty when it was not measured.")
    decision = serializers.CharField(allow_blank=True, help_text="Empty as long as nobody has decided.")
    ai_share = serializers.FloatField(allow_null=True, help_text="Of the area, 0 to 1; null when it was not measured.")


@described_field(_Shape)
class CopyleaksStandingField(serializers.Field[Model, Any, dict[str, Any], Model]):
    """How the picture in a field of the serialized object stands: ``copyleaks = CopyleaksStandingField("image")``.

    It is read-only. Annotate the queryset of a list by ``with_standing()``, with the same ``prefix`` if one is given
    there, or each object costs a query.
    """

    def __init__(self, picture: str, *, prefix: str = "copyleaks", **options: Any) -> None:
        self.picture, self.prefix = picture, prefix
        super().__init__(**{"read_only": True, "source": "*", **options})

    def to_representation(self, instance: Model) -> dict[str, Any]:
        return asdict(standing_told(instance, self.picture, prefix=self.prefix))
