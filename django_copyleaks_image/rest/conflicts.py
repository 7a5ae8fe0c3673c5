"""Answers to what came too late, and to what is not possible."""

from typing import Any

from rest_framework.response import Response

from .schema import Problem
from .serializers import ImageSerializer


class Conflict(Problem):
    """What was asked does not fit what is there by now; ``image`` is the picture as it is, null where it is gone."""

    class Meta:
        ref_name = "CopyleaksConflict"

    image = ImageSerializer(read_only=True, allow_null=True)


def conflict(said: str, image: dict[str, Any] | None = None) -> Response:
    """Answer 409. It is no exception: what the request has changed until then stays, under ATOMIC_REQUESTS, too."""
    return Response({"detail": said, "image": image}, status=409)


def refused(said: str) -> Response:
    """Answer 400: what was asked is not possible."""
    return Response({"detail": said}, status=400)
