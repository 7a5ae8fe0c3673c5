from django.apps import apps
from django.contrib import admin
from django.urls import include, path

from .shop import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("upload/", views.upload),
    path("api/articles/", views.ArticleUpload.as_view()),
]
if apps.is_installed("django_copyleaks_image"):
    urlpatterns.append(path("copyleaks/", include("django_copyleaks_image.urls")))
