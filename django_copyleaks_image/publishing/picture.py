"""How the present picture of one object stands."""

from dataclasses import dataclass
from typing import Literal

from django.db.models import Model

from django_copyleaks_image import registry, standings
from django_copyleaks_image.conf import conf
from django_copyleaks_image.findings import finding
from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.standings import STANDINGS, Policy, Standing
from django_copyleaks_image.verdicts import Verdict

from .rows import row_of


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureStanding:
    """What was measured and decided about the file that a field holds now.

    ``needs_file`` says that the field may not be empty.
    ``image`` is its row; None when there is none of this very file yet, or when the file's result is a mock and
    ``SANDBOX`` is off.
    """

    has_file: bool
    image: WatchedImage | None
    needs_file: bool = False

    @property
    def standing(self) -> Standing:
        return Standing(self.image.standing) if self.image else Standing.WAITING

    @property
    def scan(self) -> ImageScan | None:
        """Return the scan that counts, None when there is none."""
        return self.image.scan if self.image else None

    @property
    def is_measured(self) -> bool:
        return self.verdict is not Verdict.NOT_MEASURED

    @property
    def verdict(self) -> Verdict:
        return Verdict(self.image.verdict) if self.image else Verdict.NOT_MEASURED

    @property
    def decision(self) -> Standing | Literal[""]:
        """Return ``"confirmed"``, ``"cleared"`` or ``"escalated"``, "" when nobody has decided."""
        return (self.image.decision if self.image else None) or ""

    @property
    def ai_share(self) -> float | None:
        """Return the AI share of the area, 0 to 1 (0 also for a detection without one), None when not measured."""
        return self.image.ai_share if self.image else None

    @property
    def is_flagged(self) -> bool:
        """Return whether AI was detected, on more than the field's ``review_area``, and nobody has decided yet."""
        return self.standing is Standing.FLAGGED

    @property
    def is_hidden(self) -> bool:
        """Return whether the default policy of :meth:`is_publishable` holds the picture back."""
        return not self.is_publishable()

    def is_publishable(
        self, *, unmeasured: Policy = "hide", flagged: Policy = "hide", not_pictures: Policy = "show"
    ) -> bool:
        """Return what :func:`~.querysets.publishable` finds for this picture."""
        shown = standings.shown_standings(unmeasured=unmeasured, flagged=flagged, not_pictures=not_pictures)
        is_fit = self.standing in shown
        return is_fit if self.has_file or self.needs_file else True

    @property
    def sentence(self) -> str:
        """Return verdict and decision in words for the visitors of a site; empty without a file."""
        if not self.has_file:
            return ""
        words = finding(self.scan) if self.scan else str(Verdict.NOT_MEASURED.label)
        return str(STANDINGS[self.standing].sentence) % {"finding": words}


def standing(instance: Model, field_name: str) -> PictureStanding:
    """Return how the picture in a field of an object stands; one query, unless it was read before.

    Raises ImproperlyConfigured when the model has no such field, or it holds no file.
    """
    field = registry.picture_field(type(instance), field_name)
    name = registry.stored_name(instance, field)
    image = row_of(instance, field) if name else None
    if image is not None and not _is_about(image, name):
        image = None
    return PictureStanding(has_file=name != "", image=image, needs_file=not field.may_be_empty)


def _is_about(image: WatchedImage, file_name: str | None) -> bool:
    is_evidence = conf.SANDBOX or not image.sandbox
    return is_evidence and image.file_name == file_name
