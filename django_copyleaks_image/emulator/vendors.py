"""Vendors that answer differently where nothing is documented: each is a few options of the emulator at once."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

VENDORS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        # Like newer siblings of the endpoint.
        "sibling": {
            "heatmap_key": "overlay",
            "heatmap_place": "result",
            "heatmap_encoding": "url",
            "repeated": "409",
            "failure_shape": "object",
            "faults": {"scanned-image": 1.0, "gzip": 1.0},
        },
        # Says no more than it must.
        "terse": {
            "heatmap_encoding": "absent",
            "repeated": "400",
            "failure_shape": "none",
            "faults": {"payload-missing": 1.0, "empty-201": 1.0},
        },
        # A version that nobody has announced.
        "changed": {
            "heatmap_encoding": "object-data",
            "repeated": "charged",
            "failure_shape": "string",
            "faults": {"unknown-keys": 1.0, "unknown-headers": 1.0},
        },
        # Looks at a picture before it reads it.
        "careful": {"fetches": 2},
        # Whose sandbox costs money.
        "greedy": {"faults": {"sandbox-charged": 1.0}},
    }
)
