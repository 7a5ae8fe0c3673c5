"""What a project publishes of its API, by whatever means, says nothing of the webhook."""

import warnings
from typing import Any

import pytest
from django.urls import include, path
from rest_framework.response import Response
from rest_framework.views import APIView

from django_copyleaks_image.endpoints.webhook import WebhookView


class Photos(APIView):
    """The project's own."""

    def get(self, request: Any) -> Response:
        return Response([])


class OwnWebhookView(WebhookView):
    pass


urlpatterns = [
    path("photos/", Photos.as_view()),
    path("copyleaks/", include("django_copyleaks_image.urls")),
    path("own/<str:scan_id>/<str:token>/", OwnWebhookView.as_view()),
]


@pytest.fixture(autouse=True)
def _urls(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__


def test_schema_of_rest_framework__has_the_projects_view_alone() -> None:
    from rest_framework.schemas.generators import EndpointEnumerator

    endpoints = EndpointEnumerator().get_api_endpoints()

    assert [address for address, *_ in endpoints] == ["/photos/"]


def test_schema_of_openapi__has_the_projects_view_alone() -> None:
    pytest.importorskip("uritemplate")
    pytest.importorskip("inflection")
    from rest_framework.schemas.openapi import SchemaGenerator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Rest framework gives it up for drf-spectacular.
        schema = SchemaGenerator(title="Photos").get_schema()

    assert list(schema["paths"]) == ["/photos/"]


def test_schema_of_spectacular__has_the_projects_view_alone_and_no_warning(
    settings: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("drf_spectacular")
    from drf_spectacular.drainage import GENERATOR_STATS
    from drf_spectacular.generators import SchemaGenerator
    from drf_spectacular.openapi import AutoSchema

    monkeypatch.setattr(Photos, "schema", AutoSchema())
    GENERATOR_STATS.reset()
    schema = SchemaGenerator().get_schema(request=None, public=True)

    assert list(schema["paths"]) == ["/photos/"]
    assert "WebhookView" not in capsys.readouterr().err
