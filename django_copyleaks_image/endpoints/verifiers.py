"""What a callback must show besides its secret address, where the project asks for it. All must agree.

A verifier is called with the request before its body is read, and lets a callback in by ``True``, and by nothing else:
what is merely true, such as the coroutine of an ``async def``, lets nobody in.
"""

from collections.abc import Callable
from ipaddress import ip_address
from typing import TypeAlias

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from django_copyleaks_image.conf import conf
from django_copyleaks_image.scanning import certificates

__all__ = ["Verifier", "carries_webhook_headers", "shows_a_known_certificate"]

Verifier: TypeAlias = Callable[[HttpRequest], bool]


def carries_webhook_headers(request: HttpRequest) -> bool:
    """Return whether every header of ``WEBHOOK_HEADERS`` came with its value, compared in constant time."""
    matches = [
        constant_time_compare(request.headers.get(name, ""), value.reveal()) for name, value in conf.WEBHOOK_HEADERS
    ]
    return all(matches)


def shows_a_known_certificate(request: HttpRequest) -> bool:
    """Return whether a trusted proxy says that the caller's TLS certificate is one of the vendor's.

    The header of ``CLIENT_CERTIFICATE_HEADER`` carries the SHA-1 or SHA-256 thumbprint, as nginx gives it in
    ``$ssl_client_fingerprint``. Anybody can send a header: it counts only from ``TRUSTED_PROXIES``.
    """
    if not conf.CLIENT_CERTIFICATE_HEADER:
        return True
    thumbprint = request.headers.get(conf.CLIENT_CERTIFICATE_HEADER, "").replace(":", "").strip().lower()
    return _comes_from_a_trusted_proxy(request) and thumbprint in certificates.known_thumbprints()


def may_show_a_certificate(request: HttpRequest) -> bool:
    """Return whether a header about a certificate would be believed from where this request comes, if one must come."""
    return not conf.CLIENT_CERTIFICATE_HEADER or _comes_from_a_trusted_proxy(request)


def _comes_from_a_trusted_proxy(request: HttpRequest) -> bool:
    remote = request.META.get("REMOTE_ADDR", "")
    if not remote:
        return None in conf.TRUSTED_PROXIES
    try:
        address = ip_address(remote)
    except ValueError:
        return False
    return any(network is not None and address in network for network in conf.TRUSTED_PROXIES)
