"""The fixtures of the plugin, whether or not the package was installed with its entry point."""

from django_copyleaks_image.pytest_plugin import copyleaks_emulator, copyleaks_results

__all__ = ["copyleaks_emulator", "copyleaks_results"]
