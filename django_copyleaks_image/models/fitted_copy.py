"""A copy that is sent in the place of a file: noted before it is kept, so that it is removed whatever happens."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from .read_where_written import ReadWhereWritten
from .scan import ImageScan


class FittedCopy(ReadWhereWritten):
    """Says that a scan needs a copy of this hash; one copy may be needed by many."""

    scan = models.ForeignKey(ImageScan, models.CASCADE, related_name="copies", verbose_name=_("scan"))
    sha256 = models.CharField("SHA-256", max_length=64, db_index=True)
    image_format = models.CharField(_("image format"), max_length=10)

    class Meta:
        verbose_name = _("copy that is measured")
        verbose_name_plural = _("copies that are measured")
        default_permissions = ()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["scan", "sha256"], name="copyleaks_copy_of_scan"),
        ]

    def __str__(self) -> str:
        return f"{self.sha256} {self.scan_id}"
