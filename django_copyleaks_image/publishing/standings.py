"""How the present picture of one object stands."""

from dataclasses import dataclass
from typing import Literal

from django.db.models import Model
from django.utils.translation import gettext as _

from django_copyleaks_image import registry
from django_copyleaks_image.conf import conf
from django_copyleaks_image.findings import finding
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Review, Standing, Status
from django_copyleaks_image.verdicts import Verdict

from .newest import newest_scan_of

# What a site does with pictures of one kind.
Policy = Literal["hide", "show"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureStanding:
    """What was measured and decided about the file that a field holds now.

    ``scan`` is the one that counts; None when there is none of this very file, or when it is a mock of the sandbox
    and ``SANDBOX`` is off.
    """

    has_file: bool
    scan: ImageScan | None

    @property
    def is_measured(self) -> bool:
        return self.scan is not None and self.scan.status == Status.COMPLETED

    @property
    def verdict(self) -> Verdict:
        return Verdict(self.scan.verdict) if self.scan else Verdict.NOT_MEASURED

    @property
    def decision(self) -> Standing:
        return Standing(self.scan.decision) if self.scan else Standing.UNDECIDED

    @property
    def ai_share(self) -> float | None:
        """Return the AI share of the area, 0 to 1 (0 also for a detection without one), None when not measured."""
        return self.scan.ai_share if self.scan else None

    @property
    def is_flagged(self) -> bool:
        """Return whether AI was detected, on more than the field's ``review_area``, and nobody has decided yet."""
        return self.scan is not None and self.scan.review == Review.PENDING and not self.decision

    @property
    def is_hidden(self) -> bool:
        """Return whether the default policy of :meth:`is_publishable` holds the picture back."""
        return not self.is_publishable()

    def is_publishable(self, *, unmeasured: Policy = "hide", flagged: Policy = "hide") -> bool:
        """Return what :func:`~.querysets.publishable` finds for this picture."""
        if not self.has_file:
            return True
        if self.decision:
            return self.decision == Standing.CLEARED
        if not self.is_measured:
            return unmeasured == "show"
        return flagged == "show" or not self.is_flagged

    @property
    def sentence(self) -> str:
        """Return verdict and decision in words for the visitors of a site; empty without a file."""
        if not self.has_file:
            return ""
        words = finding(self.scan) if self.scan else str(Verdict.NOT_MEASURED.label)
        if self.decision == Standing.CONFIRMED:
            return _("%(finding)s; confirmed as AI by a moderator") % {"finding": words}
        if self.decision == Standing.CLEARED:
            return _("%(finding)s; cleared by a moderator") % {"finding": words}
        if self.decision == Standing.ESCALATED or self.is_flagged:
            return _("%(finding)s; under review") % {"finding": words}
        return words


def standing(instance: Model, field_name: str) -> PictureStanding:
    """Return how the picture in a field of an object stands; one query, unless it was read before.

    Raises ImproperlyConfigured when the model has no such field, or it holds no file.
    """
    field = registry.file_field(type(instance), field_name)
    name = registry.stored_name(instance, field)
    scan = newest_scan_of(instance, field) if name else None
    if scan is not None and not _is_about(scan, name):
        scan = None
    return PictureStanding(has_file=name != "", scan=scan)


def _is_about(scan: ImageScan, file_name: str | None) -> bool:
    is_evidence = conf.SANDBOX or not scan.sandbox
    return is_evidence and scan.status != Status.SUPERSEDED and scan.file_name == file_name
