"""What becomes of a picture that could not be fetched; known to whoever reads pictures, fetched or not."""

from django_copyleaks_image.problems import SentenceError


class FetchRefused(SentenceError, ValueError):
    """The address, or one it redirects to, is none that may be fetched; the message does not quote it."""


class FetchFailed(SentenceError):
    """The picture did not arrive: network, status, size or time; the message does not quote the address."""


class FetchedNothing(FetchFailed):
    """The host says that there is no such picture."""


class FetchedTooMuch(FetchFailed):
    """The picture is larger than it may be."""
