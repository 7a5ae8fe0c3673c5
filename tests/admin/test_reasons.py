"""What is stored of a reason, in code and values, is said on the pages in the reader's language."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation
from django.utils.html import escape

from django_copyleaks_image.models import AccountState, ImageScan, WebhookReceipt
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import reason_columns
from django_copyleaks_image.outcomes import Code, in_words
from django_copyleaks_image.problems import Problem, Sentence
from django_copyleaks_image.scanning import circuit, receive
from tests.samples import photo

from .desk_requests import SCANS, next_items
from .drawn_pictures import get_drawn
from .scans_to_show import failed, measured_photo, scan_of

RECEIPTS = "/admin/copyleaks_image/webhookreceipt/"


@pytest.mark.django_db
def test_pages__say_in_the_readers_language_what_is_wrong_with_mask_and_picture(staff: Any) -> None:
    client: Client = staff("view_imagescan", "view_watchedimage", "decide_watchedimage", "view_photo")
    mask, heatmap = Problem.MASK_OUTSIDE(end=500_000, pixels=409_600), Problem.FETCH_NOT_PUBLIC()
    measured_photo(mask=None, mask_problem=mask.stored, heatmap_problem=heatmap.stored)
    empty = Problem.FILE_EMPTY()
    broken = failed(photo("broken.jpg", b"\xff\xd8\xff\xe0garbage"), error_message=empty, error_values=empty.stored)
    with translation.override("de"):
        (item,) = next_items(client)
        answer = get_drawn(client, f"{SCANS}rendition/{broken.pk}/page/")
        page = client.get(f"{SCANS}{broken.pk}/change/").content.decode()
    assert "Die Maske endet bei Pixel 500000, außerhalb der 409600 des Bildes." in item["html"]
    assert escape(in_german(heatmap)) in item["html"]
    assert answer.content.decode() == in_german(Problem.PICTURE_BROKEN(format="JPEG"))
    assert in_german(empty) in page
    assert "The file is empty." not in page


def in_german(sentence: Sentence) -> str:
    with translation.override("de"):
        return in_words(sentence.stored)


@pytest.mark.django_db
@pytest.mark.parametrize("code", [*Code, "code_99", "http_418"])
def test_page_of_a_scan__says_every_reason_in_german(staff: Any, code: str) -> None:
    client: Client = staff("view_imagescan", "view_photo")
    scan = failed(photo(), code)
    ImageScan.objects.filter(pk=scan.pk).update(**reason_columns(code))
    with translation.override("de"):
        page = client.get(f"{SCANS}{scan.pk}/change/").content.decode()
    assert f"<code>{code}</code>" in page
    assert escape(str(reason_columns(code)["error_message"])) not in page


@pytest.mark.django_db
def test_page_of_the_account__says_in_german_why_all_is_held(staff: Any) -> None:
    client: Client = staff("view_accountstate")
    last = Problem.STORAGE_RAISED(error="OSError")
    circuit.open_for(Cause.RESULTS, Code.RESULT_LOST, Problem.ENDED_ALIKE(count=5, why=last))
    with translation.override("de"):
        page = client.get(f"/admin/copyleaks_image/accountstate/{AccountState.SINGLETON}/change/").content.decode()
    assert f"Die letzten 5 Prüfungen endeten gleich: {in_german(last)}" in page
    assert str(last) not in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[]", "Der Inhalt ist JSON, aber kein Objekt."),
        (b'{"surprise": 1}', "Der Inhalt enthält weder ein Urteil noch einen Fehler."),
        (b'{"error": {"code": 14, "message": "No."}}', "Der Anbieter konnte die Datei nicht lesen."),
        (b'{"error": {"code": 99, "message": "No."}}', "Der Anbieter hat mit seinem Fehlercode 99 geantwortet."),
    ],
)
def test_receipt_and_its_scan__say_in_german_what_became_of_it(staff: Any, body: bytes, words: str) -> None:
    client: Client = staff("view_imagescan", "view_webhookreceipt", "view_photo")
    scan = scan_of(photo(), status="submitted", submitted_at=timezone.now(), next_attempt_at=None)
    receive.deliver(scan, body, Source.WEBHOOK)
    receipt = WebhookReceipt.objects.get()
    with translation.override("de"):
        addresses = f"{RECEIPTS}{receipt.pk}/change/", RECEIPTS, f"{SCANS}{scan.pk}/change/"
        pages = [client.get(address).content.decode() for address in addresses]
    assert [words in page for page in pages] == [True] * 3
