"""Our admins on a site of the project's own."""

from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Model

from django_copyleaks_image.models import (
    AccountState,
    Decision,
    ImageScan,
    ReviewDesk,
    WatchedImage,
    WebhookReceipt,
)

from .account import AccountStateAdmin
from .decisions import DecisionAdmin
from .images import ReviewDeskAdmin, WatchedImageAdmin
from .receipts import WebhookReceiptAdmin
from .scans import ImageScanAdmin

_ADMINS: tuple[tuple[type[Model], type[Any]], ...] = (
    (ReviewDesk, ReviewDeskAdmin),
    (WatchedImage, WatchedImageAdmin),
    (ImageScan, ImageScanAdmin),
    (Decision, DecisionAdmin),
    (WebhookReceipt, WebhookReceiptAdmin),
    (AccountState, AccountStateAdmin),
)


def register_admin(site: AdminSite) -> None:
    """Register every admin of this app with a site that the project has besides ``django.contrib.admin.site``.

    What the site has for one of these models already stays.
    """
    for model, admin_class in _ADMINS:
        if not site.is_registered(model):
            site.register(model, admin_class)
