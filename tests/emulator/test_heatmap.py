import base64
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from .client import Client
from .conftest import Start
from .receiver import picture

pytestmark = pytest.mark.sockets

KEYS = {"heatmap", "mask", "overlay"}


def callback(client: Client, **changes: Any) -> dict[str, Any]:
    client.submit(**{"file_name": "ai-20.jpg", "maskType": "heatmap", "scan_id": "the-scan", **changes})
    body: dict[str, Any] = client.receiver.wait()[0].json()
    return body


def opened(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png), formats=["PNG"]).convert("RGBA")


def test_heatmap_is_only_sent_when_it_was_asked_for(client: Client) -> None:
    body = callback(client, maskType=...)

    assert not KEYS & (body.keys() | body["result"].keys() | body["imageInfo"].keys())


def test_heatmap_falls_off_from_the_region_to_nothing(client: Client) -> None:
    client.receiver.files["/photo"] = picture(2400, 1200, "JPEG")
    kind, _, data = callback(client)["heatmap"].partition(",")

    assert kind == "data:image/png;base64"
    heatmap = opened(base64.b64decode(data))
    assert heatmap.size == (1024, 512)
    opacities = [count for count in heatmap.getchannel("A").histogram() if count]
    assert heatmap.getchannel("A").getextrema()[0] == 0
    assert len(opacities) > 8


@pytest.mark.parametrize(
    ("place", "key"), [("top", "overlay"), ("result", "mask"), ("result", "heatmap"), ("imageInfo", "heatmap")]
)
def test_place_and_key_can_be_selected(start: Start, place: str, key: str) -> None:
    body = callback(start(heatmap_place=place, heatmap_key=key))

    holder = body if place == "top" else body[place]
    assert holder[key].startswith("data:image/png;base64,")


@pytest.mark.parametrize("encoding", ["base64", "object-data", "object-base64"])
def test_bytes_inside_the_body(start: Start, encoding: str) -> None:
    heatmap = callback(start(heatmap_encoding=encoding))["heatmap"]

    text = heatmap if encoding == "base64" else heatmap[encoding.removeprefix("object-")]
    assert opened(base64.b64decode(text)).size == (640, 512)


@pytest.mark.parametrize("encoding", ["url", "object-url"])
def test_address_served_by_the_emulator(start: Start, encoding: str) -> None:
    client = start(heatmap_encoding=encoding)
    heatmap = callback(client)["heatmap"]
    address = heatmap if encoding == "url" else heatmap["url"]

    answer = client.session.get(address, timeout=5)

    assert answer.headers["Content-Type"] == "image/png"
    assert opened(answer.content).size == (640, 512)
    assert client.session.get(address.replace("the-scan", "other"), timeout=5).status_code == 404


def test_address_behind_a_public_origin(start: Start) -> None:
    client = start(heatmap_encoding="url", public_url="https://copyleaks.example.org/")

    address = callback(client)["heatmap"]

    assert address == "https://copyleaks.example.org/_emulator/heatmaps/the-scan.png"


@pytest.mark.parametrize(("kind", "marked"), [("jpeg", b"\xff\xd8\xff"), ("webp", b"RIFF")])
def test_other_kinds_of_pictures(start: Start, kind: str, marked: bytes) -> None:
    start_of_uri, _, data = callback(start(heatmap_format=kind))["heatmap"].partition(",")

    assert start_of_uri == f"data:image/{kind};base64"
    content = base64.b64decode(data)
    assert content.startswith(marked)
    picture = Image.open(BytesIO(content), formats=[kind])
    assert picture.size == (640, 512)
    # Something is marked, and something is not.
    assert picture.convert("RGB").convert("L").getextrema() != (0, 0)


def test_address_of_another_kind_of_picture(client: Client) -> None:
    address = callback(client, file_name="ai-20-fault-heatmap-encoding-url-fault-heatmap-format-webp.jpg")["heatmap"]

    answer = client.session.get(address, timeout=5)

    assert address.endswith(".webp")
    assert (answer.headers["Content-Type"], answer.content[:4]) == ("image/webp", b"RIFF")


@pytest.mark.parametrize(
    ("faults", "place", "key"),
    [
        ("fault-heatmap-place-result", "result", "heatmap"),
        ("fault-heatmap-place-imageInfo fault-heatmap-key-mask", "imageInfo", "mask"),
        ("fault-heatmap-key-overlay_x1Y", "", "overlay"),
    ],
)
def test_place_and_key_by_file_name(client: Client, faults: str, place: str, key: str) -> None:
    body = callback(client, file_name=f"ai-20 {faults}.jpg")

    holder = body[place] if place else body
    assert holder[key].startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("encoding", "members"),
    [
        ("url", None),
        ("base64", None),
        ("data-uri", None),
        ("object-url", {"url"}),
        ("object-data", {"data"}),
        ("object-base64", {"base64"}),
    ],
)
def test_encoding_by_file_name__overrides_the_switch(start: Start, encoding: str, members: set[str] | None) -> None:
    client = start(heatmap_encoding="absent")

    heatmap = callback(client, file_name=f"ai-20-fault-heatmap-encoding-{encoding}.jpg")["heatmap"]

    if members is None:
        assert heatmap.startswith({"url": "http://", "data-uri": "data:"}.get(encoding, "iVBOR"))
    else:
        assert heatmap.keys() == members


def test_absent_by_file_name(client: Client) -> None:
    assert not KEYS & callback(client, file_name="ai-20-fault-heatmap-encoding-absent.jpg").keys()


def test_absent_although_asked_for(start: Start) -> None:
    assert not KEYS & callback(start(heatmap_encoding="absent")).keys()
