"""The rows: what was asked (scan), measured (result), received (receipt), decided (decision) and drawn; the account."""

from .account import AccountState
from .decision import Decision
from .home import account_row, decisions, home_database, receipts, renditions, results, scans
from .receipt import WebhookReceipt
from .rendition import Rendition, RenditionPart
from .result import DetectionResult
from .review_desk import ReviewDesk
from .scan import ImageScan

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
    "decisions",
    "home_database",
    "receipts",
    "renditions",
    "results",
    "scans",
]
