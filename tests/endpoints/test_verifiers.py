"""A certificate counts only from a proxy that is trusted to tell of it."""

from collections.abc import Callable

import pytest
from django.test import RequestFactory

from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.endpoints.verifiers import shows_a_known_certificate
from django_copyleaks_image.models import AccountState
from django_copyleaks_image.scanning import certificates

pytestmark = pytest.mark.django_db(transaction=True)

SHA1 = "0123456789abcdef0123456789abcdef01234567"


def shown(thumbprint: str, remote: str = "10.0.0.7") -> bool:
    request = RequestFactory().post("/", headers={"X-Client-Certificate": thumbprint}, REMOTE_ADDR=remote)
    return shows_a_known_certificate(request)


@pytest.fixture(autouse=True)
def _configured(configure: Callable[..., None]) -> None:
    configure(CLIENT_CERTIFICATE_HEADER="X-Client-Certificate", TRUSTED_PROXIES=["10.0.0.0/24", "2001:db8::1"])
    AccountState.objects.create(certificate_thumbprints=[SHA1])


def test_known_certificate__from_a_trusted_proxy() -> None:
    assert shown(SHA1)
    assert shown(":".join(SHA1[i : i + 2] for i in range(0, 40, 2)).upper())
    assert shown(SHA1, "2001:db8::1")


@pytest.mark.parametrize("remote", ["10.0.1.7", "127.0.0.1", "", "nonsense", "2001:db8::2"])
def test_known_certificate__from_anybody_else(remote: str) -> None:
    assert not shown(SHA1, remote)


@pytest.mark.parametrize("thumbprint", ["", "f" * 40, SHA1[:-1]])
def test_unknown_certificate__from_a_trusted_proxy(thumbprint: str) -> None:
    assert not shown(thumbprint)


def test_unix_socket__is_trusted_where_named(configure: Callable[..., None]) -> None:
    configure(TRUSTED_PROXIES=["unix"])

    assert shown(SHA1, "")
    assert not shown(SHA1, "10.0.0.7")


def test_nothing_is_asked__where_no_header_is_named(configure: Callable[..., None]) -> None:
    configure(CLIENT_CERTIFICATE_HEADER="")

    assert shown("", "203.0.113.1")


def test_list__is_fetched_once_a_day(configure: Callable[..., None]) -> None:
    with Emulator() as emulator:
        configure(API_URL=emulator.url, ID_URL=emulator.url)
        certificates.refresh_if_due()
        fetched = certificates.known_thumbprints()
        AccountState.objects.update(certificate_thumbprints=[])
        certificates.refresh_if_due()

    assert SHA1 not in fetched
    assert fetched
    assert certificates.known_thumbprints() == frozenset()


def test_list_that_cannot_be_fetched__keeps_the_old_one(configure: Callable[..., None]) -> None:
    configure(API_URL="http://127.0.0.1:9", ID_URL="http://127.0.0.1:9")

    certificates.refresh_if_due()

    assert certificates.known_thumbprints() == {SHA1}
