"""What a project calls."""

from .findings import finding
from .monitoring.health import Health, health
from .privacy.erase import erase
from .publishing import filter_by_picture, prefetch_standings, publishable, standing, with_standing
from .scanning.scan_requests import latest_scan, request_scan, withdraw_scan

__all__ = [
    "Health",
    "erase",
    "filter_by_picture",
    "finding",
    "health",
    "latest_scan",
    "prefetch_standings",
    "publishable",
    "request_scan",
    "standing",
    "with_standing",
    "withdraw_scan",
]
