"""How the picture of an object of the project stands, for the project's own API: one shape for all of its libraries."""

from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import Model

from django_copyleaks_image.publishing import standing

__all__ = ["CopyleaksStanding", "standing_told"]

# The values of the models, for those who make a schema of the class.
Standing = Literal["waiting", "not_measured", "not_a_picture", "clean", "flagged", "cleared", "confirmed", "escalated"]
Verdict = Literal["", "no_ai", "partly_ai", "mostly_ai"]
Decision = Literal["", "confirmed", "cleared", "escalated"]
_NAMES = ("standing", "verdict", "decision", "ai_share")


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyleaksStanding:
    """What :func:`~django_copyleaks_image.api.with_standing` annotates, without its prefix.

    A schema of django-ninja or Pydantic can have it as a field.
    """

    standing: Standing
    verdict: Verdict
    decision: Decision
    ai_share: float | None


def standing_told(instance: Model, field_name: str, *, prefix: str = "copyleaks") -> CopyleaksStanding:
    """Return how the picture in a field of an object stands.

    No query, where the queryset was annotated by ``with_standing()`` with this prefix, or the objects were passed to
    ``prefetch_standings()``; one query otherwise. Raises ImproperlyConfigured when the model has no such field.
    """
    missing = object()
    told: dict[str, Any] = {name: getattr(instance, f"{prefix}_{name}", missing) for name in _NAMES}
    if missing in told.values():
        stands = standing(instance, field_name)
        told = {name: getattr(stands, name) for name in _NAMES}
    # As plain text, which some libraries ask for.
    plain: dict[str, Any] = {name: str(it) if isinstance(it, str) else it for name, it in told.items()}
    return CopyleaksStanding(**plain)
