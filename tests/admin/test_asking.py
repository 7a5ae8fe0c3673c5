"""What the addresses of our lists may ask: nothing that the pages do not show, and nothing that a database refuses."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.test import Client

from django_copyleaks_image.admin import asking
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.standings import Kind
from tests.admin.desk_requests import IMAGES, SCANS, ask, decided, next_items
from tests.admin.scans_to_show import measured_photo, pictured, receipt_of
from tests.gallery.models import Photo

LOG = "/admin/copyleaks_image/decision/"
RECEIPTS = "/admin/copyleaks_image/webhookreceipt/"
COMPLETION = "/admin/autocomplete/?app_label=copyleaks_image&model_name=decision&field_name=scan"
LISTS = (IMAGES, f"{IMAGES}export/", SCANS, f"{SCANS}export/", LOG, RECEIPTS)

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(staff: Any) -> Client:
    names = ("view_watchedimage", "view_imagescan", "view_photo", "view_decision", "view_webhookreceipt")
    made: Client = staff(*names, "decide_watchedimage")
    return made


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> ImageScan:
    """The scan of a photo that the host's own admin hides from everybody."""
    photos = site.get_model_admin(Photo)
    monkeypatch.setattr(photos, "has_view_permission", lambda request, obj=None: str(obj) != "secret.jpg")
    scan = measured_photo("secret.jpg", metadata={"issuedBy": "A spy"})
    decided(scan.image, User.objects.create_user("anna"), Kind.CLEARED, note="Whisper")
    return scan


def found(client: Client, address: str, **parameters: str) -> list[Any]:
    response = client.get(address, parameters)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


@pytest.mark.parametrize("term", ["secret", "secret.jpg", "{sha256}", "{scan_id}"])
def test_search__finds_no_object_that_the_user_may_not_view(client: Client, secret: ImageScan, term: str) -> None:
    shown = measured_photo("shown.jpg")
    term = term.format(sha256=secret.sha256, scan_id=secret.scan_id)
    assert found(client, SCANS, q=term) == []
    assert found(client, SCANS, q="shown") == [shown]
    assert len(found(client, SCANS)) == 2
    exported: Any = client.get(f"{SCANS}export/", {"q": term})
    assert secret.scan_id not in b"".join(exported.streaming_content).decode()
    assert client.get(f"{COMPLETION}&term={term}").json()["results"] == []


def test_search__finds_nothing_of_models_that_the_user_may_not_view_at_all(staff: Any) -> None:
    measured_photo("secret.jpg")
    assert found(staff("view_imagescan"), SCANS, q="secret") == []


def test_search__finds_nothing_that_the_rules_of_the_project_hide(client: Client, rule: Callable[..., None]) -> None:
    hidden, shown = measured_photo("hidden.jpg"), measured_photo("shown.jpg")
    rule(may_view=lambda access, model, row=None: row not in (hidden, hidden.image))
    for address, row in ((SCANS, shown), (IMAGES, shown.image)):
        assert found(client, address, q=".jpg") == [row]
        assert "hidden.jpg" not in client.get(address).content.decode()


def test_search__finds_nothing_that_an_admin_of_the_projects_own_hides(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden, shown = measured_photo("hidden.jpg"), measured_photo("shown.jpg")
    scans = site.get_model_admin(ImageScan)
    monkeypatch.setattr(scans, "has_view_permission", lambda request, obj=None: obj != hidden)
    assert found(client, SCANS, q=".jpg") == [shown]


def test_search__looks_at_a_bounded_number(client: Client, secret: ImageScan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LOOKED_AT", 1)
    older, newer = measured_photo("one.jpg"), measured_photo("one.jpg")
    assert older.pk < newer.pk
    assert found(client, SCANS, q="one") == [newer]


def test_log__is_searched_within_the_rules(client: Client, secret: ImageScan) -> None:
    assert found(client, LOG, q="Whisper") == found(client, LOG, q=secret.sha256) == []
    shown = decided(pictured("shown.jpg"), User.objects.get(username="anna"), Kind.CLEARED, note="Whisper")
    assert found(client, LOG, q="Whisper") == [shown]


@pytest.mark.parametrize(
    ("address", "lookup"),
    [
        (SCANS, "file_name__startswith=s"),
        (SCANS, "sha256__startswith=a"),
        (SCANS, "content_key__gt=a"),
        (IMAGES, "ai_share__gt=0"),
        (IMAGES, "version__gt=0"),
        (IMAGES, "sha256__startswith=a"),
        (IMAGES, "scan__file_name__startswith=s"),
        (IMAGES, "decisions__kind=confirmed"),
        (SCANS, "error_message__contains=a"),
        (SCANS, "result__metadata__contains=spy"),
        (SCANS, "receipts__digest__startswith=a"),
        (SCANS, "lease_owner=a"),
        (LOG, "note__startswith=W"),
        (LOG, "sha256__startswith=a"),
        (LOG, "scan__file_name__startswith=s"),
        (LOG, "image__standing=cleared"),
        (LOG, "scan__image__standing=cleared"),
        (LOG, "decided_by__password__startswith=p"),
        (LOG, "agrees=1"),
        (RECEIPTS, "digest__startswith=a"),
        (RECEIPTS, "body__startswith=a"),
        (RECEIPTS, "scan__file_name__startswith=s"),
    ],
)
def test_lookups__written_by_hand_ask_for_nothing_that_is_not_offered(
    client: Client, address: str, lookup: str
) -> None:
    assert client.get(f"{address}?{lookup}").status_code == 400
    assert client.get(f"{address}?{lookup.replace('=', '=%00')}").status_code == 400


def test_lookups__of_what_every_row_shows(client: Client) -> None:
    scan = measured_photo()
    assert found(client, SCANS, object_id=scan.object_id, field_name="image", id__in=str(scan.pk)) == [scan]
    receipt = receipt_of(scan)
    assert found(client, RECEIPTS, scan=str(scan.pk)) == [receipt]


def test_receipt__tells_nothing_of_a_picture_that_the_user_may_not_see(client: Client, secret: ImageScan) -> None:
    receipt, shown = (receipt_of(scan, b'{"issuedBy": "A spy"}') for scan in (secret, measured_photo("shown.jpg")))
    page = client.get(f"{RECEIPTS}{receipt.pk}/change/").content.decode()
    assert "A spy" not in page
    assert "body.json" not in page
    assert "You may not view the object whose picture this is." in page
    assert client.get(f"{RECEIPTS}{receipt.pk}/body.json").status_code == 404
    assert "A spy" in client.get(f"{RECEIPTS}{shown.pk}/change/").content.decode()
    assert client.get(f"{RECEIPTS}{shown.pk}/body.json").status_code == 200


def test_page__tells_nothing_of_the_bytes_of_a_picture_that_the_user_may_not_see(
    client: Client, secret: ImageScan
) -> None:
    same = measured_photo("shown.jpg", sha256=secret.sha256, content_key="k")
    ImageScan.objects.filter(pk=secret.pk).update(content_key="k")
    page = client.get(f"{SCANS}{secret.pk}/change/").content.decode()
    assert secret.sha256 not in page
    assert "Scans of the same bytes elsewhere" not in page
    assert "Scans of the same bytes elsewhere" not in client.get(f"{SCANS}{same.pk}/change/").content.decode()
    assert "A spy" not in page


ODD = (
    "\0",
    "a\0",
    "%00",
    "\ud800",
    "9" * 30,
    "-1",
    "9" * 5_000,
    "x" * 60_000,
    "a " * 999,
    "2026-99-99",
    "é" * 300,
    "[]",
)
PARAMETERS = (
    *("q", "p", "o", "e", "all", "_to_field", "_popup", "id", "id__in", "pk__gt", "scan", "scan__in", "field", "stuck"),
    *(
        "standing",
        "queue",
        "held",
        "uploaded_at__gte",
        "verdict__exact",
        "status__exact",
        "sandbox__exact",
        "created_at__gte",
        "nothing",
    ),
    *("created_at__year", "created_at__isnull", "kind__exact", "decided_at__gte", "outcome__exact", "error_code"),
    *("content_type", "content_type__in", "object_id__iexact", "decided_by", "received_at__lt", "o\0"),
)


@pytest.mark.parametrize("value", ODD, ids=lambda value: ascii(value[:12]))
def test_lists__answer_whatever_is_asked(client: Client, value: str) -> None:
    measured_photo()
    wrong = {}
    for address in LISTS:
        for name in PARAMETERS:
            asked = f"{address}?{quote(name)}={quote(value, errors='surrogatepass')}"
            response = client.get(asked)
            if response.status_code not in (200, 302, 400) or ("\0" in name + value and response.status_code != 400):
                wrong[asked[:80]] = response.status_code
    assert wrong == {}


@pytest.mark.parametrize("value", ODD, ids=lambda value: ascii(value[:12]))
def test_pages__and_the_desk_answer_whatever_is_asked(client: Client, value: str) -> None:
    scan = measured_photo()
    (item,) = next_items(client)
    text = quote(value, errors="surrogatepass")
    for address in (
        f"{SCANS}{text}/change/",
        f"{SCANS}{text}/history/",
        f"{LOG}{text}/change/",
        f"{RECEIPTS}{text}/change/",
        f"{RECEIPTS}{text}/body.json",
        f"{SCANS}rendition/{scan.pk}/{text}/",
        f"{IMAGES}{text}/change/",
        f"{IMAGES}review/?queue={text}&order={text}&field={text}&sandbox={text}",
        f"{SCANS}overview/?sandbox={text}",
        f"{COMPLETION}&term={text}",
    ):
        assert client.get(address).status_code in (200, 301, 302, 400, 404), address[:80]
    plain = value.encode(errors="replace").decode()
    for address in ("next/", "claims/", f"{scan.image.pk}/decide/"):
        ask(client, address, **dict.fromkeys(("queue", "order", "field", "want", "held", "renew", "kind"), plain))
        ask(client, address, kind="cleared", version=plain, reason=plain, note=plain)
    answer = ask(client, f"{scan.image.pk}/decide/", kind="skipped", version=item["version"], note=plain)
    assert answer["decision"]
    for fields in ({"action": plain}, {"action": "confirm_ai", "_selected_action": plain}, {"index": plain}):
        assert client.post(IMAGES, {"_selected_action": scan.image.pk, **fields}).status_code in (200, 302, 400)
