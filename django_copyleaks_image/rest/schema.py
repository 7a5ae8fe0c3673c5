"""What drf-spectacular is told, where it is installed; nothing otherwise."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, TypeVar

from rest_framework import serializers

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Problem(serializers.Serializer[Any]):
    """Why something was refused, in words."""

    class Meta:
        ref_name = "CopyleaksProblem"

    detail = serializers.CharField(read_only=True)


_REFUSALS = {401: Problem, 403: Problem, 429: Problem}

if find_spec("drf_spectacular") is None:

    def described(summary: str, answers: Any = None, **options: Any) -> Callable[[Decorated], Decorated]:
        """Return a decorator that leaves everything as it is."""
        return lambda decorated: decorated

    def described_field(shape: Any) -> Callable[[Decorated], Decorated]:
        return lambda decorated: decorated

    PNG: Any = None
    DICTIONARY: Any = None
else:
    from drf_spectacular.types import OpenApiTypes
    from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field

    def described(summary: str, answers: Any = None, **options: Any) -> Callable[[Decorated], Decorated]:
        """Return a decorator that says what an address takes and answers, by status, beside the refusals of all."""
        responses = {**(answers or {}), **_REFUSALS}
        made: Callable[[Decorated], Decorated]
        made = extend_schema(summary=summary, responses=responses, tags=["copyleaks"], **options)
        return made

    described_field = extend_schema_field
    PNG = OpenApiResponse(OpenApiTypes.BINARY, description="A PNG.")
    DICTIONARY = OpenApiTypes.OBJECT
