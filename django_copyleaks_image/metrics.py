"""Metrics for Prometheus; ``include("django_copyleaks_image.metrics")`` anywhere, or :func:`register_metrics`."""

from django.core.exceptions import ImproperlyConfigured
from django.urls import path

try:
    from prometheus_client import REGISTRY, CollectorRegistry
except ModuleNotFoundError:
    raise ImproperlyConfigured('Metrics need prometheus-client: install "django-copyleaks-image[metrics]".') from None

from .monitoring.collector import register
from .monitoring.metrics_view import metrics_view

__all__ = ["register_metrics"]

app_name = "copyleaks_image_metrics"

urlpatterns = [path("", metrics_view, name="metrics")]


def register_metrics(registry: CollectorRegistry = REGISTRY) -> None:
    """Add the metrics to a registry of the project's, that of prometheus-client by default.

    Call it once for each registry, as in the ``ready()`` of an app; it asks no database. Raises ValueError the second
    time.
    """
    register(registry)
