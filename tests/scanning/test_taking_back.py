"""A picture is taken back: by ``when=``, at a save or right before the call, by a soft deletion, by the site itself."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from django_copyleaks_image.api import request_scan, standing, withdraw_scan
from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import calls, file_changes, receive, reconcile, submit
from django_copyleaks_image.standings import Queue, Standing
from tests.gallery.models import Listing
from tests.samples import as_json, detection, upload

from .fake_provider import Provider, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("provider")]


@pytest.fixture(autouse=True)
def _only_published(watch: Callable[..., None]) -> None:
    watch(Listing, "front", when=lambda listing: listing.published)


def published() -> Listing:
    return Listing.objects.create(published=True, front=upload())


def taken_down(listing: Listing) -> Listing:
    listing.published = False
    listing.save()
    return listing


def answer(scan: ImageScan) -> str:
    scan = ImageScan.objects.get(pk=scan.pk)
    return receive.deliver(scan, as_json(detection(scan)), Source.WEBHOOK)


def flagged() -> Listing:
    listing = published()
    work()
    assert answer(ImageScan.objects.get()) == Outcome.APPLIED
    assert WatchedImage.objects.get().queue == Queue.REVIEW
    return listing


def test_save_that_takes_down_an_object__ends_its_scan_unpaid(provider: Provider) -> None:
    taken_down(published())
    work()

    assert provider.sent == []
    assert not ImageScan.objects.unfinished().exists()
    assert set(ImageScan.objects.values_list("error_code", flat=True)) == {"not_wanted"}


def test_object_taken_down_without_a_save__is_not_sent(provider: Provider) -> None:
    published()
    Listing.objects.update(published=False)
    work()

    assert provider.sent == []
    assert ImageScan.objects.get().error_code == "not_wanted"


def test_object_taken_down_while_its_turn_is_awaited__is_not_sent(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    published()
    ready = calls.ready_call

    def ready_and_taken_down(*args: object) -> Callable[[], None]:
        call = ready(*args)  # type: ignore[arg-type]
        Listing.objects.update(published=False)
        return call

    monkeypatch.setattr(calls, "ready_call", ready_and_taken_down)
    work()

    assert provider.sent == []
    assert (ImageScan.objects.get().error_code, ImageScan.objects.get().budget_day) == ("not_wanted", None)


def test_measured_picture_that_is_taken_down__leaves_the_desk() -> None:
    listing = taken_down(flagged())

    row = WatchedImage.objects.get()
    assert (row.queue, row.standing) == (Queue.NONE, Standing.NOT_MEASURED)
    assert standing(listing, "front").is_hidden
    saves = ImageScan.objects.count()
    listing.save()
    assert ImageScan.objects.count() == saves


def test_soft_deletion_that_saves_its_own_column_alone__takes_the_picture_from_the_desk(provider: Provider) -> None:
    listing = flagged()
    listing.published = False
    listing.save(update_fields=["published"])
    assert WatchedImage.objects.get().queue == Queue.NONE
    listing.save(update_fields=["published"])
    assert ImageScan.objects.count() == 2

    listing.published = True
    listing.save(update_fields=["published"])
    work()

    assert WatchedImage.objects.get().queue == Queue.REVIEW
    assert len(provider.sent) == 1


def test_soft_deletion_before_the_scan__ends_it(provider: Provider) -> None:
    listing = published()
    listing.published = False
    listing.save(update_fields=["published"])
    work()

    assert provider.sent == []


def test_withdrawn_picture__stays_so_whatever_the_rule_says(provider: Provider) -> None:
    listing = flagged()
    withdraw_scan(listing, "front")
    for listing.published in (False, True):
        listing.save(update_fields=["published"])
        listing.save()

    assert ImageScan.objects.latest("pk").error_code == "withdrawn"


def test_measured_picture_taken_down_without_a_save__leaves_the_desk_at_the_next_look() -> None:
    flagged()
    Listing.objects.update(published=False)

    file_changes.go_round({})

    row = WatchedImage.objects.get()
    assert (row.queue, row.standing) == (Queue.NONE, Standing.NOT_MEASURED)
    file_changes.go_round({})
    assert ImageScan.objects.count() == 2


def test_result_of_a_picture_taken_down_without_a_save__is_not_applied() -> None:
    published()
    work()
    sent = ImageScan.objects.get()
    Listing.objects.update(published=False)

    assert answer(sent) == Outcome.SHARED
    assert not WatchedImage.objects.waiting().exists()


def test_picture_that_is_put_up_again__is_at_the_desk_again_and_not_paid_twice(provider: Provider) -> None:
    listing = taken_down(flagged())
    listing.published = True
    listing.save()
    work()

    row = WatchedImage.objects.get()
    assert (row.queue, row.standing) == (Queue.REVIEW, Standing.FLAGGED)
    assert len(provider.sent) == 1


def test_picture_that_is_put_up_again_without_a_save__is_found_by_the_full_scan(provider: Provider) -> None:
    taken_down(flagged())
    Listing.objects.update(published=True)
    reconcile.reconcile()
    work()

    assert WatchedImage.objects.get().standing == Standing.FLAGGED


def test_result_of_a_picture_taken_down_meanwhile__is_not_applied() -> None:
    listing = published()
    work()
    sent = ImageScan.objects.get()
    taken_down(listing)

    assert answer(sent) == Outcome.SHARED
    assert WatchedImage.objects.filter(queue=Queue.REVIEW).count() == 0


def test_scan_that_somebody_asked_for__is_not_left_to_the_rule(provider: Provider) -> None:
    listing = Listing.objects.create(published=False, front=upload())
    request_scan(listing, "front")
    work()

    assert len(provider.sent) == 1


def test_rule_that_raises__sends_nothing(provider: Provider, watch: Callable[..., None]) -> None:
    published()

    def broken(listing: Listing) -> bool:
        raise RuntimeError("the host's own code")

    watch(Listing, "front", when=broken)
    work()

    assert provider.sent == []
    assert ImageScan.objects.get().error_code == "unforeseen_error"


def test_withdrawn_picture__is_not_sent_and_stays_so(provider: Provider) -> None:
    listing = published()

    assert withdraw_scan(listing, "front")
    listing.save()
    reconcile.reconcile()
    work()

    assert provider.sent == []
    assert ImageScan.objects.latest("pk").error_code == "withdrawn"
    assert not ImageScan.objects.unfinished().exists()


def test_withdrawn_picture__leaves_the_desk_and_can_be_asked_for_again(provider: Provider) -> None:
    listing = flagged()
    assert withdraw_scan(listing, "front")
    assert WatchedImage.objects.get().queue == Queue.NONE

    request_scan(listing, "front")
    work()

    assert WatchedImage.objects.get().queue == Queue.REVIEW
    assert len(provider.sent) == 1


def test_new_file__of_an_object_whose_picture_was_withdrawn__is_scanned(provider: Provider) -> None:
    listing = published()
    withdraw_scan(listing, "front")
    listing.front = upload("another.jpg")
    listing.save()
    work()

    assert len(provider.sent) == 1


def test_object_without_a_file__has_nothing_to_withdraw() -> None:
    assert not withdraw_scan(Listing.objects.create(published=True), "front")
    assert not withdraw_scan(Listing(), "front")
    assert not ImageScan.objects.exists()


def test_scan_that_may_have_been_paid__is_superseded_and_keeps_its_key() -> None:
    published()
    (scan,) = submit.claim(1)
    now = timezone.now()
    ImageScan.objects.update(may_have_arrived=True, sha256="1" * 64, content_key="k", pay_key="k", sent_at=now)
    Listing.objects.update(published=False)
    ImageScan.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    scan.refresh_from_db()
    submit.work_on(scan, sleep=lambda seconds: None)

    found = ImageScan.objects.get()
    assert (found.status, found.error_code, found.pay_key) == (Status.SUPERSEDED, "not_wanted", "k")
