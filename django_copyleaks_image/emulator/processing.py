"""From an accepted submission to its callback: fetch the picture, examine it, deliver what was found."""

import hashlib
import time

import requests

from .answers import Refusal
from .delivery import Callback, Deliveries
from .findings import Finding, examine
from .heatmaps import Heatmaps
from .ledger import Ledger
from .log import EventLog
from .options import Options
from .pictures import CHECK_FORMATS, MAX_BYTES, SUBMIT_FORMATS
from .results import Body, cost, distort, failure_body, failure_of, result_body
from .scheduler import Scheduler
from .submissions import Check, Scan, Submission

FETCH_TIMEOUT = (5.0, 30.0)
_CHUNK = 65536


class Processing:
    """Do the work that follows an acceptance."""

    def __init__(
        self,
        options: Options,
        *,
        ledger: Ledger,
        scheduler: Scheduler,
        deliveries: Deliveries,
        heatmaps: Heatmaps,
        log: EventLog,
    ) -> None:
        self._options = options
        self._ledger = ledger
        self._scheduler = scheduler
        self._deliveries = deliveries
        self._heatmaps = heatmaps
        self._log = log

    def begin(self, submission: Submission, faults: frozenset[str]) -> None:
        """Process an accepted submission in the background; an early one here, before its 201 is sent."""
        if "early" in faults:
            self._process(submission, faults)
        else:
            self._scheduler.after(self._options.latency, lambda: self._process(submission, faults))

    def check(self, check: Check, faults: frozenset[str]) -> Body:
        """Return the result of a synchronous check after the latency; raise Refusal when there is none."""
        time.sleep(self._options.latency)
        try:
            failure = failure_of(faults)
            if failure is not None:
                raise failure
            finding = self._examine(check, check.content, CHECK_FORMATS)
        except Refusal:
            self._ledger.failed(check.scan_id, refund=cost(sandbox=check.sandbox))
            raise
        body = result_body(finding, scan_id=check.scan_id, model=check.model, credits=cost(sandbox=check.sandbox))
        return distort(body, faults)

    def _process(self, submission: Submission, faults: frozenset[str]) -> None:
        body = self._scan(submission, faults)
        if "error" in body and self._options.failure_shape == "none":
            self._log.line("lost", submission.scan_id, "no callback tells of the failure")
            return
        self._deliveries.send(
            Callback(
                scan_id=submission.scan_id,
                url=submission.webhook_url,
                headers=submission.webhook_headers,
                body=body,
                faults=faults | self._shape_of(body),
            )
        )

    def _shape_of(self, body: Body) -> frozenset[str]:
        """Return the fault that gives a failure its shape."""
        shape = self._options.failure_shape
        return frozenset({f"failed-{shape}"}) if "error" in body and shape != "house" else frozenset()

    def _scan(self, submission: Submission, faults: frozenset[str]) -> Body:
        credits_charged = cost(sandbox=submission.sandbox)
        try:
            failure = failure_of(faults)
            if failure is not None:
                raise failure
            for _ in range(self._options.fetches - 1):
                self._fetch(submission)
            finding = self._examine(submission, self._fetch(submission), SUBMIT_FORMATS)
        except Refusal as refusal:
            # Whether the vendor charges for a scan without a result is unknown; here it does not.
            self._ledger.failed(submission.scan_id, refund=credits_charged)
            self._log.line("failed", submission.scan_id, f"code {refusal.code}: {refusal.message}")
            return failure_body(refusal, submission.developer_payload)
        body = result_body(finding, scan_id=submission.scan_id, model=submission.model, credits=credits_charged)
        if submission.heatmap:
            self._heatmaps.add(body, finding, submission.scan_id, faults)
        if submission.developer_payload is not None:
            body["developerPayload"] = submission.developer_payload
        return body

    def _examine(self, scan: Scan, content: bytes, formats: tuple[str, ...]) -> Finding:
        self._ledger.received(scan.scan_id, hashlib.sha256(content).hexdigest())
        finding = examine(content, scan.file_name, formats)
        self._ledger.analysed(scan.scan_id)
        size = f"{finding.width}x{finding.height}, {len(content):,} bytes"
        self._log.line("scanned", scan.scan_id, f"{size}, AI share of the area {finding.ai:.4%}")
        return finding

    def _fetch(self, submission: Submission) -> bytes:
        """Return the picture; raise Refusal with code 5 when it cannot be downloaded, 6 when too large."""
        with requests.Session() as session:
            session.trust_env = False
            try:
                with session.get(
                    submission.url, headers=dict(submission.fetch_headers), timeout=FETCH_TIMEOUT, stream=True
                ) as answer:
                    status, content = answer.status_code, _read(answer)
            except requests.RequestException as error:
                self._ledger.count("fetch failed")
                # The text of the exception holds the address; its kind is enough.
                raise Refusal(5, f"The URL could not be downloaded ({type(error).__name__}).") from None
        self._ledger.count("fetch")
        self._log.line("fetch", submission.scan_id, f"answered {status}, {len(content):,} bytes")
        if status != 200:
            raise Refusal(5, f"The URL answered {status}.")
        if len(content) >= MAX_BYTES:
            raise Refusal(6)
        return content


def _read(answer: requests.Response) -> bytes:
    """Read at most a little more than the vendor takes, also of a body that is compressed."""
    content = bytearray()
    for chunk in answer.iter_content(_CHUNK):
        content += chunk
        if len(content) >= MAX_BYTES:
            break
    return bytes(content)
