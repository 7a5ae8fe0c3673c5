"""The two doors that Copyleaks uses; ``include("django_copyleaks_image.urls")`` anywhere."""

from django.urls import path

from .doors.media import media
from .doors.webhook import webhook

app_name = "copyleaks_image"

urlpatterns = [
    path("webhook/<str:scan_id>/<str:token>/", webhook, name="webhook"),
    path("media/<str:token>/<str:file_name>", media, name="media"),
]
