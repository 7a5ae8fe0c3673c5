"""The rows where they are written: nothing of the queue, the log or the account is read from a replica."""

from django.db import models, router

from .account import AccountState
from .alert import Alert, AlertMessage, AlertMessageQuerySet
from .day import Day, DayCount, DayCountQuerySet, DayQuerySet
from .decision import Decision
from .fitted_copy import FittedCopy
from .live_trial import LiveTrial
from .receipt import WebhookReceipt, WebhookReceiptQuerySet
from .rendition import Rendition, RenditionQuerySet
from .result import DetectionResult
from .scan import ImageScan, ImageScanQuerySet
from .standing_column import StandingColumn
from .tally import Tally
from .watched_image import WatchedImage, WatchedImageQuerySet


def home_database() -> str:
    """Return the alias of the database that holds the scans, and with them all other rows of this app."""
    return router.db_for_write(ImageScan)


def scans() -> ImageScanQuerySet:
    """Return all scans, for reading and writing in their home database."""
    return ImageScan.objects.using(home_database())


def images() -> WatchedImageQuerySet:
    """Return all watched images, for reading and writing in their home database."""
    return WatchedImage.objects.using(home_database())


def receipts() -> WebhookReceiptQuerySet:
    """Return all receipts, for reading and writing in their home database."""
    return WebhookReceipt.objects.using(home_database())


def results() -> models.QuerySet[DetectionResult]:
    """Return all results, for reading and writing in their home database."""
    return DetectionResult.objects.using(home_database())


def decisions() -> models.QuerySet[Decision]:
    """Return all decisions, for reading and appending in their home database."""
    return Decision.objects.using(home_database())


def days() -> DayQuerySet:
    """Return which days were counted, for reading and writing in their home database."""
    return Day.objects.using(home_database())


def day_counts() -> DayCountQuerySet:
    """Return what was counted of the days, for reading and writing in their home database."""
    return DayCount.objects.using(home_database())


def tallies() -> models.QuerySet[Tally]:
    """Return what has happened so far, for reading and writing in their home database."""
    return Tally.objects.using(home_database())


def renditions() -> RenditionQuerySet:
    """Return all renditions, for reading and writing in their home database."""
    return Rendition.objects.using(home_database())


def fitted_copies() -> models.QuerySet[FittedCopy]:
    """Return which scan needs which copy, for reading and writing in their home database."""
    return FittedCopy.objects.using(home_database())


def live_trials() -> models.QuerySet[LiveTrial]:
    """Return the trials of the doctor, for reading and writing in their home database."""
    return LiveTrial.objects.using(home_database())


def column_progress() -> models.QuerySet[StandingColumn]:
    """Return how far the project's own columns are filled, for reading and writing in the home database."""
    return StandingColumn.objects.using(home_database())


def alerts() -> models.QuerySet[Alert]:
    """Return all alerts, for reading and writing in their home database."""
    return Alert.objects.using(home_database())


def alert_messages() -> AlertMessageQuerySet:
    """Return what is told of alerts, for reading and writing in their home database."""
    return AlertMessage.objects.using(home_database())


def account_row() -> models.QuerySet[AccountState]:
    """Return the one row as a query, for changes by compare-and-set; it is empty until the row is first read."""
    return AccountState.objects.using(home_database()).filter(pk=AccountState.SINGLETON)
