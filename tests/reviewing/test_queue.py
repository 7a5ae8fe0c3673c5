"""What waits for whom, and in which order it is given out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.reviewing import claims, decide, queue
from django_copyleaks_image.reviewing.queue import Bookmark, Order, Selection, Taken
from django_copyleaks_image.reviewing.users import AnyUser
from django_copyleaks_image.standings import Kind, Queue
from tests.gallery.models import Listing
from tests.samples import submitted, upload

from .stories import answered, claimed, decided, flagged, image_of, rescan, unmeasured, without_ai

pytestmark = pytest.mark.django_db(transaction=True)


def key(scan: ImageScan) -> int:
    """Return the key of the picture that a scan is about."""
    return image_of(scan).pk


def taken(
    user: AnyUser,
    *,
    want: int = 10,
    besides: tuple[int, ...] = (),
    may_see: Callable[[WatchedImage], bool] = lambda image: True,
    **selection: Any,
) -> list[int]:
    return keys(look(user, want=want, besides=besides, may_see=may_see, **selection))


def look(
    user: AnyUser,
    *,
    want: int = 10,
    besides: tuple[int, ...] = (),
    may_see: Callable[[WatchedImage], bool] = lambda image: True,
    behind: Bookmark | None = None,
    **selection: Any,
) -> Taken:
    def visible(page: list[WatchedImage]) -> list[WatchedImage]:
        return [image for image in page if may_see(image)]

    return queue.take(Selection(**selection), user, want=want, besides=besides, visible=visible, behind=behind)


def keys(found: Taken) -> list[int]:
    return [image.pk for image in found.images]


def several(number: int) -> list[int]:
    """Return the keys of that many pictures at the desk, oldest first; those in the middle have the largest shares."""
    first = image_of(flagged("0.jpg"))
    shared = {it.attname: getattr(first, it.attname) for it in WatchedImage._meta.concrete_fields if not it.unique}
    copies = [WatchedImage(**shared | {"object_id": f"x{place}"}) for place in range(1, number)]
    WatchedImage.objects.bulk_create(copies)
    pks = list(WatchedImage.objects.order_by("pk").values_list("pk", flat=True))
    for place, pk in enumerate(pks):
        WatchedImage.objects.filter(pk=pk).update(
            object_id=f"x{place}",
            queued_at=first.uploaded_at + timedelta(minutes=place),
            ai_share=min(place, number - place) / number,
        )
    return pks


def test_queues__hold_what_belongs_there(ada: Any) -> None:
    review, failed, escalated, _clean = flagged("a.jpg"), unmeasured("b.jpg"), flagged("c.jpg"), without_ai("d.jpg")
    decided(escalated, ada, Kind.ESCALATED)

    for name, scan in ((Queue.REVIEW, review), (Queue.UNMEASURED, failed), (Queue.ESCALATED, escalated)):
        selection = Selection(queue=name)
        assert list(queue.waiting(selection, ada)) == [image_of(scan)]
        assert queue.count(selection, ada) == 1
        assert taken(ada, queue=name) == [key(scan)]


def test_selection__of_a_field(ada: Any, watch: Callable[..., None]) -> None:
    watch(Listing, "front")
    watch(Listing, "back")
    Listing.objects.create(front=upload("a.jpg"), back=upload("b.jpg"))
    front, back = (answered(submitted(scan)) for scan in ImageScan.objects.order_by("-field_name"))
    photo = flagged()
    of_listings = ContentType.objects.get_for_model(Listing)

    assert taken(ada, content_type=of_listings, field_name="back") == [key(back)]
    assert taken(ada, hidden=frozenset([of_listings.pk])) == [key(photo)]
    assert taken(ada) == [key(front), key(back), key(photo)]


def test_sandbox__has_rows_apart(ada: Any) -> None:
    real, mock = flagged("a.jpg"), flagged("b.jpg")
    WatchedImage.objects.same_target(mock).update(sandbox=True)

    assert taken(ada) == [key(real)]
    assert taken(ada, sandbox=True) == [key(mock)]


@pytest.mark.parametrize("want", [1, 45, 60])
def test_oldest_first__over_many_pages(want: int, ada: Any) -> None:
    pks = several(50)

    assert taken(ada, want=want) == pks[:want]


def test_largest_first__over_many_pages(ada: Any) -> None:
    pks = several(50)
    halves = zip(pks[:25:-1], pks[1:25], strict=True)  # The same share on both sides of the middle.

    in_order = [pks[25], *(pk for pair in reversed(list(halves)) for pk in pair), pks[0]]
    assert taken(ada, want=60, order=Order.LARGEST) == in_order


def test_same_moment__over_many_pages(ada: Any) -> None:
    pks = several(50)
    WatchedImage.objects.update(queued_at=timezone.now(), ai_share=0.5)

    assert taken(ada, want=60) == pks
    assert taken(ada, want=60, order=Order.LARGEST) == pks[::-1]


def test_largest_first__what_has_no_share_comes_last_by_age(ada: Any, ben: Any) -> None:
    failed, newer, share = unmeasured("a.jpg"), unmeasured("b.jpg"), flagged("c.jpg")
    for scan in (failed, newer, share):
        decided(scan, ben, Kind.ESCALATED)

    assert taken(ada, queue=Queue.ESCALATED, order=Order.LARGEST) == [key(share), key(failed), key(newer)]


def test_pages__leave_nothing_out_and_repeat_nothing_when_rows_leave_meanwhile(ada: Any, ben: Any) -> None:
    pks = several(50)
    looked_at: list[int] = []

    def see_while_others_decide(image: WatchedImage) -> bool:
        looked_at.append(image.pk)
        if len(looked_at) == 5:
            # Each of them is before the next page: an offset would now skip as many behind it.
            for pk in pks[:5]:
                claims.claim(pk, ben)
        return False

    assert taken(ada, may_see=see_while_others_decide) == []
    assert looked_at == pks


def test_what_a_user_may_not_see__is_left_to_others(ada: Any, ben: Any) -> None:
    hidden, seen = flagged("a.jpg"), flagged("b.jpg")

    assert taken(ada, may_see=lambda image: image.pk != key(hidden)) == [key(seen)]
    assert image_of(hidden).claimed_by is None
    assert taken(ben) == [key(hidden)]


@pytest.mark.parametrize("order", Order)
def test_long_queue__of_what_a_user_may_not_see_is_looked_through_in_several_calls(
    order: Order, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pks = several(45)
    first = WatchedImage.objects.get(pk=pks[0])
    decide.decide(first.pk, user=ada, kind=Kind.SKIPPED, version=first.version)
    seen = taken(ada, want=45, order=order)[-3:]  # The last of those that were not skipped, and the one that was.
    claims.release(pks, ada)
    for name in ("_PAGE", "_LARGER_PAGE", "_LOOKS"):
        monkeypatch.setattr(queue, name, 10)
    shown = {*seen}
    calls: list[Taken] = []
    bookmark: Bookmark | None = None
    while not calls or calls[-1].is_partial:
        calls.append(look(ada, want=2, order=order, may_see=lambda image: image.pk in shown, behind=bookmark))
        bookmark = calls[-1].bookmark
    assert [len(call.images) for call in calls] == [0, 0, 0, 0, 2]
    # What is hidden in front is passed by from now on, and looked at once more when nothing is left behind it.
    shown.add(pks[20])
    found = keys(calls[-1])
    for _ in range(5):
        call = look(ada, besides=tuple(found), order=order, may_see=lambda image: image.pk in shown, behind=bookmark)
        found += keys(call)
        bookmark = call.bookmark
    assert sorted(found) == sorted(shown)


def test_held_by_others__tells_claims_of_others_from_what_is_hidden(ada: Any, ben: Any) -> None:
    scan = flagged()
    assert not queue.is_held_by_others(Selection(), ada)
    claimed(scan, ben)
    assert queue.is_held_by_others(Selection(), ada)
    assert not queue.is_held_by_others(Selection(), ben)
    assert not queue.is_held_by_others(Selection(sandbox=True), ada)
    claimed(scan, ben, minutes=-1)
    assert not queue.is_held_by_others(Selection(), ada)


def test_take__gives_everybody_something_else(ada: Any, ben: Any) -> None:
    pks = several(4)

    assert taken(ada, want=2) == pks[:2]
    assert taken(ben, want=2) == pks[2:]
    assert taken(ben, want=2, besides=tuple(pks[2:])) == []
    assert taken(ada, want=4) == pks[:2]  # What a page that was left holds still.


def test_claim_that_another_was_faster_to_take__is_passed_by(ada: Any, ben: Any) -> None:
    pks = several(2)

    def see_while_another_claims(image: WatchedImage) -> bool:
        if image.pk == pks[0]:
            claims.claim(image.pk, ben)
        return True

    assert taken(ada, may_see=see_while_another_claims) == [pks[1]]


def test_skipped_pictures__come_last_for_who_skipped_them_only(ada: Any, ben: Any) -> None:
    first, second, third = (flagged(f"{name}.jpg") for name in "abc")
    decided(second, ada, Kind.SKIPPED)
    decided(first, ada, Kind.SKIPPED)

    assert taken(ada, want=1) == [key(third)]
    # The one that was skipped longest ago is the next.
    assert taken(ada) == [key(third), key(second), key(first)]
    claims.release([key(first), key(second), key(third)], ada)
    assert taken(ben) == [key(first), key(second), key(third)]


def test_skipped_once_more__comes_after_the_others_that_were_skipped(ada: Any) -> None:
    first, second = flagged("a.jpg"), flagged("b.jpg")
    for scan in (first, second, first):
        decided(scan, ada, Kind.SKIPPED)

    assert taken(ada, order=Order.LARGEST) == [key(second), key(first)]


def test_skipping_undone__is_forgotten(ada: Any) -> None:
    first, second = flagged("a.jpg"), flagged("b.jpg")
    decide.undo(decided(first, ada, Kind.SKIPPED).pk, user=ada)

    assert taken(ada) == [key(first), key(second)]


def test_identical_bytes__are_asked_once(ada: Any) -> None:
    again = answered(rescan(flagged()))

    assert taken(ada) == [key(again)]


def test_count__stops_where_the_exact_number_is_of_no_use(ada: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    several(6)
    two = WatchedImage.objects.filter(object_id__in=["x0", "x1"])
    two.update(queue="second_look", standing="cleared")

    assert queue.count(Selection(), ada) == 6
    monkeypatch.setattr(queue, "COUNTED", 3)
    assert queue.count(Selection(), ada) == 4


def test_count__is_of_what_others_hold_too(ada: Any, ben: Any) -> None:
    claimed(flagged(), ben)

    assert queue.count(Selection(), ada) == 1
    assert taken(ada) == []
