"""Why a scan has no result, waits, or cannot be shown: what is stored, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django_copyleaks_image.models import AccountState, ImageScan, Rendition
from django_copyleaks_image.outcomes import in_words
from django_copyleaks_image.outcomes import words as reason_in_words

__all__ = ["message_of", "pause_message_of", "problem_of", "reason_in_words"]


def message_of(scan: ImageScan) -> str:
    """Return what is known beside the reason of a scan; empty if that says it all."""
    return _beside(scan.error_code, scan.error_values, scan.error_message)


def pause_message_of(row: AccountState) -> str:
    """Return what is known beside the reason of a pause; empty if that says it all."""
    return _beside(row.pause_reason, row.pause_values, row.pause_message)


def problem_of(rendition: Rendition) -> str:
    """Return why a picture cannot be shown."""
    return in_words(rendition.problem_values or {"code": rendition.problem})


def _beside(code: str, kept: Mapping[str, Any], text: str) -> str:
    return "" if kept.get("code") == code else in_words(kept, text)
