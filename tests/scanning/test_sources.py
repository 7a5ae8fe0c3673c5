"""Pictures that are no files of a field: keys in a storage, addresses, and both within JSON, from save to page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.template import Context, Template
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_copyleaks_image import registry
from django_copyleaks_image.api import (
    filter_by_picture,
    latest_scan,
    prefetch_standings,
    publishable,
    request_scan,
    standing,
    with_standing,
)
from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import addresses, full_scan, prepare, receive, reconcile, stored_files, unmeasured
from django_copyleaks_image.sources import Picture, Several, StorageKey, Url
from tests.admin.desk_requests import next_keys, press
from tests.copyleaks.server import Reply, Server, running
from tests.gallery.models import Document, Drawing, Photo, Product
from tests.samples import as_json, clean, detection, judge, only_scan, photo, picture, submitted
from tests.scanning.fake_provider import Provider, work

pytestmark = pytest.mark.django_db(transaction=True)

Configure = Callable[..., None]


@dataclass(frozen=True)
class Kind:
    """A way in which products name a picture."""

    field: str
    source: Any
    prefix: str = ""

    def columns(self, name: str) -> dict[str, Any]:
        held = f"{self.prefix}{name}" if name else ""
        column, *path = self.field.split("__")
        if not path:
            return {column: held}
        return {column: {"pages": 3, path[0]: {path[1]: held}}}

    def product(self, name: str = "a.jpg") -> Product:
        return Product.objects.create(title=name, **self.columns(name))

    def give(self, product: Product, name: str) -> None:
        for column, value in self.columns(name).items():
            setattr(product, column, value)

    def in_sql(self, product: Product, name: str) -> None:
        Product.objects.filter(pk=product.pk).update(**self.columns(name))


KINDS = {
    "key": Kind("image_key", StorageKey("media")),
    "address": Kind("image_url", Url(), "https://images.example.org/"),
    "key in JSON": Kind("meta__cover__key", StorageKey("media")),
}


@pytest.fixture(autouse=True)
def _storage_of_keys(settings: Any, tmp_path: Path) -> None:
    media = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "bucket"}}
    settings.STORAGES = settings.STORAGES | {"media": media}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, watch: Configure) -> Kind:
    found = KINDS[request.param]
    watch(Product, found.field, source=found.source)
    return found


def statements(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"].split()[0] for query in queries.captured_queries]


def held() -> list[tuple[str, str]]:
    return list(ImageScan.objects.order_by("pk").values_list("status", "file_name"))


def measure(*, ai: bool = False) -> None:
    """Bring every queued scan to its result."""
    for scan in ImageScan.objects.filter(status=Status.QUEUED):
        body = detection(submitted(scan)) if ai else clean(submitted(scan))
        receive.deliver(scan, as_json(body), Source.WEBHOOK)
    judge()


# Saves


def test_new_object__costs_one_insert(kind: Kind) -> None:
    kind.product()  # Fills the cache of content types.
    with CaptureQueriesContext(connection) as queries:
        product = kind.product("b.jpg")

    assert statements(queries) == ["INSERT", "INSERT"]
    scan = ImageScan.objects.latest("pk")
    assert (scan.content_object, scan.field_name, scan.file_name) == (product, kind.field, f"{kind.prefix}b.jpg")


def test_saved_again__costs_one_select(kind: Kind) -> None:
    product = kind.product()
    with CaptureQueriesContext(connection) as queries:
        product.save()

    assert statements(queries) == ["UPDATE", "SELECT"]


@pytest.mark.usefixtures("kind")
def test_save__reads_no_file_and_asks_no_network(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **named: Any) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setattr(type(storages["media"]), "open", refuse)
    monkeypatch.setattr(type(storages["media"]), "exists", refuse)

    kind.product().save()

    assert len(held()) == 1


def test_another_name__takes_the_place_of_the_first(kind: Kind) -> None:
    product = kind.product()
    kind.give(product, "b.jpg")
    product.save()

    assert held() == [(Status.SUPERSEDED, f"{kind.prefix}a.jpg"), (Status.QUEUED, f"{kind.prefix}b.jpg")]


def test_name_that_is_taken_away__ends_the_scan(kind: Kind) -> None:
    product = kind.product()
    kind.give(product, "")
    product.save()

    assert held() == [(Status.SUPERSEDED, "")]


def test_object_without_a_picture__has_no_scan(kind: Kind) -> None:
    kind.product("")
    Product.objects.create()
    Product.objects.create(meta=None)
    Product.objects.create(meta={"cover": None})
    Product.objects.create(meta={"cover": {"key": None}})
    Product.objects.create(meta={"cover": ["key"]})

    assert held() == []


def test_other_columns_saved_alone__are_none_of_ours(kind: Kind) -> None:
    product = kind.product()
    kind.give(product, "b.jpg")
    with CaptureQueriesContext(connection) as queries:
        product.save(update_fields=["title"])

    assert statements(queries) == ["UPDATE"]


def test_name_that_the_database_computes__is_found_by_the_full_scan_at_the_latest(watch: Configure) -> None:
    """Django 6.0 and later are told by some databases what they have computed, before anybody hears of the save."""
    watch(Product, "image_key", source=StorageKey("media"))
    product = Product.objects.create(title="a.jpg", image_key="a.jpg")
    product.image_key = Concat(Value("new/"), F("title"))
    product.save()
    assert held()[-1] in [(Status.QUEUED, "a.jpg"), (Status.QUEUED, "new/a.jpg")]

    full_scan.take_next_steps()

    assert held()[-1] == (Status.QUEUED, "new/a.jpg")


# What no signal told of


def test_backfill_reconciliation_and_full_scan__find_what_was_left_out(kind: Kind) -> None:
    reconcile.reconcile()
    Product.objects.bulk_create([Product(**kind.columns("bulk.jpg")), Product(**kind.columns("")), Product()])
    reconcile.reconcile()
    assert held() == [(Status.QUEUED, f"{kind.prefix}bulk.jpg")]

    kind.in_sql(Product.objects.order_by("pk")[0], "other.jpg")
    full_scan.take_next_steps()
    assert held()[-1] == (Status.QUEUED, f"{kind.prefix}other.jpg")

    ImageScan.objects.all().delete()
    call_command("copyleaks_scan", f"gallery.Product.{kind.field}", "--yes")
    assert held() == [(Status.QUEUED, f"{kind.prefix}other.jpg")]

    kind.in_sql(Product.objects.order_by("pk")[0], "")
    full_scan.take_next_steps()
    assert held() == [(Status.SUPERSEDED, "")]


def test_digits_as_a_key_in_json__stay_text(watch: Configure) -> None:
    watch(Product, "meta__cover", source=StorageKey("media"))
    product = Product.objects.create(meta={"cover": "2024"})
    full_scan.take_next_steps()
    assert held() == [(Status.QUEUED, "2024")]

    measure()
    assert list(publishable(Product.objects.all(), "meta__cover")) == [product]


def test_place_in_a_list_within_json(watch: Configure) -> None:
    watch(Product, "meta__pictures__1", source=StorageKey("media"))
    Product.objects.create(meta={"pictures": ["a.jpg"]})
    product = Product.objects.create(meta={"pictures": ["a.jpg", "b.jpg"]})
    assert held() == [(Status.QUEUED, "b.jpg")]

    measure(ai=True)
    assert list(filter_by_picture(Product.objects.all(), "meta__pictures__1", standing="flagged")) == [product]


# What a site may ask


def test_queryset_object_list_and_label__say_the_same(kind: Kind) -> None:
    flagged = kind.product("flagged.jpg")
    measure(ai=True)
    measured = kind.product("clean.jpg")
    measure()
    replaced = kind.product("old.jpg")
    measure()
    waiting, without, bare = kind.product("waiting.jpg"), kind.product(""), Product.objects.create(meta=None)
    kind.in_sql(replaced, "new.jpg")
    replaced.refresh_from_db()
    everything = {flagged, measured, waiting, without, bare, replaced}

    shown = set(publishable(Product.objects.all(), kind.field))
    assert shown == {measured, without, bare}
    assert {it for it in everything if standing(it, kind.field).is_publishable()} == shown
    loose = set(publishable(Product.objects.all(), kind.field, unmeasured="show"))
    assert loose == everything - {flagged}

    rows: dict[int, Any] = {row.pk: row for row in with_standing(Product.objects.all(), kind.field)}
    listed = prefetch_standings(Product.objects.all(), kind.field)
    for product in listed:
        stands = standing(product, kind.field)
        assert rows[product.pk].copyleaks_standing == stands.standing
    assert rows[flagged.pk].copyleaks_standing == "flagged"
    assert list(filter_by_picture(Product.objects.all(), kind.field, verdict="partly_ai")) == [flagged]

    template = Template(f'{{% load copyleaks_image %}}{{% copyleaks_label product "{kind.field}" %}}')
    assert "AI share of the area: 2.0 %" in template.render(Context({"product": flagged}))
    assert template.render(Context({"product": without})) == ""


def test_scan_is_asked_for__as_of_any_file(kind: Kind) -> None:
    product = kind.product()
    assert request_scan(product, kind.field) == latest_scan(product, kind.field) == only_scan()
    with pytest.raises(ValueError, match="no stored file"):
        request_scan(kind.product(""), kind.field)


def test_admin__shows_column_panel_filters_and_the_object(kind: Kind, admin_client: Client, watch: Configure) -> None:
    product = kind.product("flagged.jpg")
    measure(ai=True)
    changelist = admin_client.get(f"/admin/gallery/product/?copyleaks_{kind.field}_verdict=partly_ai")
    assert list(changelist.context["cl"].result_list) == [product]
    assert "copyleaks-badge-partly-ai" in changelist.content.decode()
    panel = admin_client.get(f"/admin/gallery/product/{product.pk}/change/").content.decode()
    assert "AI share of the area: 2.0 %" in panel
    desk = admin_client.get(f"/admin/copyleaks_image/watchedimage/?field=gallery.Product.{kind.field}")
    assert str(product) in desk.content.decode()
    assert "Product" in admin_client.get("/admin/copyleaks_image/watchedimage/review/").content.decode()


# Bytes


def test_key__is_opened_in_its_storage(watch: Configure, provider: Provider) -> None:
    watch(Product, "image_key", source=StorageKey("media"))
    name = storages["media"].save("a.jpg", ContentFile(picture(size=(700, 600))))
    Product.objects.create(image_key=name)

    work()

    assert (only_scan().status, only_scan().width) == (Status.SUBMITTED, 700)
    assert provider.sent == [only_scan().scan_id]


def test_key__is_made_of_what_the_column_holds(watch: Configure, provider: Provider) -> None:
    prefix = "https://bucket.s3.example.org/"
    watch(Product, "image_url", source=StorageKey("media", key=lambda url: url.removeprefix(prefix)))
    storages["media"].save("a.jpg", ContentFile(picture()))
    Product.objects.create(image_url=f"{prefix}a.jpg")

    work()

    assert (only_scan().status, only_scan().file_name) == (Status.SUBMITTED, f"{prefix}a.jpg")


def test_key_within_json__is_opened_in_its_storage(watch: Configure, provider: Provider) -> None:
    watch(Product, "meta__cover", source=StorageKey("media"))
    storages["media"].save("a.jpg", ContentFile(picture()))
    Product.objects.create(meta={"cover": "a.jpg"})

    work()

    assert only_scan().status == Status.SUBMITTED


@pytest.fixture
def host() -> Iterator[Server]:
    with running(Server()) as server:
        server.answer("/a.jpg", Reply(200, picture(size=(700, 600))))
        yield server


def test_address__is_fetched_and_measured(watch: Configure, provider: Provider, host: Server) -> None:
    watch(Product, "image_url", source=Url(allow_origin=host.url))
    Product.objects.create(image_url=f"{host.url}/a.jpg?size=large")

    work()

    scan = only_scan()
    assert (scan.status, scan.width, scan.image_format) == (Status.SUBMITTED, 700, "JPEG")
    assert addresses.vendor_file_name(scan) == "a.jpg"
    # What is to be compared later is asked before the picture.
    assert [(request.method, request.path) for request in host.requests] == [
        ("HEAD", "/a.jpg?size=large"),
        ("GET", "/a.jpg?size=large"),
    ]


def test_address__is_made_of_what_the_column_holds(watch: Configure, provider: Provider, host: Server) -> None:
    source = Url(address=lambda public_id: f"{host.url}/{public_id}.jpg", allow_origin=host.url)
    watch(Product, "image_key", source=source)
    Product.objects.create(image_key="a")

    work()

    assert (only_scan().status, only_scan().file_name) == (Status.SUBMITTED, "a")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://169.254.169.254/latest/meta-data/", "address_refused"),
        ("https://127.0.0.1/a.jpg", "address_refused"),
        ("http://images.example.org/a.jpg", "address_refused"),
        ("not an address", "address_refused"),
    ],
)
def test_address_of_a_private_network__ends_with_that_reason(
    url: str, code: str, watch: Configure, provider: Provider
) -> None:
    watch(Product, "image_url", source=Url())
    Product.objects.create(image_url=url)

    work()

    assert (only_scan().status, only_scan().error_code) == (Status.SKIPPED, code)
    assert provider.sent == []


def test_fetch_that_fails__is_no_refusal(watch: Configure, host: Server) -> None:
    host.answer("/gone.jpg", Reply(404))
    host.answer("/broken.jpg", Reply(500))
    watch(Product, "image_url", source=Url(allow_origin=host.url))
    found = {}
    for name in ("gone", "broken"):
        Product.objects.create(image_url=f"{host.url}/{name}.jpg")
        with pytest.raises(unmeasured.NotMeasured) as caught:
            prepare.measure(stored_files.stored_file(ImageScan.objects.latest("pk")))
        found[name] = caught.value.code

    assert found == {"gone": "missing_file", "broken": "storage_failed"}


def test_address_with_too_many_bytes__is_too_large(
    watch: Configure, host: Server, monkeypatch: pytest.MonkeyPatch, provider: Provider
) -> None:
    monkeypatch.setattr("django_copyleaks_image.sources.FETCH_BYTES", 1000)
    watch(Product, "image_url", source=Url(allow_origin=host.url))
    Product.objects.create(image_url=f"{host.url}/a.jpg")

    work()

    assert (only_scan().status, only_scan().error_code) == (Status.SKIPPED, "too_large")


@pytest.mark.parametrize("direct", [False, True])
def test_address__is_handed_on_as_it_is_only_where_the_site_says_so(
    direct: bool, watch: Configure, configure: Configure
) -> None:
    watch(Product, "image_url", source=Url(direct=direct))
    Product.objects.create(image_url="https://images.example.org/a.jpg")
    scan = submitted(only_scan())

    url = addresses.media_url(scan, stored_files.stored_file(scan))

    assert (url == "https://images.example.org/a.jpg") is direct
    assert url.startswith("https://photos.example.org/copyleaks/media/") is not direct


def test_media_endpoint__fetches_the_very_bytes_that_were_measured(
    watch: Configure, provider: Provider, host: Server, client: Client
) -> None:
    watch(Product, "image_url", source=Url(allow_origin=host.url))
    Product.objects.create(image_url=f"{host.url}/a.jpg")
    work()
    scan = only_scan()
    path = addresses.endpoint_path("media", addresses.media_token(scan.scan_id), "a.jpg")

    answer = client.get(path)
    assert b"".join(answer.streaming_content) == picture(size=(700, 600))  # type: ignore[attr-defined]
    host.answer("/a.jpg", Reply(200, picture(colour="red")))
    assert client.get(path).status_code == 404


def test_state_of_an_address__changes_with_its_bytes(watch: Configure, host: Server) -> None:
    watch(Product, "image_url", source=Url(allow_origin=host.url))
    Product.objects.create(image_url=f"{host.url}/a.jpg")
    address = stored_files.stored_file(only_scan())
    before = address.state()
    host.answer("/a.jpg", Reply(200, picture(size=(900, 800))))
    assert before not in ("", address.state())

    host.answer("/a.jpg", Reply(405))
    assert address.state() == ""
    host.answer("/a.jpg", Reply(404))
    with pytest.raises(FileNotFoundError):
        address.state()


def test_state_of_a_key__is_that_of_its_file(watch: Configure) -> None:
    watch(Product, "image_key", source=StorageKey("media", key=lambda held: held[::-1]))
    storages["media"].save("gpj.a", ContentFile(picture()))
    Product.objects.create(image_key="a.jpg")

    assert str(len(picture())) in stored_files.stored_file(only_scan()).state()


class ReadsBackwards:
    """A source of a project's own."""

    def problem_with(self, column: Any, path: tuple[str, ...]) -> str:
        return "" if column.name == "image_key" else "it is another one"

    def name_of(self, column: Any, value: Any) -> str:
        return str(value or "")

    def picture(self, column: Any, value: Any, name: str) -> Picture:
        return StorageKey("media", key=lambda held: held[::-1]).picture(column, value, name)


def test_source_of_a_project__needs_three_methods(watch: Configure, provider: Provider) -> None:
    watch(Product, "image_key", source=ReadsBackwards())
    storages["media"].save("gpj.a", ContentFile(picture()))
    Product.objects.create(image_key="a.jpg")

    work()

    assert only_scan().status == Status.SUBMITTED


# Mistakes


def problems() -> list[str]:
    return [str(message.msg) for message in checks.run_checks(databases=[]) if message.id == "copyleaks_image.E007"]


@pytest.mark.parametrize(
    ("model", "field", "source", "words"),
    [
        (Product, "image_key", None, "it is no FileField or ImageField"),
        (Product, "nothing", StorageKey("media"), "has no field 'nothing'"),
        (Product, "image_key", StorageKey("nowhere"), "STORAGES has no entry 'nowhere'"),
        (Product, "image_key__cover", StorageKey("media"), "'image_key' is no JSONField"),
        (Product, "meta", StorageKey("media"), "it is a JSONField: name the value within it"),
        (Product, "id", Url(), "its column holds no text"),
        (Photo, "image", StorageKey("media"), "it is a FileField, which needs no source"),
        (Photo, "image__name", None, "it is no FileField"),
    ],
)
def test_impossible_registration__is_an_error_that_says_why(
    model: Any, field: str, source: Any, words: str, watch: Configure
) -> None:
    watch(model, field, source=source)

    (problem,) = set(problems())  # FIELDS may name the same.
    assert words in problem
    assert f"{model._meta.label}.{field}" in problem


@pytest.mark.parametrize("source", [Url, "media", lambda product: product.image_key])
def test_what_is_no_source__is_refused_at_once(source: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="such as StorageKey"):
        registry.register(Product, "image_key", source=source)


def test_different_sources_of_one_column__are_an_error(watch: Configure) -> None:
    watch(Document, "name", source=StorageKey("media"))
    watch(Drawing, "name", source=StorageKey("default"))

    assert any("different sources" in str(message.msg) for message in checks.run_checks(databases=[]))


def test_key_of_a_model_that_is_watched_no_more__ends_its_scan(watch: Configure, provider: Provider) -> None:
    watch(Product, "image_key", source=StorageKey("media"))
    Product.objects.create(image_key="a.jpg")
    registry.unregister(Product, "image_key")

    work()

    assert (only_scan().status, only_scan().error_code) == (Status.SUPERSEDED, "field_removed")


def test_files_of_fields__go_on_beside_it(watch: Configure) -> None:
    watch(Product, "image_key", source=StorageKey("media"))
    photo()

    assert only_scan().field_name == "image"


# Several pictures of one object


def pages(product: Product) -> dict[str, str]:
    """Name the pages of a catalogue by their numbers."""
    return {str(number): name for number, name in enumerate((product.meta or {})["pages"], 1)}


@pytest.fixture
def catalogue(watch: Configure) -> Callable[..., Product]:
    watch(Product, "pages", source=Several(pages, of=StorageKey("media")))
    return lambda *names: Product.objects.create(title="catalogue", meta={"pages": list(names)})


def told() -> list[tuple[str, str, str]]:
    found = ImageScan.objects.order_by("field_name", "pk").values_list("field_name", "status", "file_name")
    return [(name, status, file_name) for name, status, file_name in found]


QUEUED, SUPERSEDED = Status.QUEUED, Status.SUPERSEDED


def test_several__each_has_a_scan_for_one_insert(catalogue: Callable[..., Product]) -> None:
    catalogue("a.jpg")
    with CaptureQueriesContext(connection) as queries:
        catalogue("b.jpg", "", "c.jpg")

    assert statements(queries) == ["INSERT", "INSERT", "INSERT"]
    assert told()[1:] == [("pages:1", QUEUED, "b.jpg"), ("pages:3", QUEUED, "c.jpg")]


def test_several__saved_again_cost_one_select_together(catalogue: Callable[..., Product]) -> None:
    product = catalogue("a.jpg", "b.jpg", "c.jpg")
    with CaptureQueriesContext(connection) as queries:
        product.save()
    assert statements(queries) == ["UPDATE", "SELECT"]


def test_several__come_change_and_go(catalogue: Callable[..., Product]) -> None:
    product = catalogue("a.jpg", "b.jpg")
    product.meta = {"pages": ["a.jpg", "", "new.jpg"]}
    product.save()
    assert told() == [("pages:1", QUEUED, "a.jpg"), ("pages:2", SUPERSEDED, ""), ("pages:3", QUEUED, "new.jpg")]

    product.meta = {"pages": ["other.jpg"]}
    product.save()
    assert told()[:2] == [("pages:1", SUPERSEDED, "a.jpg"), ("pages:1", QUEUED, "other.jpg")]
    assert told()[-1] == ("pages:3", SUPERSEDED, "")
    with CaptureQueriesContext(connection) as queries:
        product.save()
    assert statements(queries) == ["UPDATE", "SELECT"]

    product.delete()
    assert {(status, name) for _, status, name in told()} == {(SUPERSEDED, "")}


def test_several__whose_function_raises_spoil_no_save(catalogue: Callable[..., Product], caplog: Any) -> None:
    Product.objects.create(meta={}).save()
    assert "the save goes on" in caplog.text
    catalogue("a.jpg")

    full_scan.take_next_steps()
    call_command("copyleaks_scan", "gallery.Product.pages", "--yes")

    assert len(told()) == 1


def test_several__of_which_no_signal_told_are_found(catalogue: Callable[..., Product]) -> None:
    reconcile.reconcile()
    Product.objects.bulk_create([Product(meta={"pages": ["a.jpg", "b.jpg"]})])
    reconcile.reconcile()
    assert told() == [("pages:1", QUEUED, "a.jpg"), ("pages:2", QUEUED, "b.jpg")]

    Product.objects.update(meta={"pages": ["a.jpg", "other.jpg", "c.jpg"]})
    full_scan.take_next_steps()
    assert told()[1:] == [
        ("pages:2", SUPERSEDED, "b.jpg"),
        ("pages:2", QUEUED, "other.jpg"),
        ("pages:3", QUEUED, "c.jpg"),
    ]

    ImageScan.objects.all().delete()
    call_command("copyleaks_scan", "gallery.Product.pages", "--yes")
    assert [name for name, *_ in told()] == ["pages:1", "pages:2", "pages:3"]
    Product.objects.all()._raw_delete("default")
    full_scan.take_next_steps()
    assert {(status, name) for _, status, name in told()} == {(SUPERSEDED, "")}


def test_several__are_measured_judged_and_shown_each(
    catalogue: Callable[..., Product], admin_client: Client, provider: Provider
) -> None:
    for name in ("a.jpg", "b.jpg"):
        storages["media"].save(name, ContentFile(picture(colour="red" if name == "a.jpg" else "blue")))
    product = catalogue("a.jpg", "b.jpg")
    work()
    first, second = ImageScan.objects.order_by("pk")
    assert {first.status, second.status} == {Status.SUBMITTED}
    receive.deliver(first, as_json(detection(first)), Source.WEBHOOK)
    receive.deliver(second, as_json(clean(second)), Source.WEBHOOK)
    judge()

    (product,) = prefetch_standings([product], "pages:1", "pages:2", "pages:3")
    stands = {key: standing(product, f"pages:{key}").standing for key in (1, 2, 3)}
    assert stands == {1: "flagged", 2: "clean", 3: "waiting"}
    assert not standing(product, "pages:3").is_hidden
    assert latest_scan(product, "pages:1") == first
    panel = admin_client.get(f"/admin/gallery/product/{product.pk}/change/").content.decode()
    assert "Pages 1: " in panel
    assert "Pages 2: " in panel
    address = "/admin/copyleaks_image/watchedimage/"
    listed = admin_client.get(f"{address}?field=gallery.Product.pages").content.decode()
    assert "pages:1" in listed
    flagged = WatchedImage.objects.get(field_name="pages:1")
    assert next_keys(admin_client, field="gallery.Product.pages") == [flagged.pk]
    press(admin_client, flagged, "confirmed")
    product.__dict__.pop("_copyleaks_images")
    assert standing(product, "pages:1").is_hidden


def test_several__whose_function_raises_spoil_no_page_of_the_admin(
    catalogue: Callable[..., Product], admin_client: Client
) -> None:
    product = catalogue("a.jpg")
    measure(ai=True)
    Product.objects.update(meta={})

    for page in (
        f"gallery/product/{product.pk}/change/",
        "gallery/product/",
        "copyleaks_image/watchedimage/",
        f"copyleaks_image/watchedimage/{WatchedImage.objects.get().pk}/change/",
        f"copyleaks_image/imagescan/{only_scan().pk}/change/",
    ):
        assert admin_client.get(f"/admin/{page}").status_code == 200


def test_several__whose_function_raises_for_the_worker_wait(
    catalogue: Callable[..., Product], provider: Provider
) -> None:
    catalogue("a.jpg")
    Product.objects.update(meta={})

    work()

    assert (only_scan().status, only_scan().error_code) == (Status.QUEUED, "storage_failed")
    assert "KeyError" in only_scan().error_message
    assert provider.sent == []


@pytest.mark.parametrize("name", ["pages", "pages:1"])
def test_several__cannot_be_asked_in_a_query(name: str, catalogue: Callable[..., Product]) -> None:
    with pytest.raises(ImproperlyConfigured, match="no query can ask"):
        publishable(Product.objects.all(), name)


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("image_key", Several(pages, of=StorageKey("media")), "is a field"),
        ("the pages", Several(pages, of=StorageKey("media")), "none of Python's"),
        ("pages", Several(pages, of=StorageKey("nowhere")), "no entry 'nowhere'"),
    ],
)
def test_several__that_cannot_be_watched(name: str, source: Several, words: str, watch: Configure) -> None:
    watch(Product, name, source=source)

    (problem,) = problems()
    assert words in problem
