"""What the shop asks of the app, and what it is asked by it."""

from datetime import datetime

from django_copyleaks_image.api import latest_scan, request_scan
from django_copyleaks_image.models import ImageScan, WatchedImage

from .models import Article


def finished_at(article: Article) -> datetime | None:
    scan = latest_scan(article, "picture")
    return None if scan is None else scan.finished_at


def scan_again(article: Article) -> str:
    return request_scan(article, "picture", force=True).scan_id


def unfinished() -> list[ImageScan]:
    return list(ImageScan.objects.unfinished().filter(attempts__gt=1))


def flagged() -> list[WatchedImage]:
    return list(WatchedImage.objects.waiting().filter(standing="flagged"))


def fetch_headers(scan: ImageScan) -> list[tuple[str, str]]:
    """Stand in ``COPYLEAKS_IMAGE["FETCH_HEADERS"]``."""
    return [("X-Photo", scan.object_id)]


def dispatch(scan_id: str) -> None:
    """Stand in ``COPYLEAKS_IMAGE["DISPATCHER"]``."""
