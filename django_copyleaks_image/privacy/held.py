"""What is held about pictures and people, as they may have it: no secrets, and nothing of other people.

Moderators are other people: they are numbered. What would tell a second look of the first is held back until then.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from django.db.models import Model, Q

from django_copyleaks_image.heatmap import overlay_png
from django_copyleaks_image.masks import MaskError
from django_copyleaks_image.models import (
    Decision,
    DetectionResult,
    ImageScan,
    WatchedImage,
    WebhookReceipt,
    day_counts,
    decisions,
    images,
    receipts,
    renditions,
    scans,
)
from django_copyleaks_image.redaction import redacted, without_credentials
from django_copyleaks_image.renditions import copies, shelf
from django_copyleaks_image.reviewing.blindness import tells_of_first_looks
from django_copyleaks_image.standings import Kind, Queue

from .whose import Target

# Takes the name of a file and its content, and keeps it.
Keep: TypeAlias = Callable[[str, bytes], None]

_SCAN = (
    *("scan_id", "status", "verdict", "file_name", "sha256", "byte_size", "width", "height", "image_format"),
    *("model", "sandbox", "attempts", "created_at", "sent_at", "submitted_at", "fetched_at", "finished_at"),
    *("removed_at", "spent_on", "spent_as", "credits", "error_code"),
)
_RESULT = (
    *("is_ai_detected", "ai_ratio", "human_ratio", "model", "image_width", "image_height", "mask_runs", "regions"),
    *("metadata", "scanned_at", "received_at"),
)
_IMAGE = (
    *("file_name", "owner_label", "uploaded_at", "removed_at", "verdict", "ai_share", "sandbox", "sha256"),
    "queue",
)
_DECISION = ("kind", "reason", "note", "decided_at", "verdict", "seen", "before")
_OWN = ("kind", "reason", "note", "decided_at", "verdict", "seen", "seconds")
_AWAITS_SECOND_LOOK = Q(queue=Queue.SECOND_LOOK)
_ENDINGS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"RIFF": "webp"}


class Moderators:
    """Numbers people in the order in which they appear; ``self`` is whoever asks."""

    def __init__(self, person: Any = None) -> None:
        self._person = person.pk if isinstance(person, Model) else person
        self._numbers: dict[tuple[Any, str], int] = {}

    def name(self, decision: Decision) -> str:
        key = decision.decided_by_id, decision.decided_by_name
        if self._person is not None and self._person in key:
            return "self"
        return f"Moderator {self._numbers.setdefault(key, len(self._numbers) + 1)}"


def pictures(targets: Iterable[Target], moderators: Moderators, keep: Keep | None = None) -> Iterator[dict[str, Any]]:
    """Yield what is held about each picture; files go to ``keep``, without which only their sizes are told."""
    for target in targets:
        image = images().filter(**target.columns).first()
        found = scans().filter(**target.columns).select_related("result").order_by("pk")
        yield {
            "object": target.label.partition(" ")[0],
            "field": target.field_name,
            **_of_image(image),
            "scans": [_of_scan(scan, keep) for scan in found],
            "decisions": [] if image is None else list(_decisions(image, moderators)),
        }


def moderation(person: Any) -> dict[str, Any]:
    """Return what is held about somebody as a moderator: their own steps, and nothing that others wrote or own.

    ``person`` is a user, or what the log says of one whose account is gone.
    """
    is_former = isinstance(person, str)
    who = {"decided_by": None, "decided_by_name": person} if is_former else {"decided_by": person.pk}
    asked = {"assigned_to": None, "assigned_to_name": person} if is_former else {"assigned_to": person.pk}
    counted = {"person": None, "person_name": person} if is_former else {"person": person.pk}
    claimed = images().none() if is_former else images().filter(claimed_by=person.pk)
    days = day_counts().filter(**counted).order_by("day__date", "field", "what")
    return {
        "steps": [{"picture": it.image_id, **_columns(it, _OWN)} for it in decisions().filter(**who).order_by("pk")],
        "asked_at": list(decisions().filter(**asked).order_by("pk").values_list("decided_at", flat=True)),
        "looks_at": list(claimed.values("claimed_at", "claimed_until")),
        "counted": list(days.values("day__date", "field", "what", "number", "seconds")),
    }


def _of_image(image: WatchedImage | None) -> dict[str, Any]:
    if image is None:
        return {}
    is_secret = image.queue == Queue.SECOND_LOOK
    columns = _columns(image, _IMAGE) | {"standing": image.standing}
    if is_secret:
        columns |= {"standing": None, "queue": None}
    return columns


def _decisions(image: WatchedImage, moderators: Moderators) -> Iterator[dict[str, Any]]:
    told = decisions().filter(image=image.pk).order_by("pk").select_related("decided_by")
    hidden = told.filter(tells_of_first_looks(_AWAITS_SECOND_LOOK))
    for decision in told.exclude(pk__in=hidden.values("pk")):
        undoes = {"undoes": decision.reverses_id} if decision.kind == Kind.UNDONE else {}
        yield {"id": decision.pk, "by": moderators.name(decision), **_columns(decision, _DECISION), **undoes}
    if number := hidden.count():
        yield {"held_back": number, "why": "Somebody is still to judge the picture without knowing of them."}


def _of_scan(scan: ImageScan, keep: Keep | None) -> dict[str, Any]:
    folder = f"scans/{scan.scan_id}"
    return {
        **_columns(scan, _SCAN),
        "message": without_credentials(str(scan.message)),
        "result": None if scan.result is None else _of_result(scan.result, folder, keep),
        "callbacks": [
            _of_receipt(it, f"{folder}/callback-{number}.json", keep)
            for number, it in enumerate(receipts().filter(scan=scan).order_by("pk"), 1)
        ],
        "drawn": list(_drawn(scan, folder, keep)),
    }


def _of_result(result: DetectionResult, folder: str, keep: Keep | None) -> dict[str, Any]:
    mask, heatmap = _mask(result), bytes(result.heatmap)
    files = {f"mask.{_ending(mask)}": mask, f"heatmap.{_ending(heatmap)}": heatmap}
    address = urlsplit(result.heatmap_url)._replace(query="", fragment="").geturl()
    return {
        **_columns(result, _RESULT),
        "heatmap_address": without_credentials(address),
        "files": [_file(f"{folder}/{name}", content, keep) for name, content in files.items() if content],
    }


def _mask(result: DetectionResult) -> bytes:
    try:
        mask = result.read_mask()
        return overlay_png(mask, result.image_width or 1, result.image_height or 1) if mask.starts else b""
    except MaskError:  # Stored as it came, and not shown for that either.
        return bytes(result.mask)


def _of_receipt(receipt: WebhookReceipt, name: str, keep: Keep | None) -> dict[str, Any]:
    columns = _columns(receipt, ("source", "outcome", "deliveries", "received_at", "last_received_at"))
    body = redacted(receipt.payload())
    return columns | {"body": _file(name, body, keep) if body else None}


def _drawn(scan: ImageScan, folder: str, keep: Keep | None) -> Iterator[dict[str, Any]]:
    hashes = set(renditions().filter(scan=scan).values_list("sha256", flat=True)) - {""}
    try:
        for sha256 in sorted(hashes):
            for size in shelf.SIZES:
                if content := shelf.get(sha256, size):
                    yield _file(f"{folder}/drawn-{sha256[:8]}-{size}.{_ending(content)}", content, keep)
        if copies.is_kept(scan):
            with copies.of(scan).open() as stream:
                content = stream.read()
            yield _file(f"{folder}/copy.{_ending(content)}", content, keep)
    except shelf.ShelfFailed:
        yield {"missing": "The storage of what was drawn could not be reached: ask again."}


def _file(name: str, content: bytes, keep: Keep | None) -> dict[str, Any]:
    if keep is not None:
        keep(name, content)
    return {"file": name, "bytes": len(content)}


def _ending(content: bytes) -> str:
    return next((it for begin, it in _ENDINGS.items() if content.startswith(begin)), "bin")


def _columns(row: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: redacted(getattr(row, name)) for name in names}
