"""The step about the public address: whether a callback comes through, a large one as well."""

from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

import requests

from django_copyleaks_image.conf import conf
from django_copyleaks_image.scanning import addresses

from .findings import Finding, fine, problem
from .progress import not_needed

# Bytes of the callback of a picture with many marks: more than proxies let pass by default.
LARGE_BODY = 8_000_000
# What is tried when that is refused, to say what does come through.
SMALLER = (4_000_000, 2_000_000, 1_000_000, 500_000, 100_000)
# The statuses that have a cause of their own.
_REFUSALS = {
    400: ("host_refused", "the site refuses its own name.", "Add the host of PUBLIC_URL to ALLOWED_HOSTS."),
    404: (
        "another_site",
        "another site answers there, or this one under another path or with another SECRET_KEY.",
        "Set PUBLIC_URL to the origin of this site, and one SECRET_KEY for all its processes.",
    ),
    412: (
        "headers_missing",
        "WEBHOOK_HEADERS do not arrive, or CLIENT_CERTIFICATE_HEADER comes from none of TRUSTED_PROXIES.",
        "Let the proxy hand these headers on (web servers drop names with underscores); name it in TRUSTED_PROXIES.",
    ),
}
_LIMITED = "so that the results of pictures with marks are lost."
_RAISE = "Let the proxy pass bodies of WEBHOOK_MAX_BYTES (nginx: client_max_body_size)."


class Answer(NamedTuple):
    """A status with the host that a redirect names, or status 0 and the kind of failure."""

    status: int
    detail: str = ""

    @property
    def has_come_through(self) -> bool:
        return self.status == HTTPStatus.NO_CONTENT


def public_address() -> Finding:
    if conf.MODE == "sync":
        return not_needed("PUBLIC_URL")
    if not conf.PUBLIC_URL:
        return problem("public_url_missing", "PUBLIC_URL is not set.", "Set it, or MODE to 'sync'.")
    small = _post(2)
    if not small.has_come_through:
        return _refused(small)
    size = min(LARGE_BODY, conf.WEBHOOK_MAX_BYTES)
    large = _post(size)
    if not large.has_come_through:
        return _large_refused(large, size)
    return fine(
        f"the webhook answers there, to a callback of {size / 1_000_000:.1f} MB as well (seen from this machine, not "
        "from outside)."
    )


def _refused(answer: Answer) -> Finding:
    if not answer.status:
        return problem(
            "unreachable",
            f"PUBLIC_URL cannot be reached from here ({answer.detail}).",
            "Look at its host and port, at the firewall, and at the certificate if it is https.",
        )
    if 300 <= answer.status <= 399:
        return problem(
            "redirect",
            f"PUBLIC_URL answered {answer.status}: it redirects to {answer.detail}, and callbacks are not sent on.",
            "Set PUBLIC_URL to the address that answers itself, and put no login before the webhook.",
        )
    code, words, advice = _REFUSALS.get(
        answer.status,
        (
            "refused",
            "a proxy, a redirect or a login stands before the webhook.",
            "Let requests to the webhook pass without a login.",
        ),
    )
    return problem(code, f"PUBLIC_URL answered {answer.status}: {words}", advice)


def _large_refused(answer: Answer, size: int) -> Finding:
    """Return what becomes of a large callback, and how large one may be that comes through."""
    passes = next((smaller for smaller in SMALLER if smaller < size and _post(smaller).has_come_through), 2)
    limit = f"One of {passes / 1_000_000:.1f} MB comes through." if passes > 2 else "Only tiny ones come through."
    of_size = f"a callback of {size / 1_000_000:.1f} MB, though not to a small one"
    if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        words = f"PUBLIC_URL answered 413 to {of_size}: a proxy limits bodies, {_LIMITED}"
        return problem("body_too_large", f"{words} {limit}", _RAISE)
    if answer.status:
        words = f"PUBLIC_URL answered {answer.status} to {of_size}: a proxy limits or inspects bodies, {_LIMITED}"
        return problem("large_refused", f"{words} {limit}", _RAISE)
    if answer.detail == _TIMEOUT:
        words = (
            f"PUBLIC_URL gave no answer within {conf.TIMEOUT[1]:g} seconds to {of_size}: a proxy holds it, {_LIMITED}"
        )
        return problem("large_timeout", f"{words} {limit}", f"{_RAISE} Look at its time limits, too.")
    words = f"PUBLIC_URL broke off {of_size} ({answer.detail}): a proxy limits bodies, {_LIMITED}"
    return problem("large_cut", f"{words} {limit}", _RAISE)


_TIMEOUT = "no answer in time"


def _post(size: int) -> Answer:
    """Post a callback of so many bytes for no scan, with the headers of one."""
    frame = b'{"padding":"', b'"}'
    body = b"{}" if size == 2 else frame[0] + b"0" * (size - sum(map(len, frame))) + frame[1]
    headers = {"Content-Type": "application/json", **{name: value.reveal() for name, value in conf.WEBHOOK_HEADERS}}
    try:
        with requests.post(
            addresses.probe_url(), data=body, headers=headers, timeout=conf.TIMEOUT, allow_redirects=False, stream=True
        ) as answer:
            # Of the address itself only where it leads: its path may be a token.
            parts = urlsplit(answer.headers.get("Location", ""))
            return Answer(answer.status_code, f"{parts.scheme}://{parts.hostname}" if parts.hostname else "elsewhere")
    except requests.Timeout:
        return Answer(0, _TIMEOUT)
    except requests.RequestException as error:
        return Answer(0, type(error).__name__)
