"""Wiring: registers the system checks, connects the receivers, hides our secrets. Never queries the database."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CopyleaksImageConfig(AppConfig):
    name = "django_copyleaks_image"
    label = "copyleaks_image"
    verbose_name = _("AI image detection")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import debug, logs, receivers, recorders  # noqa: PLC0415
        from .alerts import lookout  # noqa: PLC0415
        from .checks import registering  # noqa: PLC0415
        from .scanning import logins  # noqa: PLC0415

        logs.install()
        debug.install()
        recorders.install()
        receivers.connect()
        logins.connect()
        lookout.connect()
        registering.connect()
