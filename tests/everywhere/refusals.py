"""What a project may have between us and the internet, and how much it may log."""

import json
import logging
from collections.abc import Callable

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase


def refuse(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Do with a request what its header says, and quote it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        path, url = request.path, request.build_absolute_uri()
        match request.headers.get("X-Refusal"):
            case "maintenance":
                return HttpResponse("Back soon.", status=503)
            case "forbidden":
                raise PermissionDenied(f"Nobody may see {path}.")
            case "suspicious":
                raise SuspiciousOperation(f"{url} is odd.")
            case "missing":
                raise Http404(path)
            case "failure":
                raise RuntimeError(f"{url} failed.")
            case "login":
                return HttpResponse(status=302, headers={"Location": f"/login/?next={path}"})
        return get_response(request)

    return middleware


class EverythingHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Write each entry with all that is attached to it, as formatters for JSON do."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(vars(record), default=str)
