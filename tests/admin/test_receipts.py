import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from django_copyleaks_image.admin.receipts import SHOWN_CHARACTERS, body_to_show
from django_copyleaks_image.models import DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import Outcome
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import addresses, finishing
from django_copyleaks_image.scanning.erasure import erase_due
from tests.admin.inline_code import inline_code
from tests.admin.scans_to_show import failed, measured_photo, receipt_of, scan_of
from tests.gallery.models import Photo
from tests.samples import as_json, detection, photo

RECEIPTS = "/admin/copyleaks_image/webhookreceipt/"

pytestmark = pytest.mark.django_db


def test_list__reads_no_body(moderator: Client) -> None:
    receipt_of(measured_photo(), outcome=Outcome.UNREADABLE)
    with CaptureQueriesContext(connection) as captured:
        response = moderator.get(RECEIPTS)
    assert "Not understood" in response.content.decode()
    statements = " ".join(query["sql"] for query in captured)
    assert '"deliveries"' in statements or "`deliveries`" in statements
    assert '"body"' not in statements
    assert "`body`" not in statements
    assert inline_code(response) == []


def test_list__costs_the_same_number_of_queries_for_3_and_20_rows(moderator: Client) -> None:
    scan = measured_photo()

    def queries(rows: int) -> int:
        for number in range(rows):
            receipt_of(scan, b"%d of %d" % (number, rows))
        with CaptureQueriesContext(connection) as captured:
            moderator.get(RECEIPTS)
        return len(captured)

    queries(1)
    assert queries(2) == queries(17)


def test_page__shows_the_body_indented_and_escaped(moderator: Client) -> None:
    body = as_json({"isAiDetected": True, "note": "<script>alert(1)</script>", "word": "café"})
    receipt = receipt_of(measured_photo(), body)
    response = moderator.get(f"{RECEIPTS}{receipt.pk}/change/")
    page = response.content.decode()
    assert escape('{\n  "isAiDetected": true,') in page
    assert "<script>alert" not in page
    assert "café" in page
    assert inline_code(response) == []


@pytest.mark.parametrize("body", ['{"error": {"message": "Cannot call %s."}}', '"%s"', "Cannot call %s"])
def test_page__shows_no_token_that_the_provider_quotes(moderator: Client, body: str) -> None:
    scan = measured_photo()
    tokens = (addresses.webhook_token(scan.scan_id), addresses.media_token(scan.scan_id).partition(":")[2])
    quoted = f"/copyleaks/webhook/{scan.scan_id}/{tokens[0]}/ about /media/{scan.scan_id}:{tokens[1]}/a.jpg"
    receipt = receipt_of(scan, (body % quoted).encode(), Outcome.MALFORMED)
    page = moderator.get(f"{RECEIPTS}{receipt.pk}/change/").content.decode()

    assert f"{scan.scan_id}:[hidden]" in page
    assert [token for token in tokens if token in page] == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "' + b"x" * 30_000 + b'"}',
        b'{"a": "' + b"x" * 30_000,
        b"\xff" * 30_000,
        json.dumps({f"key {number}": number for number in range(10_000)}).encode(),
        b"[" * 100_000,
        b"[" * 900 + b"]" * 900,
        b"{" + b" " * 5_000_000 + b"}",
        b'{"half": "\\ud800"}',
    ],
    ids=["long text", "cut short", "no text", "many keys", "too deep", "deep", "large", "half a surrogate"],
)
def test_page__shows_any_body_within_bounds(moderator: Client, body: bytes) -> None:
    receipt = receipt_of(measured_photo(), body, Outcome.MALFORMED)
    assert 0 < len(body_to_show(receipt)) <= SHOWN_CHARACTERS + 1
    assert moderator.get(f"{RECEIPTS}{receipt.pk}/change/").status_code == 200


def test_page__shortens_long_masks(moderator: Client) -> None:
    scan = measured_photo()
    shown = body_to_show(receipt_of(scan, as_json(detection(scan, result={"starts": list(range(5000))}))))
    assert '"… 4997 more"' in shown
    assert "isAiDetected" in shown


def test_download__is_the_body_as_received_and_never_a_page(moderator: Client) -> None:
    receipt = receipt_of(measured_photo(), b"<script>alert(1)</script>", Outcome.MALFORMED)
    response = moderator.get(f"{RECEIPTS}{receipt.pk}/body.json")
    assert response.content == b"<script>alert(1)</script>"
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Content-Disposition"] == f'attachment; filename="receipt-{receipt.pk}.json"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response.headers["Cache-Control"]


def test_download__is_closed_to_whoever_may_not_view_receipts(staff: Any) -> None:
    receipt = receipt_of(measured_photo())
    assert staff("view_imagescan", "view_photo").get(f"{RECEIPTS}{receipt.pk}/body.json").status_code == 404
    assert Client().get(f"{RECEIPTS}{receipt.pk}/body.json").status_code == 302


def test_page__leads_to_the_scan_whoever_may_open_it(staff: Any) -> None:
    receipt = receipt_of(measured_photo())
    address, link = (
        f"{RECEIPTS}{receipt.pk}/change/",
        f'href="/admin/copyleaks_image/imagescan/{receipt.scan_id}/change/"',
    )
    assert link in staff("view_webhookreceipt", "view_imagescan").get(address).content.decode()
    assert link not in staff("view_webhookreceipt").get(address).content.decode()


@pytest.mark.parametrize("outcome", [Outcome.RECEIVED, Outcome.UNREADABLE, Outcome.CONTRADICTS])
def test_replay__applies_what_was_not_understood_or_judged(staff: Any, outcome: Outcome) -> None:
    client = staff("view_webhookreceipt", "change_webhookreceipt", "view_imagescan")
    scan = failed(photo(), "unreadable_result")
    receipt = receipt_of(scan, as_json(detection(scan)), outcome)
    assert 'value="replay"' in client.get(f"{RECEIPTS}{receipt.pk}/change/").content.decode()
    client.post(RECEIPTS, {"action": "replay", "_selected_action": receipt.pk})
    scan.refresh_from_db()
    receipt.refresh_from_db()
    assert scan.status == Status.COMPLETED
    assert receipt.outcome == Outcome.APPLIED
    assert [str(message) for message in client.get(RECEIPTS).context["messages"]] == ["1 replayed: Applied"]


def test_replay__of_a_receipt_that_cannot_be_judged_says_so_and_replays_the_others(
    staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = staff("view_webhookreceipt", "change_webhookreceipt")
    scans = failed(photo("a.jpg"), "unreadable_result"), failed(photo("b.jpg"), "unreadable_result")
    receipts = [receipt_of(scan, as_json(detection(scan)), Outcome.RECEIVED) for scan in scans]
    complete = finishing.complete

    def fail_the_first(scan: ImageScan, result: DetectionResult) -> bool:
        if scan == scans[0]:
            raise ZeroDivisionError
        return complete(scan, result)

    monkeypatch.setattr(finishing, "complete", fail_the_first)

    client.post(RECEIPTS, {"action": "replay", "_selected_action": [receipt.pk for receipt in receipts]})

    told = {(message.level_tag, str(message)) for message in client.get(RECEIPTS).context["messages"]}
    assert told == {("warning", "1 replayed: Received, not judged yet"), ("success", "1 replayed: Applied")}


def test_replay__leaves_the_others_alone(staff: Any) -> None:
    client = staff("view_webhookreceipt", "change_webhookreceipt")
    scan = scan_of(photo())
    receipt = receipt_of(scan, as_json(detection(scan)), Outcome.MALFORMED)
    client.post(RECEIPTS, {"action": "replay", "_selected_action": receipt.pk})
    scan.refresh_from_db()
    assert scan.status == Status.QUEUED
    assert "Left out" in str(next(iter(client.get(RECEIPTS).context["messages"])))


def test_erased_body__is_said_to_be_erased_and_cannot_be_replayed(staff: Any) -> None:
    client = staff("view_webhookreceipt", "change_webhookreceipt")
    scan = failed(photo(), "unreadable_result")
    receipt = receipt_of(scan, as_json(detection(scan)), Outcome.UNREADABLE)
    Photo.objects.get(pk=scan.object_id).delete()
    erase_due(timezone.now())
    page = client.get(f"{RECEIPTS}{receipt.pk}/change/").content.decode()
    assert "The body was erased when the picture was deleted." in page
    assert 'value="replay"' not in page
    assert "body.json" not in page
    client.post(RECEIPTS, {"action": "replay", "_selected_action": receipt.pk})
    receipt.refresh_from_db()
    assert receipt.outcome == Outcome.UNREADABLE


def test_replay__is_closed_to_whoever_may_only_view(moderator: Client) -> None:
    scan = scan_of(photo())
    receipt = receipt_of(scan, as_json(detection(scan)), Outcome.RECEIVED)
    moderator.post(RECEIPTS, {"action": "replay", "_selected_action": receipt.pk})
    scan.refresh_from_db()
    assert scan.status == Status.QUEUED
    assert 'value="replay"' not in moderator.get(f"{RECEIPTS}{receipt.pk}/change/").content.decode()


def test_keys_that_are_not_known__stand_on_receipt_and_overview(moderator: Client) -> None:
    receipt = receipt_of(measured_photo())
    WebhookReceipt.objects.update(unknown_keys="riskScore, <b>summary</b>.confidence")

    page = moderator.get(f"{RECEIPTS}{receipt.pk}/change/").content.decode()
    overview = moderator.get("/admin/copyleaks_image/imagescan/overview/").content.decode()

    assert "Keys that this version does not know" in page
    assert "riskScore, &lt;b&gt;summary&lt;/b&gt;.confidence" in page
    assert (
        "1 of the last 1 answers of the provider has keys that this version does not know: riskScore, &lt;b" in overview
    )
