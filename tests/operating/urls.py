from django.urls import include, path

from tests.urls import urlpatterns as others

urlpatterns = [*others, path("health/copyleaks/", include("django_copyleaks_image.health"))]
