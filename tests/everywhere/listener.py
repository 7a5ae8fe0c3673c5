"""An app of the host's that hears how scans end, and writes it where the test can read it from another process."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.db.models import Model

from django_copyleaks_image.signals import scan_completed, scan_failed

if TYPE_CHECKING:
    from django_copyleaks_image.models import ImageScan


class ListenerConfig(AppConfig):
    name = "tests.everywhere.listener"

    def ready(self) -> None:
        for signal in (scan_completed, scan_failed):
            signal.connect(_note, dispatch_uid="tests.everywhere.listener")


def _note(*, sender: type[Model], scan: "ImageScan", instance: Model | None, **kwargs: Any) -> None:
    heard = {
        "model": sender._meta.model_name,
        "object": None if instance is None else str(instance.pk),
        "database": None if instance is None else instance._state.db,
        "verdict": scan.verdict,
        "error_code": scan.error_code,
    }
    with (Path(os.environ["SITE_FOLDER"]) / "heard.jsonl").open("a") as lines:
        lines.write(json.dumps(heard) + "\n")
