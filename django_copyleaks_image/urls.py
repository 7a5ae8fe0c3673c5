"""The two endpoints that Copyleaks uses; ``include("django_copyleaks_image.urls")`` anywhere."""

from django.urls import path

from .endpoints.media import media
from .endpoints.webhook import webhook

app_name = "copyleaks_image"

urlpatterns = [
    path("webhook/<str:scan_id>/<str:token>/", webhook, name="webhook"),
    path("media/<str:token>/<str:file_name>", media, name="media"),
]
