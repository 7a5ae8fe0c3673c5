"""The version of a review that a person has seen, as their browser holds it: sealed, so that it tells nothing.

A plain number would tell how often something was decided about a picture, and two pages of the same picture whether
anything was decided in between. No two seals are alike.
"""

from django.core.signing import BadSignature, Signer
from django.utils.crypto import get_random_string

from django_copyleaks_image.models import ImageScan

_SALT = "copyleaks_image.review"
_NONCE_LENGTH = 12
# What no review has as its version.
NOT_SEEN = -1


def seal(scan: ImageScan) -> str:
    """Return a seal of the review of a scan as it is now."""
    nonce = get_random_string(_NONCE_LENGTH)
    return f"{nonce}:{Signer(salt=_SALT).signature(_sealed(scan, scan.review_version, nonce))}"


def seen_version(text: str | None, scan: ImageScan, *, is_blind: bool) -> int:
    """Return the version of a review if it is the one that was sealed, :data:`NOT_SEEN` otherwise.

    Whoever is to take a second look, and has seen the picture right before the first one, has seen the same.
    """
    nonce, separator, signature = (text or "").partition(":")
    if not separator or not nonce.isascii() or not signature.isascii():
        return NOT_SEEN
    for version in (scan.review_version, scan.review_version - 1)[: 2 if is_blind else 1]:
        try:
            Signer(salt=_SALT).unsign(f"{_sealed(scan, version, nonce)}:{signature}")
        except BadSignature:
            continue
        return scan.review_version
    return NOT_SEEN


def _sealed(scan: ImageScan, version: int, nonce: str) -> str:
    # With what was measured: a late result is another thing to judge, also right before a first decision.
    return f"{nonce}:{scan.pk}:{version}:{scan.verdict or scan.status}"
