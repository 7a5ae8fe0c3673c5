import hashlib
import re
import time

import pytest

from django_copyleaks_image.emulator.pictures import MAX_JPEG_SCANS
from tests.decoding.hostile import scans

from .bodies import assert_consistent
from .client import Client
from .conftest import Start
from .receiver import picture

pytestmark = pytest.mark.sockets


def test_callback_in_the_documented_shape(client: Client) -> None:
    client.submit("ai-37.jpg", scan_id="the-scan", developerPayload="ours")

    (delivery,) = client.receiver.wait()
    body = delivery.json()
    assert delivery.path == "/hook"
    assert delivery.headers["Content-Type"] == "application/json"
    assert list(body) == [
        "model",
        "isAiDetected",
        "result",
        "summary",
        "imageInfo",
        "scannedDocument",
        "developerPayload",
    ]
    assert (body["model"], body["isAiDetected"], body["developerPayload"]) == (
        "ai-image-1-ultra",
        True,
        "ours",
    )
    assert body["imageInfo"] == {"shape": {"height": 512, "width": 640}, "metadata": {}}
    document = body["scannedDocument"]
    assert (document["scanId"], document["actualCredits"], document["expectedCredits"]) == ("the-scan", 1, 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", document["creationTime"])
    assert body["summary"]["ai"] == pytest.approx(0.37, abs=1e-5)
    assert_consistent(body)


@pytest.mark.parametrize(
    ("name", "ai"),
    [
        ("photo.jpg", 0),
        ("ai-0.jpg", 0),
        ("openai-37.jpg", 0),
        ("ai-image.jpg", 0),
        ("ai-0.03.jpg", 0.0003),
        ("holiday ai-0.03_AbC12xY.jpg", 0.0003),
        ("ai-37_AbC12.jpg", 0.37),
        ("AI-99.5.png", 0.995),
        ("ai-100.jpg", 1),
    ],
)
def test_name_decides_the_share(client: Client, name: str, ai: float) -> None:
    client.submit(name)

    body = client.receiver.wait()[0].json()
    assert body["isAiDetected"] is (ai > 0)
    assert body["summary"]["ai"] == pytest.approx(ai, abs=2e-6)
    assert bool(body["result"]["starts"]) is (ai > 0)
    assert_consistent(body)


def test_picture_without_ai_is_wholly_human(client: Client) -> None:
    client.submit()

    body = client.receiver.wait()[0].json()
    assert (body["result"], body["summary"]) == ({"starts": [], "lengths": []}, {"human": 1.0, "ai": 0.0})
    assert isinstance(body["summary"]["ai"], float)


def test_detected_without_a_mask(client: Client) -> None:
    client.submit("nomask.jpg")

    body = client.receiver.wait()[0].json()
    assert body["isAiDetected"] is True
    assert body["result"] == {"starts": [], "lengths": []}


def test_content_credentials(client: Client) -> None:
    client.submit("ChatGPT ai-100.png")

    metadata = client.receiver.wait()[0].json()["imageInfo"]["metadata"]
    assert sorted(metadata) == ["appOrDeviceUsed", "contentSummary", "issuedBy", "issuedTime"]


def test_dimensions_are_those_stored_not_those_shown(client: Client) -> None:
    quarter_turn = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    client.receiver.files["/photo"] = picture(800, 600, "JPEG", exif=quarter_turn)
    client.submit()

    assert client.receiver.wait()[0].json()["imageInfo"]["shape"] == {"height": 600, "width": 800}


def test_configured_headers_reach_fetch_and_callback(client: Client) -> None:
    client.submit(
        headers=[["X-Endpoint", "open"], ["Authorization", "Basic abc"]],
        webhooks={"url": client.receiver.url + "/hook", "headers": [["X-Hook", "knock"]]},
    )

    (delivery,) = client.receiver.wait()
    (fetch,) = client.receiver.fetches
    assert (fetch["X-Endpoint"], fetch["Authorization"]) == ("open", "Basic abc")
    assert delivery.headers["X-Hook"] == "knock"


def test_callback_comes_after_the_configured_latency(start: Start) -> None:
    client = start(latency=1.5)
    begun = time.monotonic()
    client.submit()
    assert time.monotonic() - begun < 1.5

    assert client.receiver.wait()[0].at - begun >= 1.5


def test_refused_callback_is_repeated_until_it_is_taken(client: Client) -> None:
    client.receiver.answers = [500, 404, 302, 204]
    client.submit(scan_id="the-scan")

    deliveries = client.receiver.wait(4)
    time.sleep(0.1)
    assert len({delivery.body for delivery in deliveries}) == 1
    assert len(client.receiver.deliveries) == 4
    entry = client.emulator.ledger.get("the-scan")
    assert entry is not None
    assert (entry.callbacks, entry.delivered) == ((500, 404, 302, 204), 1)


def test_callback_is_given_up_after_the_last_retry(start: Start) -> None:
    client = start(webhook_retries=(0.01,))
    client.receiver.answers = [500] * 5
    client.submit()

    client.receiver.wait(2)
    time.sleep(0.1)
    assert len(client.receiver.deliveries) == 2


def test_webhook_that_does_not_answer_in_time_is_tried_again(start: Start) -> None:
    client = start(webhook_timeout=0.2)
    slow = [0.4, 0.0]
    client.receiver.before_answer = lambda: time.sleep(slow.pop(0))
    client.submit(scan_id="the-scan")

    client.receiver.wait(2)
    assert client.emulator.ledger.wait_for(lambda ledger: ledger.entries()[0].callbacks == (0, 200))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_every_documented_format_is_scanned(client: Client, kind: str) -> None:
    client.receiver.files["/photo"] = picture(kind=kind)
    client.submit("ai-5.jpg")

    assert client.receiver.wait()[0].json()["isAiDetected"] is True


def test_heic_is_scanned(client: Client) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (640, 512))).save(file)
    client.receiver.files["/photo"] = file.getvalue()
    client.submit("ai-5.heic")

    assert client.receiver.wait()[0].json()["imageInfo"]["shape"] == {"height": 512, "width": 640}
    assert "HEIF" not in Image.registered_extensions().values()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(picture(511, 600), 8, id="too narrow"),
        pytest.param(picture(6001, 512, "JPEG"), 6, id="too wide"),
        pytest.param(picture(4501, 4501, "JPEG"), 6, id="too high"),
        pytest.param(picture(kind="GIF"), 10, id="format"),
        pytest.param(b"<html>", 10, id="no picture"),
        pytest.param(picture(kind="JPEG")[:-400], 14, id="truncated"),
        pytest.param(scans(MAX_JPEG_SCANS, 600, 600), 14, id="too_many_scans"),
        pytest.param(picture() + bytes(32 * 1024 * 1024), 6, id="too many bytes"),
    ],
)
def test_picture_the_vendor_would_not_scan(client: Client, content: bytes, code: int) -> None:
    client.receiver.files["/photo"] = content
    client.submit("ai-5.jpg", scan_id="the-scan", developerPayload="ours")

    body = client.receiver.wait()[0].json()
    assert (body["status"], body["error"]["code"], body["developerPayload"]) == (1, code, "ours")
    entry = client.emulator.ledger.get("the-scan")
    assert entry is not None
    assert (entry.state, entry.charged) == ("failed", 0)
    # A picture that is too large is not read to its end.
    assert len(content) > 32_000_000 or entry.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("path", ["/missing", "/photo"])
def test_picture_that_cannot_be_fetched(client: Client, path: str) -> None:
    nobody_listens = "http://127.0.0.1:9"
    origin = client.receiver.url if path == "/missing" else nobody_listens
    client.submit(url=origin + path, developerPayload="ours")

    body = client.receiver.wait()[0].json()
    assert (body["status"], body["error"]["code"], body["developerPayload"]) == (1, 5, "ours")
    assert "127.0.0.1" not in body["error"]["message"]


def test_failed_scan_may_be_submitted_again_under_its_id(client: Client) -> None:
    client.submit(url=client.receiver.url + "/missing", scan_id="the-scan")
    client.receiver.wait()
    client.submit(scan_id="the-scan")

    assert client.receiver.wait(2)[1].json()["isAiDetected"] is False
    entry = client.emulator.ledger.get("the-scan")
    assert entry is not None
    assert (entry.accepted, entry.charged) == (2, 1)
    assert entry.sha256 == hashlib.sha256(client.receiver.files["/photo"]).hexdigest()


def test_sandbox_is_free(client: Client) -> None:
    client.submit("ai-5.jpg", scan_id="mock", sandbox=True)

    assert client.receiver.wait()[0].json()["scannedDocument"]["actualCredits"] == 0
    entry = client.emulator.ledger.get("mock")
    assert entry is not None
    assert (entry.sandbox, entry.charged) == (True, 0)


def test_stopping_does_not_wait_for_callbacks_or_kept_alive_clients(start: Start) -> None:
    client = start(latency=30)
    client.submit()
    begun = time.monotonic()

    client.emulator.stop()

    assert time.monotonic() - begun < 10
    assert client.receiver.deliveries == []
