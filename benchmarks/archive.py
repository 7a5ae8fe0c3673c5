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

from django_copyleaks_image.models import Decision, DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.models.decision import Kind
from django_copyleaks_image.models.receipt import Outcome
from django_copyleaks_image.models.scan import Desk, Review, Standing, Status
from django_copyleaks_image.verdicts import Verdict
from tests.gallery.models import Listing, Photo

GOING_ON = 1_000
NEWEST = 100
DAYS = 90

_OURS = (Decision, WebhookReceipt, ImageScan, DetectionResult)
_OVERDUE = timezone.now() - timedelta(days=1)
_NO_AI: dict[str, Any] = {"status": Status.COMPLETED, "verdict": Verdict.NO_AI, "ai_share": 0.0}
_PARTLY: dict[str, Any] = {"status": Status.COMPLETED, "verdict": Verdict.PARTLY_AI, "ai_share": 0.2}
_MOSTLY: dict[str, Any] = {"status": Status.COMPLETED, "verdict": Verdict.MOSTLY_AI, "ai_share": 0.9}
_PENDING = {"review": Review.PENDING, "desk": Desk.REVIEW}
_CONFIRMED = {"review": Review.DECIDED, "decision": Standing.CONFIRMED}
_CLEARED = {"review": Review.DECIDED, "decision": Standing.CLEARED}
_LOST = {"status": Status.FAILED, "error_code": "result_lost"}
_SMALL = {"status": Status.SKIPPED, "error_code": "too_small"}

# What a site has going on, in equal shares.
_GOING_ON: list[dict[str, Any]] = [
    {"status": Status.QUEUED},
    {"status": Status.QUEUED, "next_attempt_at": _OVERDUE},
    {"status": Status.SUBMITTED, "submitted_at": timezone.now()},
    {"status": Status.SUBMITTED, "submitted_at": _OVERDUE},
    {"status": Status.SUPERSEDED, "error_code": "file_replaced"},
    _LOST | {"desk": Desk.UNMEASURED},
    _SMALL | {"desk": Desk.UNMEASURED},
    _PARTLY | _PENDING,
    _MOSTLY | _PENDING,
    _PARTLY | _CONFIRMED | {"desk": Desk.SECOND_LOOK},
    _MOSTLY | {"review": Review.PENDING, "decision": Standing.ESCALATED, "desk": Desk.ESCALATED},
    _PARTLY | _CLEARED,
    _MOSTLY | _CONFIRMED,
    _NO_AI,
    _NO_AI | {"sandbox": True},
    _PARTLY | _PENDING | {"sandbox": True},
]
# What came before, by its share in percent.
_HISTORY: list[dict[str, Any]] = [
    *(75 * [_NO_AI]),
    *(5 * [_PARTLY | _PENDING]),
    *(3 * [_PARTLY | _CLEARED]),
    *(7 * [_PARTLY | _CONFIRMED]),
    *(6 * [_MOSTLY | _CONFIRMED]),
    *(2 * [_LOST]),
    *(2 * [_SMALL]),
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
    "ai_share": "CASE WHEN template.ai_share > 0 THEN 1.0 / (1 + number %% 997) ELSE template.ai_share END",
    "created_at": _CREATED,
    "finished_at": f"CASE WHEN template.finished_at IS NOT NULL THEN {_CREATED} END",
    "result_id": "CASE WHEN template.result_id IS NOT NULL THEN number END",
}
_RECEIPT = {"id": "number", "scan_id": "number", "digest": _HASH, "received_at": _CREATED}
_DECISION = {
    "id": "number",
    "scan_id": "number",
    "sha256": _HASH,
    "kind": "kind.decision",
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
    states: list[tuple[dict[str, Any], type[Model]]] = [
        (state, model) for state in _GOING_ON for model in (Photo, Listing)
    ]
    states += [(state, Photo) for state in _HISTORY]
    kinds = [_scan(-number, model, state, result) for number, (state, model) in enumerate(states, 1)]
    receipt = WebhookReceipt.objects.create(pk=-1, scan=kinds[0], byte_size=0, outcome=Outcome.APPLIED)
    decision = Decision.objects.create(pk=-1, scan=kinds[0], kind=Kind.CONFIRMED, decided_by=decider)
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
            (receipt, _RECEIPT, "kind.result_id IS NOT NULL"),
            (decision, _DECISION, "kind.decision IN ('confirmed', 'cleared')"),
        ):
            with _indexes_afterwards(cursor, template._meta.db_table):
                cursor.execute(_multiplication(template, columns, condition), {"size": size})
        cursor.execute("RESET session_replication_role")
        for statement in connection.ops.sequence_reset_sql(no_style(), [Photo, Listing, *_OURS]):
            cursor.execute(statement)
        for model in (*_OURS, Listing, Photo):
            model._base_manager.filter(pk__lt=0).delete()
        cursor.execute("VACUUM ANALYZE")
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


def _scan(pk: int, model: type[Model], state: Mapping[str, Any], result: DetectionResult) -> ImageScan:
    now = timezone.now()
    finished = state["status"] not in (Status.QUEUED, Status.SUBMITTED)
    return ImageScan.objects.create(
        pk=pk,
        content_type=ContentType.objects.get_for_model(model),
        object_id="-1",
        field_name="image" if model is Photo else "front",
        finished_at=now if finished else None,
        notified_at=now if finished else None,
        result=result if state["status"] == Status.COMPLETED else None,
        **state,
    )


def _multiplication(template: Model, columns: Mapping[str, str], condition: str) -> str:
    """Return the INSERT that copies a row for every number, or for a scan the row of the number's kind."""
    own = "numbered.kind" if isinstance(template, ImageScan) else template.pk
    names = [str(field.column) for field in template._meta.concrete_fields]
    values = ", ".join(columns.get(name, f'template."{name}"') for name in names)
    table = template._meta.db_table
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM numbered"
        f" JOIN {ImageScan._meta.db_table} AS kind ON kind.id = numbered.kind"
        f" JOIN {table} AS template ON template.id = {own} WHERE {condition}"
    )
