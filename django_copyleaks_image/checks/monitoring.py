"""System checks of what machines may ask."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning  # noqa: A004 - Django's names
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse

from django_copyleaks_image.conf import DICT_NAME
from django_copyleaks_image.setting_values import Secret

from .configuration import value_of
from .registering import PREFIX, register

SHORTEST_TOKEN = 16


@register(Tags.urls)
def check_metrics(**kwargs: Any) -> list[CheckMessage]:
    """Check that Prometheus can read the metrics where they have an address, and that nobody guesses the token."""
    token = value_of("METRICS_TOKEN")
    if not isinstance(token, Secret):  # E003 has said so.
        return []
    if not token and _have_an_address():
        return [
            Warning(
                f"The metrics have an address, and {DICT_NAME}['METRICS_TOKEN'] is not set: nobody can read them.",
                hint="Set it to a long random text, and let Prometheus send it as a bearer token.",
                id=f"{PREFIX}.W051",
            )
        ]
    if token and len(token.reveal()) < SHORTEST_TOKEN:
        return [
            Warning(
                f"{DICT_NAME}['METRICS_TOKEN'] has fewer than {SHORTEST_TOKEN} characters, and can be guessed.",
                hint="Set it to a long random text.",
                id=f"{PREFIX}.W052",
            )
        ]
    return []


def _have_an_address() -> bool:
    if not getattr(settings, "ROOT_URLCONF", None):
        return False
    try:
        reverse("copyleaks_image_metrics:metrics")
    except (NoReverseMatch, ImproperlyConfigured):
        return False
    return True
