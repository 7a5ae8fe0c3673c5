"""What a project calls."""

from .scanning.request import latest_scan, request_scan

__all__ = ["latest_scan", "request_scan"]
