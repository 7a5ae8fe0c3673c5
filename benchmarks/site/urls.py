from django.urls import path

from tests.urls import urlpatterns as site_urls

from .views import BareWebhook

urlpatterns = [*site_urls, path("bare/<int:pk>/", BareWebhook.as_view(), name="bare")]
