"""Shortens what takes minutes on a site."""

from datetime import timedelta

from django.apps import AppConfig


class TaskBackendsConfig(AppConfig):
    name = "tests.task_backends"

    def ready(self) -> None:
        from django_copyleaks_image.scanning import sweep
        from django_copyleaks_image.task_backends import steps

        steps.HEAD_START = timedelta(seconds=1)
        sweep.INTERVAL = timedelta(seconds=1)
