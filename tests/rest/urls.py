from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("copyleaks/", include("django_copyleaks_image.urls")),
    path("api/copyleaks/", include("django_copyleaks_image.rest.urls")),
]
