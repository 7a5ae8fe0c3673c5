"""The site, its admin, and the two endpoints for Copyleaks."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", include("gallery.urls")),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    # Browsers ask for it on pages that name no icon, such as the admin's.
    path("favicon.ico", RedirectView.as_view(url=static("gallery/icon.svg"))),
    path("admin/", admin.site.urls),
    path("copyleaks/", include("django_copyleaks_image.urls")),
]
