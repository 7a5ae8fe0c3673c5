"""Bodies of results and failures: the synchronous answer, the callback, and what faults make of it."""

import gzip
import json
import time
from collections.abc import Mapping
from typing import Any

from .accounts import vendor_time
from .answers import Refusal, error_object
from .faults import FAILURE_CODES
from .findings import Finding

Body = dict[str, Any]

# One picture costs one credit; a sandbox scan costs nothing.
COST = 1

# Metadata are written by whoever made the picture.
HOSTILE_METADATA = {
    "issuedBy": "<script>alert(1)</script>\x00\x1b[2J\ud800\u202e",
    "appOrDeviceUsed": '=HYPERLINK("https://example.org")',
    "contentSummary": "x" * 5000,
    "nested": {"deeper": [None, 1e300]},
}


def cost(*, sandbox: bool) -> int:
    return 0 if sandbox else COST


def result_body(finding: Finding, *, scan_id: str, model: str, credits: int) -> Body:  # noqa: A002
    """Return a result; https://docs.copyleaks.com/reference/data-types/ai-image-detector ."""
    return {
        "model": model,
        "isAiDetected": finding.detected,
        "result": {"starts": finding.region.starts, "lengths": finding.region.lengths},
        "summary": {"human": finding.human, "ai": finding.ai},
        "imageInfo": {
            "shape": {"height": finding.height, "width": finding.width},
            "metadata": finding.metadata,
        },
        "scannedDocument": {
            "scanId": scan_id,
            "actualCredits": credits,
            "expectedCredits": credits,
            "creationTime": vendor_time(time.time_ns()),
        },
    }


def failure_body(refusal: Refusal, developer_payload: str | None) -> Body:
    """Return a failure callback in the style of the vendor's text products; the real one is unknown."""
    body: Body = {"status": 1, "error": error_object(refusal)}
    if developer_payload is not None:
        body["developerPayload"] = developer_payload
    return body


def failure_of(faults: frozenset[str]) -> Refusal | None:
    """Return the refusal a fault asks for instead of a result."""
    for name in sorted(faults):
        if name in FAILURE_CODES:
            return Refusal(FAILURE_CODES[name])
        if name in ("failed", "failed-object", "failed-string", "failed-no-code"):
            return Refusal(16)
    return None


def distort(body: Body, faults: frozenset[str]) -> Body:
    """Return the body of a callback as the faults would have it."""
    body = _distorted_failure(body, faults) if "error" in body else _distorted_result(body, faults)
    if "payload-missing" in faults:
        body.pop("developerPayload", None)
    if "payload-null" in faults:
        body["developerPayload"] = None
    if "malformed-types" in faults:
        body |= {
            "model": 7,
            "isAiDetected": "yes",
            "result": {"starts": "0", "lengths": {"0": 5}},
            "summary": [0.5],
            "imageInfo": None,
        }
    return body


def _distorted_failure(body: Body, faults: frozenset[str]) -> Body:
    error = body["error"]
    if "failed-string" in faults:
        return {"error": error["message"]}
    if "failed-no-code" in faults:
        error = {name: error[name] for name in ("type", "message")}
    return {"error": error} if "failed-object" in faults else {**body, "error": error}


def _distorted_result(body: Body, faults: frozenset[str]) -> Body:
    body = dict(body)
    if "scanned-image" in faults:
        body["scannedImage"] = body.pop("scannedDocument")
    if "mask-mismatch" in faults and body["summary"]["ai"]:
        # As in the documentation's own example, whose mask covers 0.3 % of the picture.
        body["summary"] = {"human": 0.3, "ai": 0.7}
    if "metadata-hostile" in faults:
        body["imageInfo"] = body["imageInfo"] | {"metadata": HOSTILE_METADATA}
    if "unknown-keys" in faults:
        body |= {"riskScore": 7, "summary": body["summary"] | {"confidence": 0.9}}
    if "sandbox-charged" in faults:
        name = "scannedDocument" if "scannedDocument" in body else "scannedImage"
        body[name] = body[name] | {"actualCredits": COST}
    for fault, name in (("no-verdict", "isAiDetected"), ("no-summary", "summary")):
        if fault in faults:
            del body[name]
    return body


def encode(body: Body, faults: frozenset[str]) -> tuple[bytes, Mapping[str, str]]:
    """Return the bytes of a callback and the headers that describe them."""
    headers = {"Content-Type": "application/json"}
    content = json.dumps([body] if "malformed-array" in faults else body).encode()
    if "malformed-truncated" in faults:
        content = content[: len(content) * 2 // 3]
    if "malformed-empty" in faults:
        content = b""
    if "unknown-headers" in faults:
        headers["X-Copyleaks-Signature"] = "t=1,v1=0123456789abcdef"
    if "gzip" in faults:
        content = gzip.compress(content, compresslevel=1)
        headers["Content-Encoding"] = "gzip"
    return content, headers
