"""What the addresses of lists may ask, and what they are narrowed to accordingly.

Only what every row shows to everybody can be asked, so that no list confirms a guess.
"""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers

from django_copyleaks_image.admin.filters import QUEUES, about_field, fields_to_choose, told_as, watched_field
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.standings import Kind, Queue, Seen, Standing
from django_copyleaks_image.verdicts import Verdict
from django_copyleaks_image.watched_fields import Watched

# Beside the filters: those of pages.
_OF_PAGES = ("cursor", "page_size")


def watched_of(label: str) -> Watched:
    """Return what is watched under a label; refuse any other."""
    found = watched_field(label)
    if found is None:
        names = ", ".join(label for label, _name in fields_to_choose())
        raise serializers.ValidationError(_("One of: %(names)s.") % {"names": names})
    return found


class Asked(serializers.Serializer[Any]):
    """The filters of a list; ``path`` leads from its rows to those that say of which field a picture is."""

    path = ""
    sandbox = serializers.BooleanField(required=False)
    field = serializers.CharField(required=False, max_length=200, help_text="A watched field: gallery.Photo.image.")

    def validate_field(self, label: str) -> str:
        watched_of(label)
        return label

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields) - set(_OF_PAGES))
        if unknown:
            raise serializers.ValidationError({name[:100]: [_("There is no such filter.")] for name in unknown})
        return attrs

    def narrow(self, rows: QuerySet[Any], secret: Q) -> QuerySet[Any]:
        """Return the rows that are asked for; ``secret`` is what the user must hear of no first decision."""
        for name, value in self.validated_data.items():
            rows = rows.filter(self.condition(name, value, secret))
        return rows

    def condition(self, name: str, value: Any, secret: Q) -> Q:
        """Return the condition that a filter stands for."""
        if name == "field":
            watched = watched_of(value)
            return about_field(watched, self.path)
        column, _separator, bound = name.rpartition("_")
        if bound in ("after", "before"):
            return Q(**{f"{column}_at__{'gte' if bound == 'after' else 'lt'}": value})
        return Q(**{name: value})


class ImagesAsked(Asked):
    object_id = serializers.CharField(required=False, max_length=255)
    verdict = serializers.ChoiceField(Verdict.choices, required=False, allow_blank=True)
    standing = serializers.ChoiceField(Standing.choices, required=False)
    queue = serializers.ChoiceField([(it.value, it.label) for it in QUEUES], required=False)
    uploaded_after = serializers.DateTimeField(required=False)
    uploaded_before = serializers.DateTimeField(required=False)

    def condition(self, name: str, value: Any, secret: Q) -> Q:
        if name == "standing":
            return told_as(name, value, secret, unless_decided=Standing.FLAGGED)
        if name == "queue":
            return told_as(name, value, secret, unless_decided=Queue.REVIEW)
        return super().condition(name, value, secret)


class ScansAsked(Asked):
    object_id = serializers.CharField(required=False, max_length=255)
    verdict = serializers.ChoiceField(Verdict.choices, required=False, allow_blank=True)
    status = serializers.ChoiceField(ImageScan.Status.choices, required=False)
    error_code = serializers.CharField(required=False, max_length=64)
    scan_id = serializers.CharField(required=False, max_length=36)
    created_after = serializers.DateTimeField(required=False)
    created_before = serializers.DateTimeField(required=False)


class DecisionsAsked(Asked):
    path = "image__"
    image = serializers.IntegerField(required=False, min_value=1, max_value=2**53)
    scan = serializers.IntegerField(required=False, min_value=1, max_value=2**53)
    kind = serializers.ChoiceField(Kind.choices, required=False)
    reason = serializers.CharField(required=False, max_length=100)
    verdict = serializers.ChoiceField(Verdict.choices, required=False, allow_blank=True)
    seen = serializers.ChoiceField(Seen.choices, required=False, allow_blank=True)
    decided_after = serializers.DateTimeField(required=False)
    decided_before = serializers.DateTimeField(required=False)
