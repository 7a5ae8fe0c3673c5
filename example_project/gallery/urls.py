"""The site's pages. ``MEDIA_URL`` and the private storage's address lead to :func:`.views.original`."""

from django.conf import settings
from django.urls import path

from . import views
from .models import Photo, PrivatePhoto

app_name = "gallery"

public, private = {"model": Photo}, {"model": PrivatePhoto}

urlpatterns = [
    path("", views.photos, name="photos"),
    path("mine/", views.mine, name="mine"),
    path("upload/", views.upload, name="upload"),
    path("photos/<int:pk>/", views.photo, name="photo"),
    path("photos/<int:pk>/<slug:size>.jpg", views.picture, public, name="picture"),
    path("private/<int:pk>/<slug:size>.jpg", views.picture, private, name="private_picture"),
    path(f"{settings.MEDIA_URL.lstrip('/')}<path:name>", views.original, public, name="original"),
    path(f"{settings.PRIVATE_MEDIA_URL.lstrip('/')}<path:name>", views.original, private, name="private_original"),
]
