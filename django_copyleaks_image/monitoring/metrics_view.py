"""The metrics at an address of their own, for a Prometheus that knows the token."""

from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from django_copyleaks_image.conf import conf

from .collector import register
from .opening import for_machines

_SCHEME = "bearer "
_registry = CollectorRegistry()
register(_registry)


@for_machines
def metrics_view(request: HttpRequest) -> HttpResponse:
    """Answer with the metrics in the format that is asked for, to whoever has the token, else 401; 403 without one."""
    token = conf.METRICS_TOKEN
    if not token:
        return HttpResponse("METRICS_TOKEN is not set.\n", status=403, content_type="text/plain")
    given = request.headers.get("Authorization", "")
    is_known = given[: len(_SCHEME)].lower() == _SCHEME and constant_time_compare(
        given[len(_SCHEME) :].strip(), token.reveal()
    )
    if not is_known:
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(_registry), content_type=content_type)
