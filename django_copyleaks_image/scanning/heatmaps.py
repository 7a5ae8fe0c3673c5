"""Fetches a provider's heatmap that came as an address: in the worker, never in the webhook."""

import logging
from datetime import timedelta

from django.utils import timezone

from django_copyleaks_image.conf import conf
from django_copyleaks_image.connection_pool import checked_in
from django_copyleaks_image.copyleaks.fetch import fetch_public
from django_copyleaks_image.copyleaks.fetch_errors import FetchFailed, FetchRefused
from django_copyleaks_image.copyleaks.heatmaps import is_picture
from django_copyleaks_image.models import DetectionResult, results
from django_copyleaks_image.problems import Problem, stored

from . import clock
from .isolation import isolated

logger = logging.getLogger(__name__)

RETRY_AFTER = timedelta(minutes=2)
GIVE_UP_AFTER = timedelta(hours=1)


def fetch_due(*, at_most: int = 1) -> int:
    """Fetch the heatmaps that are due, by default only the one that has waited longest; return how many were tried.

    Each may take as long as :setting:`TIMEOUT` allows.
    """
    now = clock.now()
    due = results().filter(heatmap_due_at__lte=now).only("pk", "heatmap_url", "received_at", "heatmap_due_at")
    tried = 0
    for result in due.order_by("heatmap_due_at")[:at_most]:
        with isolated("fetch the heatmap of result %s", result.pk):
            claimed = results().filter(pk=result.pk, heatmap_due_at=result.heatmap_due_at)
            if claimed.update(heatmap_due_at=now + RETRY_AFTER):
                tried += 1
                # Not if it was erased meanwhile, together with its address.
                results().filter(pk=result.pk, heatmap_url=result.heatmap_url).update(**_fetched(result))
    return tried


def _fetched(result: DetectionResult) -> dict[str, object]:
    """Return the columns that the outcome of one fetch changes."""
    given_up = timezone.now() - result.received_at > GIVE_UP_AFTER
    try:
        with checked_in():
            data = fetch_public(
                result.heatmap_url,
                max_bytes=conf.WEBHOOK_MAX_BYTES,
                timeout=sum(conf.TIMEOUT),
                # An emulator serves its heatmaps itself, over http on a private address.
                allow_origin=conf.API_URL if conf.API_URL.startswith("http://") else None,
            )
    except FetchRefused as error:
        return {"heatmap_due_at": None, "heatmap_problem": stored(error.message)}
    except FetchFailed as error:
        logger.warning(
            "Result %s: the provider's heatmap could not be fetched: %s",
            result.pk,
            error,
            extra={"event": "heatmap_not_fetched", "result_id": result.pk, "reason": str(error)},
        )
        if given_up:
            return {"heatmap_due_at": None, "heatmap_problem": stored(error.message)}
        return {"heatmap_problem": stored(error.message)}
    if not is_picture(data):
        return {"heatmap_due_at": None, "heatmap_problem": Problem.HEATMAP_NO_PICTURE().stored}
    return {"heatmap": data, "heatmap_due_at": None, "heatmap_problem": {}}
