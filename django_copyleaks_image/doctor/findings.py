"""What a step finds: how bad it is, in words for people and a code for programs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.urls import NoReverseMatch

from django_copyleaks_image.database_errors import told
from django_copyleaks_image.redaction import without_credentials


class Status(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one step has found; ``code`` is fixed, ``text`` and ``advice`` are for people and may change."""

    status: Status
    code: str
    text: str
    advice: str = ""

    @property
    def is_wrong(self) -> bool:
        return self.status in (Status.WARNING, Status.PROBLEM)


class Step(NamedTuple):
    """A step by its fixed name, what it is called for people, and what finds out."""

    name: str
    title: str
    find: Callable[[], Finding]


def fine(text: str) -> Finding:
    return Finding(status=Status.OK, code="ok", text=text)


def skipped(code: str, text: str, advice: str = "") -> Finding:
    return Finding(status=Status.SKIPPED, code=code, text=text, advice=advice)


def warning(code: str, text: str, advice: str) -> Finding:
    return Finding(status=Status.WARNING, code=code, text=text, advice=advice)


def problem(code: str, text: str, advice: str) -> Finding:
    return Finding(status=Status.PROBLEM, code=code, text=text, advice=advice)


def found_by(step: Step) -> Finding:
    """Return what a step finds; what it cannot do for want of a setting, table or address is a problem like others."""
    try:
        return step.find()
    except ImproperlyConfigured as error:
        return problem("setting_wrong", without_credentials(str(error)), "Correct the setting.")
    except NoReverseMatch:
        return problem(
            "urls_missing",
            "the URLs of django_copyleaks_image are not included.",
            'Add path("copyleaks/", include("django_copyleaks_image.urls")) to ROOT_URLCONF.',
        )
    except DatabaseError as error:
        return problem("database_refuses", f"the database refuses: {told(error)}.", "Mend the database first.")
