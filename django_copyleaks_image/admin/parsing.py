"""What comes from outside, made fit for the columns of a database."""

from collections.abc import Iterable


def number(text: str | None) -> int | None:
    """Return a number of at most 18 digits; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def numbers(texts: Iterable[str]) -> list[int]:
    """Return those of the texts that are such numbers."""
    return [parsed for text in texts if (parsed := number(text)) is not None]


def plain(text: str | None) -> str:
    """Return a text without the one character that PostgreSQL refuses."""
    return (text or "").replace("\0", "")
