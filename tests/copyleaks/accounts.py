"""An account, its secrets, and a submission full of them."""

from typing import Any

from django_copyleaks_image.copyleaks.client import Client, Submission
from django_copyleaks_image.setting_values import Secret

from .server import TOKEN, Server

EMAIL = "photos@example.org"
API_KEY = "8f14e45f-ceea-467f-9d2c-5c1e2f3a4b5c"
MEDIA_URL = "https://photos.example.org/media/kqzvxwjy/cat.jpg"
WEBHOOK_URL = "https://photos.example.org/webhook/hbfmtrlp/"
FETCH_VALUE = "open sesame"
WEBHOOK_VALUE = "swordfish"
SCAN_ID = "6f1f0b52-0f53-4c1c-8a1e-3d1b8d3b2c11"

# What may show nowhere. The tokens of the addresses stand alone: a message may quote a part of an address.
SECRETS = (TOKEN, API_KEY, MEDIA_URL, WEBHOOK_URL, "kqzvxwjy", "hbfmtrlp", FETCH_VALUE, WEBHOOK_VALUE)


def client_of(server: Server, *, timeout: tuple[float, float] = (5, 5), api_key: str = API_KEY, **urls: str) -> Client:
    return Client(
        email=EMAIL,
        api_key=Secret(api_key),
        api_url=urls.get("api_url", server.url),
        id_url=urls.get("id_url", server.url),
        timeout=timeout,
    )


def submission(**changes: Any) -> Submission:
    fields: dict[str, Any] = {
        "scan_id": SCAN_ID,
        "url": MEDIA_URL,
        "file_name": "cat.jpg",
        "model": "ai-image-1-ultra",
        "webhook_url": WEBHOOK_URL,
        "sandbox": True,
    }
    return Submission(**(fields | changes))


def full_submission() -> Submission:
    return submission(
        mask_type="heatmap",
        fetch_headers=(("X-Fetch", Secret(FETCH_VALUE)),),
        webhook_headers=(("X-Hook", Secret(WEBHOOK_VALUE)),),
        developer_payload=SCAN_ID,
    )
