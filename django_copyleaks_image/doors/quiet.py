"""Keeps the secrets in the doors' paths out of Django's log and error reports."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

logger = logging.getLogger(__name__)


def quietly(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Keep Django from logging the path of a refusal, and from reporting it with an unforeseen error.

    The mark on the response is private to Django; ``tests/doors/test_quiet.py`` holds every supported version
    to it.
    """

    @wraps(view)
    def quiet_view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        try:
            response = view(request, **kwargs)
        except Exception:
            logger.exception("The %s door failed.", view.__name__)
            response = HttpResponse(status=503)
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response

    return quiet_view
