"""The provider's own picture is found in every form it may take, and never in the way of the verdict."""

import base64
from typing import Any

import pytest

from django_copyleaks_image.copyleaks import heatmaps
from django_copyleaks_image.copyleaks.heatmaps import Heatmap, HeatmapImage, HeatmapUrl
from django_copyleaks_image.copyleaks.payloads import Detection, parse_callback

from .bodies import changed

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
JPEG = b"\xff\xd8\xff\xe0" + bytes(100)
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "
URL = "https://storage.example.com/heatmap.png?signature=abc"


def heatmap_of(changes: dict[str, Any]) -> tuple[Heatmap | None, str]:
    found = parse_callback(changed(changes))
    assert isinstance(found, Detection)
    assert found.is_ai_detected
    return found.heatmap, found.heatmap_problem


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("place", ["", "result.", "imageInfo."])
@pytest.mark.parametrize(
    "key",
    ["heatmap", "heatMap", "HeatmapUrl", "heat_map_url", "mask", "maskImage", "overlay", "overlayData", "mask_base64"],
)
def test_address__under_any_sensible_key(place: str, key: str) -> None:
    assert heatmap_of({place + key: URL}) == (HeatmapUrl(url=URL), "")


@pytest.mark.parametrize("data", [PNG, JPEG, WEBP])
@pytest.mark.parametrize(
    "form",
    [
        text,
        lambda data: text(data).rstrip("="),
        lambda data: base64.urlsafe_b64encode(data).decode(),
        lambda data: base64.encodebytes(data).decode(),
        lambda data: "data:image/png;base64," + text(data),
        lambda data: "DATA:image/webp;charset=utf-8;BASE64," + text(data),
        lambda data: "data:;base64," + text(data),
        lambda data: {"base64": text(data)},
        lambda data: {"Data": text(data), "width": 5},
        lambda data: {"url": "data:image/png;base64," + text(data)},
        lambda data: {"url": None, "data": text(data)},
    ],
)
def test_picture__in_any_encoding(form: Any, data: bytes) -> None:
    assert heatmap_of({"heatmap": form(data)}) == (HeatmapImage(data=data), "")


def test_object_with_an_address() -> None:
    assert heatmap_of({"heatmap": {"URL": URL}}) == (HeatmapUrl(url=URL), "")


def test_plain_http__is_an_address_as_well() -> None:
    assert heatmap_of({"heatmap": "http://127.0.0.1:8000/h.png"}) == (HeatmapUrl(url="http://127.0.0.1:8000/h.png"), "")


@pytest.mark.parametrize(
    "value",
    [
        5,
        True,
        [URL],
        {"href": URL},
        {"url": 5},
        {"starts": [1], "lengths": [2]},
        "ftp://example.com/h.png",
        "javascript:alert(1)",
        "https://",
        "https://exa mple.com/",
        "https://example.com/\n",
        "https://[::1",
        "https://example.com/" + "x" * 5000,
        "data:image/png,plain",
        "data:image/svg+xml;base64," + text(b"<svg/>"),
        text(b"GIF89a" + bytes(20)),
        text(b"<script>"),
        "not base64!",
        "A",
        text(PNG) + "é",
    ],
)
def test_anything_else__is_ignored_with_a_reason(value: object) -> None:
    heatmap, problem = heatmap_of({"heatmap": value})

    assert heatmap is None
    assert 0 < len(problem) <= 200
    assert "example" not in problem


@pytest.mark.parametrize("value", [None, "", {}, [], False, 0])
def test_nothing__is_no_problem(value: object) -> None:
    assert heatmap_of({"heatmap": value}) == (None, "")


@pytest.mark.parametrize("key", ["maskType", "heatmapVersion", "unmasked", "masked"])
def test_keys_that_only_sound_like_it(key: str) -> None:
    assert heatmap_of({key: URL}) == (None, "")


def test_usable_one__wins_over_one_that_is_not() -> None:
    assert heatmap_of({"mask": {"runs": 5}, "result.heatmap": URL}) == (HeatmapUrl(url=URL), "")


def test_size__is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heatmaps, "MAX_BYTES", len(PNG))
    assert heatmap_of({"heatmap": text(PNG)})[0] == HeatmapImage(data=PNG)

    for data in (PNG + b"x", PNG * 2):
        heatmap, problem = heatmap_of({"heatmap": text(data)})
        assert heatmap is None
        assert "too large" in problem


def test_representation__shows_neither_signature_nor_bytes() -> None:
    assert "signature" not in repr(HeatmapUrl(url=URL))
    assert "PNG" not in repr(HeatmapImage(data=PNG))
