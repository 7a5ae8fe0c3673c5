from django.contrib.staticfiles.views import serve
from django.urls import path

from tests.urls import urlpatterns as site_urls

urlpatterns = [*site_urls, path("static/<path:path>", serve, {"insecure": True})]
