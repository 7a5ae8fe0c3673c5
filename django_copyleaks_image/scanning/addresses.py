"""The addresses that Copyleaks is given: each opens one endpoint for one scan.

The secrets are derived from ``SECRET_KEY`` and the scan id and stored nowhere. The two endpoints sign with different
salts, so a token of one never opens the other. ``SECRET_KEY_FALLBACKS`` are accepted by Django's signer. Where the site
has tenants, a token ends with the name of one, for whom alone it was signed.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from unicodedata import normalize
from urllib.parse import urljoin

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.signing import BadSignature, Signer
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils.text import get_valid_filename

from django_copyleaks_image import formats, tenants
from django_copyleaks_image.conf import DICT_NAME, conf
from django_copyleaks_image.copyleaks.public import may_be_public
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.redaction import MARK
from django_copyleaks_image.setting_values import HeaderPairs, Secret, header_pairs, origin
from django_copyleaks_image.sources import Picture

from . import unmeasured

logger = logging.getLogger(__name__)

WEBHOOK_SALT = "copyleaks_image.webhook"
MEDIA_SALT = "copyleaks_image.media"
STEM_LENGTH = 100
# In no signature and no id of a scan.
_BEFORE_TENANT = "."
# In the place of a scan's id: whether this very site answers under its public address. No scan has this id.
PROBE = "doctor"


def webhook_token(scan_id: str) -> str:
    """Return the secret of a scan's webhook address."""
    return _ending_with_tenant(MARK + _signer(WEBHOOK_SALT).signature(scan_id))


def opens_webhook(scan_id: str, token: str) -> bool:
    """Return whether a token is the secret of this scan's webhook; compared in constant time."""
    return _unsigned(scan_id, token, WEBHOOK_SALT)


def media_token(scan_id: str) -> str:
    """Return the signed name of a scan that opens the media endpoint."""
    return _ending_with_tenant(f"{scan_id}:{MARK}{_signer(MEDIA_SALT).signature(scan_id)}")


def scan_id_of_media_token(token: str) -> str | None:
    """Return the scan a media token was signed for, None when the signature is not ours."""
    scan_id, _, signed = token.partition(":")
    return scan_id if _unsigned(scan_id, signed, MEDIA_SALT) else None


def tenant_of(token: str) -> tenants.Tenant | None:
    """Return the tenant that a token names, None where it names none that there is; anybody can name one."""
    return tenants.find(token.partition(_BEFORE_TENANT)[2])


def _unsigned(scan_id: str, signed: str, salt: str) -> bool:
    signature, _, tenant = signed.partition(_BEFORE_TENANT)
    if not signature.startswith(MARK) or tenant != tenants.current():
        return False
    try:
        _signer(salt).unsign(f"{scan_id}:{signature.removeprefix(MARK)}")
    except BadSignature:
        return False
    return True


def _signer(salt: str) -> Signer:
    return Signer(salt=_BEFORE_TENANT.join([salt, *tenants.names()]))


def _ending_with_tenant(token: str) -> str:
    return _BEFORE_TENANT.join([token, *tenants.names()])


def webhook_url(scan: ImageScan) -> str:
    """Return where Copyleaks posts the result of a scan."""
    return public_url(scan) + endpoint_path("webhook", scan.scan_id, webhook_token(scan.scan_id))


def probe_url() -> str:
    """Return a webhook address of no scan, which only this site, with its ``SECRET_KEY``, answers with 204."""
    return endpoint_url("webhook", PROBE, webhook_token(PROBE))


def media_url(scan: ImageScan, file: Picture) -> str:
    """Return where Copyleaks fetches the picture: our media endpoint, or the place's own address made absolute.

    Raises :class:`.unmeasured.Skipped` when the storage has none that Copyleaks could fetch: another try mends nothing.
    """
    # The storage of the file knows nothing of the copy.
    if scan.is_on_copy or (conf.MEDIA_ACCESS != "direct" and not file.is_direct):
        return public_url(scan) + endpoint_path("media", media_token(scan.scan_id), vendor_file_name(scan))
    url, problem = direct_url(file, public_url(scan))
    if problem:
        raise unmeasured.Skipped(Code.NO_PUBLIC_URL, problem)
    return url


def direct_url(file: Picture, site: str) -> tuple[str, str]:
    """Return where the storage itself serves a file, made absolute, and what keeps Copyleaks from fetching it there."""
    try:
        url = urljoin(site + "/", file.url())
    except (NotImplementedError, ValueError):  # Without base_url Django's own raises the latter.
        return "", Problem.STORAGE_WITHOUT_ADDRESS()
    # A Copyleaks that is not on the public internet itself, such as the emulator, reaches its neighbours.
    if may_be_public(url) or (url.startswith(("http://", "https://")) and not may_be_public(conf.API_URL)):
        return url, ""
    return "", Problem.STORAGE_NOT_PUBLIC()


def endpoint_url(endpoint: str, *args: str) -> str:
    """Return the public address of an endpoint for no scan, the same in a request, a task and a thread of a worker."""
    return public_url() + endpoint_path(endpoint, *args)


def public_url(scan: ImageScan | None = None) -> str:
    """Return the origin under which Copyleaks reaches this site for a scan, or for what is about none.

    Raises ImproperlyConfigured when the project's own function fails or returns none.
    """
    configured = conf.PUBLIC_URL
    if not callable(configured):
        return configured
    about = f"The function in {DICT_NAME}['PUBLIC_URL']"
    try:
        returned = configured(scan)
    except Exception as error:
        raise ImproperlyConfigured(f"{about} raised {type(error).__name__}.") from error
    try:
        found = origin(returned)
    except ValueError as error:
        problem = str(error)
    else:
        if found:
            return found
        problem = "an origin such as https://photos.example.org, and no empty text"
    # Raised outside the handler: its traceback would hold the value.
    raise ImproperlyConfigured(f"{about} must return {problem}.")


def endpoint_path(endpoint: str, *args: str) -> str:
    """Return the path of an endpoint on this site, ``FORCE_SCRIPT_NAME`` included."""
    with _prefix_of_the_site():
        return reverse(f"copyleaks_image:{endpoint}", args=args)


@contextmanager
def _prefix_of_the_site() -> Iterator[None]:
    """Let ``reverse`` begin with ``FORCE_SCRIPT_NAME``.

    Django sets that for requests, and for the thread in which it was set up: other threads have no prefix.
    """
    of_the_thread = get_script_prefix()
    set_script_prefix(settings.FORCE_SCRIPT_NAME or "/")
    try:
        yield
    finally:
        set_script_prefix(of_the_thread)


def fetch_headers_for(scan: ImageScan) -> HeaderPairs:
    """Return the headers that Copyleaks is to send when it fetches the picture of a scan."""
    configured = conf.FETCH_HEADERS
    return header_pairs(configured(scan)) if callable(configured) else configured


def secrets_of(scan: ImageScan) -> list[Secret]:
    """Return what no stored or shown text about a scan may quote: its endpoint tokens and the configured headers.

    Headers that cannot be had are left out: a setting that is broken says nothing about the text.
    """
    secrets = [Secret(webhook_token(scan.scan_id)), Secret(media_token(scan.scan_id))]
    sources: tuple[Callable[[], HeaderPairs], ...] = (lambda: conf.WEBHOOK_HEADERS, lambda: fetch_headers_for(scan))
    for configured in sources:
        try:
            secrets += [value for _, value in configured()]
        except Exception as error:  # noqa: BLE001 - FETCH_HEADERS may be the project's own code
            logger.error(
                "Scan %s: a configured header cannot be read (%s).",
                scan.scan_id,
                type(error).__name__,
                extra=scan.event("header_not_read", error=type(error).__name__),
            )
    return secrets


def vendor_file_name(scan: ImageScan) -> str:
    """Return an ASCII file name with the extension of the true format, which is what Copyleaks judges by."""
    stem = normalize("NFKD", PurePosixPath(scan.file_name).stem).encode("ascii", "ignore").decode()
    try:
        stem = get_valid_filename(stem)
    except SuspiciousFileOperation:  # Nothing was left of it.
        stem = "picture"
    return stem[:STEM_LENGTH] + formats.TYPES[scan.sent.image_format].extension
