"""A column that a project adds to a model of its own, so that its public pages need no join."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Model

__all__ = ["PictureStandingField"]

if TYPE_CHECKING:
    Base = models.TextField[str | None, str | None]
else:
    Base = models.TextField


class PictureStandingField(Base):
    """How the picture in a field of the same model stands: ``image_standing = PictureStandingField("image")``.

    The app alone writes it, beside the name of the file that it is about; so a file that was replaced, in whichever
    way, counts at once as not measured. No save of the project changes it, however old the object is that is saved:
    a new row has none, an UPDATE leaves what is there. It has no index, since none makes these queries quicker, and
    PostgreSQL changes a column without one at less cost.
    """

    description = "How a picture stands, kept by django-copyleaks-image"

    def __init__(self, picture: str, *, verbose_name: Any = None, **options: Any) -> None:
        if unknown := options.keys() - {"db_column", "db_comment", "help_text"}:
            raise TypeError(f"A PictureStandingField has no {', '.join(sorted(unknown))}.")
        self.picture = picture
        super().__init__(verbose_name, null=True, blank=True, editable=False, serialize=False, **options)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, path, _, options = super().deconstruct()
        for ours in ("null", "blank", "editable", "serialize"):
            options.pop(ours, None)
        return name, path, [self.picture], options

    def pre_save(self, model_instance: Model, add: bool) -> Any:
        """Return what leaves the column as it is, whatever the object has read of it."""
        if not add:
            return F(self.name)
        setattr(model_instance, self.attname, None)
        return None
