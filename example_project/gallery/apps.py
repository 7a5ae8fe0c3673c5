"""Wiring of the photo gallery."""

from django.apps import AppConfig


class GalleryConfig(AppConfig):
    name = "gallery"

    def ready(self) -> None:
        from . import receivers  # noqa: F401, PLC0415 - models must be loaded first
