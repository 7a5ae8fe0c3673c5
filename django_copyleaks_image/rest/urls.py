"""The addresses of the API; ``include("django_copyleaks_image.rest.urls")`` anywhere."""

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from rest_framework.routers import SimpleRouter

if not apps.is_installed("django.contrib.admin"):
    raise ImproperlyConfigured(
        "The API asks the admin which objects a user may see: "
        'add "django.contrib.admin" to INSTALLED_APPS, or do not include django_copyleaks_image.rest.urls.'
    )

from .decisions import DecisionViewSet
from .images import ImageViewSet
from .queues import QueueViewSet
from .scans import ScanViewSet

app_name = "copyleaks_image_rest"

_router = SimpleRouter()
_router.register("images", ImageViewSet, basename="image")
_router.register("scans", ScanViewSet, basename="scan")
_router.register("decisions", DecisionViewSet, basename="decision")
_router.register("queues", QueueViewSet, basename="queue")

urlpatterns = _router.urls
