"""Read what a client asks for, as strictly as the vendor documents it."""

import base64
import json
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from .answers import Refusal

Pairs = tuple[tuple[str, str], ...]

# https://docs.copyleaks.com/reference/actions/ai-image-detector
SUBMIT_EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tiff", ".bmp", ".heic", ".heif"})
CHECK_EXTENSIONS = SUBMIT_EXTENSIONS - {".tiff"}
MODELS = frozenset({"ai-image-1-ultra", "ai-image-1-ultra-01-09-2025"})
MAX_FILE_NAME = 255
MAX_DEVELOPER_PAYLOAD = 512
# The vendor has codes for both limits and publishes neither; these are assumed.
MAX_HEADER_NAME, MAX_HEADERS = 128, 8192

_SCAN_ID = re.compile(r"[a-z0-9-]{3,36}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What every scan has; ``repr`` shows neither addresses nor header values."""

    scan_id: str
    file_name: str
    model: str
    sandbox: bool


@dataclass(frozen=True, kw_only=True)
class Submission(Scan):
    """An asynchronous submission."""

    heatmap: bool
    url: str = field(repr=False)
    fetch_headers: Pairs = field(repr=False)
    webhook_url: str = field(repr=False)
    webhook_headers: Pairs = field(repr=False)
    developer_payload: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Check(Scan):
    """A synchronous check, which brings the picture with it."""

    content: bytes = field(repr=False)


class Fields:
    """A JSON object, its keys read case-insensitively; ``null`` is absent, unknown keys are ignored."""

    def __init__(self, value: object, *, path: str = "") -> None:
        if not isinstance(value, dict):
            raise Refusal(30, "An object is expected.", param=path.rstrip(".") or "body")
        self._values: dict[str, Any] = {name.lower(): each for name, each in value.items()}
        self._path = path

    def text(self, name: str) -> str:
        """Return a required string."""
        value = self.optional_text(name)
        if not value:
            raise Refusal(1, f"The {name} field is required.", param=self._path + name)
        return value

    def optional_text(self, name: str) -> str | None:
        value = self._values.get(name.lower())
        if value is not None and not isinstance(value, str):
            raise Refusal(30, f"The {name} field must be a string.", param=self._path + name)
        return value

    def url(self, name: str) -> str:
        """Return a required http or https address."""
        value = self.text(name)
        try:
            parts = urlsplit(value)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            valid = False
        if not valid:
            raise Refusal(15, param=self._path + name)
        return value

    def flag(self, name: str) -> bool:
        value = self._values.get(name.lower())
        if value is not None and not isinstance(value, bool):
            raise Refusal(30, f"The {name} field must be a boolean.", param=self._path + name)
        return bool(value)

    def pairs(self, name: str) -> Pairs:
        """Return header pairs, ``[["Name", "Value"], …]``."""
        value = self._values.get(name.lower())
        if value is None:
            return ()
        param = self._path + name
        if not isinstance(value, list):
            raise Refusal(31, f"The {name} field must be a list of pairs.", param=param)
        pairs = tuple(_header_pair(each, param) for each in value)
        if sum(len(header) + len(content) for header, content in pairs) > MAX_HEADERS:
            raise Refusal(19, param=param)
        return pairs

    def fields(self, name: str) -> "Fields":
        """Return a required object."""
        if self._values.get(name.lower()) is None:
            raise Refusal(1, f"The {name} field is required.", param=self._path + name)
        return Fields(self._values[name.lower()], path=f"{self._path}{name}.")


def read_json(body: bytes) -> Fields:
    """Return the JSON object in ``body``; raise Refusal for anything else."""
    try:
        return Fields(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise Refusal(30, "The body is not valid JSON.", param="body") from error


def check_scan_id(scan_id: str) -> str:
    if not _SCAN_ID.fullmatch(scan_id):
        raise Refusal(30, "A scan id has 3 to 36 characters of a-z, 0-9 and '-'.", param="scanId")
    return scan_id


def read_submission(scan_id: str, fields: Fields, *, fetch_headers_key: str, webhook_headers_key: str) -> Submission:
    """Validate an asynchronous submission."""
    webhooks = fields.fields("webhooks")
    mask_type = fields.optional_text("maskType")
    if mask_type not in (None, "heatmap"):
        raise Refusal(30, "The only mask type is 'heatmap'.", param="maskType")
    payload = fields.optional_text("developerPayload")
    if payload is not None and len(payload) > MAX_DEVELOPER_PAYLOAD:
        raise Refusal(30, f"At most {MAX_DEVELOPER_PAYLOAD} characters.", param="developerPayload")
    return Submission(
        scan_id=scan_id,
        model=_check_model(fields.text("model")),
        file_name=_check_file_name(fields.text("fileName"), SUBMIT_EXTENSIONS, param="fileName"),
        sandbox=fields.flag("sandbox"),
        heatmap=mask_type is not None,
        url=fields.url("url"),
        fetch_headers=fields.pairs(fetch_headers_key),
        webhook_url=webhooks.url("url"),
        webhook_headers=webhooks.pairs(webhook_headers_key),
        developer_payload=payload,
    )


def read_json_check(scan_id: str, fields: Fields) -> Check:
    """Validate a synchronous check in JSON; its picture is Base64."""
    try:
        content = base64.b64decode(fields.text("base64"), validate=True)
    except ValueError as error:
        raise Refusal(14, "The picture is not valid Base64.", param="base64") from error
    return Check(
        scan_id=scan_id,
        file_name=_check_file_name(fields.text("filename"), CHECK_EXTENSIONS, param="filename"),
        model=_check_model(fields.text("model")),
        sandbox=fields.flag("sandbox"),
        content=content,
    )


def read_form_check(scan_id: str, form: dict[str, bytes]) -> Check:
    """Validate a synchronous check in multipart form; its picture is binary, everything else is text."""
    values: dict[str, object] = {
        name: value.decode("utf-8", "replace") for name, value in form.items() if name.lower() != "image"
    }
    fields = Fields(values)
    content = next((value for name, value in form.items() if name.lower() == "image"), b"")
    if not content:
        raise Refusal(1, "The image field is required.", param="image")
    sandbox = (fields.optional_text("sandbox") or "false").lower()
    if sandbox not in ("true", "false"):
        raise Refusal(30, "The sandbox field must be 'true' or 'false'.", param="sandbox")
    return Check(
        scan_id=scan_id,
        file_name=_check_file_name(fields.text("filename"), CHECK_EXTENSIONS, param="filename"),
        model=_check_model(fields.text("model")),
        sandbox=sandbox == "true",
        content=content,
    )


def _check_model(model: str) -> str:
    if model not in MODELS:
        raise Refusal(30, "There is no such model.", param="model")
    return model


def _check_file_name(name: str, extensions: frozenset[str], *, param: str) -> str:
    if len(name) > MAX_FILE_NAME or not name.isprintable() or any(each in name for each in '/\\<>:"|?*'):
        raise Refusal(24, param=param)
    if PurePosixPath(name).suffix.lower() not in extensions:
        raise Refusal(10, param=param)
    return name


def _header_pair(value: object, param: str) -> tuple[str, str]:
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(each, str) for each in value)):
        raise Refusal(31, 'A header is a pair of strings: ["Name", "Value"].', param=param)
    name, content = value
    if len(name) > MAX_HEADER_NAME:
        raise Refusal(33, param=param)
    if not _HEADER_NAME.fullmatch(name) or not (content.isprintable() and content.isascii()):
        raise Refusal(31, param=param)
    return name, content
