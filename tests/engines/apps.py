"""Shortens what takes minutes on a site."""

from datetime import timedelta

from django.apps import AppConfig


class EnginesConfig(AppConfig):
    name = "tests.engines"

    def ready(self) -> None:
        from django_copyleaks_image.engines import steps
        from django_copyleaks_image.scanning import sweep

        steps.HEAD_START = timedelta(seconds=1)
        sweep.INTERVAL = timedelta(seconds=1)
