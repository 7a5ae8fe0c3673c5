"""The rows: what was asked (scan), measured (result), received (receipt) and decided (decision), and the account."""

from .account import AccountState
from .decision import Decision
from .receipt import WebhookReceipt
from .result import DetectionResult
from .scan import ImageScan, home_database, scans

__all__ = ["AccountState", "Decision", "DetectionResult", "ImageScan", "WebhookReceipt", "home_database", "scans"]
