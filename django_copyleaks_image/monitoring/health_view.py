"""Health as JSON, for whoever asks: nothing in it is secret, and nobody has to log in."""

from dataclasses import asdict
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from .health import health
from .opening import outside_of_transactions

METHODS = ["GET", "HEAD"]
# How much is spent is nobody's business.
_KEPT = ("budget_left",)


@outside_of_transactions
@csrf_exempt  # It changes nothing, and says so of a POST in its own words.
@login_not_required
def health_view(request: HttpRequest) -> HttpResponse:
    """Answer 200 when scans go on, else 503, in each case with why and in numbers."""
    headers = {"Cache-Control": "no-store"}
    if request.method not in METHODS:
        return HttpResponseNotAllowed(METHODS, headers=headers)
    found = health()
    told: dict[str, Any] = {"status": "ok" if found.is_ok else "failing", **asdict(found)}
    for name in _KEPT:
        del told[name]
    rounded = {name: round(value, 1) if isinstance(value, float) else value for name, value in told.items()}
    return JsonResponse(rounded, status=200 if found.is_ok else 503, headers=headers)
