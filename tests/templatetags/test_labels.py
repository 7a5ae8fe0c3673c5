"""Labels on the pages of a site."""

from typing import Any

import pytest
from django.db.models import Model
from django.template import Context, Template

from django_copyleaks_image.models import DetectionResult, ImageScan, WatchedImage
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.publishing import prefetch_standings
from django_copyleaks_image.scanning import finishing
from django_copyleaks_image.standings import Queue, Standing
from tests.admin.scans_to_show import failed, measured_photo
from tests.gallery.models import Listing, Photo, Poster, Sticker
from tests.samples import photo, upload

pytestmark = pytest.mark.django_db


def render(template: str, **context: Any) -> str:
    return Template("{% load copyleaks_image %}" + template).render(Context(context))


def label(instance: Model) -> str:
    return render('{% copyleaks_label instance "image" %}', instance=instance)


def picture_of(scan: ImageScan) -> Photo:
    return Photo.objects.get(pk=scan.object_id)


def test_label__says_what_was_measured_in_a_span_with_classes() -> None:
    scan = measured_photo(detected=False, ai_ratio=0.0, mask=None)
    assert label(picture_of(scan)) == '<span class="copyleaks-label copyleaks-label-no-ai">No AI detected</span>'


@pytest.mark.parametrize(
    ("columns", "kind", "words"),
    [
        ({}, "flagged", "under review"),
        ({"standing": Standing.ESCALATED, "queue": Queue.ESCALATED}, "escalated", "under review"),
        (
            {"standing": Standing.CONFIRMED, "queue": ""},
            "confirmed",
            "confirmed as AI by a moderator",
        ),
        ({"standing": Standing.CLEARED, "queue": ""}, "cleared", "cleared by a moderator"),
    ],
)
def test_label__says_what_was_decided(columns: dict[str, Any], kind: str, words: str) -> None:
    scan = measured_photo(**columns)
    assert label(picture_of(scan)) == (
        f'<span class="copyleaks-label copyleaks-label-partly-ai copyleaks-label-{kind}">'
        f"AI share of the area: 37 %; {words}</span>"
    )


def test_label__of_a_picture_that_needs_no_review_says_no_more_than_the_finding() -> None:
    scan = measured_photo(standing=Standing.CLEAN, queue="")
    assert label(picture_of(scan)).endswith('label-partly-ai">AI share of the area: 37 %</span>')


def test_label__of_what_was_not_measured() -> None:
    not_measured = '<span class="copyleaks-label copyleaks-label-not-measured">Not measured</span>'
    waiting = photo()
    assert label(waiting) == not_measured
    scan = failed(waiting, "too_small", Status.SKIPPED)
    assert label(waiting) == not_measured
    WatchedImage.objects.filter(scan=scan).update(standing=Standing.CLEARED, queue="")
    assert label(waiting).endswith('label-cleared">Not measured; cleared by a moderator</span>')
    WatchedImage.objects.all().delete()
    assert label(waiting) == not_measured


def test_label__of_an_object_without_a_file_is_empty() -> None:
    assert label(Photo.objects.create()) == ""
    assert label(Photo()) == ""


@pytest.mark.parametrize("context", [{}, {"instance": None}])
def test_label__of_what_is_not_there_is_empty(context: dict[str, None]) -> None:
    assert render('{% copyleaks_label instance "image" %}', **context) == ""


def test_label__of_a_mock_says_so_and_only_in_the_sandbox(configure: Any) -> None:
    instance = picture_of(measured_photo(sandbox=True))
    assert "Not measured" in label(instance)
    configure(SANDBOX=True)
    assert "AI share of the area: 37 % (mock result of the sandbox, no evidence); under review" in label(instance)


def test_label__escapes_its_words(monkeypatch: Any) -> None:
    monkeypatch.setattr("django_copyleaks_image.publishing.picture.finding", lambda scan: "<b>37 %</b>")
    assert "&lt;b&gt;37 %&lt;/b&gt;; under review" in label(picture_of(measured_photo()))


def test_standing__is_an_object_to_ask() -> None:
    template = (
        '{% copyleaks_standing instance "image" as stands %}'
        "{{ stands.verdict }} {{ stands.decision.label }} {{ stands.is_hidden }} {{ stands.ai_share }}"
    )
    scan = measured_photo(standing=Standing.CLEARED, queue="")
    assert render(template, instance=picture_of(scan)) == "partly_ai Cleared (false alarm) False 0.37"


def test_labels_of_a_list__cost_one_query(django_assert_num_queries: Any) -> None:
    for number in range(10):
        measured_photo(f"{number}.jpg")
    photo("waiting")
    with django_assert_num_queries(2):
        objects = prefetch_standings(Photo.objects.order_by("pk"), "image")
        page = render('{% for it in objects %}{% copyleaks_label it "image" %}{% endfor %}', objects=objects)
    assert page.count("AI share of the area: 37 %") == 10
    assert page.count("Not measured") == 1


@pytest.mark.parametrize(("model", "key"), [(Poster, {}), (Sticker, {"code": "smiley 7"})])
def test_labels_of_a_list__work_with_uuid_and_text_keys(
    model: Any, key: dict[str, str], watch: Any, django_assert_num_queries: Any
) -> None:
    watch(model, "file")
    model.objects.create(file=upload(), **key)
    scan = ImageScan.objects.get()
    assert finishing.complete(scan, DetectionResult.objects.create(is_ai_detected=False))
    [listed] = prefetch_standings(model.objects.all(), "file")
    with django_assert_num_queries(0):
        assert "No AI detected" in render('{% copyleaks_label it "file" %}', it=listed)


def test_labels_of_a_list__of_several_fields(watch: Any, django_assert_num_queries: Any) -> None:
    watch(Listing, "front")
    watch(Listing, "back")
    Listing.objects.create(front=upload())
    Listing.objects.create(front=upload(), back=upload())
    with django_assert_num_queries(2):
        listed = prefetch_standings(Listing.objects.order_by("pk"), "front", "back")
        pages = [render('{% copyleaks_label it "front" %}{% copyleaks_label it "back" %}', it=it) for it in listed]
    assert [page.count("Not measured") for page in pages] == [1, 2]


def test_prefetched_scans__say_nothing_about_a_file_that_came_since() -> None:
    scan = measured_photo(detected=False, ai_ratio=0.0)
    [listed] = prefetch_standings([picture_of(scan)], "image")
    listed.image = "photos/another.jpg"
    assert "Not measured" in label(listed)


def test_prefetch__of_nothing_asks_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert prefetch_standings([], "image") == []
        assert prefetch_standings([unsaved := Photo()], "image") == [unsaved]
