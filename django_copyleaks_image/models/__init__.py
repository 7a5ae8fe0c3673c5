"""The rows: pictures, what was asked (scan), measured (result), received (receipt), decided, drawn, counted, told."""

from .account import AccountState
from .alert import Alert, AlertMessage
from .day import Day, DayCount
from .decision import Decision
from .fitted_copy import FittedCopy
from .home import (
    account_row,
    alert_messages,
    alerts,
    column_progress,
    day_counts,
    days,
    decisions,
    fitted_copies,
    home_database,
    images,
    live_trials,
    receipts,
    renditions,
    results,
    scans,
    tallies,
)
from .live_trial import LiveTrial
from .receipt import WebhookReceipt
from .rendition import Rendition, RenditionPart
from .result import DetectionResult
from .review_desk import ReviewDesk
from .scan import ImageScan
from .standing_column import StandingColumn
from .tally import Tally
from .watched_image import WatchedImage

__all__ = [
    "AccountState",
    "Alert",
    "AlertMessage",
    "Day",
    "DayCount",
    "Decision",
    "DetectionResult",
    "FittedCopy",
    "ImageScan",
    "LiveTrial",
    "Rendition",
    "RenditionPart",
    "ReviewDesk",
    "StandingColumn",
    "Tally",
    "WatchedImage",
    "WebhookReceipt",
    "account_row",
    "alert_messages",
    "alerts",
    "column_progress",
    "day_counts",
    "days",
    "decisions",
    "fitted_copies",
    "home_database",
    "images",
    "live_trials",
    "receipts",
    "renditions",
    "results",
    "scans",
    "tallies",
]
