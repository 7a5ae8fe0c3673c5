"""What a site may show: by querysets of every kind of key, for one object, and for lists of them."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import Model, Q
from django.utils import timezone

from django_copyleaks_image.models import DetectionResult, ImageScan, WatchedImage
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.publishing import (
    filter_by_picture,
    prefetch_standings,
    publishable,
    standing,
    with_standing,
)
from django_copyleaks_image.registry import column_field, owner_of, picture_field
from django_copyleaks_image.scanning import filling
from django_copyleaks_image.scanning.scan_requests import target_of
from django_copyleaks_image.standings import DECIDED, Queue, Standing
from django_copyleaks_image.verdicts import Verdict
from tests.gallery.models import Listing, Panorama, Photo, Postcard, Poster, ProxyPhoto, Sticker
from tests.samples import photo, picture, upload

pytestmark = pytest.mark.django_db

FIELDS = {Photo: "image", Poster: "file", Sticker: "file", Postcard: "front"}
SINCE = datetime(2026, 11, 30, tzinfo=UTC)


def completed(verdict: Verdict, standing: Standing = Standing.CLEAN, **changes: Any) -> dict[str, Any]:
    return {
        "standing": standing,
        "verdict": verdict,
        "ai_share": 0.0 if verdict is Verdict.NO_AI else 0.37,
    } | changes


def flagged(**changes: Any) -> dict[str, Any]:
    return completed(Verdict.PARTLY_AI, Standing.FLAGGED, queue=Queue.REVIEW, queued_at=SINCE) | changes


def decided(standing: Standing, verdict: Verdict = Verdict.PARTLY_AI, **changes: Any) -> dict[str, Any]:
    return completed(verdict, standing, **changes)


def unmeasured(standing: Standing = Standing.NOT_MEASURED, **changes: Any) -> dict[str, Any]:
    return {"standing": standing} | changes


# The columns of a picture's row, None without one, and what becomes of the picture.
SHOWN = {
    "no AI": completed(Verdict.NO_AI),
    "less AI than a person need see": completed(Verdict.PARTLY_AI),
    "cleared": decided(Standing.CLEARED),
    "cleared, then found to have AI": decided(Standing.CLEARED, queue=Queue.REVIEW, queued_at=SINCE),
    "cleared by eye": unmeasured(Standing.CLEARED),
    "no picture": unmeasured(Standing.NOT_A_PICTURE),
}
HIDDEN = {
    "confirmed": decided(Standing.CONFIRMED),
    "confirmed against the verdict": decided(Standing.CONFIRMED, Verdict.NO_AI),
    "confirmed by eye": unmeasured(Standing.CONFIRMED),
    "escalated": decided(Standing.ESCALATED, queue=Queue.ESCALATED, queued_at=SINCE),
}
FLAGGED = {"flagged": flagged()}
UNMEASURED = {
    "queued": unmeasured(Standing.WAITING),
    "never scanned": None,
    "failed": unmeasured(queue=Queue.UNMEASURED, queued_at=SINCE),
    "a mock": completed(Verdict.NO_AI, sandbox=True),
    "a flagged mock": flagged(sandbox=True),
    "a mock that was cleared": decided(Standing.CLEARED, sandbox=True),
}
ALL: dict[str, dict[str, Any] | None] = {**SHOWN, **HIDDEN, **FLAGGED, **UNMEASURED}


def images_of(instance: Model, field_name: str) -> Any:
    owner = owner_of(picture_field(type(instance), field_name))
    return WatchedImage.objects.for_target(**target_of(owner, instance, field_name, using="default"))


def bring_to(instance: Model, field_name: str, columns: dict[str, Any]) -> WatchedImage:
    """Give a picture a row with these columns, whose scan is the newest one of the object."""
    owner = owner_of(picture_field(type(instance), field_name))
    target = target_of(owner, instance, field_name, using="default")
    scan = ImageScan.objects.for_target(**target).latest("pk")
    if columns.get("verdict"):
        result = DetectionResult.objects.create(
            is_ai_detected=columns["verdict"] != Verdict.NO_AI, ai_ratio=columns["ai_share"], mask_runs=1
        )
        ended = {"status": Status.COMPLETED, "finished_at": timezone.now(), "result": result}
        ImageScan.objects.filter(pk=scan.pk).update(**ended, verdict=columns["verdict"])
    row = {"file_name": scan.file_name, "queue": "", "verdict": "", "ai_share": None, "sandbox": False}
    image, _ = WatchedImage.objects.update_or_create(**target, defaults=row | {"scan": scan} | columns)
    return image


class Maker:
    """Makes objects of a model with one kind of key, whose pictures have rows as the columns say; without any, none."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.field_name = FIELDS[model]

    @property
    def objects(self) -> Any:
        """Return the objects; the column that a model has for the standing says what the rows say."""
        filling.mend(list(WatchedImage.objects.values_list("pk", flat=True)))
        return self.model.objects.all()

    def __call__(self, columns: dict[str, Any] | None) -> Any:
        number = self.model.objects.count()
        instance = Sticker(code=f"sticker-{number}") if self.model is Sticker else self.model()
        getattr(instance, self.field_name).save(f"{number}.jpg", upload())
        if columns is not None:
            bring_to(instance, self.field_name, columns)
        return instance


@pytest.fixture(params=[Photo, Poster, Sticker, Postcard], ids=["integer", "uuid", "text", "column of its own"])
def make(request: Any, watch: Any) -> Maker:
    watch(request.param, FIELDS[request.param])
    filling.carry_on()
    return Maker(request.param)


def test_file_that_is_no_picture__is_hidden_if_the_site_says_so(make: Maker) -> None:
    document, shown = make(unmeasured(Standing.NOT_A_PICTURE)), make(completed(Verdict.NO_AI))

    assert set(publishable(make.objects, make.field_name, not_pictures="hide")) == {shown}
    assert not standing(document, make.field_name).is_publishable(not_pictures="hide")
    assert standing(document, make.field_name).is_publishable()
    assert standing(document, make.field_name).sentence == "Not a picture"


@pytest.mark.parametrize("policy", [{}, {"unmeasured": "show"}, {"flagged": "show"}], ids=str)
def test_publishable__follows_decision_verdict_and_policy(make: Maker, policy: dict[str, Any]) -> None:
    made = {name: make(columns) for name, columns in ALL.items()}
    shown = set(SHOWN)
    if "unmeasured" in policy:
        shown |= {*UNMEASURED}
    if "flagged" in policy:
        shown |= set(FLAGGED)

    found = set(publishable(make.objects, make.field_name, **policy))

    assert {name for name, instance in made.items() if instance in found} == shown
    by_object = {name for name, it in made.items() if standing(it, make.field_name).is_publishable(**policy)}
    assert by_object == shown


def test_with_standing__tells_what_is_known_about_each_picture(make: Maker) -> None:
    made = {name: make(columns) for name, columns in ALL.items()}
    expected = {}
    for name, instance in made.items():
        columns = ALL[name] or {}
        if not columns or columns.get("sandbox"):
            expected[instance.pk] = "", "", None
        else:
            decision = columns["standing"] if columns["standing"] in DECIDED else ""
            expected[instance.pk] = columns.get("verdict", ""), decision, columns.get("ai_share")

    rows = with_standing(make.objects, make.field_name)

    assert {row.pk: (row.copyleaks_verdict, row.copyleaks_decision, row.copyleaks_ai_share) for row in rows} == expected
    for row in prefetch_standings(rows, make.field_name):
        stands = standing(row, make.field_name)
        assert (stands.verdict, stands.decision, stands.ai_share) == expected[row.pk]
    assert set(rows.filter(copyleaks_decision="escalated")) == {made["escalated"]}


@pytest.mark.parametrize(
    "columns",
    [
        {"verdict": "partly_ai"},
        {"verdict__in": ["partly_ai", "mostly_ai"]},
        {"verdict": "partly_ai", "standing__in": ["clean", "confirmed", "flagged"]},
        {"standing": "confirmed"},
        {"standing__in": ["clean", "cleared"]},
        {"ai_share__gt": 0},
    ],
    ids=str,
)
def test_filter_by_picture__finds_what_the_annotations_tell(make: Maker, columns: dict[str, Any]) -> None:
    for each in ALL.values():
        make(each)
    names = {f"copyleaks_{name}": value for name, value in columns.items()}

    found = filter_by_picture(make.objects, make.field_name, **columns)

    assert found.count() > 0
    assert set(found) == set(with_standing(make.objects, make.field_name).filter(**names))
    assert set(filter_by_picture(make.objects, make.field_name, Q(**columns))) == set(found)


def test_filter_by_picture__is_about_the_present_file_of_the_field(watch: Any) -> None:
    watch(Listing, "front")
    watch(Listing, "back")
    present, replaced, back = (Listing.objects.create(front=upload(), back=upload()) for _ in range(3))
    for listing in (present, replaced):
        bring_to(listing, "front", decided(Standing.CONFIRMED))
    bring_to(back, "back", decided(Standing.CONFIRMED))
    Listing.objects.filter(pk=replaced.pk).update(front="elsewhere/other.jpg")

    assert list(filter_by_picture(Listing.objects.all(), "front", standing="confirmed")) == [present]
    assert list(filter_by_picture(Listing.objects.all(), "back", standing="confirmed")) == [back]


@pytest.mark.parametrize("model", [Photo, ProxyPhoto, Panorama])
def test_filter_by_picture__of_proxies_and_children(model: Any) -> None:
    waiting, measured = model.objects.create(image=upload()), model.objects.create(image=upload())
    bring_to(measured, "image", completed(Verdict.NO_AI))

    assert list(filter_by_picture(model.objects.all(), "image", verdict="no_ai")) == [measured]
    assert not filter_by_picture(model.objects.filter(pk=waiting.pk), "image", standing="waiting")


def test_mock__is_a_result_while_the_sandbox_is_on(make: Maker, configure: Any) -> None:
    clean, marked = make(completed(Verdict.NO_AI, sandbox=True)), make(flagged(sandbox=True))
    configure(SANDBOX=True)
    assert list(publishable(make.objects, make.field_name)) == [clean]
    assert set(publishable(make.objects, make.field_name, flagged="show")) == {clean, marked}
    assert with_standing(make.objects, make.field_name).get(pk=marked.pk).copyleaks_verdict == "partly_ai"
    assert standing(marked, make.field_name).is_flagged


def test_object_without_a_file__has_nothing_to_hide(make: Maker) -> None:
    empty = make(decided(Standing.CONFIRMED))
    for nothing in ("",) if make.model in (Photo, Postcard) else ("", None):
        make.objects.update(**{make.field_name: nothing})
        assert list(publishable(make.objects, make.field_name)) == [empty]
        stands = standing(make.objects.get(), make.field_name)
        assert (stands.has_file, stands.is_hidden, stands.sentence) == (False, False, "")
    assert not standing(make.model(), make.field_name).has_file


@pytest.mark.parametrize("policy", [{}, {"unmeasured": "show"}], ids=str)
def test_object_without_the_file_that_it_must_have__is_waiting(policy: dict[str, Any], monkeypatch: Any) -> None:
    monkeypatch.setattr(column_field(Photo, "image").column, "blank", False)
    shown, empty = photo(), Photo.objects.create()
    bring_to(shown, "image", completed(Verdict.NO_AI))

    found = publishable(Photo.objects.all(), "image", **policy)

    assert set(found) == ({shown, empty} if policy else {shown})
    assert [standing(it, "image").is_publishable(**policy) for it in (shown, empty)] == [True, bool(policy)]


def test_file_that_is_not_stored_yet__is_not_measured() -> None:
    unsaved = Photo(image=upload())
    assert standing(unsaved, "image").is_hidden
    assert standing(unsaved, "image").sentence == "Not measured"


def test_other_file__is_not_measured_by_the_scan_of_the_one_before(make: Maker) -> None:
    instance = make(decided(Standing.CLEARED))
    make.objects.filter(pk=instance.pk).update(**{make.field_name: "elsewhere/other.jpg"})
    instance = with_standing(make.objects, make.field_name).get()
    assert (instance.copyleaks_verdict, instance.copyleaks_decision, instance.copyleaks_ai_share) == ("", "", None)
    assert not publishable(make.objects, make.field_name)
    assert standing(instance, make.field_name).scan is None


def test_file_of_a_name_in_other_letters__is_another_file(make: Maker) -> None:
    instance = make(completed(Verdict.NO_AI))
    name = getattr(instance, make.field_name).name
    make.objects.filter(pk=instance.pk).update(**{make.field_name: name.upper()})
    assert not publishable(make.objects, make.field_name)


def test_same_name_overwrite__waits_for_its_own_scan(make: Maker) -> None:
    instance = make(decided(Standing.CLEARED))
    field_file = getattr(instance, make.field_name)
    name = field_file.name
    field_file.storage.delete(name)
    field_file.save(name.rpartition("/")[2], upload(content=picture(colour="red")))

    assert field_file.name == name
    assert not publishable(make.objects, make.field_name)
    assert standing(instance, make.field_name).is_hidden
    assert list(publishable(make.objects, make.field_name, unmeasured="show")) == [instance]


def test_file_that_came_back_without_a_save__is_judged_by_the_present_row_alone(make: Maker) -> None:
    instance = make(completed(Verdict.NO_AI))
    first = getattr(instance, make.field_name).name
    getattr(instance, make.field_name).save("second.jpg", upload(content=picture(colour="red")))
    bring_to(instance, make.field_name, completed(Verdict.NO_AI))
    make.objects.filter(pk=instance.pk).update(**{make.field_name: first})
    assert not publishable(make.objects, make.field_name)


def test_keys__of_other_models_fields_and_letters_are_told_apart(watch: Any) -> None:
    for model, field_name in FIELDS.items():
        watch(model, field_name)
    watch(Listing, "front")
    watch(Listing, "back")
    one = photo()
    listing = Listing.objects.create(pk=one.pk, front=upload(), back=upload())
    sticker = Sticker.objects.create(code=str(one.pk), file=upload())
    bring_to(listing, "front", decided(Standing.CLEARED))
    # Of the same name, so that nothing but the target tells the rows apart.
    WatchedImage.objects.update(file_name=one.image.name)
    Listing.objects.update(front=one.image.name, back=one.image.name)
    Sticker.objects.update(file=one.image.name)

    assert list(publishable(Listing.objects.all(), "front")) == [listing]
    assert not publishable(Listing.objects.all(), "back")
    assert not publishable(Photo.objects.all(), "image")
    assert not publishable(Sticker.objects.all(), "file")
    listing, sticker = Listing.objects.get(), Sticker.objects.get(code=sticker.code)
    assert [standing(listing, name).is_hidden for name in ("front", "back")] == [False, True]
    assert standing(sticker, "file").is_hidden


def test_two_fields_of_a_model__are_annotated_under_two_prefixes(watch: Any) -> None:
    watch(Listing, "front")
    watch(Listing, "back")
    listing = Listing.objects.create(front=upload(), back=upload())
    bring_to(listing, "front", decided(Standing.CONFIRMED))
    rows = with_standing(with_standing(Listing.objects.all(), "front"), "back", prefix="back")
    row: Any = rows.get()
    assert (row.copyleaks_decision, row.copyleaks_verdict) == ("confirmed", "partly_ai")
    assert (row.back_decision, row.back_verdict, row.back_ai_share) == ("", "", None)


@pytest.mark.parametrize("model", [Photo, ProxyPhoto, Panorama])
def test_proxies_and_children__are_asked_by_the_column_of_their_parent(model: Any) -> None:
    Photo.objects.create()
    waiting, shown = model.objects.create(image=upload()), model.objects.create(image=upload())
    bring_to(shown, "image", completed(Verdict.NO_AI))
    rows = publishable(model.objects.exclude(image=""), "image")
    assert list(rows) == [shown]
    assert with_standing(rows, "image").get().copyleaks_verdict == "no_ai"
    assert standing(waiting, "image").is_hidden
    assert not standing(shown, "image").is_hidden


def test_querysets__go_on_being_querysets(make: Maker) -> None:
    shown, hidden = make(decided(Standing.CLEARED)), make(flagged())
    rows = publishable(make.objects, make.field_name)
    assert (rows.count(), rows.exists(), list(rows.values_list("pk", flat=True))) == (1, True, [shown.pk])
    assert set(rows | make.objects.filter(pk=hidden.pk)) == {shown, hidden}
    assert list(make.objects.exclude(pk__in=rows)) == [hidden]
    annotated = with_standing(make.objects, make.field_name).order_by("-copyleaks_ai_share", "copyleaks_decision")
    assert list(annotated) == [hidden, shown]
    assert rows.update(**{make.field_name: ""}) == 1


def test_queryset__can_be_built_where_the_database_must_not_be_asked(django_assert_num_queries: Any) -> None:
    photo()
    with django_assert_num_queries(0):
        rows = with_standing(publishable(Photo.objects.all(), "image", unmeasured="show"), "image")
    with django_assert_num_queries(1):
        assert len(rows) == 1


def test_field__must_be_one_that_holds_files() -> None:
    for ask in (publishable, with_standing):
        with pytest.raises(ImproperlyConfigured, match="is no FileField"):
            ask(Photo.objects.all(), "title")
    with pytest.raises(ImproperlyConfigured, match="no field 'picture'"):
        standing(Photo(), "picture")


@pytest.mark.parametrize("policy", [{"unmeasured": "maybe"}, {"flagged": True}])
def test_policy__is_to_hide_or_to_show(policy: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match='"hide" or to "show"'):
        publishable(Photo.objects.all(), "image", **policy)


@pytest.mark.django_db(databases=["default", "other"])
def test_scans_in_another_database__are_not_asked_for() -> None:
    for rows in (
        publishable(Photo.objects.using("other"), "image"),
        publishable(Photo.objects.all(), "image").using("other"),
        with_standing(Photo.objects.using("other"), "image"),
    ):
        with pytest.raises(ValueError, match="in the database 'default', and this query runs in 'other'"):
            list(rows)


@pytest.mark.django_db(databases=["default", "other"])
def test_objects_in_another_database__are_told_by_a_column_of_their_own(watch: Any) -> None:
    watch(Postcard, "front")
    shown, hidden = (Postcard.objects.using("other").create(front=f"{number}.jpg") for number in range(2))
    with pytest.raises(ValueError, match="or give their model a PictureStandingField"):
        list(publishable(Postcard.objects.using("other"), "front"))
    for postcard, stands in ((shown, Standing.CLEARED), (hidden, Standing.CONFIRMED)):
        WatchedImage.objects.create(
            **target_of(Postcard, postcard, "front", using="other"),
            database="other",
            file_name=str(postcard.front.name),
            standing=stands,
        )

    filling.carry_on()

    assert list(publishable(Postcard.objects.using("other"), "front")) == [shown]
    rows = Postcard.objects.using("other").values_list("front_standing", flat=True).order_by("pk")
    assert list(rows) == ["/cleared:0.jpg", "/confirmed:1.jpg"]


class Replicas:
    """The router of a site whose database "other" is a copy of the first one."""

    def allow_relation(self, *objects: Model, **hints: Any) -> bool:
        return True


@pytest.mark.django_db(databases=["default", "other"])
def test_replica__is_asked_like_the_database_of_the_scans(settings: Any) -> None:
    settings.DATABASE_ROUTERS = [f"{__name__}.Replicas"]
    rows = publishable(Photo.objects.using("other"), "image", unmeasured="show")
    assert list(rows) == []


# Indexes and collations

# How the databases say that the row of a picture is found by the three columns of its target.
PLANS = {
    "sqlite": (
        r"SEARCH V0 USING INDEX sqlite_autoindex_copyleaks_image_watchedimage_\d+ "
        r"\(content_type_id=\? AND object_id=\? AND field_name=\?\)"
    ),
    "postgresql": (
        r"Index Scan.* using copyleaks_image_target on copyleaks_image_watchedimage \"?[Vv]0\"? \([^)]*\) "
        r"Index Cond: \(\(content_type_id = \$\d+\) AND \(\(object_id\)::text = .* AND \(\(field_name\)::text = "
    ),
    "mysql": (
        r'"table_name": "V0", "access_type": "(?:eq_)?ref", .* "key": "copyleaks_image_target", "key_length": "\d+", '
        r'"used_key_parts": \[ ?"content_type_id", "object_id", "field_name" ?\]'
    ),
}


def assert_finds_rows_by_their_index(rows: Any) -> None:
    if connection.vendor == "postgresql":
        # It reads a table of a few rows as a whole, whatever its indexes.
        with connection.cursor() as cursor:
            cursor.execute("SET enable_seqscan = off")
    if connection.vendor == "mysql":
        # Its statistics follow the rows at a moment of its own. This commits, so it needs a transactional test.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE TABLE copyleaks_image_watchedimage")
    plan = json.loads(rows.explain(format="json")) if connection.vendor == "mysql" else rows.explain()
    plan = " ".join(plan.split())
    assert re.search(PLANS[connection.vendor], plan), plan


@pytest.mark.django_db(transaction=True)
def test_rows__are_found_by_the_index_on_their_target(make: Maker) -> None:
    for _ in range(20):
        make(completed(Verdict.NO_AI))
    assert_finds_rows_by_their_index(with_standing(make.objects, make.field_name))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="others join row by row whatever they expect")
def test_page__looks_at_no_more_rows_than_it_passes(watch: Any, monkeypatch: Any) -> None:
    watch(Listing, "front")
    monkeypatch.setattr(column_field(Listing, "front").column, "blank", False)
    content_type = ContentType.objects.get_for_model(Listing)
    listings = Listing.objects.bulk_create(Listing(front=f"listings/{number}.jpg") for number in range(5_000))
    WatchedImage.objects.bulk_create(
        WatchedImage(
            content_type=content_type,
            object_id=str(listing.pk),
            field_name="front",
            file_name=str(listing.front),
            **completed(Verdict.NO_AI),
        )
        for listing in listings
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE gallery_listing, copyleaks_image_watchedimage")

    plan = publishable(Listing.objects.all(), "front").order_by("-pk")[:60].explain()

    assert "copyleaks_image_target" in plan
    assert "Seq Scan" not in plan.replace("Seq Scan on django_content_type", "")


COLLATIONS = {
    "postgresql": ['COLLATE "C"'],
    "mysql": ["COLLATE utf8mb4_bin", "COLLATE utf8mb4_unicode_ci", "CHARACTER SET latin1"],
}.get(connection.vendor, [])
NO_COLLATION = {"postgresql": 'COLLATE "default"', "mysql": ""}


def collate_stickers(collation: str) -> None:
    change = {"postgresql": "ALTER COLUMN {} TYPE {} {}", "mysql": "MODIFY {} {} {}"}[connection.vendor]
    with connection.cursor() as cursor:
        for column, type_ in (("code", "varchar(50)"), ("file", "varchar(100)")):
            cursor.execute(f"ALTER TABLE gallery_sticker {change.format(column, type_, collation)}")


@pytest.fixture
def collation(request: Any, transactional_db: None) -> Iterator[None]:
    """Give the text columns of a model a collation that the scans do not have."""
    collate_stickers(request.param)
    yield
    Sticker.objects.all().delete()
    collate_stickers(NO_COLLATION[connection.vendor])


@pytest.mark.skipif(not COLLATIONS, reason="SQLite compares texts byte by byte unless it is told otherwise")
@pytest.mark.parametrize("collation", COLLATIONS, indirect=True)
@pytest.mark.usefixtures("collation")
def test_text_keys__may_have_a_collation_of_their_own(watch: Any) -> None:
    watch(Sticker, "file")
    stickers = [Sticker.objects.create(code=f"sticker-{number}", file=upload(f"{number}.jpg")) for number in range(20)]
    bring_to(stickers[7], "file", decided(Standing.CLEARED))
    assert list(publishable(Sticker.objects.all(), "file")) == [stickers[7]]
    assert_finds_rows_by_their_index(with_standing(Sticker.objects.all(), "file"))
    Sticker.objects.filter(code="sticker-7").update(file=str(stickers[7].file).upper())
    assert not publishable(Sticker.objects.all(), "file")


@pytest.mark.skipif(connection.vendor != "mysql", reason="only MariaDB thinks by itself that two letters are one")
@pytest.mark.parametrize("collation", ["COLLATE utf8mb4_bin"], indirect=True)
@pytest.mark.usefixtures("collation")
def test_text_keys__that_differ_in_the_case_of_a_letter(watch: Any) -> None:
    watch(Sticker, "file")
    small = Sticker.objects.create(code="a", file=upload("1.jpg"))
    bring_to(small, "file", decided(Standing.CLEARED))
    large = Sticker.objects.create(code="A", file=upload("2.jpg"))
    bring_to(large, "file", decided(Standing.CONFIRMED))
    assert list(publishable(Sticker.objects.all(), "file")) == [small]
    listed = prefetch_standings(Sticker.objects.order_by("file"), "file")
    assert [standing(sticker, "file").decision for sticker in listed] == ["cleared", "confirmed"]
    assert standing(small, "file").decision == "cleared"


@pytest.mark.skipif(connection.vendor != "mysql", reason="only MariaDB knows conditions that are compared with 1")
@pytest.mark.parametrize("model", [Photo, Postcard], ids=["without a column", "with one that is not filled"])
def test_filter_by_picture__finds_the_objects_by_the_images(watch: Any, model: Any) -> None:
    field_name = "image" if model is Photo else "front"
    watch(model, field_name)

    plan = filter_by_picture(model.objects.all(), field_name, standing=Standing.CONFIRMED).explain()

    assert "DEPENDENT SUBQUERY" not in plan, plan


@pytest.mark.skipif(connection.vendor != "mysql", reason="only MariaDB has stored UUIDs in two ways")
def test_uuid_keys__of_a_mariadb_without_a_type_for_them(transactional_db: None, watch: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(connection.features, "has_native_uuid_field", False)
    watch(Poster, "file")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE gallery_poster MODIFY id char(32)")
        try:
            posters = [Poster.objects.create(file=upload(f"{number}.jpg")) for number in range(2)]
            image = bring_to(posters[1], "file", decided(Standing.CLEARED))
            assert image.object_id == posters[1].pk.hex
            assert list(publishable(Poster.objects.all(), "file")) == [posters[1]]
            assert not standing(posters[1], "file").is_hidden
        finally:
            Poster.objects.all().delete()
            cursor.execute("ALTER TABLE gallery_poster MODIFY id uuid")
