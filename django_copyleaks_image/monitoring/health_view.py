"""Health as JSON, for whoever asks: nothing in it is secret, and nobody has to log in."""

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from .health import health
from .opening import for_machines

# How much is spent is nobody's business.
_KEPT = ("budget_left",)


@for_machines
def health_view(request: HttpRequest) -> HttpResponse:
    """Answer 200 when scans go on, else 503, in each case with why and in numbers."""
    found = health()
    told: dict[str, Any] = {"status": "ok" if found.is_ok else "failing", **asdict(found)}
    for name in _KEPT:
        del told[name]
    rounded = {name: round(value, 1) if isinstance(value, float) else value for name, value in told.items()}
    return JsonResponse(rounded, status=200 if found.is_ok else 503)
