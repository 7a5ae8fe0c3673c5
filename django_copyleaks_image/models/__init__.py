"""The rows: what was asked (scan), what was measured (result), what was received (receipt), and the account."""

from .account import AccountState
from .receipt import WebhookReceipt
from .result import DetectionResult
from .scan import ImageScan, home_database, scans

__all__ = ["AccountState", "DetectionResult", "ImageScan", "WebhookReceipt", "home_database", "scans"]
