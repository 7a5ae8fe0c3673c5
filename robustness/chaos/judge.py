"""What the run was for: compares the rows and the stored files with the emulator's ledger.

Nothing is asked of the plan. What a picture must have come to is written in the name of its file, which is what the
emulator went by, and what was scanned and charged is in the emulator's own books.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django_copyleaks_image.models import DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import Outcome
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.verdicts import Verdict
from tests.gallery.models import Photo

from .books import LOST, PASSING, UNREADABLE, Books, Finding, overdrawn

# The emulator marks whole pixels, and the vendor's numbers have single precision.
SHARE_TOLERANCE = 1e-4
REFUSALS: Mapping[str, str] = {"fault-failed-code-14": "invalid_file", "fault-error-code-24": "bad_file_name"}

_SHARE = re.compile(r"ai-(\d+)")


@dataclass(kw_only=True)
class Judgement:
    """All findings by kind, and the counts for the closing table."""

    lost: list[Finding] = field(default_factory=list)
    paid_twice: list[Finding] = field(default_factory=list)
    unfinished: list[Finding] = field(default_factory=list)
    wrong: list[Finding] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)

    def kinds(self) -> dict[str, list[Finding]]:
        return {
            "lost": self.lost,
            "paid_twice": self.paid_twice,
            "unfinished": self.unfinished,
            "wrong": self.wrong,
        }

    @property
    def is_clean(self) -> bool:
        return not any(self.kinds().values())


def unfinished() -> list[Finding]:
    """Return what has not ended: scans, pending signals, receipts that nobody has judged, heatmaps not fetched yet."""
    scans = ImageScan.objects.filter(notified_at=None) | ImageScan.objects.unfinished()
    receipts = WebhookReceipt.objects.filter(outcome=Outcome.RECEIVED).select_related("scan")
    results = DetectionResult.objects.exclude(heatmap_due_at=None).only("heatmap_problem", "receipt__scan__scan_id")
    return [
        *(Finding(title=scan.file_name, what=f"is {_state(scan)}", scan_id=scan.scan_id) for scan in scans),
        *(Finding(title=it.scan.file_name, what="receipt not judged", scan_id=it.scan.scan_id) for it in receipts),
        *(
            Finding(title="heatmap", what=f"not fetched: {it.heatmap_problem}", scan_id=it.receipt.scan.scan_id)
            for it in results.select_related("receipt__scan")
            if it.receipt is not None
        ),
    ]


def judge(ledger: Mapping[str, Any], *, kept: set[str]) -> Judgement:
    """Judge every row; ``kept`` are the titles of the photos that were uploaded and not deleted."""
    books = Books(ledger)
    judgement = Judgement(unfinished=unfinished())
    photos = list(Photo.objects.all())
    judgement.lost += [Finding(title=title, what="is gone") for title in sorted(kept - {it.title for it in photos})]
    for photo in photos:
        if photo.image:
            _judge_photo(photo, books, judgement)
    of_a_scan = (books.foreign_result, books.forgotten_credit, books.wrong_credit)
    for scan in books.scans:
        for problem in filter(None, (problem_of(scan) for problem_of in of_a_scan)):
            judgement.wrong.append(Finding(title=scan.file_name, what=problem, scan_id=scan.scan_id))
    judgement.wrong += [*overdrawn(ledger), *books.wrong_sums()]
    judgement.paid_twice += books.paid_twice()
    judgement.facts = books.facts()
    return judgement


def _judge_photo(photo: Photo, books: Books, judgement: Judgement) -> None:
    """Judge the newest scan of a stored picture."""
    scans = books.by_target[str(photo.pk)]
    name = photo.image.name or ""
    if not any(scan.file_name == name for scan in scans):
        judgement.lost.append(Finding(title=photo.title, what=f"{name} has no scan"))
        return
    newest = scans[-1]
    if newest.status in (Status.QUEUED, Status.SUBMITTED):
        return  # Counted as unfinished.
    if newest.status == Status.SUPERSEDED:
        finding = Finding(title=photo.title, what=f"ended {_state(newest)}", scan_id=newest.scan_id)
        judgement.lost.append(finding)
    elif problem := "; ".join(_problems(photo, newest, books)):
        judgement.wrong.append(Finding(title=photo.title, what=problem, scan_id=newest.scan_id))


def _problems(photo: Photo, scan: ImageScan, books: Books) -> Iterator[str]:
    name = photo.image.name or ""
    if scan.file_name != name:
        yield f"the newest scan is of {scan.file_name}, but {name} is stored"
    if scan.status == Status.COMPLETED:
        yield from _wrong_result(photo, scan, books)
    elif not _is_admissible(scan, books):
        yield f"{_state(scan)} without an admissible cause"


def _wrong_result(photo: Photo, scan: ImageScan, books: Books) -> Iterator[str]:
    """Yield how verdict, share or bytes differ from what the name of the file promises and the storage holds."""
    with photo.image.open() as stored:
        if hashlib.sha256(stored.read()).hexdigest() != scan.sha256:
            yield "other bytes are stored than were scanned"
    if _refusal(scan.file_name) or "small" in scan.file_name:
        yield "completed, although the provider refuses it"
        return
    percent = _percent(scan.file_name)
    result = books.results[scan.result_id or 0]
    if result.ai_ratio is None or abs(result.ai_ratio - percent / 100) > SHARE_TOLERANCE:
        yield f"share {result.ai_ratio} instead of {percent} %"
    verdict = Verdict.NO_AI
    if percent:
        verdict = Verdict.MOSTLY_AI if percent > 50 else Verdict.PARTLY_AI
    if scan.verdict != verdict:
        yield f"verdict {scan.verdict} instead of {verdict}"


def _is_admissible(scan: ImageScan, books: Books) -> bool:
    """Return whether a scan may have ended without a result as it did."""
    if scan.status == Status.SKIPPED:
        return "small" in scan.file_name and scan.error_code == "too_small"
    if scan.error_code == _refusal(scan.file_name):
        return True
    if scan.error_code == UNREADABLE:
        return books.got_something_unreadable(scan)
    if scan.resubmission_of_id is None:
        return books.failed_with_its_payer(scan)
    # A picture that is refused may end as lost, too: a refusal of a repeated id reads as "it is here already".
    return scan.error_code in PASSING or (scan.error_code == LOST and not books.has_delivered_a_result(scan))


def _refusal(file_name: str) -> str:
    return next((code for marker, code in REFUSALS.items() if marker in file_name), "")


def _percent(file_name: str) -> int:
    match = _SHARE.search(file_name)
    assert match, f"{file_name} promises nothing"
    return int(match[1])


def _state(scan: ImageScan) -> str:
    words = [scan.status, scan.error_code, f"attempts {scan.attempts}"]
    if scan.notified_at is None:
        words.append("signal pending")
    return ", ".join(filter(None, words))
