"""The review desk as an entry of the admin's index, where every entry is a model."""

from django.utils.translation import gettext_lazy as _

from .watched_image import WatchedImage


class ReviewDesk(WatchedImage):
    """The pictures at which people look one after the other; it has no rows and no permissions of its own."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("review desk")
        verbose_name_plural = _("review desk")
