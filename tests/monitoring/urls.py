from django.urls import include, path

urlpatterns = [
    path("copyleaks/", include("django_copyleaks_image.urls")),
    path("health/", include("django_copyleaks_image.health")),
    path("metrics/", include("django_copyleaks_image.metrics")),
]
