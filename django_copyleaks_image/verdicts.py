"""Numbers to a verdict, by the thresholds of the field, and the words in which it is shown."""

from typing import NamedTuple

from django.db.models import TextChoices
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .conf import conf

__all__ = ["Verdict", "finding_in_words", "share_in_words"]


class Verdict(TextChoices):
    NOT_MEASURED = "", gettext_lazy("Not measured")
    NO_AI = "no_ai", gettext_lazy("No AI detected")
    PARTLY_AI = "partly_ai", gettext_lazy("Partly AI")
    MOSTLY_AI = "mostly_ai", gettext_lazy("Mostly AI")


class Policy(NamedTuple):
    """Shares of the area (0–1) above which a detected picture goes to review and counts as mostly AI."""

    review_area: float
    mostly_ai_area: float

    @classmethod
    def from_settings(cls, *, review_area: float | None = None, mostly_ai_area: float | None = None) -> "Policy":
        """Return the thresholds of a field, with the settings for those it does not name."""
        return cls(
            review_area=conf.REVIEW_AREA if review_area is None else review_area,
            mostly_ai_area=conf.MOSTLY_AI_AREA if mostly_ai_area is None else mostly_ai_area,
        )


def judge(*, detected: bool, ai_ratio: float | None, policy: Policy) -> tuple[Verdict, bool]:
    """Return the verdict, and whether a human should look.

    A detection whose share is unknown, or contradicts it by being zero, always goes to review.
    """
    if not detected:
        return Verdict.NO_AI, False
    if not ai_ratio:
        return Verdict.PARTLY_AI, True
    verdict = Verdict.MOSTLY_AI if ai_ratio > policy.mostly_ai_area else Verdict.PARTLY_AI
    return verdict, ai_ratio > policy.review_area


def share_in_words(ratio: float) -> str:
    """Return a share of the area such as ``37 %``; a trace is never ``0 %``, nor almost all ``100 %``."""
    percent = ratio * 100
    if 0 < percent < 0.1:
        return _("less than %(share)s %%") % {"share": number_format("0.1")}
    if 99.9 < percent < 100:
        return _("more than %(share)s %%") % {"share": number_format("99.9")}
    decimals = 0 if percent in (0, 100) or 10 <= percent < 99.5 else 1
    return _("%(share)s %%") % {"share": number_format(f"{percent:.{decimals}f}")}


def finding_in_words(*, detected: bool, ai_ratio: float | None, has_mask: bool, places: str = "") -> str:
    """Return the finding as a sentence: a share of the area, never a likelihood.

    ``places`` tells where, when that was sought. A share of zero contradicts the detection, so it is not named.
    """
    if not detected:
        return _("No AI detected")
    words = _("AI detected")
    if ai_ratio:
        words = _("AI share of the area: %(share)s") % {"share": share_in_words(ai_ratio)}
    if places:
        return _("%(finding)s, %(places)s") % {"finding": words, "places": places}
    return words if has_mask else _("%(finding)s, place not given") % {"finding": words}
