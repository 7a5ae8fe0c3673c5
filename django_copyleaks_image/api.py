"""What a project calls."""

from .findings import finding
from .publishing import prefetch_standings, publishable, standing, with_standing
from .scanning.request import latest_scan, request_scan

__all__ = [
    "finding",
    "latest_scan",
    "prefetch_standings",
    "publishable",
    "request_scan",
    "standing",
    "with_standing",
]
