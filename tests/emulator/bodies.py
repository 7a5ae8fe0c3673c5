"""What has to hold for every result body, recorded or emulated."""

import struct
from itertools import pairwise
from typing import Any


def structure(value: Any) -> Any:
    """Reduce a JSON value to its keys and types; a list to the set of its elements' types."""
    if isinstance(value, dict):
        return {key: structure(each) for key, each in value.items()}
    if isinstance(value, list):
        return [sorted({type(each).__name__ for each in value})]
    return type(value).__name__


def assert_consistent(body: dict[str, Any]) -> None:
    starts, lengths = body["result"]["starts"], body["result"]["lengths"]
    shape = body["imageInfo"]["shape"]
    area = shape["width"] * shape["height"]
    runs = list(zip(starts, lengths, strict=True))
    assert all(start >= 0 and length > 0 for start, length in runs)
    assert all(start + length < following for (start, length), (following, _) in pairwise(runs))
    assert not runs or sum(runs[-1]) <= area
    assert struct.pack("f", body["summary"]["ai"]) == struct.pack("f", sum(lengths) / area)
    assert struct.pack("f", body["summary"]["human"]) == struct.pack("f", 1 - sum(lengths) / area)
