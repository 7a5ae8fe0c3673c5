"""The rows: what was asked (scan), measured (result), received (receipt), decided (decision) and drawn; the account."""

from .account import AccountState, account_row
from .decision import Decision
from .receipt import WebhookReceipt
from .rendition import Rendition, RenditionPart
from .result import DetectionResult
from .review_desk import ReviewDesk
from .scan import ImageScan, home_database, scans

__all__ = [
    "AccountState",
    "Decision",
    "DetectionResult",
    "ImageScan",
    "Rendition",
    "RenditionPart",
    "ReviewDesk",
    "WebhookReceipt",
    "account_row",
    "home_database",
    "scans",
]
