"""Rows as JSON, as the user may hear of them: of an object that they may not see, what is its own is null.

Codes are those of the models in every language; texts are in the language of the request.
"""

from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model
from rest_framework import serializers

from django_copyleaks_image.admin.desk.bulk import holder
from django_copyleaks_image.admin.desk.item import seal
from django_copyleaks_image.admin.export import model_label
from django_copyleaks_image.admin.facts import acting, assignee, finding_about, finding_of, person
from django_copyleaks_image.admin.reasons import message_of
from django_copyleaks_image.admin.targets import Row, Target
from django_copyleaks_image.models import Decision, DetectionResult, ImageScan, WatchedImage

from .schema import described_field

AnyRow = TypeVar("AnyRow", bound=Model)


class _AboutPicture(serializers.ModelSerializer[AnyRow]):
    """What rows about a picture have in common; ``targets`` of the context has their objects by the rows' keys."""

    model = serializers.SerializerMethodField(help_text="Model of the object, such as gallery.Photo.")
    field = serializers.CharField(source="field_name", read_only=True)
    name = serializers.SerializerMethodField(help_text="What the object is called, as far as the user may see it.")
    is_visible = serializers.SerializerMethodField(help_text="Whether the user may see the picture.")
    file_name = serializers.SerializerMethodField(help_text="null where the user may not see the picture.")
    sha256 = serializers.SerializerMethodField(help_text="null where the user may not see the picture.")

    def get_model(self, row: Any) -> str:
        return model_label(row)

    def get_name(self, row: Any) -> str:
        return self._target(row).label

    def get_is_visible(self, row: Any) -> bool:
        return self._target(row).visible

    def get_file_name(self, row: Any) -> str | None:
        return self.if_visible(row, row.file_name)

    def get_sha256(self, row: Any) -> str | None:
        return self.if_visible(row, row.sha256)

    def if_visible(self, row: Row, text: str) -> str | None:
        return text if self._target(row).visible else None

    def _target(self, row: Row) -> Target:
        found: Target = self.context["targets"][row.pk]
        return found


_OF_PICTURE = ("id", "model", "object_id", "field", "name", "is_visible", "file_name", "sha256", "sandbox", "verdict")


class ImageSerializer(_AboutPicture[WatchedImage]):
    """A picture as it stands; a decision about it sends ``version`` back."""

    scan = serializers.IntegerField(source="scan_id", read_only=True, allow_null=True)
    owner = serializers.SerializerMethodField()
    finding = serializers.SerializerMethodField()
    held_by = serializers.SerializerMethodField(help_text="Who is looking at it; empty when nobody is.")
    assigned_to = serializers.SerializerMethodField(help_text="Who is asked about it; empty for nobody in particular.")
    version = serializers.SerializerMethodField(help_text="What was seen, sealed: no two seals are alike.")

    class Meta:
        ref_name = "CopyleaksImage"
        model = WatchedImage
        fields = (
            *_OF_PICTURE,
            *("owner", "uploaded_at", "removed_at", "scan", "finding", "ai_share", "standing"),
            *("queue", "queued_at", "held_by", "assigned_to", "version"),
        )
        read_only_fields = fields

    def get_owner(self, image: WatchedImage) -> str | None:
        return self.if_visible(image, image.owner_label)

    def get_finding(self, image: WatchedImage) -> str:
        found = finding_about(image)
        return found.sentence or found.label

    def get_held_by(self, image: WatchedImage) -> str:
        return holder(image)

    def get_assigned_to(self, image: WatchedImage) -> str:
        return person(image.assigned_to) if image.assigned_to else ""

    def get_version(self, image: WatchedImage) -> str:
        return seal(image)


class ScanSerializer(_AboutPicture[ImageScan]):
    """What was asked of Copyleaks, and what became of it."""

    finding = serializers.SerializerMethodField()
    ai_share = serializers.FloatField(source="result.ai_ratio", read_only=True, allow_null=True, default=None)
    error_message = serializers.SerializerMethodField(help_text="null where the user may not see the picture.")

    class Meta:
        ref_name = "CopyleaksScan"
        model = ImageScan
        fields = (
            *_OF_PICTURE,
            *("scan_id", "status", "finding", "ai_share", "error_code", "error_message", "forced", "attempts"),
            *("width", "height", "byte_size", "image_format", "credits"),
            *("created_at", "sent_at", "submitted_at", "finished_at"),
        )
        read_only_fields = fields

    def get_finding(self, scan: ImageScan) -> str:
        found = finding_of(scan)
        return found.sentence or found.label

    def get_error_message(self, scan: ImageScan) -> str | None:
        return self.if_visible(scan, message_of(scan))


class RegionSerializer(serializers.Serializer[Any]):
    """A marked place, in pixels of the measured picture."""

    class Meta:
        ref_name = "CopyleaksRegion"

    x = serializers.IntegerField()
    y = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    area = serializers.IntegerField(help_text="Marked pixels.")


class ResultSerializer(serializers.ModelSerializer[DetectionResult]):
    """What Copyleaks measured, without its mask."""

    regions = serializers.SerializerMethodField(help_text="The largest first; null when none were sought.")
    provenance = serializers.SerializerMethodField(help_text="What the file says of its origin: untrusted text.")

    class Meta:
        ref_name = "CopyleaksResult"
        model = DetectionResult
        fields = (
            *("is_ai_detected", "ai_ratio", "human_ratio", "model", "image_width", "image_height", "mask_runs"),
            *("regions", "provenance", "credits", "scanned_at", "received_at"),
        )
        read_only_fields = fields

    @described_field(RegionSerializer(many=True, allow_null=True))
    def get_regions(self, result: DetectionResult) -> list[dict[str, int]] | None:
        names = ("x", "y", "width", "height", "area")
        return None if result.regions is None else [dict(zip(names, it, strict=True)) for it in result.regions]

    def get_provenance(self, result: DetectionResult) -> dict[str, str]:
        found = result.metadata if isinstance(result.metadata, dict) else {}
        return {str(name): str(value) for name, value in found.items()}


class MaskSerializer(serializers.Serializer[Any]):
    """Marked pixels as runs, counted line by line from the top left corner of the measured picture."""

    class Meta:
        ref_name = "CopyleaksMask"

    width = serializers.IntegerField(help_text="Of the measured picture, in pixels.")
    height = serializers.IntegerField(help_text="Of the measured picture, in pixels.")
    starts = serializers.ListField(child=serializers.IntegerField())
    lengths = serializers.ListField(child=serializers.IntegerField())


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    """One step of a person; ``visible`` of the context has the keys of the pictures that the user may see."""

    decided_by = serializers.SerializerMethodField()
    acted_by = serializers.SerializerMethodField(help_text="Who sat there in their place; empty for nobody else.")
    assigned_to = serializers.SerializerMethodField(help_text="For whom it is; empty for nobody in particular.")
    note = serializers.SerializerMethodField(help_text="null where the user may not see the picture.")
    # Of the same choices as in pictures, for which a schema has one name.
    before = serializers.CharField(read_only=True, help_text="How the picture stood: a standing.")
    undone_at = serializers.SerializerMethodField()
    undone_by = serializers.SerializerMethodField(help_text="Empty for a decision that stands.")

    class Meta:
        ref_name = "CopyleaksDecision"
        model = Decision
        fields = (
            *("id", "image", "scan", "kind", "reason", "note", "decided_by", "acted_by", "assigned_to", "decided_at"),
            *("verdict", "seen", "before", "queue", "agrees", "sandbox", "batch", "reverses"),
            *("undone_at", "undone_by"),
        )
        read_only_fields = fields

    def get_decided_by(self, decision: Decision) -> str:
        return person(decision.decided_by, decision.decided_by_name)

    def get_acted_by(self, decision: Decision) -> str:
        return acting(decision)

    def get_assigned_to(self, decision: Decision) -> str:
        return assignee(decision)

    def get_note(self, decision: Decision) -> str | None:
        return decision.note if decision.image_id in self.context["visible"] else None

    def get_undone_at(self, decision: Decision) -> datetime | None:
        reversal = getattr(decision, "reversal", None)
        return None if reversal is None else reversal.decided_at

    def get_undone_by(self, decision: Decision) -> str:
        reversal = getattr(decision, "reversal", None)
        return "" if reversal is None else person(reversal.decided_by, reversal.decided_by_name)


class QueueSerializer(serializers.Serializer[Any]):
    """How much waits for the user in a queue."""

    class Meta:
        ref_name = "CopyleaksQueue"

    queue = serializers.CharField()
    name = serializers.CharField(help_text="In the language of the request.")
    sandbox = serializers.BooleanField()
    waiting = serializers.IntegerField(help_text="Counted up to 1,000.")
    is_more = serializers.BooleanField(help_text="Whether more than those wait.")
    counts_hidden = serializers.BooleanField(help_text="Whether pictures may be among them that the user may not see.")
    oldest = serializers.DateTimeField(allow_null=True)
