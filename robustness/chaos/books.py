"""The rows and the emulator's ledger side by side: what was asked, what was charged, what is pending."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import Outcome
from django_copyleaks_image.models.scan import Spent, Status
from django_copyleaks_image.scanning import account, ledger

# Why a scan may end without a result and not be resubmitted: what came was paid for, and not understood.
UNREADABLE = "unreadable_result"
# Why a scan may end without a result and be resubmitted.
LOST = "result_lost"
PASSING = frozenset({"download_failed", "temporarily_unavailable", "internal_error"})


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that must not be; ``scan_id`` is empty where there is no scan."""

    title: str
    what: str
    scan_id: str = ""

    def __str__(self) -> str:
        return f"{self.title}: {self.what}" + (f" (scan {self.scan_id})" if self.scan_id else "")


def charged_ids(ledger: Mapping[str, Any]) -> int:
    """Return how many scan ids were charged.

    With ``--repeated charged`` some cost two credits. The provider says so nowhere, hence no books can hold it.
    """
    return sum(entry["charged"] > 0 for entry in ledger["scans"])


def overdrawn(ledger: Mapping[str, Any]) -> list[Finding]:
    """Return a finding if the budget knows of fewer credits than were charged when the ledger was read before.

    The budget is a hard limit, and that holds only while every charged credit is spent or reserved in the books. Those
    begin anew at midnight UTC: a run that crosses it is not compared.
    """
    state = account.state()
    known, charged = state.budget_spent + state.budget_reserved, charged_ids(ledger)
    if known >= charged or _crosses_midnight(state.budget_day):
        return []
    return [Finding(title="budget", what=f"{charged} ids were charged, and {known} credits are spent or reserved")]


def _crosses_midnight(budget_day: date | None) -> bool:
    if budget_day is None:
        return False
    return ImageScan.objects.filter(sent_at__lt=datetime.combine(budget_day, time.min, UTC)).exists()


class Books:
    """The rows and the ledger, read once."""

    def __init__(self, ledger: Mapping[str, Any]) -> None:
        self.entries: dict[str, dict[str, Any]] = {entry["scan_id"]: entry for entry in ledger["scans"]}
        self.scans = list(ImageScan.objects.order_by("pk"))
        self.by_target: dict[str, list[ImageScan]] = defaultdict(list)
        self.resubmissions: dict[int, ImageScan] = {}
        for scan in self.scans:
            self.by_target[scan.object_id].append(scan)
            if scan.resubmission_of_id is not None:
                self.resubmissions[scan.resubmission_of_id] = scan
        results = DetectionResult.objects.select_related("receipt__scan").defer(*DetectionResult.LARGE_FIELDS)
        self.results = {result.pk: result for result in results.defer("receipt__body")}
        self.receipts: dict[int, list[WebhookReceipt]] = defaultdict(list)
        for receipt in WebhookReceipt.objects.defer("body").order_by("received_at"):
            self.receipts[receipt.scan_id].append(receipt)

    def foreign_result(self, scan: ImageScan) -> str:
        """Return why the result of a scan, which others may share, is not about its bytes; the ledger knows."""
        if scan.result_id is None:
            return ""
        result = self.results[scan.result_id]
        if result.receipt is None:
            return "has a result without a receipt"
        entry = self.entries.get(result.receipt.scan.scan_id)
        if entry is None:
            return "has a result of a scan that the provider does not know"
        if entry["sha256"] != scan.sha256:
            return f"has the result of other bytes, scanned as {entry['scan_id']}"
        return ""

    def forgotten_credit(self, scan: ImageScan) -> str:
        """Return why the budget of the day is short of a credit that nobody will spend."""
        return "has ended, but its credit is still reserved" if scan.is_finished and scan.budget_day else ""

    def wrong_credit(self, scan: ImageScan) -> str:
        """Return how what the ledger has of a scan that has ended is not what the provider charged, or may have."""
        if not scan.is_finished or scan.budget_day:
            return ""
        is_charged = self.entries.get(scan.scan_id, {}).get("charged", 0) > 0
        if is_charged and not scan.credits:
            return "was charged, and the ledger does not know"
        if scan.credits and not is_charged and scan.spent_as == Spent.RESULT:
            return "is in the ledger with a credit for its result that was not charged"
        if scan.credits and not scan.may_have_arrived:
            return "is in the ledger with a credit although it never left"
        return ""

    def wrong_sums(self) -> list[Finding]:
        """Return the days whose sums are not those of their scans."""
        spent = Counter[date]()
        for scan in self.scans:
            if scan.spent_on is not None:
                spent[scan.spent_on] += scan.credits or 0
        if not spent:
            return []
        first, last = min(spent), max(spent)
        ledger.count_now(first, last)
        counted = Counter[date]()
        for it in (*ledger.spent(first, last), *ledger.spent(first, last, sandbox=True)):
            counted[it.day] += it.credits
        return [
            Finding(title="ledger", what=f"{counted[day]} credits on {day}, but its scans cost {spent[day]}")
            for day in spent
            if counted[day] != spent[day]
        ]

    def has_delivered_a_result(self, scan: ImageScan) -> bool:
        """Return whether the provider's callback with a result, and not with a failure, was answered 2xx."""
        entry = self.entries.get(scan.scan_id, {})
        return entry.get("state") == "analysed" and entry["delivered"] > 0

    def paid_twice(self) -> list[Finding]:
        """Return a finding for each charged id of some bytes beyond the first and the resubmissions of lost ones."""
        paid: dict[str, list[ImageScan]] = defaultdict(list)
        for scan in self.scans:
            if self._is_paid(scan) and not self._paid_in_vain(scan):
                paid[scan.sha256].append(scan)
        known = {scan.scan_id for scan in self.scans}
        strangers = [entry for entry in self.entries.values() if entry["charged"] and entry["scan_id"] not in known]
        findings = [
            Finding(title=entry["file_name"], what="paid under an id of no row", scan_id=entry["scan_id"])
            for entry in strangers
        ]
        for scans in paid.values():
            given_up = sum(map(self._was_given_up, scans))
            anew = sum(self._begins_anew(scan, scans) for scan in scans)
            for scan in scans[1 + given_up + anew :]:
                ids = ", ".join(it.scan_id for it in scans)
                what = f"one of {len(scans)} paid ids of the same bytes, {given_up} given up, {anew} begun anew: {ids}"
                findings.append(Finding(title=scan.file_name, what=what, scan_id=scan.scan_id))
        return findings

    def _is_paid(self, scan: ImageScan) -> bool:
        return bool(self.entries.get(scan.scan_id, {}).get("charged"))

    def _paid_in_vain(self, scan: ImageScan) -> bool:
        """Return whether the bytes were overwritten after they were measured, and the others were scanned."""
        return self._is_paid(scan) and self.entries[scan.scan_id]["sha256"] not in ("", scan.sha256)

    def _was_given_up(self, scan: ImageScan) -> bool:
        """Return whether the result of a paid scan counted as lost, so that these bytes were paid once more."""
        again = self.resubmissions.get(scan.pk)
        if again is not None:
            return not self._has_result_before(again.created_at, scan)
        # A replaced scan is not resubmitted; whoever waits for its result pays when that is overdue.
        if scan.status == Status.SUPERSEDED and scan.finished_at is not None:
            return not self._has_result_before(scan.finished_at + timedelta(seconds=conf.RESULT_DEADLINE), scan)
        return False

    def _has_result_before(self, moment: datetime, scan: ImageScan) -> bool:
        outcomes = (Outcome.APPLIED, Outcome.SHARED)
        return any(it.received_at < moment and it.outcome in outcomes for it in self.receipts[scan.pk])

    def _begins_anew(self, scan: ImageScan, paid: list[ImageScan]) -> bool:
        """Return whether a picture was uploaded after every scan of its bytes had failed, which is a new purchase."""
        before = [it for it in paid if it.pk < scan.pk]
        ends = [it.finished_at for it in before if it.status == Status.FAILED and it.finished_at is not None]
        all_failed = len(ends) == len(before) and all(end < scan.created_at for end in ends)
        return bool(before) and all_failed and scan.resubmission_of_id is None

    def failed_with_its_payer(self, scan: ImageScan) -> bool:
        """Return whether a scan waited in vain for the result of the same bytes and their resubmission."""
        if scan.sent_at is not None or scan.error_code not in (LOST, *PASSING):
            return False
        return bool(scan.content_key) and any(it.content_key == scan.content_key for it in self.resubmissions.values())

    def got_something_unreadable(self, scan: ImageScan) -> bool:
        """Return whether a scan, or the one whose result it waited for, was answered with what is no result."""
        same = [it for it in self.scans if it == scan or (scan.content_key and it.content_key == scan.content_key)]
        return any("malformed-types" in self.entries.get(it.scan_id, {}).get("faults", ()) for it in same)

    def facts(self) -> dict[str, str]:
        """Return what the closing table says about rows and ledger."""
        state = account.state()
        statuses = Counter(scan.status for scan in self.scans)
        causes = Counter(scan.error_code for scan in self.scans if scan.status == Status.FAILED)
        charged = [entry for entry in self.entries.values() if entry["charged"]]
        shared = sum(scan.status == Status.COMPLETED and not self._is_paid(scan) for scan in self.scans)
        return {
            "scans": _listed(statuses),
            "causes of failure": _listed(causes),
            "resubmissions": str(len(self.resubmissions)),
            "results shared": str(shared),
            "budget": f"{state.budget_spent} spent, {state.budget_reserved} still reserved",
            "paid in vain, overwritten": str(sum(map(self._paid_in_vain, self.scans))),
            "ledger": f"{sum(entry['charged'] for entry in charged)} credits for {len(charged)} ids",
            "heatmaps fetched": str(
                sum(bool(it.heatmap_url and not it.heatmap_problem) for it in self.results.values())
            ),
        }


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common()) or "none"
