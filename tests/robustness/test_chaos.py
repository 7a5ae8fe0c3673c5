"""The judge of the chaos run: it must find what it is there for, or a clean last line would mean nothing."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from django_copyleaks_image.models import AccountState, Day, ImageScan
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.scanning import account, finishing, ledger, lost_results, paykey, receive
from robustness.chaos import faults
from robustness.chaos.judge import Judgement, judge
from robustness.chaos.plan import Action, steps_of
from tests.gallery.models import Photo
from tests.samples import as_json, detection, only_scan, photo, picture, submitted

pytestmark = pytest.mark.django_db(transaction=True)

# What the result in tests.samples measures, as the emulator would read it from a file name.
TWO_PERCENT = "u00001-ai-02.jpg"


def sent(image: Photo) -> ImageScan:
    """Bring the newest scan of a photo to where its callback is awaited."""
    scan = submitted(ImageScan.objects.filter(object_id=image.pk).latest("pk"))
    with image.image.open() as stored:
        scan.sha256 = hashlib.sha256(stored.read()).hexdigest()
    account.state()
    scan.budget_day = account.reserve_credit(timezone.now().date(), None)
    scan.save(update_fields=["sha256", "budget_day"])
    return scan


def finished(image: Photo) -> ImageScan:
    scan = sent(image)
    receive.deliver(scan, as_json(detection(scan)), Source.WEBHOOK)
    scan.refresh_from_db()
    return scan


def entry(scan: ImageScan, **changes: Any) -> dict[str, Any]:
    """Return what the emulator's ledger says of a scan that went well."""
    usual = {
        "scan_id": scan.scan_id,
        "file_name": scan.file_name,
        "state": "analysed",
        "charged": 1,
        "sha256": scan.sha256,
        "delivered": 1,
    }
    return usual | changes


def judged(*entries: dict[str, Any], kept: tuple[str, ...] = ()) -> dict[str, int]:
    """Return how many findings there are of each kind that has any."""
    judgement: Judgement = judge({"scans": list(entries)}, kept=set(kept))
    return {kind: len(findings) for kind, findings in judgement.kinds().items() if findings}


def test_clean_run__no_findings() -> None:
    scan = finished(photo(TWO_PERCENT))

    assert judged(entry(scan), kept=(TWO_PERCENT,)) == {}


def test_photo_that_is_gone__lost() -> None:
    assert judged(kept=("upload 7",)) == {"lost": 1}


def test_replaced_file_without_a_scan__lost() -> None:
    image = photo(TWO_PERCENT)
    scan = finished(image)
    Photo.objects.filter(pk=image.pk).update(image="photos/another-ai-02.jpg")

    assert judged(entry(scan)) == {"lost": 1}


def test_superseded_scan_of_a_stored_file__lost() -> None:
    image = photo(TWO_PERCENT)
    finishing.supersede(ImageScan.objects.filter(object_id=image.pk), "file_replaced")

    assert judged() == {"lost": 1}


def test_waiting_scan__unfinished() -> None:
    scan = sent(photo(TWO_PERCENT))

    assert judged(entry(scan)) == {"unfinished": 1}


def test_pending_signal__unfinished() -> None:
    scan = finished(photo(TWO_PERCENT))
    ImageScan.objects.update(notified_at=None)

    assert judged(entry(scan)) == {"unfinished": 1}


def test_same_bytes_paid_under_two_ids__paid_twice() -> None:
    first, second = finished(photo(TWO_PERCENT)), finished(photo(TWO_PERCENT))

    assert judged(entry(first), entry(second)) == {"paid_twice": 1}


def test_resubmission_of_a_lost_result__not_paid_twice() -> None:
    image = photo(TWO_PERCENT)
    first = sent(image)
    lost_results.end_or_resubmit(first, "result_lost", "", may_resubmit=True)
    second = finished(image)

    assert judged(entry(first, delivered=0), entry(second)) == {}


def test_resubmission_although_the_result_was_there__paid_twice() -> None:
    image = photo(TWO_PERCENT)
    first = finished(image)
    ImageScan.objects.create(
        content_type=first.content_type,
        object_id=first.object_id,
        field_name=first.field_name,
        file_name=first.file_name,
        resubmission_of=first,
    )
    second = finished(image)

    assert judged(entry(first), entry(second)) == {"paid_twice": 1}


def test_duplicate_that_waited_for_a_lost_resubmission__must_not_pay_as_well() -> None:
    image, duplicate = photo(TWO_PERCENT), photo(TWO_PERCENT)
    ImageScan.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    first = sent(image)
    lost_results.end_or_resubmit(first, "result_lost", "", may_resubmit=True)
    second = sent(image)
    lost_results.end_or_resubmit(second, "result_lost", "", may_resubmit=True)
    books = [entry(scan, delivered=0) for scan in (first, second)]

    assert judged(*books, entry(finished(duplicate))) == {"paid_twice": 1}


def test_uploaded_again_after_all_was_lost__not_paid_twice() -> None:
    image = photo(TWO_PERCENT)
    first = sent(image)
    lost_results.end_or_resubmit(first, "result_lost", "", may_resubmit=True)
    second = sent(image)
    lost_results.end_or_resubmit(second, "result_lost", "", may_resubmit=True)
    books = [entry(scan, delivered=0) for scan in (first, second)]

    assert judged(*books, entry(finished(photo(TWO_PERCENT)))) == {}


def test_result_of_a_replaced_file_that_was_overdue__not_paid_twice(configure: Callable[..., None]) -> None:
    configure(RESULT_DEADLINE=0.001)
    first = sent(photo(TWO_PERCENT))
    Photo.objects.all().delete()
    assert lost_results.give_key_up(ImageScan.objects.get(pk=first.pk))
    second = finished(photo(TWO_PERCENT))

    assert judged(entry(first, delivered=0), entry(second)) == {}


def test_paid_id_of_no_row__paid_twice() -> None:
    scan = finished(photo(TWO_PERCENT))
    assert account.reserve_credit(timezone.now().date(), None)

    assert judged(entry(scan), entry(scan, scan_id="unknown")) == {"paid_twice": 1}


@pytest.mark.parametrize("name", ["u00001-ai-03.jpg", "u00001-ai-00.jpg", "u00001-ai-02-small.jpg"])
def test_result_unlike_the_promise_of_the_name__wrong(name: str) -> None:
    scan = finished(photo(name))

    assert judged(entry(scan)) == {"wrong": 1}


def test_result_of_other_bytes__wrong() -> None:
    scan = finished(photo(TWO_PERCENT))

    assert judged(entry(scan, sha256="f" * 64)) == {"wrong": 1}


def test_other_bytes_stored_than_scanned__wrong() -> None:
    image = photo(TWO_PERCENT)
    scan = finished(image)
    Path(image.image.path).write_bytes(picture(colour="red"))

    assert judged(entry(scan)) == {"wrong": 1}


def test_failure_that_nothing_explains__wrong() -> None:
    scan = sent(photo(TWO_PERCENT))
    finishing.fail(scan, "gave_up")
    account.release_credit(scan)

    assert judged(entry(scan, charged=0)) == {"wrong": 1}


def test_lost_twice__explained_unless_it_was_delivered() -> None:
    image = photo(TWO_PERCENT)
    first = sent(image)
    lost_results.end_or_resubmit(first, "result_lost", "", may_resubmit=True)
    second = sent(image)
    lost_results.end_or_resubmit(second, "result_lost", "", may_resubmit=True)
    books = [entry(scan, delivered=0) for scan in (first, second)]

    assert judged(*books) == {}
    assert judged(books[0], entry(second, delivered=1)) == {"wrong": 1}


def test_credit_that_stays_reserved__wrong() -> None:
    scan = finished(photo(TWO_PERCENT))
    ImageScan.objects.update(budget_day=timezone.now().date())

    assert judged(entry(scan)) == {"wrong": 1}


def test_charged_credit_that_the_budget_does_not_know__wrong() -> None:
    scans = [finished(photo(f"u0000{number}-ai-02.jpg", picture(colour=(number * 90, 0, 0)))) for number in range(2)]
    books = [entry(scan) for scan in scans]
    assert judged(*books) == {}

    AccountState.objects.update(budget_spent=F("budget_spent") - 1)

    assert judged(*books) == {"wrong": 1}


def test_budget_that_was_never_used__wrong() -> None:
    scan = finished(photo(TWO_PERCENT))
    AccountState.objects.all().delete()

    assert judged(entry(scan)) == {"wrong": 1}


def test_budget_of_the_day_after_the_scan__is_not_compared() -> None:
    scan = finished(photo(TWO_PERCENT))
    AccountState.objects.update(budget_reserved=0, budget_day=F("budget_day") + timedelta(days=1))

    assert judged(entry(scan)) == {}


def test_charged_credit_that_the_ledger_does_not_know__wrong() -> None:
    scan = finished(photo(TWO_PERCENT))
    ImageScan.objects.update(credits=None, spent_as="")

    assert judged(entry(scan)) == {"wrong": 1}


def test_credit_of_the_ledger_that_nobody_charged__wrong() -> None:
    scan = finished(photo(TWO_PERCENT))

    assert judged(entry(scan, charged=0)) == {"wrong": 1}


def test_credit_of_a_scan_that_never_left__wrong() -> None:
    finished(photo(TWO_PERCENT))
    ImageScan.objects.update(may_have_arrived=False)

    assert judged(entry(only_scan(), charged=0)) == {"wrong": 1}


def test_day_that_has_other_sums_than_its_scans__wrong() -> None:
    scan = finished(photo(TWO_PERCENT))
    ledger.count_now(timezone.now().date(), timezone.now().date())
    Day.objects.update(rows=2)  # As if one was removed, so that the day keeps what was counted.
    ImageScan.objects.update(credits=3)

    assert judged(entry(scan)) == {"wrong": 1}


def test_second_credit_for_one_id__is_in_no_books() -> None:
    scan = finished(photo(TWO_PERCENT))

    assert judged(entry(scan, charged=2)) == {}


def test_unreadable_result__explained_if_it_was_sent_so() -> None:
    scan = sent(photo(TWO_PERCENT))
    receive.deliver(scan, as_json(detection(scan, isAiDetected="yes")), Source.WEBHOOK)

    assert judged(entry(scan, faults=["gzip", "malformed-types"])) == {}
    assert judged(entry(scan, faults=["gzip"])) == {"wrong": 1}


def test_unreadable_result__explains_the_end_of_a_duplicate() -> None:
    payer, duplicate = sent(photo(TWO_PERCENT)), photo(TWO_PERCENT)
    ImageScan.objects.update(content_key="the same bytes", **paykey.purchase_of_now())
    receive.deliver(payer, as_json(detection(payer, isAiDetected="yes")), Source.WEBHOOK)

    ended = ImageScan.objects.get(object_id=duplicate.pk)
    assert ended.error_code == "unreadable_result"
    assert judged(entry(payer, faults=["malformed-types"])) == {}
    assert judged(entry(payer, faults=[])) == {"wrong": 2}


def test_heatmap_that_was_not_fetched__unfinished() -> None:
    scan = sent(photo(TWO_PERCENT))
    receive.deliver(scan, as_json(detection(scan, heatmap="https://copyleaks.example/1.png")), Source.WEBHOOK)

    assert judged(entry(scan)) == {"unfinished": 1}


def test_faults__are_counted_apart_from_forms() -> None:
    struck = faults.count(
        [
            "12:00:00.000 async    1b2 u00001-ai-02.jpg, try 1",
            "12:00:00.000 async    1b2 u00001-ai-02.jpg, try 2, faults: gzip, heatmap-encoding-url",
            "12:00:00.000 async    1b3 u00002-ai-02.jpg, try 1, faults: heatmap-encoding-url",
            "12:00:00.000 login    - answered 503",
        ]
    )

    assert (struck.requests, struck.spoilt) == (3, 1)
    assert struck.by_name == {"gzip": 1, "heatmap-encoding-url": 2}


def test_plan__follows_from_the_seed() -> None:
    first, again, other = (steps_of(0, uploads=300, seed=seed) for seed in (1, 1, 2))

    assert first == again != other


def test_plan__repeats_bytes_and_dies_between_the_commits() -> None:
    steps = [step for uploader in (0, 1) for step in steps_of(uploader, uploads=1000, seed=1)]
    uploads = [step for step in steps if step.action == Action.UPLOAD]
    contents = {(step.file.image_format, step.file.colour, step.file.mark, step.file.side) for step in uploads}

    assert len(uploads) == 1000
    assert 70 < 1000 - len(contents) < 130
    assert any(step.dies for step in uploads)
    assert {step.action for step in steps} == set(Action)
