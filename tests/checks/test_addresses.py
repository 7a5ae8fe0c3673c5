"""Whether what Copyleaks sends and fetches would arrive is checked before anything is paid."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage, Storage
from django.http import HttpResponse
from django.urls import include, path, re_path

from tests.gallery.models import Photo

from .test_checks import found, ids

OURS = path("copyleaks/", include("django_copyleaks_image.urls"))
EVERYTHING = re_path(r"^", lambda request: HttpResponse())


class URLs:
    def __init__(self, *urlpatterns: Any) -> None:
        self.urlpatterns = urlpatterns


@pytest.mark.parametrize(
    ("public_url", "allowed", "expected"),
    [
        ("https://photos.example.org", ["photos.example.org"], []),
        ("https://photos.example.org:8443", ["photos.example.org"], []),
        ("https://photos.example.org", ["*"], []),
        ("https://photos.example.org", [".example.org"], []),
        ("https://example.org", [".example.org"], []),
        ("https://PHOTOS.example.org.", ["photos.example.org"], []),
        ("https://bücher.example", ["xn--bcher-kva.example"], []),
        ("https://[2606:4700::1111]:8443", ["[2606:4700::1111]"], []),
        ("https://photos.example.org", ["www.example.org"], ["W037"]),
        ("https://photos.example.org", ["example.org"], ["W037"]),
        ("https://photos.example.org", [], ["W037"]),
        ("https://bücher.example", ["www.example.org"], ["W037"]),
        (f"https://{'x' * 70}ü.example", ["*"], ["W037"]),
        # No such name is ever allowed.
        ("https://photos_of_us!.example.org", ["*"], ["W037"]),
    ],
)
def test_host(
    public_url: str, allowed: list[str], expected: list[str], configure: Callable[..., None], settings: Any
) -> None:
    configure(PUBLIC_URL=public_url)
    settings.ALLOWED_HOSTS = allowed

    assert ids() == expected


@pytest.mark.parametrize("debug", [True, False])
def test_host__without_a_list_is_this_machine_while_debugging(
    debug: bool, configure: Callable[..., None], settings: Any
) -> None:
    settings.ALLOWED_HOSTS, settings.DEBUG = [], debug
    for public_url in ("http://localhost:8000", "http://photos.localhost", "http://127.0.0.1:8000", "http://[::1]"):
        configure(PUBLIC_URL=public_url, API_URL="http://127.0.0.1:8001", ID_URL="http://127.0.0.1:8001")
        assert ("W037" not in ids()) is debug

    configure(PUBLIC_URL="https://tunnel.example.org")
    assert "W037" in ids()
    settings.ALLOWED_HOSTS = ["tunnel.example.org"]
    assert "W037" not in ids()


def test_host__is_nobodys_business_in_sync_mode(configure: Callable[..., None], settings: Any) -> None:
    configure(MODE="sync")
    settings.ALLOWED_HOSTS = ["www.example.org"]

    assert ids() == []


def test_message__quotes_no_value(configure: Callable[..., None], settings: Any) -> None:
    configure(PUBLIC_URL="https://hush-hush.example.org")
    settings.ALLOWED_HOSTS = ["www.example.org"]

    (message,) = found()
    assert "hush" not in str(message)


def test_pattern_that_takes_everything_before_us(settings: Any) -> None:
    settings.ROOT_URLCONF = URLs(EVERYTHING, OURS)
    assert ids() == ["E026", "E026"]

    settings.ROOT_URLCONF = URLs(OURS, EVERYTHING)
    assert ids() == []


def test_pattern_that_takes_one_of_the_two(settings: Any) -> None:
    settings.ROOT_URLCONF = URLs(re_path("media/", lambda request: HttpResponse()), OURS)

    (message,) = found()
    assert message.id == "copyleaks_image.E026"
    assert "media" in message.msg


def test_under_a_name_of_the_projects_own(settings: Any) -> None:
    settings.ROOT_URLCONF = URLs(path("detection/", include("django_copyleaks_image.urls", namespace="detection")))

    assert ids() == []


@pytest.mark.parametrize("prefix", ["/photos", "/photos/"])
def test_site_under_a_path(prefix: str, configure: Callable[..., None], settings: Any) -> None:
    settings.FORCE_SCRIPT_NAME = prefix
    assert ids() == []

    configure(PUBLIC_URL="https://photos.example.org/photos")
    assert ids() == ["E026"]

    settings.FORCE_SCRIPT_NAME = None  # Then a proxy or the server takes the path away.
    assert ids() == []


class Answering(Storage):
    """A storage that answers with one address."""

    def __init__(self, url: str | Exception) -> None:
        self._url = url

    def url(self, name: str | None) -> str:
        if isinstance(self._url, Exception):
            raise self._url
        return self._url


@pytest.mark.parametrize(
    ("storage", "fault"),
    [
        (Storage(), "no address"),
        (FileSystemStorage(base_url=""), None),
        (Answering(ValueError("no base_url")), "no address"),
        (Answering("s3://bucket/picture.jpg"), "not on the public internet"),
        (Answering("file:///srv/picture.jpg"), "not on the public internet"),
        (Answering("http://minio:9000/bucket/picture.jpg"), "not on the public internet"),
        (Answering("http://localhost/picture.jpg"), "not on the public internet"),
        (Answering("https://10.0.0.5/picture.jpg"), "not on the public internet"),
        (Answering("https://media.internal/picture.jpg"), "not on the public internet"),
        (Answering("https://[::1/picture.jpg"), "no address"),
        (Answering("https://media.example.org:port/picture.jpg"), "not on the public internet"),
        (Answering("https://media.example.org/picture.jpg"), None),
        (Answering("//media.example.org/picture.jpg"), None),
        (Answering("/media/picture.jpg"), None),
        (Answering("https://8.8.8.8/picture.jpg"), None),
        (Answering(RuntimeError("no credentials here")), None),
    ],
)
def test_direct_access(
    storage: Storage, fault: str | None, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    field: Any = Photo._meta.get_field("image")
    monkeypatch.setattr(field, "storage", storage)
    assert ids() == []

    configure(MEDIA_ACCESS="direct")
    messages = found()
    assert [message.id for message in messages] == (["copyleaks_image.W036"] if fault else [])
    for message in messages:
        assert fault
        assert fault in message.msg
        assert "gallery.Photo.image" in message.msg
        assert "'signed'" in str(message.hint)


def test_direct_access__is_nobodys_business_in_sync_mode(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    field: Any = Photo._meta.get_field("image")
    monkeypatch.setattr(field, "storage", Storage())
    configure(MEDIA_ACCESS="direct", MODE="sync")

    assert ids() == []


def test_direct_access__to_a_neighbour_of_the_emulator(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    field: Any = Photo._meta.get_field("image")
    monkeypatch.setattr(field, "storage", Answering("http://minio:9000/bucket/picture.jpg"))
    local = "http://127.0.0.1:8001"
    configure(MEDIA_ACCESS="direct", API_URL=local, ID_URL=local)

    assert ids() == []
