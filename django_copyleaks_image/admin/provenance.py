"""What a file says about its origin, as the provider read it: untrusted text under labels for people."""

from django.utils.translation import gettext_lazy as _

from django_copyleaks_image.models import DetectionResult

from .page import Facts

# "imageInfo.metadata" of https://docs.copyleaks.com/reference/data-types/ai-image-detector .
LABELS = {
    "issuedBy": _("Issued by"),
    "appOrDeviceUsed": _("App or device"),
    "issuedTime": _("Time"),
    "contentSummary": _("Content summary"),
}


def provenance(result: DetectionResult | None) -> Facts:
    """Return the metadata of a picture; a key that is not known labels itself."""
    metadata = result.metadata if result is not None else {}
    if not isinstance(metadata, dict):
        return []
    return [(str(LABELS.get(name, name)), str(value)) for name, value in metadata.items()]
