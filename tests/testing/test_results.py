"""Results, failures and decisions in one line: the rows that there would be, and the signals."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.dispatch import Signal
from django.test import TestCase

from django_copyleaks_image import signals
from django_copyleaks_image.api import latest_scan, publishable, standing
from django_copyleaks_image.models import ImageScan, WatchedImage, WebhookReceipt
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.reviewing.decide import Refused
from django_copyleaks_image.scanning import submit
from django_copyleaks_image.standings import Queue, Standing
from django_copyleaks_image.testing import CopyleaksResults
from tests.gallery.models import Listing, Photo
from tests.samples import only_scan, photo, picture, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard() -> Iterator[list[tuple[str, Any]]]:
    """The signals that a project hears, with what they are about."""
    told: list[tuple[str, Any]] = []
    connected: list[tuple[Signal, Any]] = []
    for name in ("scan_completed", "scan_failed", "decision_made"):

        def note(*, name: str = name, instance: Any, **_: Any) -> None:
            told.append((name, instance))

        signal = getattr(signals, name)
        signal.connect(note)
        connected.append((signal, note))
    yield told
    for signal, receiver in connected:
        signal.disconnect(receiver)


@pytest.fixture
def moderator() -> Any:
    return get_user_model().objects.create_user("moderator")


def test_measured__judges_the_scan_that_the_upload_has_queued(
    copyleaks_results: CopyleaksResults, heard: list[tuple[str, Any]]
) -> None:
    uploaded = photo("meadow.jpg")

    scan = copyleaks_results.measured(uploaded, "image", ai=0.3)

    assert scan == only_scan() == latest_scan(uploaded, "image")
    assert (scan.status, scan.verdict, scan.credits) == (Status.COMPLETED, "partly_ai", 1)
    assert scan.result is not None
    assert (scan.result.ai_ratio, scan.result.image_width) == (0.3, 640)
    assert scan.result.read_mask().starts
    assert WatchedImage.objects.get().standing == Standing.FLAGGED
    assert WebhookReceipt.objects.get().outcome == "applied"
    assert heard == [("scan_completed", uploaded)]


@pytest.mark.parametrize(
    ("ai", "verdict", "shown"), [(0.0, "no_ai", True), (0.2, "partly_ai", False), (1.0, "mostly_ai", False)]
)
def test_measured__has_the_verdict_of_the_share(
    ai: float, verdict: str, shown: bool, copyleaks_results: CopyleaksResults
) -> None:
    uploaded = photo()

    assert copyleaks_results.measured(uploaded, ai=ai).verdict == verdict

    assert publishable(Photo.objects.all(), "image").exists() is shown


def test_measured__once_more_counts_and_keeps_no_decision_from_being_asked_for(
    copyleaks_results: CopyleaksResults, moderator: Any
) -> None:
    uploaded = photo()
    copyleaks_results.decided(uploaded, "cleared", by=moderator)

    copyleaks_results.measured(uploaded, ai=0.0)

    assert ImageScan.objects.count() == 2
    assert standing(uploaded, "image").standing == Standing.CLEARED


@pytest.mark.parametrize("content", [b"", b"no picture", picture("GIF", size=(1, 1))])
def test_measured__takes_any_bytes(content: bytes, copyleaks_results: CopyleaksResults) -> None:
    scan = copyleaks_results.measured(photo("tiny.gif", content or b"."), ai=0.5)

    assert (scan.width, scan.height, scan.image_format) == (1000, 800, "GIF")


def test_measured__needs_no_file_in_the_storage(copyleaks_results: CopyleaksResults) -> None:
    made = Photo.objects.create(title="made", image="photos/nowhere.jpg")

    assert copyleaks_results.measured(made, ai=0.6).verdict == "mostly_ai"


def test_measured__says_nothing_of_where_and_something_of_the_origin(copyleaks_results: CopyleaksResults) -> None:
    scan = copyleaks_results.measured(photo(), ai=0.4, says_where=False, credentials=True)

    assert scan.result is not None
    assert (scan.result.mask_runs, scan.result.metadata["appOrDeviceUsed"]) == (0, "ChatGPT")


def test_same_bytes__have_results_of_their_own(copyleaks_results: CopyleaksResults) -> None:
    first, second = photo("a.jpg"), photo("b.jpg")

    assert copyleaks_results.measured(first, ai=0.9).verdict == "mostly_ai"
    assert copyleaks_results.measured(second, ai=0.0).verdict == "no_ai"


def test_switched_off__results_are_given_all_the_same(
    copyleaks_results: CopyleaksResults, configure: Callable[..., None], moderator: Any
) -> None:
    configure(ENABLED=False)
    uploaded = photo()

    copyleaks_results.measured(uploaded, ai=0.7)
    uploaded.image.save("other.jpg", upload())
    copyleaks_results.decided(uploaded, "confirmed", by=moderator)

    assert [scan.file_name for scan in ImageScan.objects.order_by("pk")][1] == uploaded.image.name
    assert standing(uploaded, "image").standing == Standing.CONFIRMED


def test_no_dispatcher__is_woken(
    copyleaks_results: CopyleaksResults, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(submit, "work_on_one", woken.append)
    uploaded = photo()
    configure(DISPATCHER="django_copyleaks_image.dispatch.inline", API_URL="http://127.0.0.1:1")

    copyleaks_results.measured(uploaded, ai=0.9)
    copyleaks_results.measured(uploaded, ai=0.9)

    assert set(ImageScan.objects.values_list("status", flat=True)) == {Status.COMPLETED}
    assert woken == []


@pytest.mark.parametrize(
    ("code", "status", "queue"),
    [
        ("result_lost", Status.FAILED, Queue.UNMEASURED),
        ("image_quality_too_low", Status.FAILED, Queue.UNMEASURED),
        ("too_small", Status.SKIPPED, Queue.UNMEASURED),
        ("no_picture", Status.SKIPPED, Queue.NONE),
        ("missing_file", Status.SKIPPED, Queue.UNMEASURED),
        ("77", Status.FAILED, Queue.UNMEASURED),
    ],
)
def test_failed__ends_as_the_code_does(
    code: str, status: Status, queue: Queue, copyleaks_results: CopyleaksResults, heard: list[tuple[str, Any]]
) -> None:
    uploaded = photo()

    scan = copyleaks_results.failed(uploaded, code)

    assert (scan.status, scan.error_code) == (status, code)
    assert WatchedImage.objects.get().queue == queue
    assert heard == [("scan_failed", uploaded)]


@pytest.mark.parametrize("code", ["", Code.BUDGET_EXHAUSTED, Code.FILE_REPLACED])
def test_failed__refuses_what_ends_no_scan(code: str, copyleaks_results: CopyleaksResults) -> None:
    with pytest.raises(ValueError, match="No scan ends with"):
        copyleaks_results.failed(photo(), code)


def test_decided__flags_what_has_no_result_yet(
    copyleaks_results: CopyleaksResults, moderator: Any, heard: list[tuple[str, Any]]
) -> None:
    uploaded = photo()

    decision = copyleaks_results.decided(uploaded, "confirmed", by=moderator)

    assert (decision.kind, decision.decided_by, decision.verdict) == ("confirmed", moderator, "mostly_ai")
    assert standing(uploaded, "image").standing == Standing.CONFIRMED
    assert heard == [("scan_completed", uploaded), ("decision_made", uploaded)]


def test_decided__is_about_what_was_measured(copyleaks_results: CopyleaksResults, moderator: Any) -> None:
    uploaded = photo()
    copyleaks_results.failed(uploaded, "result_lost")

    decision = copyleaks_results.decided(uploaded, "escalated", by=moderator)
    assigned = copyleaks_results.decided(uploaded, "assigned", by=moderator, assigned_to=moderator, note="Please look")

    assert (decision.verdict, assigned.assigned_to) == ("", moderator)
    assert ImageScan.objects.count() == 1


def test_decided__names_the_first_reason_where_one_is_asked_for(
    copyleaks_results: CopyleaksResults, moderator: Any, configure: Callable[..., None]
) -> None:
    configure(REVIEW_REASONS=["Other …", "Hands", "Text"])

    assert copyleaks_results.decided(photo(), "cleared", by=moderator).reason == "Hands"
    assert copyleaks_results.decided(photo(), "cleared", by=moderator, reason="Text").reason == "Text"
    with pytest.raises(Refused):
        copyleaks_results.decided(photo(), "cleared", by=moderator, reason="Eyes")


def test_field__is_named_where_a_model_has_several(
    copyleaks_results: CopyleaksResults, watch: Callable[..., None]
) -> None:
    watch(Listing, "front")
    watch(Listing, "back")
    both = Listing.objects.create(front=photo().image, back=photo().image)

    with pytest.raises(ValueError, match=r"the watched fields of gallery.Listing are back, front"):
        copyleaks_results.measured(both)
    assert copyleaks_results.measured(both, "back").field_name == "back"


def test_object_without_a_file__is_refused(copyleaks_results: CopyleaksResults) -> None:
    with pytest.raises(ValueError, match=r"gallery.Photo.image holds no stored file"):
        copyleaks_results.measured(Photo.objects.create(title="empty"))


@pytest.mark.parametrize("ai", [-0.1, 1.1])
def test_share__is_one_of_the_area(ai: float, copyleaks_results: CopyleaksResults) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        copyleaks_results.measured(photo(), ai=ai)


def test_commit__of_the_test_itself_is_left_to_it(copyleaks_results: CopyleaksResults) -> None:
    done = []
    with TestCase.captureOnCommitCallbacks() as callbacks:
        transaction.on_commit(lambda: done.append("own"))
        copyleaks_results.measured(photo(), ai=0.5)

    assert (len(callbacks), done) == (1, [])


@pytest.mark.django_db(transaction=True)
def test_transaction_that_commits__sends_the_signal_once(
    copyleaks_results: CopyleaksResults, heard: list[tuple[str, Any]]
) -> None:
    with transaction.atomic():
        inside = photo()
        copyleaks_results.measured(inside)
    outside = photo()
    copyleaks_results.measured(outside)

    assert heard == [("scan_completed", inside), ("scan_completed", outside)]
