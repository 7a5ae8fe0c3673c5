"""The rows: pictures, what was asked (scan), measured (result), received (receipt), decided and drawn; the account."""

from .account import AccountState
from .decision import Decision
from .home import account_row, decisions, home_database, images, receipts, renditions, results, scans
from .receipt import WebhookReceipt
from .rendition import Rendition, RenditionPart
from .result import DetectionResult
from .review_desk import ReviewDesk
from .scan import ImageScan
from .watched_image import WatchedImage

__all__ = [
    "AccountState",
    "Decision",
    "DetectionResult",
    "ImageScan",
    "Rendition",
    "RenditionPart",
    "ReviewDesk",
    "WatchedImage",
    "WebhookReceipt",
    "account_row",
    "decisions",
    "home_database",
    "images",
    "receipts",
    "renditions",
    "results",
    "scans",
]
