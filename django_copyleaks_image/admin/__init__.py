"""The admin: pictures and the desk to judge them, scans, decisions, receipts, the account, a mixin for hosts."""

from .access import PictureAccess
from .account import AccountStateAdmin
from .decisions import DecisionAdmin
from .images import ReviewDeskAdmin, WatchedImageAdmin
from .mixin import CopyleaksImageMixin
from .receipts import WebhookReceiptAdmin
from .scans import ImageScanAdmin
from .sites import register_admin

__all__ = [
    "AccountStateAdmin",
    "CopyleaksImageMixin",
    "DecisionAdmin",
    "ImageScanAdmin",
    "PictureAccess",
    "ReviewDeskAdmin",
    "WatchedImageAdmin",
    "WebhookReceiptAdmin",
    "register_admin",
]
