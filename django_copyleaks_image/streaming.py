"""Answers in pieces, under WSGI and under ASGI."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from .tenants import carried_pieces

Piece = TypeVar("Piece", str, bytes)


def streamed(request: HttpRequest, pieces: Iterator[Piece], **arguments: Any) -> StreamingHttpResponse:
    """Return a response of pieces that are made while it is sent; under ASGI, Django would gather all of them first."""
    pieces = carried_pieces(pieces)
    if isinstance(request, ASGIRequest):
        return StreamingHttpResponse(_asynchronous(pieces), **arguments)
    return StreamingHttpResponse(pieces, **arguments)


async def _asynchronous(pieces: Iterator[Piece]) -> AsyncIterator[Piece]:
    read_next = sync_to_async(lambda: next(pieces, None))
    while (piece := await read_next()) is not None:
        yield piece
