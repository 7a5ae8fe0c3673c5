"""A file whose time says that a worker of this machine goes on: whoever asks for it needs no database.

The heartbeat in the account's row is that of all workers together, and a database that is away is no reason to start a
worker anew.
"""

import logging
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from django.db import connections
from django.utils.crypto import salted_hmac

from django_copyleaks_image import tenants
from django_copyleaks_image.clock_skew import APART
from django_copyleaks_image.models import home_database
from django_copyleaks_image.scanning.liveness import WORKER_SILENCE

logger = logging.getLogger(__name__)


def default_path() -> Path:
    """Return the temporary file of the workers of this site, or of a tenant; no other user can foresee its name."""
    database = connections.settings[home_database()]
    site = "|".join([*(str(database[key]) for key in ("ENGINE", "HOST", "PORT", "NAME")), *tenants.names()])
    name = salted_hmac("django_copyleaks_image.sign_of_life", site, algorithm="sha256").hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"copyleaks_worker_{name}.alive"


def seconds_ago(path: Path) -> float | None:
    """Return how long ago a worker of this machine has shown itself, None when none has, or a wrong clock was at it."""
    try:
        passed = time.time() - path.stat().st_mtime
    except OSError:
        return None
    return max(0.0, passed) if passed > -APART.total_seconds() else None


def why_unwell(path: Path) -> str:
    """Return what is wrong with the workers of this machine as one sentence, "" when one is alive and goes on."""
    silence = seconds_ago(path)
    if silence is None:
        return "No worker of this machine has shown itself."
    if silence > WORKER_SILENCE.total_seconds():
        return f"No worker of this machine has shown itself for {silence:.0f} seconds."
    return ""


class SignOfLife:
    """Shown by a worker as long as it makes progress, and taken away when it ends."""

    def __init__(self, path: Path | None) -> None:
        """Without a ``path`` nothing is shown."""
        self._path = path
        self._has_complained = False

    def show(self) -> None:
        """Set the time of the file to now; say once where that is not possible."""
        if self._path is None:
            return
        try:
            # Another user may have put a link there.
            flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            file = os.open(self._path, flags, 0o644)
            try:
                os.utime(file if os.utime in os.supports_fd else self._path)
            finally:
                os.close(file)
        except OSError as error:
            if not self._has_complained:
                logger.warning(
                    "The worker cannot show with %s that it is alive: %s.",
                    self._path,
                    error.strerror,
                    extra={"event": "no_sign_of_life", "reason": error.strerror},
                )
            self._has_complained = True

    def take_away(self) -> None:
        """Remove the file; another worker of this machine makes it anew within seconds."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
