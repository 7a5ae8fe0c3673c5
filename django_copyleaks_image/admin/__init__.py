"""The admin: scans and the desk to judge them, decisions, receipts and the account, and a mixin for the host's own."""

from .account import AccountStateAdmin
from .decisions import DecisionAdmin
from .desk.entry import ReviewDeskAdmin
from .mixin import CopyleaksImageMixin
from .receipts import WebhookReceiptAdmin
from .scans import ImageScanAdmin

__all__ = [
    "AccountStateAdmin",
    "CopyleaksImageMixin",
    "DecisionAdmin",
    "ImageScanAdmin",
    "ReviewDeskAdmin",
    "WebhookReceiptAdmin",
]
