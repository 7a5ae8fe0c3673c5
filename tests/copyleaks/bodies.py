"""Result bodies of the shape that production sends."""

import copy
import json
from typing import Any

EDITED: dict[str, Any] = {
    "model": "ai-image-1-ultra",
    "isAiDetected": True,
    "result": {"starts": [10, 30], "lengths": [5, 15]},
    "summary": {"human": 0.98000002, "ai": 0.019999999},
    "imageInfo": {
        "shape": {"height": 20, "width": 50},
        "metadata": {
            "issuedTime": "2026-07-01T10:00:00Z",
            "issuedBy": "Somebody",
            "appOrDeviceUsed": "A camera",
            "contentSummary": "A cat",
        },
    },
    "scannedDocument": {
        "scanId": "6f1f0b52-0f53-4c1c-8a1e-3d1b8d3b2c11",
        "actualCredits": 1,
        "expectedCredits": 2,
        "creationTime": "2026-07-20T20:46:58.5104745Z",
    },
    "developerPayload": "6f1f0b52-0f53-4c1c-8a1e-3d1b8d3b2c11",
}
UNTOUCHED: dict[str, Any] = EDITED | {
    "isAiDetected": False,
    "result": {"starts": [], "lengths": []},
    "summary": {"human": 1.0, "ai": 0.0},
}
NOTHING = object()


def changed(changes: dict[str, Any], body: dict[str, Any] = EDITED) -> bytes:
    """Return the body as bytes with members replaced by dotted path, or removed by NOTHING."""
    document = copy.deepcopy(body)
    for path, value in changes.items():
        *parents, name = path.split(".")
        place = document
        for parent in parents:
            place = place[parent]
        if value is NOTHING:
            place.pop(name, None)
        else:
            place[name] = value
    return json.dumps(document).encode()
