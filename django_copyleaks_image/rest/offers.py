"""What can be decided about what waits in a queue, with the reasons, texts and people that the desk offers."""

from typing import Any

from rest_framework import serializers

from django_copyleaks_image.admin.desk.queues import Desk
from django_copyleaks_image.conf import conf
from django_copyleaks_image.reviewing.reasons import reasons_for
from django_copyleaks_image.standings import FINAL, FOR_A_PERSON, Queue, choices_in, rule_of
from django_copyleaks_image.verdicts import Verdict

# Any verdict: the words are others where there is none.
_MEASURED = Verdict.PARTLY_AI


class _ReasonSerializer(serializers.Serializer[Any]):
    class Meta:
        ref_name = "CopyleaksReason"

    reason = serializers.CharField(source="name", read_only=True, help_text="What a decision sends.")
    words = serializers.CharField(source="label", read_only=True, help_text="In the language of the request.")
    needs_note = serializers.BooleanField(read_only=True)


class _ChoiceSerializer(serializers.Serializer[Any]):
    class Meta:
        ref_name = "CopyleaksChoice"

    # A schema would have to name its values apart from those of decisions.
    decision = serializers.CharField(read_only=True, help_text="The kind that a decision sends.")
    words = serializers.CharField(read_only=True, help_text="In the language of the request.")
    needs_seen = serializers.BooleanField(read_only=True)
    reasons = _ReasonSerializer(many=True, read_only=True)


class _PersonSerializer(serializers.Serializer[Any]):
    class Meta:
        ref_name = "CopyleaksPerson"

    assigned_to = serializers.CharField(source="pk", read_only=True, help_text="What a decision sends.")
    name = serializers.CharField(source="get_username", read_only=True)


class OfferSerializer(serializers.Serializer[Any]):
    """What the desk offers in a queue; a reason is needed where there are some."""

    class Meta:
        ref_name = "CopyleaksOffer"

    choices = _ChoiceSerializer(many=True, read_only=True)
    notes = serializers.ListField(child=serializers.CharField(), read_only=True)
    people = _PersonSerializer(many=True, read_only=True, help_text="Of whom each is asked about each picture.")


def offer(desk: Desk, queue: Queue) -> dict[str, Any]:
    """Return what the desk offers to its user in a queue."""
    kinds = choices_in(queue)
    choices = [
        {
            "decision": kind.value,
            "words": rule_of(kind, "" if queue == Queue.UNMEASURED else _MEASURED).label,
            "needs_seen": kind in FINAL,
            "reasons": reasons_for(kind),
        }
        for kind in kinds
    ]
    people = desk.access.people() if any(kind in FOR_A_PERSON for kind in kinds) else []
    return {"choices": choices, "notes": [str(note) for note in conf.REVIEW_NOTES], "people": people}
