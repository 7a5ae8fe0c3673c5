"""What a project calls."""

from .findings import finding
from .publishing import filter_by_picture, prefetch_standings, publishable, standing, with_standing
from .scanning.scan_requests import latest_scan, request_scan, withdraw_scan

__all__ = [
    "filter_by_picture",
    "finding",
    "latest_scan",
    "prefetch_standings",
    "publishable",
    "request_scan",
    "standing",
    "with_standing",
    "withdraw_scan",
]
