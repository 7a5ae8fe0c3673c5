"""Which of the chosen scans can be repeated, and why the others cannot."""

from collections import Counter
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field

from django.db.models import Model
from django.utils.translation import gettext as _

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.reviewing.history import same_target

from . import files


class _NotPossible(Exception):
    """A scan cannot be repeated; the text says why, in words for a moderator."""


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A finished scan whose object still holds its file; ``newest`` is the key of the target's newest scan."""

    scan: ImageScan
    instance: Model
    newest: int


@dataclass(slots=True)
class Plan:
    """What can be repeated, and how many cannot for which reason."""

    repeatable: list[Repeatable] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def refusals(self) -> list[tuple[str, int]]:
        """Return the reasons with their counts, the most frequent first."""
        return self.refused.most_common()


def plan(chosen: Iterable[ImageScan], *, statuses: Container[str], may_scan: Callable[[ImageScan], bool]) -> Plan:
    """Sort out the scans that can be repeated: each file once, and only those that ended in one of ``statuses``."""
    result = Plan()
    seen: set[tuple[int, str, str]] = set()
    for scan in chosen:
        target = scan.content_type_id, scan.object_id, scan.field_name
        try:
            if target in seen:
                raise _NotPossible(_("Another chosen scan is of the same object."))
            if not may_scan(scan):
                raise _NotPossible(_("You may not have this picture scanned again."))
            instance = _repeatable_instance(scan, statuses)
            newest = same_target(scan).order_by("-pk").values_list("pk", flat=True)[0]
            result.repeatable.append(Repeatable(scan, instance, newest))
            seen.add(target)
        except _NotPossible as reason:
            result.refused[str(reason)] += 1
    return result


def _repeatable_instance(scan: ImageScan, statuses: Container[str]) -> Model:
    if not scan.is_finished:
        raise _NotPossible(_("The scan is still under way."))
    if scan.status not in statuses:
        raise _NotPossible(_("The scan has not failed."))
    if same_target(scan).unfinished().exists():
        raise _NotPossible(_("A newer scan of the object is under way."))
    try:
        file = files.scanned_file(scan)
        files.check_readable(file)
    except files.PictureUnavailable as reason:
        raise _NotPossible(str(reason)) from None
    return file.instance
