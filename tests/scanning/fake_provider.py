"""A provider that answers every submission at once, as each test scripts it, and a worker that knows no waiting."""

from collections.abc import Iterable
from decimal import Decimal

from django.utils import timezone

from django_copyleaks_image.copyleaks.client import Submission
from django_copyleaks_image.copyleaks.errors import CopyleaksError
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import submit


class Provider:
    """Notes the ids it is sent; takes them, unless an error is scripted for the next, or for all.

    What it says of its credits is scripted apart.
    """

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.always: CopyleaksError | None = None
        self._refused: dict[str, CopyleaksError] = {}
        self.credits: Decimal | CopyleaksError = Decimal(100)
        self._errors: list[CopyleaksError] = []

    def fail_next(self, errors: Iterable[CopyleaksError]) -> None:
        self._errors += errors

    def refuse(self, stem: str, error: CopyleaksError) -> None:
        """Refuse every picture whose name begins so, and no other."""
        self._refused[stem] = error

    def take(self, submission: Submission) -> None:
        self.sent.append(submission.scan_id)
        for stem, error in self._refused.items():
            if submission.file_name.startswith(stem):
                raise error
        if self._errors:
            raise self._errors.pop(0)
        if self.always:
            raise self.always

    def credits_left(self) -> Decimal:
        if isinstance(self.credits, CopyleaksError):
            raise self.credits
        return self.credits


def work(rounds: int = 1) -> None:
    """Let every queued scan be worked on, whenever it would be due."""
    for _ in range(rounds):
        now = timezone.now()
        ImageScan.objects.filter(status=Status.QUEUED, next_attempt_at__gt=now).update(next_attempt_at=now)
        for scan in submit.claim(100):
            submit.work_on(scan, sleep=lambda seconds: None)
