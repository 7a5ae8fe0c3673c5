"""How the scans of the demo's pictures ended, read from the database, and the table that says so."""

from dataclasses import dataclass, replace

from django_copyleaks_image.api import latest_scan
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.publishing import standing
from django_copyleaks_image.verdicts import Verdict, share_in_words
from gallery.models import Photo, PrivatePhoto

from .pictures import Ending, Picture

# The emulator marks whole pixels, so the share that it reports differs from the one asked for in the last digits.
SHARE_TOLERANCE = 0.0005
HEADINGS = ("picture", "expected", "status", "verdict", "AI share", "seconds", "credits", "decision", "gallery", "")
RIGHT_ALIGNED = {"AI share", "seconds", "credits"}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A picture and its scan; the scan is None when the upload left none."""

    picture: Picture
    scan: ImageScan | None
    decision: str
    in_gallery: bool

    @property
    def ending(self) -> Ending:
        scan = self.scan
        if scan is None:
            return Ending(status="no scan", paid=0, in_gallery=self.in_gallery)
        return Ending(
            status=scan.status,
            verdict=scan.verdict,
            share=scan.result.ai_ratio if scan.result else None,
            error_code=scan.error_code,
            # A scan that was never sent shares a result that another one paid for.
            paid=scan.result.credits or 0 if scan.result and scan.sent_at else 0,
            decision=self.decision,
            in_gallery=self.in_gallery,
        )

    @property
    def is_as_expected(self) -> bool:
        found, expected = self.ending, self.picture.ending
        # Which of two pictures of the same bytes is paid for is a matter of luck; report() counts the credits.
        alike = replace(found, share=None, paid=0) == replace(expected, share=None, paid=0)
        return alike and _close(found.share, expected.share)

    @property
    def seconds(self) -> float | None:
        """Return the time from the upload to the end of its scan."""
        if self.scan is None or self.scan.finished_at is None:
            return None
        return (self.scan.finished_at - self.scan.created_at).total_seconds()


def _close(share: float | None, expected: float | None) -> bool:
    if share is None or expected is None:
        return share is expected
    return abs(share - expected) <= SHARE_TOLERANCE


def scan_of(picture: Picture) -> tuple[Photo | PrivatePhoto, ImageScan | None]:
    """Return what was uploaded, and its newest scan."""
    model = PrivatePhoto if picture.is_private else Photo
    stored = model.objects.get(title=picture.title)
    return stored, latest_scan(stored, "image")


def is_over(picture: Picture) -> bool:
    """Return whether the scan of a picture has ended and the site was told so."""
    _, scan = scan_of(picture)
    return scan is not None and scan.notified_at is not None


def outcome_of(picture: Picture, front_page: str) -> Outcome:
    """Return how a picture ended; the front page tells whether everybody sees it."""
    stored, scan = scan_of(picture)
    shown = isinstance(stored, Photo) and f"/photos/{stored.pk}/tile.jpg" in front_page
    return Outcome(picture=picture, scan=scan, decision=standing(stored, "image").decision, in_gallery=shown)


def table(outcomes: list[Outcome]) -> str:
    """Return the outcomes as an aligned table."""
    rows = [HEADINGS, *(_row(outcome) for outcome in outcomes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if heading in RIGHT_ALIGNED else cell.ljust(width)
            for cell, width, heading in zip(row, widths, HEADINGS, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths[:-1]))
    return "\n".join(lines)


def _row(outcome: Outcome) -> tuple[str, ...]:
    ending, seconds = outcome.ending, outcome.seconds
    private = "private" if outcome.picture.is_private else "not shown"
    return (
        outcome.picture.title,
        _expectation(outcome.picture.ending),
        f"{ending.status}: {ending.error_code}" if ending.error_code else ending.status,
        str(Verdict(ending.verdict).label),
        _share(ending),
        "" if seconds is None else f"{seconds:.1f}",
        str(ending.paid),
        ending.decision,
        "shown" if ending.in_gallery else private,
        "" if outcome.is_as_expected else "NOT AS EXPECTED",
    )


def _expectation(ending: Ending) -> str:
    if not ending.verdict:
        return f"{ending.status}: {ending.error_code}"
    share = f", {share_in_words(ending.share)}" if ending.share else ""
    return f"{Verdict(ending.verdict).label}{share}"


def _share(ending: Ending) -> str:
    if ending.share is None:
        return ""
    return share_in_words(ending.share) if ending.share or ending.verdict == Verdict.NO_AI else "not given"
