"""Give an object a result, a failure or a decision in one line, the way they really come, without HTTP."""

import hashlib
import json
from pathlib import PurePath
from typing import Any

from django.db.models import Model

from django_copyleaks_image import DOCUMENTATION, outcomes, registry
from django_copyleaks_image.emulator.answers import Refusal
from django_copyleaks_image.emulator.findings import CONTENT_CREDENTIALS, Finding
from django_copyleaks_image.emulator.pictures import SUBMIT_FORMATS, measure
from django_copyleaks_image.emulator.regions import NOTHING, region
from django_copyleaks_image.emulator.results import COST, result_body
from django_copyleaks_image.formats import TYPES
from django_copyleaks_image.models import Decision, ImageScan, WatchedImage, home_database, images, scans
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import reason_columns
from django_copyleaks_image.outcomes import Code, Follows
from django_copyleaks_image.reviewing import decide
from django_copyleaks_image.reviewing.reasons import reasons_for
from django_copyleaks_image.reviewing.users import AnyUser
from django_copyleaks_image.scanning import calls, clock, finishing, leases, paykey, receive, stored_files, unmeasured
from django_copyleaks_image.scanning.scan_requests import queue, target_of
from django_copyleaks_image.sources import Picture
from django_copyleaks_image.standings import Kind, Seen

from .commits import done_at_once

# Of a file that is no picture which Copyleaks would take, as those of many tests are.
WIDTH, HEIGHT = 1000, 800
# A picture of which nothing else is said before it is decided about.
FLAGGED = 0.9
# What is found in a file before it is sent; other failures are told by Copyleaks, or come of its silence.
_SKIPPED = frozenset(code for code in Code if code.follows is Follows.PICTURE) - {Code.IMAGE_QUALITY_TOO_LOW}
_ENDS_NOTHING = (Follows.TURN, Follows.ENDED)


class CopyleaksResults:
    """What scans and moderators say about pictures of a test.

    ``field`` is the name of the watched field, and need not be given for a model that has only one. Each method sends
    the signals of the app before it returns, also within the transaction of a ``TestCase``. Nothing leaves the process,
    and ``ENABLED`` may be off. Raises ValueError where the object holds no stored file.
    """

    def measured(
        self, instance: Model, field: str = "", *, ai: float = 0.0, says_where: bool = True, credentials: bool = False
    ) -> ImageScan:
        """Give a picture a result, and return its scan.

        ``ai`` is the share of the area from 0 to 1. Without ``says_where`` there is no mask; with ``credentials`` the
        file tells that ChatGPT made it. It may be called again: the newest result counts.
        """
        if not 0 <= ai <= 1:
            raise ValueError("ai is a share of the area from 0 to 1.")
        with done_at_once():
            scan, content = self._queued(instance, field)
            finding = _finding(content, scan, ai=ai, says_where=says_where, credentials=credentials)
            _submit(scan, content, finding)
            body = result_body(finding, scan_id=scan.scan_id, model=scan.model, credits=COST)
            outcome = receive.deliver(scan, json.dumps(body).encode(), Source.WEBHOOK)
        assert outcome == Outcome.APPLIED, outcome
        return _read(scan)

    def failed(self, instance: Model, code: str, field: str = "") -> ImageScan:
        """End the scan of a picture without a result, and return it.

        ``code`` is one of docs/outcomes.rst, such as ``"result_lost"``, or a number of Copyleaks'. What is found in a
        file before it is sent, such as ``"too_small"``, is skipped. Raises ValueError for a code that ends no scan.
        """
        if not code or outcomes.follows(code) in _ENDS_NOTHING:
            raise ValueError(f"No scan ends with {code!r}: see {DOCUMENTATION}outcomes.html")
        with done_at_once():
            scan, _ = self._queued(instance, field)
            reason = outcomes.sentence(code)
            if code in (*_SKIPPED, Code.MISSING_FILE):
                ended = finishing.skip(scan, code, reason, owner=scan.lease_owner)
            else:
                ended = finishing.fail(scan, code, reason)
        assert ended, scan.status
        return _read(scan)

    def decided(
        self,
        instance: Model,
        kind: str,
        field: str = "",
        *,
        by: AnyUser,
        reason: str | None = None,
        note: str = "",
        assigned_to: AnyUser | None = None,
    ) -> Decision:
        """Decide about a picture as at the desk, and return the decision.

        ``kind`` is ``"confirmed"``, ``"cleared"``, ``"escalated"``, ``"assigned"`` or ``"skipped"``. A picture that has
        no result yet is flagged first, with 90 % AI. Where ``REVIEW_REASONS`` ask for a ``reason`` and none is given,
        the first one is. Permissions are not asked for. Raises what the desk would say,
        :class:`~.reviewing.decide.Refused`.
        """
        chosen = Kind(kind)
        image = self._picture(instance, field)
        if image is None:
            self.measured(instance, field, ai=FLAGGED)
            image = self._picture(instance, field)
        assert image is not None
        offered = reasons_for(chosen)
        if reason is None:
            reason = next((it.name for it in offered if note or not it.needs_note), "")
        with done_at_once():
            return decide.decide(
                image.pk,
                user=by,
                kind=chosen,
                version=image.version,
                reason=reason,
                note=note,
                seen=Seen.SEEN,
                assigned_to=assigned_to,
            )

    def _picture(self, instance: Model, field: str) -> WatchedImage | None:
        """Return the row of a picture that somebody can decide about now."""
        target, name, _ = _target(instance, field)
        image = images().for_target(**target).filter(file_name=name).first()
        return image if image is not None and decide.is_decidable(image) else None

    def _queued(self, instance: Model, field: str) -> tuple[ImageScan, bytes]:
        """Return the scan that waits for the present file, or a new one, and the bytes of the file."""
        target, name, file = _target(instance, field)
        of_target = scans().for_target(**target)
        waiting = of_target.filter(file_name=name).unfinished().order_by("-pk").first()
        if waiting is None:
            again = of_target.filter(file_name=name).exists()
            database = instance._state.db or home_database()
            waiting = ImageScan(**target, file_name=name, database=database, repeated=again)
            queue(waiting, Code.FILE_REPLACED if of_target.exists() else "", wake=_nobody)
        return scans().select_related("content_type").get(pk=waiting.pk), _bytes_of(file, name)


def _target(instance: Model, field: str) -> tuple[dict[str, Any], str, Picture]:
    picture_field = registry.picture_field(type(instance), field or _only_field(instance))
    name = registry.stored_name(instance, picture_field)
    if instance.pk is None or not name:
        raise ValueError(f"{type(instance)._meta.label}.{picture_field.name} holds no stored file: save it first.")
    using = instance._state.db or home_database()
    target = target_of(registry.owner_of(picture_field), instance, picture_field.name, using=using)
    return target, name, picture_field.picture(instance, name)


def _only_field(instance: Model) -> str:
    names = {watched.name for watched in registry.all_watched() if watched.class_of(type(instance)) is not None}
    if len(names) != 1:
        label, found = type(instance)._meta.label, ", ".join(sorted(names)) or "none"
        raise ValueError(f"Name the field: the watched fields of {label} are {found}.")
    return names.pop()


def _bytes_of(file: Picture, name: str) -> bytes:
    """Return the bytes of a stored file; of one that is not there, as in many tests, its name stands in for them."""
    try:
        return b"".join(stored_files.read_chunks(file))
    except unmeasured.NotMeasured:
        return name.encode(errors="surrogatepass")


def _finding(content: bytes, scan: ImageScan, *, ai: float, says_where: bool, credentials: bool) -> Finding:
    try:
        width, height = measure(content, SUBMIT_FORMATS)
    except Refusal:
        width, height = WIDTH, HEIGHT
    marked = region(ai, width, height, seed=scan.file_name) if ai and says_where else NOTHING
    return Finding(
        width=width,
        height=height,
        detected=ai > 0,
        ai=ai,
        human=1 - ai,
        region=marked,
        metadata=dict(CONTENT_CREDENTIALS) if credentials else {},
    )


def _submit(scan: ImageScan, content: bytes, finding: Finding) -> None:
    """Bring a scan to where its callback is awaited; one that was there before stays."""
    if scan.status != ImageScan.Status.QUEUED:
        return
    scan.sha256 = hashlib.sha256(content).hexdigest()
    scan.byte_size = len(content)
    scan.width, scan.height = finding.width, finding.height
    extension = PurePath(scan.file_name).suffix.lower().replace(".jpeg", ".jpg")
    scan.image_format = next((name for name, kind in TYPES.items() if kind.extension == extension), "JPEG")
    paykey.decide_purchase(scan)
    facts = ("sha256", "byte_size", "width", "height", "image_format", "model", "mask_type", "sandbox", "content_key")
    leases.update(
        scan,
        sent_at=clock.now(),
        may_have_arrived=True,
        attempts=scan.attempts + 1,
        **reason_columns(),
        **{name: getattr(scan, name) for name in facts},
    )
    calls.note_as_submitted(scan)
    scan.refresh_from_db()


def _nobody(scan_id: str, *, using: str) -> None:
    """Wake nobody: what a dispatcher would do is done here."""


def _read(scan: ImageScan) -> ImageScan:
    return scans().with_result().select_related("content_type").get(pk=scan.pk)
