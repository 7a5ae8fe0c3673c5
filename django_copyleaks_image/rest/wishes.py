"""What a request may ask to be done."""

from typing import Any

from rest_framework import serializers

from django_copyleaks_image.admin.desk.deciding import Wish
from django_copyleaks_image.reviewing.decide import NOTE_LENGTH
from django_copyleaks_image.reviewing.queue import Order
from django_copyleaks_image.standings import CHOICES, Seen

from .asked import watched_of

# A seal has 56 letters.
_SEAL_LENGTH = 100
_MOST_BESIDES = 100


class Seal(serializers.Serializer[Any]):
    class Meta:
        ref_name = "CopyleaksSeal"

    version = serializers.CharField(max_length=_SEAL_LENGTH, help_text="That of the picture as it was seen.")


class DecisionWish(Seal):
    """A decision; to confirm or clear needs ``seen``, and a reason where the site has reasons."""

    class Meta:
        ref_name = "CopyleaksDecisionWish"

    kind = serializers.ChoiceField([(kind.value, kind.label) for kind in CHOICES])
    seen = serializers.ChoiceField([(it.value, it.label) for it in (Seen.SEEN, Seen.UNSEEN)], required=False)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=100)
    note = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_LENGTH)
    seconds = serializers.IntegerField(
        required=False, min_value=0, max_value=999_999, help_text="For how long the picture was on a screen."
    )
    assigned_to = serializers.CharField(
        required=False, allow_blank=True, max_length=100, help_text="Key of the person for whom it is escalated."
    )

    def wish(self) -> Wish:
        return Wish(**({"seen": ""} | self.validated_data))


class NoteWish(serializers.Serializer[Any]):
    class Meta:
        ref_name = "CopyleaksNoteWish"

    note = serializers.CharField(max_length=NOTE_LENGTH)


class NextWish(serializers.Serializer[Any]):
    """What is wanted of a queue; ``besides`` are keys of pictures that the user has in front of them already."""

    class Meta:
        ref_name = "CopyleaksNextWish"

    want = serializers.IntegerField(required=False, default=1, min_value=1, max_value=10)
    order = serializers.ChoiceField([it.value for it in Order], required=False, default=Order.OLDEST.value)
    sandbox = serializers.BooleanField(required=False, default=False)
    besides = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**53), required=False, max_length=_MOST_BESIDES
    )


class RepeatWish(serializers.Serializer[Any]):
    """Another scan of a picture; ``seen`` is the newest one that is known: who asks twice pays once."""

    class Meta:
        ref_name = "CopyleaksRepeatWish"

    paid_again = serializers.BooleanField(
        required=False, default=False, help_text="Pay for a picture that was measured; else what failed is tried again."
    )
    seen = serializers.IntegerField(required=False, min_value=0, max_value=2**53)


class ScanWish(serializers.Serializer[Any]):
    """The first scan of a picture that has none."""

    class Meta:
        ref_name = "CopyleaksScanWish"

    field = serializers.CharField(max_length=200, help_text="A watched field: gallery.Photo.image.")
    object_id = serializers.CharField(max_length=255)

    def validate_field(self, label: str) -> str:
        watched_of(label)
        return label
