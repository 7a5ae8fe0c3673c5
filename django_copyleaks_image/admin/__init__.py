"""The admin: scans, receipts and the account to read, and a mixin that shows findings where the pictures are."""

from .account import AccountStateAdmin
from .mixin import CopyleaksImageMixin
from .receipts import WebhookReceiptAdmin
from .scans import ImageScanAdmin

__all__ = ["AccountStateAdmin", "CopyleaksImageMixin", "ImageScanAdmin", "WebhookReceiptAdmin"]
