"""System checks of the addresses that Copyleaks is given: whether what it sends and fetches would arrive."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning  # noqa: A004 - Django's names
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.http.request import split_domain_port, validate_host
from django.urls import NoReverseMatch, Resolver404, resolve

from django_copyleaks_image import registry, tenants
from django_copyleaks_image.conf import DICT_NAME, is_enabled
from django_copyleaks_image.models import home_database
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.picture_fields import PictureField
from django_copyleaks_image.scanning import addresses

from .configuration import is_https, is_local, public_origin, value_of
from .registering import PREFIX, register


@register(Tags.security, deploy=True)
def check_public_url_is_set(**kwargs: Any) -> list[CheckMessage]:
    """Check that there is an address for Copyleaks; like the account, only whoever submits needs it."""
    if value_of("MODE") != "async" or value_of("PUBLIC_URL") != "" or not is_enabled():
        return []
    return [
        Error(
            f"{DICT_NAME}['PUBLIC_URL'] is not set.",
            hint="Set the origin under which Copyleaks reaches this site, or MODE to 'sync'.",
            id=f"{PREFIX}.E005",
        )
    ]


@register(Tags.urls)
def check_public_url(**kwargs: Any) -> list[CheckMessage]:
    """Check that Copyleaks can reach the endpoints, which only the asynchronous mode needs."""
    if value_of("MODE") != "async":
        return []
    public_url = public_origin() or ""
    messages = list(_of_origin(public_url)) if public_url else []
    if getattr(settings, "ROOT_URLCONF", None):
        messages += _wrong_addresses(public_url)
    return messages


@register(Tags.database)
def check_public_url_of_scans(**kwargs: Any) -> list[CheckMessage]:
    """Check what the project's own function says, which may query; of a site with tenants, for one of them."""
    if value_of("MODE") != "async" or not callable(value_of("PUBLIC_URL")):
        return []
    if home_database() not in (kwargs.get("databases") or ()):
        return []
    try:
        for tenant in tenants.each()[:1]:
            with tenants.active(tenant):
                return list(_of_origin(addresses.public_url()))
    except DatabaseError:  # Not migrated yet.
        pass
    except ImproperlyConfigured as error:
        return [
            Error(
                str(error),
                hint="Let it return an origin for every scan, and for None where an address is about no scan.",
                id=f"{PREFIX}.E069",
            )
        ]
    return []


def _of_origin(public_url: str) -> Iterator[CheckMessage]:
    if not is_https(public_url) and not (is_local(public_url) and is_local(value_of("API_URL"))):
        yield Warning(
            f"{DICT_NAME}['PUBLIC_URL'] is not https: pictures, results and secrets travel in plain text.",
            hint="Use https everywhere but with the emulator.",
            id=f"{PREFIX}.W006",
        )
    if not _is_allowed_host(public_url):
        yield Warning(
            f"The host of {DICT_NAME}['PUBLIC_URL'] is not in ALLOWED_HOSTS: Django would refuse every callback.",
            hint="Add the host to ALLOWED_HOSTS, or silence this where a proxy hands on another Host header.",
            id=f"{PREFIX}.W037",
        )


def _wrong_addresses(public_url: str) -> Iterator[CheckMessage]:
    try:
        paths = {"webhook": addresses.endpoint_path("webhook", addresses.PROBE, "token")}
        paths["media"] = addresses.endpoint_path("media", "token", "picture.jpg")
    except NoReverseMatch:
        yield Error(
            "The URLs of django_copyleaks_image are not included.",
            hint='Add path("copyleaks/", include("django_copyleaks_image.urls")) to ROOT_URLCONF.',
            id=f"{PREFIX}.E008",
        )
        return
    prefix = (settings.FORCE_SCRIPT_NAME or "").rstrip("/")
    if prefix and urlsplit(public_url).path.endswith(prefix):
        yield Error(
            f"{DICT_NAME}['PUBLIC_URL'] ends with FORCE_SCRIPT_NAME, which would stand in every address twice.",
            hint="Leave the path out of PUBLIC_URL; it is added to every address.",
            id=f"{PREFIX}.E026",
        )
    for endpoint, path in paths.items():
        if not _resolves_to(endpoint, path.removeprefix(prefix)):
            yield Error(
                f"Another pattern takes the address of the {endpoint}, so that nothing of Copyleaks' would arrive.",
                hint="Include django_copyleaks_image.urls in ROOT_URLCONF before patterns that match everything.",
                id=f"{PREFIX}.E026",
            )


def _resolves_to(endpoint: str, path: str) -> bool:
    try:
        match = resolve(path)
    except Resolver404:
        return False
    return match.app_names[-1:] == ["copyleaks_image"] and match.url_name == endpoint


def _is_allowed_host(public_url: str) -> bool:
    """Return whether Django would take a request for the host, by the rules of ``HttpRequest.get_host``."""
    host = urlsplit(public_url).netloc
    try:
        host = host.encode("idna").decode()  # What a client sends.
    except UnicodeError:
        return False
    allowed = settings.ALLOWED_HOSTS
    if settings.DEBUG and not allowed:
        allowed = [".localhost", "127.0.0.1", "[::1]"]
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)


@register(Tags.compatibility)
def check_direct_access(**kwargs: Any) -> list[CheckMessage]:
    """Check that a storage which is to serve the pictures itself can; the network is not asked."""
    if value_of("MEDIA_ACCESS") != "direct" or value_of("MODE") != "async" or not public_origin():
        return []
    return [
        Warning(
            f"{DICT_NAME}['MEDIA_ACCESS'] is 'direct', but for {watched.label}: {problem}",
            hint=str(Code.NO_PUBLIC_URL.advice),
            id=f"{PREFIX}.W036",
        )
        for watched in registry.watched_fields()
        if (problem := _problem_of_direct_access(watched.field))
    ]


def _problem_of_direct_access(field: PictureField) -> str:
    try:
        return addresses.direct_url(field.example(), addresses.public_url())[1]
    except Exception:  # noqa: BLE001 - credentials that only the worker has, a bucket that cannot be asked
        return ""
