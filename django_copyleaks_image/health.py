"""Whether scans go on, as JSON; ``include("django_copyleaks_image.health")`` anywhere."""

from django.urls import path

from .monitoring.health_view import health_view

app_name = "copyleaks_image_health"

urlpatterns = [path("", health_view, name="health")]
