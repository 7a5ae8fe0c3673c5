"""The two endpoints, and nothing else."""

from django.urls import include, path

urlpatterns = [path("copyleaks/", include("django_copyleaks_image.urls"))]
