"""A project with a webhook of its own, which asks for more than ours, and whose address is its own as well."""

import logging
from typing import Any, ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import include, path

from django_copyleaks_image.endpoints.media import media
from django_copyleaks_image.endpoints.verifiers import Verifier
from django_copyleaks_image.endpoints.webhook import WebhookView

logger = logging.getLogger(__name__)


def comes_from_the_gateway(request: HttpRequest) -> bool:
    return request.headers.get("X-Gateway") == "ours"


def knows_the_hour(request: HttpRequest) -> bool:
    return bool(request.headers["X-Hour"])


class GatewayWebhookView(WebhookView):
    verifiers: ClassVar[tuple[Verifier, ...]] = (comes_from_the_gateway,)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        logger.info("A callback came for %s.", kwargs["scan_id"])
        return super().dispatch(request, *args, **kwargs)


class HourlyWebhookView(GatewayWebhookView):
    verifiers = (knows_the_hour,)


class TrustingWebhookView(GatewayWebhookView):
    verifiers = ()


def callback_urls(view: type[WebhookView]) -> Any:
    patterns = [
        path("<str:scan_id>/<str:token>/", view.as_view(), name="webhook"),
        path("media/<str:token>/<str:file_name>", media, name="media"),
    ]
    return include((patterns, "copyleaks_image"))


urlpatterns = [
    path("gateway/", callback_urls(GatewayWebhookView)),
    path("hourly/", include(([path("<str:scan_id>/<str:token>/", HourlyWebhookView.as_view())], "hourly"))),
    path("trusting/", include(([path("<str:scan_id>/<str:token>/", TrustingWebhookView.as_view())], "trusting"))),
]
