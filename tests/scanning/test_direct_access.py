"""``MEDIA_ACCESS = "direct"`` over a storage that Copyleaks cannot fetch from: a named end, and nothing is paid."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.outcomes import advice
from tests.samples import only_scan, photo

from .fake_provider import Provider, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def served_at(configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Callable[[str | Exception], None]:
    configure(MEDIA_ACCESS="direct")

    def serve(address: str | Exception) -> None:
        def url(storage: Any, name: str) -> str:
            if isinstance(address, Exception):
                raise address
            return f"{address}/{name}"

        monkeypatch.setattr(FileSystemStorage, "url", url)

    return serve


@pytest.mark.parametrize("address", [NotImplementedError(), ValueError(), "http://minio:9000", "s3://bucket"])
def test_storage_without_public_addresses(
    address: str | Exception, served_at: Callable[..., None], provider: Provider
) -> None:
    served_at(address)
    photo()

    work(rounds=2)

    scan = only_scan()
    assert (scan.status, scan.error_code, scan.attempts) == (Status.SKIPPED, "no_public_url", 1)
    assert scan.error_message.startswith("The storage ")
    assert "Set MEDIA_ACCESS to 'signed'" in advice(scan.error_code)
    assert provider.sent == []
    assert (scan.pay_key, scan.budget_day) == (None, None)


def test_duplicates__end_alike(served_at: Callable[..., None], provider: Provider) -> None:
    served_at(NotImplementedError())
    photo("a.jpg")
    photo("b.jpg")

    work(rounds=4)

    assert {scan.error_code for scan in ImageScan.objects.all()} == {"no_public_url"}


def test_storage_with_public_addresses(served_at: Callable[..., None], provider: Provider) -> None:
    served_at("https://media.example.org")
    photo()

    work()

    assert provider.sent == [only_scan().scan_id]
