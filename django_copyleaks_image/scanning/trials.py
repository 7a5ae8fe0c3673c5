"""Trials of ``copyleaks_doctor --live``: the endpoints know them by their ids, and nothing else of the app does."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import uuid4

from django.db.models import F, QuerySet

from django_copyleaks_image.copyleaks import values
from django_copyleaks_image.models import LiveTrial, WebhookReceipt, live_trials
from django_copyleaks_image.setting_values import HeaderPairs

from . import addresses, clock

# No scan has an id that begins so.
PREFIX = f"{addresses.PROBE}-"
FILE_NAME = "copyleaks-doctor.png"
# A doctor that was killed leaves its trial behind for so long.
LIFETIME = timedelta(minutes=15)
# Of headers, how many names are noted, and how many letters of each.
MOST_NAMES, NAME_LENGTH = 20, 64


def is_trial(scan_id: str) -> bool:
    return scan_id.startswith(PREFIX)


def begin(picture: bytes) -> LiveTrial:
    """Return a new trial, for which the endpoints are open until :func:`end`, or for :data:`LIFETIME`."""
    drop_stale()
    return live_trials().create(trial_id=f"{PREFIX}{uuid4().hex[:28]}", created_at=clock.now(), picture=picture)


def end(trial: LiveTrial) -> None:
    live_trials().filter(pk=trial.pk).delete()


def drop_stale() -> None:
    """Drop what a doctor that was killed has left behind."""
    live_trials().filter(created_at__lte=clock.now() - LIFETIME).delete()


def picture_of(trial_id: str, *, fetch_headers_came: bool | None, is_fetch: bool) -> bytes | None:
    """Return what is to be fetched and note that it was; None for a trial that has ended."""
    trial = _open(trial_id).first()
    if trial is None:
        return None
    if is_fetch:
        live_trials().filter(pk=trial.pk).update(fetches=F("fetches") + 1, fetch_headers_came=fetch_headers_came)
    return bytes(trial.picture)


def note_callback(trial_id: str, body: bytes, *, headers: Iterable[str], encoding: str, was_let_in: bool) -> bool:
    """Store the first callback of a trial and count others; return whether there is such a trial."""
    first = _open(trial_id).filter(callbacks=0)
    noted = first.update(
        callbacks=1,
        body=WebhookReceipt.compress(body),
        encoding=values.text(encoding, 20),
        header_names=names(headers),
        was_let_in=was_let_in,
    )
    return bool(noted or _open(trial_id).update(callbacks=F("callbacks") + 1))


def names(headers: Iterable[str]) -> str:
    """Return the names of headers, bounded and separated by commas."""
    shown = sorted({values.text(name, NAME_LENGTH).lower().replace(",", " ") for name in headers} - {""})
    return ", ".join(shown[:MOST_NAMES])


def have_come(expected: HeaderPairs, received: dict[str, str]) -> bool | None:
    """Return whether headers that were asked for have come, None when none were; received ones by lower-case names."""
    if not expected:
        return None
    return all(received.get(name.lower()) == value.reveal() for name, value in expected)


def _open(trial_id: str) -> QuerySet[LiveTrial]:
    return live_trials().filter(trial_id=trial_id, created_at__gt=clock.now() - LIFETIME)
