"""What the addresses for machines have in common."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

_METHODS = ["GET", "HEAD"]


def for_machines(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a view that takes GET and HEAD, without a login, and whose answers nobody keeps.

    ``ATOMIC_REQUESTS`` never wraps it: that would need the database before the view can say a word.
    """

    @csrf_exempt  # It changes nothing, and says so of a POST in its own words.
    @login_not_required
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        response = view(request) if request.method in _METHODS else HttpResponseNotAllowed(_METHODS)
        response["Cache-Control"] = "no-store"
        return response

    opened: Callable[[HttpRequest], HttpResponse] = answer
    for alias in connections:
        opened = transaction.non_atomic_requests(using=alias)(opened)
    return opened
