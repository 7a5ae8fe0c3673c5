"""A database of as many scans as wanted, made by PostgreSQL itself from one row of each kind.

A thousand scans of it are what a site has going on (unfinished, waiting, escalated, sandbox …), spread evenly over
the others, which are history, and a hundred more are the newest: so a page shows the same kinds of rows whatever the
size of the archive.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from django_copyleaks_image.models import Decision, DetectionResult, ImageScan, WatchedImage, WebhookReceipt
from django_copyleaks_image.models.receipt import Outcome
from django_copyleaks_image.models.scan import Spent, Status
from django_copyleaks_image.scanning import days
from django_copyleaks_image.standings import Kind, Queue, Standing
from django_copyleaks_image.verdicts import Verdict
from tests.gallery.models import Listing, Photo

GOING_ON = 1_000
NEWEST = 100
DAYS = 90

_OURS = (Decision, WebhookReceipt, WatchedImage, ImageScan, DetectionResult)
_OVERDUE = timezone.now() - timedelta(days=1)
_Columns = dict[str, Any]
# The columns of a scan and those of its picture; without the latter there is no row yet.
_State = tuple[_Columns, _Columns | None]


def _measured(verdict: Verdict, ai_share: float, standing: Standing, queue: Queue = Queue.NONE) -> _State:
    scan = {"status": Status.COMPLETED, "verdict": verdict}
    return scan, {"verdict": verdict, "ai_share": ai_share, "standing": standing, "queue": queue}


def _partly(standing: Standing, queue: Queue = Queue.NONE) -> _State:
    return _measured(Verdict.PARTLY_AI, 0.2, standing, queue)


def _mostly(standing: Standing, queue: Queue = Queue.NONE) -> _State:
    return _measured(Verdict.MOSTLY_AI, 0.9, standing, queue)


def _unmeasured(status: Status, code: str, queue: Queue = Queue.NONE) -> _State:
    return {"status": status, "error_code": code}, {"standing": Standing.NOT_MEASURED, "queue": queue}


def _mock(state: _State) -> _State:
    scan, image = state
    return scan | {"sandbox": True}, (image or {}) | {"sandbox": True}


_NO_AI = _measured(Verdict.NO_AI, 0.0, Standing.CLEAN)
_LOST = (Status.FAILED, "result_lost")
_SMALL = (Status.SKIPPED, "too_small")

# What a site has going on, in equal shares.
_GOING_ON: list[_State] = [
    ({"status": Status.QUEUED}, None),
    ({"status": Status.QUEUED, "next_attempt_at": _OVERDUE}, None),
    ({"status": Status.SUBMITTED, "submitted_at": timezone.now()}, None),
    ({"status": Status.SUBMITTED, "submitted_at": _OVERDUE}, None),
    ({"status": Status.SUPERSEDED, "error_code": "file_replaced"}, None),
    _unmeasured(*_LOST, Queue.UNMEASURED),
    _unmeasured(*_SMALL, Queue.UNMEASURED),
    _partly(Standing.FLAGGED, Queue.REVIEW),
    _mostly(Standing.FLAGGED, Queue.REVIEW),
    _partly(Standing.CONFIRMED, Queue.SECOND_LOOK),
    _mostly(Standing.ESCALATED, Queue.ESCALATED),
    _partly(Standing.CLEARED),
    _mostly(Standing.CONFIRMED),
    _NO_AI,
    _mock(_NO_AI),
    _mock(_partly(Standing.FLAGGED, Queue.REVIEW)),
]
# What came before, by its share in percent.
_HISTORY: list[_State] = [
    *(75 * [_NO_AI]),
    *(5 * [_partly(Standing.FLAGGED, Queue.REVIEW)]),
    *(3 * [_partly(Standing.CLEARED)]),
    *(7 * [_partly(Standing.CONFIRMED)]),
    *(6 * [_mostly(Standing.CONFIRMED)]),
    *(2 * [_unmeasured(*_LOST)]),
    *(2 * [_unmeasured(*_SMALL)]),
]

# By column: what is not as in the row that is multiplied. ``number`` counts from 1, the oldest.
_CREATED = f"now() - (%(size)s - number) * interval '{DAYS} days' / %(size)s"
_FILE = "'photos/meadow-' || number || '.jpg'"
_HASH = "md5('a' || number) || md5('b' || number)"
_PHOTO = {"id": "number", "image": _FILE}
_LISTING = {"id": "number", "front": _FILE}
_RESULT = {"id": "number", "received_at": _CREATED}
_SCAN = {
    "id": "number",
    "scan_id": "gen_random_uuid()",
    "object_id": "number",
    "file_name": _FILE,
    "sha256": _HASH,
    "content_key": _HASH,
    "created_at": _CREATED,
    "finished_at": f"CASE WHEN template.finished_at IS NOT NULL THEN {_CREATED} END",
    "result_id": "CASE WHEN template.result_id IS NOT NULL THEN number END",
    "spent_on": f"CASE WHEN template.spent_as <> '' THEN CAST(({_CREATED}) AT TIME ZONE 'UTC' AS date) END",
}
_IMAGE = {
    "id": "number",
    "object_id": "number",
    "file_name": _FILE,
    "scan_id": "number",
    "sha256": _HASH,
    "ai_share": "CASE WHEN template.ai_share > 0 THEN 1.0 / (1 + number %% 997) ELSE template.ai_share END",
    "uploaded_at": _CREATED,
    "queued_at": f"CASE WHEN template.queue <> '' THEN {_CREATED} END",
    "standing_since": _CREATED,
}
_RECEIPT = {"id": "number", "scan_id": "number", "digest": _HASH, "received_at": _CREATED}
_DECISION = {
    "id": "number",
    "image_id": "number",
    "scan_id": "number",
    "sha256": _HASH,
    "kind": "picture.standing",
    "verdict": "kind.verdict",
    "decided_at": _CREATED,
}


def fill(size: int) -> User:
    """Make the tables and ``size`` scans (a multiple of a thousand) of the last days; return a moderator."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    moderator = User.objects.create_superuser("moderator")
    decider = User.objects.create_user("decider")
    # What is multiplied has negative keys, and is removed in the end.
    photo, listing = Photo.objects.create(pk=-1, title="Meadow"), Listing.objects.create(pk=-1)
    result = DetectionResult.objects.create(pk=-1, is_ai_detected=True, ai_ratio=0.2, mask_runs=9, credits=1)
    states: list[tuple[_State, type[Model]]] = [(state, model) for state in _GOING_ON for model in (Photo, Listing)]
    states += [(state, Photo) for state in _HISTORY]
    kinds = [_scan(-number, model, state, result) for number, (state, model) in enumerate(states, 1)]
    receipt = WebhookReceipt.objects.create(pk=-1, scan=kinds[0], byte_size=0, outcome=Outcome.APPLIED)
    images = [image for scan, (state, _model) in zip(kinds, states, strict=True) if (image := _image(scan, state[1]))]
    decision = Decision.objects.create(
        pk=-1, image=images[0], scan=kinds[0], kind=Kind.CONFIRMED, before=Standing.FLAGGED, decided_by=decider
    )
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # Checks no foreign keys: they are right.
        cursor.execute(
            "CREATE TEMPORARY TABLE numbered AS SELECT number,"
            " -1 - COALESCE(going_on %% %(states)s, %(states)s + number %% %(history)s) AS kind"
            " FROM generate_series(1, %(size)s) AS number, LATERAL (SELECT CASE"
            " WHEN number > %(size)s - %(newest)s THEN number WHEN number %% %(every)s = 0 THEN number / %(every)s"
            " END) AS place (going_on)",
            {
                "size": size,
                "every": size // GOING_ON,
                "newest": NEWEST,
                "states": 2 * len(_GOING_ON),
                "history": len(_HISTORY),
            },
        )
        cursor.execute("ANALYZE numbered")
        for template, columns, condition in (
            (photo, _PHOTO, "TRUE"),
            (listing, _LISTING, "TRUE"),
            (result, _RESULT, "kind.result_id IS NOT NULL"),
            (kinds[0], _SCAN, "TRUE"),
            (images[0], _IMAGE, "TRUE"),
            (receipt, _RECEIPT, "kind.result_id IS NOT NULL"),
            (decision, _DECISION, "picture.standing IN ('confirmed', 'cleared')"),
        ):
            with _indexes_afterwards(cursor, template._meta.db_table):
                cursor.execute(_multiplication(template, columns, condition), {"size": size})
        cursor.execute("RESET session_replication_role")
        for statement in connection.ops.sequence_reset_sql(no_style(), [Photo, Listing, *_OURS]):
            cursor.execute(statement)
        for model in (*_OURS, Listing, Photo):
            model._base_manager.filter(pk__lt=0).delete()
        cursor.execute("VACUUM ANALYZE")
    # What the worker does beside its work, a day at a time.
    while days.count_due(seconds=60):
        pass
    return moderator


def queue_up(template: ImageScan, count: int) -> None:
    """Insert so many copies of a queued scan, each of an object that is gone."""
    names = [str(field.column) for field in ImageScan._meta.concrete_fields if not field.primary_key]
    own = {"scan_id": "gen_random_uuid()", "object_id": "1000000000 + number"}
    values = ", ".join(own.get(name, f'template."{name}"') for name in names)
    table = ImageScan._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {values}"
            f" FROM {table} AS template, generate_series(1, %s) AS number WHERE template.id = %s",
            [count, template.pk],
        )
        cursor.execute("VACUUM ANALYZE")
    # What the worker does beside its work, a day at a time.
    while days.count_due(seconds=60):
        pass


@contextmanager
def _indexes_afterwards(cursor: Any, table: str) -> Iterator[None]:
    """Take the indexes off a table and make them anew in the end, which is many times faster than filling them."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)",
        [table],
    )
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    yield
    for _name, definition in indexes:
        cursor.execute(definition)


def _scan(pk: int, model: type[Model], state: _State, result: DetectionResult) -> ImageScan:
    now = timezone.now()
    columns, _image = state
    finished = columns["status"] not in (Status.QUEUED, Status.SUBMITTED)
    return ImageScan.objects.create(
        pk=pk,
        content_type=ContentType.objects.get_for_model(model),
        object_id="-1",
        field_name="image" if model is Photo else "front",
        finished_at=now if finished else None,
        notified_at=now if finished else None,
        result=result if columns["status"] == Status.COMPLETED else None,
        **({"spent_as": Spent.RESULT, "credits": 1} if columns["status"] == Status.COMPLETED else {}),
        **columns,
    )


def _image(scan: ImageScan, columns: _Columns | None) -> WatchedImage | None:
    if columns is None:
        return None
    target = {"content_type": scan.content_type, "object_id": str(scan.pk), "field_name": scan.field_name}
    queued_at = timezone.now() if columns["queue"] else None
    return WatchedImage.objects.create(pk=scan.pk, scan=scan, queued_at=queued_at, **target, **columns)


def _multiplication(template: Model, columns: Mapping[str, str], condition: str) -> str:
    """Return the INSERT that copies a row for every number, or for a scan the row of the number's kind."""
    own = "numbered.kind" if isinstance(template, ImageScan | WatchedImage) else template.pk
    names = [str(field.column) for field in template._meta.concrete_fields]
    values = ", ".join(columns.get(name, f'template."{name}"') for name in names)
    table = template._meta.db_table
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM numbered"
        f" JOIN {ImageScan._meta.db_table} AS kind ON kind.id = numbered.kind"
        f" LEFT JOIN {WatchedImage._meta.db_table} AS picture ON picture.id = numbered.kind"
        f" JOIN {table} AS template ON template.id = {own} WHERE {condition}"
    )
