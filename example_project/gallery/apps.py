"""Wiring of the photo gallery."""

from django.apps import AppConfig


class GalleryConfig(AppConfig):
    name = "gallery"
