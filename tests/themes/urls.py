"""The addresses of a site with a theme, as the documentation of each theme has them."""

from django.apps import apps
from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("copyleaks/", include("django_copyleaks_image.urls"))]
if apps.is_installed("grappelli"):
    urlpatterns += [path("grappelli/", include("grappelli.urls"))]
if apps.is_installed("jet"):
    urlpatterns += [path("jet/", include("jet.urls", "jet"))]
if apps.is_installed("baton"):
    from baton.autodiscover import admin as baton_admin

    urlpatterns += [path("admin/", baton_admin.site.urls), path("baton/", include("baton.urls"))]
else:
    urlpatterns += [path("admin/", admin.site.urls)]
