"""The project's own column follows the row of the picture, whatever comes between."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from django_copyleaks_image import standing_columns
from django_copyleaks_image.api import publishable, request_scan, withdraw_scan
from django_copyleaks_image.models import Decision, ImageScan, WatchedImage
from django_copyleaks_image.reviewing import decide, placing
from django_copyleaks_image.scanning import filling, finishing, rejudging, restore, sweep
from django_copyleaks_image.standings import Kind, Standing
from tests.gallery.models import LargePostcard, Postcard
from tests.samples import upload
from tests.threads import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _watched(watch: Any) -> None:
    watch(Postcard, "front")
    filling.carry_on()


@pytest.fixture
def ada(django_user_model: Any) -> Any:
    return django_user_model.objects.create_user("ada")


@pytest.fixture
def ben(django_user_model: Any) -> Any:
    return django_user_model.objects.create_user("ben")


@pytest.fixture
def dying(monkeypatch: Any) -> Callable[[], None]:
    """Let the process die between a commit and what it does afterwards."""
    return lambda: monkeypatch.setattr(standing_columns, "_write_due", lambda row, patience: None)


def ended(postcard: Postcard) -> WatchedImage:
    """Let the scan of a postcard end without a result, and return the row of its picture."""
    finishing.fail(ImageScan.objects.select_related("content_type").filter(object_id=postcard.pk).latest("pk"), "E")
    return WatchedImage.objects.select_related("content_type", "scan").get(object_id=postcard.pk)


def posted(model: Any = Postcard) -> WatchedImage:
    """Upload a postcard; nothing is measured of it."""
    return ended(model.objects.create(front=upload()))


def column_of(image: WatchedImage) -> str | None:
    return Postcard.objects.values_list("front_standing", flat=True).get(pk=image.object_id)


def is_right(image: WatchedImage) -> bool:
    now = WatchedImage.objects.get(pk=image.pk)
    return column_of(image) == f"{now.verdict}/{now.standing}:{now.file_name}" and now.column_due_at is None


def fresh(image: WatchedImage) -> WatchedImage:
    return WatchedImage.objects.select_related("content_type", "scan").get(pk=image.pk)


def decided(image: WatchedImage, user: Any, kind: Kind = Kind.CLEARED) -> Decision:
    return decide.decide(image.pk, user=user, kind=kind, version=fresh(image).version)


def shown() -> set[int]:
    return set(publishable(Postcard.objects.all(), "front").values_list("pk", flat=True))


@pytest.mark.parametrize("model", [Postcard, LargePostcard])
def test_every_change__reaches_the_column(model: Any, ada: Any) -> None:
    image = posted(model)
    assert column_of(image) == f"/not_measured:{image.file_name}"
    assert is_right(image)

    decision = decided(image, ada)
    assert column_of(image) == f"/cleared:{image.file_name}"
    assert shown() == {int(image.object_id)}

    decide.undo(decision.pk, user=ada)
    assert column_of(image) == f"/not_measured:{image.file_name}"

    decided(image, ada, Kind.ESCALATED)
    assert column_of(image) == f"/escalated:{image.file_name}"
    assert shown() == set()
    assert is_right(image)


def test_answer_to_a_decision__finds_the_column_written(ada: Any) -> None:
    image = posted()

    with transaction.atomic():  # As in a request of a site with ATOMIC_REQUESTS.
        decided(image, ada)
        assert column_of(image) == f"/not_measured:{image.file_name}"

    assert column_of(image) == f"/cleared:{image.file_name}"


def test_decision_that_is_rolled_back__reaches_nothing(ada: Any) -> None:
    image = posted()

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        decided(image, ada)
        raise ZeroDivisionError

    assert column_of(image) == f"/not_measured:{image.file_name}"
    assert is_right(image)


def test_process_that_dies_after_the_commit__leaves_it_to_the_sweep(ada: Any, dying: Any) -> None:
    image = posted()
    dying()
    decided(image, ada, Kind.CONFIRMED)
    assert column_of(image) == f"/not_measured:{image.file_name}"

    sweep.sweep()

    assert column_of(image) == f"/confirmed:{image.file_name}"
    assert is_right(image)


@pytest.mark.parametrize(
    "change",
    [
        lambda image: withdraw_scan(image.target, "front"),
        lambda image: placing.withdraw(WatchedImage.objects.filter(pk=image.pk)),
        lambda image: request_scan(image.target, "front"),
        lambda image: image.target.front.save("other.jpg", upload("other.jpg")),
    ],
    ids=["withdrawn", "taken from the desk", "asked for", "replaced"],
)
def test_whatever_changes_the_row__makes_the_column_right(change: Any) -> None:
    image = posted()

    change(image)
    sweep.sweep()

    assert is_right(image)


def test_file_that_comes_back_under_its_name__is_not_what_it_was(ada: Any) -> None:
    image = posted()
    decided(image, ada)
    postcard = Postcard.objects.get()
    first = postcard.front.name
    postcard.front.save("other.jpg", upload("other.jpg"))
    assert shown() == set()

    postcard.front = first
    postcard.save()

    assert fresh(image).standing == Standing.WAITING
    assert shown() == set()


def test_file_that_was_removed_and_comes_back_by_an_update__is_not_what_it_was(ada: Any) -> None:
    image = posted()
    decided(image, ada)
    postcard = Postcard.objects.get()
    first = postcard.front.name
    postcard.front = ""
    postcard.save()
    sweep.sweep()

    Postcard.objects.update(front=first)

    assert shown() == set()


@pytest.mark.parametrize("statement", ["UPDATE", "raw"])
def test_file_replaced_without_a_word__counts_at_once_as_not_measured(ada: Any, statement: str) -> None:
    image = posted()
    decided(image, ada)

    if statement == "UPDATE":
        Postcard.objects.update(front="elsewhere.jpg")
    else:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE gallery_postcard SET front = 'elsewhere.jpg'")

    assert shown() == set()
    assert set(publishable(Postcard.objects.all(), "front", unmeasured="show")) == {Postcard.objects.get()}


def test_object_that_is_gone__is_due_no_more(ada: Any, dying: Any) -> None:
    image = posted()
    dying()
    decided(image, ada)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM gallery_postcard")

    sweep.sweep()

    assert fresh(image).column_due_at is None


def test_rows_of_other_models__are_never_due(ada: Any) -> None:
    image = posted()
    WatchedImage.objects.filter(pk=image.pk).update(
        content_type=ContentType.objects.get(app_label="gallery", model="photo"), field_name="image"
    )

    decided(image, ada)
    placing.withdraw(WatchedImage.objects.all())

    assert fresh(image).column_due_at is None


def test_change_during_the_writing__stays_due(ada: Any, dying: Any, monkeypatch: Any) -> None:
    image = posted()
    dying()
    decided(image, ada)

    def changed_after_the_reading(found: Any, **options: Any) -> str:
        monkeypatch.undo()
        dying()
        decided(image, ada, Kind.CONFIRMED)
        return text

    text = f"/cleared:{image.file_name}"
    monkeypatch.setattr(standing_columns, "text_of", changed_after_the_reading)
    if connection.vendor == "sqlite":  # Whoever writes holds everything, so nobody changes the row meanwhile.
        monkeypatch.setattr(standing_columns, "_hold", lambda rows, column: dict(rows.values_list("pk", column)))

    standing_columns.write([fresh(image)])

    assert (column_of(image), fresh(image).column_due_at is None) == (text, False)
    filling.write_due()
    assert column_of(image) == f"/confirmed:{image.file_name}"


def test_object_that_the_project_holds__keeps_nobody_waiting(ada: Any, monkeypatch: Any) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("whoever writes holds everything")
    monkeypatch.setattr(standing_columns, "PATIENCE", 0.2)
    held, free = posted(), posted()
    with _held_by_the_project(held):
        decided(held, ada)
        decided(free, ada)
        filling.write_due()
        assert column_of(held) == f"/not_measured:{held.file_name}"
        assert fresh(held).column_due_at is not None
        assert is_right(free)

    filling.write_due()

    assert is_right(held)


def test_decision__waits_for_a_save_of_the_project(ada: Any) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("whoever writes holds everything")
    image = posted()
    project = _held_by_the_project(image)
    project.__enter__()
    threading.Timer(0.3, project.__exit__, (None, None, None)).start()

    decided(image, ada)

    assert is_right(image)


class _held_by_the_project:  # noqa: N801 - a context manager
    """Holds the row of an object in a transaction of another thread."""

    def __init__(self, image: WatchedImage) -> None:
        self.pk = image.object_id
        self.is_held, self.is_over = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._hold)

    def _hold(self) -> None:
        with transaction.atomic():
            Postcard.objects.filter(pk=self.pk).update(published=True)
            self.is_held.set()
            self.is_over.wait(30)
        connections.close_all()

    def __enter__(self) -> None:
        self.thread.start()
        assert self.is_held.wait(30)

    def __exit__(self, *error: object) -> None:
        self.is_over.set()
        self.thread.join()


def test_two_who_decide_at_once__leave_what_the_row_says(ada: Any, ben: Any) -> None:
    for _ in range(5):
        image = posted()

        def attempt(user: Any, kind: Kind, image: WatchedImage = image) -> None:
            with suppress(decide.Stale):
                decide.decide(image.pk, user=user, kind=kind, version=image.version)

        together(partial(attempt, ada, Kind.CONFIRMED), partial(attempt, ben, Kind.CLEARED))

        assert is_right(image)


def test_deciding_and_undoing_while_others_write_and_save__ends_right(ada: Any) -> None:
    image = posted()

    def decides() -> None:
        for _ in range(6):
            decide.undo(decided(image, ada).pk, user=ada)
        decided(image, ada, Kind.CONFIRMED)

    def writes() -> None:
        for _ in range(20):
            standing_columns.write([fresh(image)])

    def saves() -> None:
        for _ in range(20):
            with transaction.atomic():
                postcard = Postcard.objects.get(pk=image.object_id)
                postcard.published = not postcard.published
                postcard.save()

    together(decides, writes, writes, saves)
    filling.write_due()

    assert column_of(image) == f"/confirmed:{image.file_name}"
    assert is_right(image)


def test_database_of_the_project_that_fails__spoils_no_decision(ada: Any, monkeypatch: Any, caplog: Any) -> None:
    image = posted()

    def fail(*arguments: object) -> None:
        raise DatabaseError("The table of the project is gone.")

    monkeypatch.setattr(standing_columns, "_hold", fail)
    decided(image, ada)
    filling.write_due()

    assert fresh(image).standing == Standing.CLEARED
    assert fresh(image).column_due_at is not None
    assert "The table of the project is gone." in caplog.text


def test_restored_database__is_believed_only_after_the_columns_were_filled_anew(ada: Any) -> None:
    image = posted()
    decided(image, ada)
    WatchedImage.objects.update(standing=Standing.CONFIRMED, standing_since=timezone.now() - timedelta(days=1))
    assert shown() == {int(image.object_id)}

    restore.hold()

    assert shown() == set()
    filling.carry_on()
    assert shown() == set()
    assert column_of(image) == f"/confirmed:{image.file_name}"


def test_changed_thresholds__change_the_column(configure: Callable[..., None]) -> None:
    image = posted()
    flagged = {"standing": "flagged", "queue": "review", "queued_at": timezone.now(), "verdict": "partly_ai"}
    WatchedImage.objects.filter(pk=image.pk).update(ai_share=0.4, **flagged)
    standing_columns.write([fresh(image)])
    configure(REVIEW_AREA=0.9)

    assert list(rejudging.rejudge()) == [True]

    assert (is_right(image), fresh(image).standing) == (True, "clean")
