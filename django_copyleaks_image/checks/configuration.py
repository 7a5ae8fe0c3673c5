"""Checks of ``COPYLEAKS_IMAGE`` itself, and what other checks ask about it. No message quotes a configured value."""

from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error, Tags, Warning  # noqa: A004 - Django's names
from django.core.exceptions import ImproperlyConfigured

from django_copyleaks_image.conf import DICT_NAME, Conf, conf, configured_dict, is_enabled
from django_copyleaks_image.models.day import OPEN_FOR

from .registering import PREFIX, register

# Callbacks cannot carry what is asked for under these names.
_SET_BY_OTHERS = frozenset(
    {"connection", "content-encoding", "content-length", "content-type", "host", "transfer-encoding", "x-forwarded-for"}
    | {"x-forwarded-host", "x-forwarded-proto", "forwarded", "via"}
)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@register(Tags.compatibility)
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Check the dictionary, its keys and every value, wherever it comes from."""
    try:
        configured = configured_dict()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint=f"Set {DICT_NAME} = {{…}}.", id=f"{PREFIX}.E001")]
    return [*_unknown_keys(set(configured)), *_wrong_values()]


def _unknown_keys(keys: set[str]) -> Iterator[CheckMessage]:
    known = {setting.key for setting in Conf.settings()}
    for key in sorted(keys - known, key=str):
        yield Error(
            f"{DICT_NAME} has the unknown key {key!r}.",
            hint=f"Remove it, or use one of: {', '.join(sorted(known))}.",
            id=f"{PREFIX}.E002",
        )


def _wrong_values() -> Iterator[CheckMessage]:
    for setting in Conf.settings():
        try:
            getattr(conf, setting.key)
        except ImproperlyConfigured as error:
            yield Error(
                str(error),
                hint=f"Correct {DICT_NAME}[{setting.key!r}] or the environment variable "
                f"{setting.environment_variable}.",
                id=f"{PREFIX}.E003",
            )


def value_of(key: str) -> Any:
    """Return a setting, None when it is wrong: E003 has said so."""
    try:
        return getattr(conf, key)
    except ImproperlyConfigured:
        return None


@register(Tags.security, deploy=True)
def check_credentials(**kwargs: Any) -> list[CheckMessage]:
    """Check that there is an account; whoever develops, migrates or tests needs none, and the worker asks by itself."""
    if not is_enabled():
        return []
    return [
        Error(
            f"{DICT_NAME}[{key!r}] is not set.",
            hint=f"Set it, or the environment variable COPYLEAKS_{key}. The key is on the dashboard of your account.",
            id=f"{PREFIX}.E004",
        )
        for key in ("EMAIL", "API_KEY")
        if value_of(key) is not None and not value_of(key)
    ]


@register(Tags.compatibility)
def check_account(**kwargs: Any) -> list[CheckMessage]:
    """Check that the account is spoken to over https."""
    return [
        Warning(
            f"{DICT_NAME}[{key!r}] is not https: the account's credentials would travel in plain text.",
            hint="Use https, or a loopback address for the emulator.",
            id=f"{PREFIX}.W012",
        )
        for key in ("API_URL", "ID_URL")
        if (url := value_of(key)) and not is_https(url) and not is_local(url)
    ]


@register(Tags.security)
def check_client_certificates(**kwargs: Any) -> list[CheckMessage]:
    """Check that a header which anybody can send is believed from a proxy only."""
    if not value_of("CLIENT_CERTIFICATE_HEADER") or value_of("TRUSTED_PROXIES"):
        return []
    return [
        Error(
            f"{DICT_NAME}['CLIENT_CERTIFICATE_HEADER'] is set, but no proxy is trusted: every callback is refused.",
            hint=f"Name the proxy that sets the header in {DICT_NAME}['TRUSTED_PROXIES'].",
            id=f"{PREFIX}.E013",
        )
    ]


@register(Tags.security)
def check_webhook_headers(**kwargs: Any) -> list[CheckMessage]:
    """Check that the headers which callbacks must carry can arrive at all."""
    problem = "has an underscore in the name of a header: web servers drop such headers, so every callback is refused."
    pairs = value_of("WEBHOOK_HEADERS") or ()
    found: list[CheckMessage] = [
        Error(
            f"{DICT_NAME}[{key!r}] {problem}",
            hint="Use hyphens instead of underscores.",
            id=f"{PREFIX}.E023",
        )
        for key, has_underscore in (
            ("WEBHOOK_HEADERS", any("_" in name for name, _ in pairs)),
            ("CLIENT_CERTIFICATE_HEADER", "_" in (value_of("CLIENT_CERTIFICATE_HEADER") or "")),
        )
        if has_underscore
    ]
    if any(name.strip().lower() in _SET_BY_OTHERS for name, _ in pairs):
        found.append(
            Warning(
                f"{DICT_NAME}['WEBHOOK_HEADERS'] names a header that HTTP itself, or a proxy, sets anew on the way.",
                hint="Use a name of your own, such as X-Copyleaks-Secret.",
                id=f"{PREFIX}.W027",
            )
        )
    return found


@register(Tags.compatibility)
def check_retention(**kwargs: Any) -> list[CheckMessage]:
    """Check that what is to be removed can be."""
    days = value_of("RETENTION_DAYS")
    if days is None or days > OPEN_FOR.days:
        return []
    return [
        Warning(
            f"{DICT_NAME}['RETENTION_DAYS'] is {days}: receipts go after that time, but scans of deleted pictures stay "
            "until their days are counted for good.",
            hint=f"Give at least {OPEN_FOR.days + 1} days, for which results may be late and days are counted.",
            id=f"{PREFIX}.W058",
        )
    ]


def public_origin() -> str | None:
    """Return ``PUBLIC_URL``, None when it is wrong, "" where a function of the project says it, which E069 asks."""
    configured: object = value_of("PUBLIC_URL")
    return "" if callable(configured) else cast("str | None", configured)


def is_https(url: str) -> bool:
    return urlsplit(url).scheme == "https"


def is_local(url: str | None) -> bool:
    return url is not None and urlsplit(url).hostname in LOOPBACK
