"""What is wrong, as sentences of ours: English wherever they are raised, logged or stored, and a code with values.

Whoever raises one knows no reader. :func:`.outcomes.in_words` makes the sentence in the reader's language of code and
values. Nothing here needs Django, since the children of ``decoding/`` have none.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

VALUE_LENGTH = 200

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def gettext_noop(sentence: str) -> str:
    """Return a sentence as it is; the name is what ``makemessages`` looks for."""
    return sentence


class Sentence(str):
    """An English sentence that knows its code and values, as ``stored``; a part of it is plain text again."""

    __slots__ = ("stored",)

    stored: dict[str, Any]

    def __new__(cls, english: str, stored: Mapping[str, Any]) -> Self:
        sentence = super().__new__(cls, english)
        sentence.stored = dict(stored)
        return sentence


class SentenceError(Exception):
    """An error whose argument is a sentence, or other words that may be stored and shown."""

    @property
    def message(self) -> str:
        return self.args[0] if self.args else ""


class Problem(StrEnum):
    """A sentence with named values; called with these, a member returns the :class:`Sentence`."""

    english: str

    def __new__(cls, code: str, english: str) -> Self:
        problem = str.__new__(cls, code)
        problem._value_ = code
        problem.english = english
        return problem

    def __call__(self, **values: object) -> Sentence:
        known = {name: _bounded(value) for name, value in values.items() if name in self.placeholders}
        return Sentence(
            self.english % known, {"code": self.value} | {name: stored(v) or v for name, v in known.items()}
        )

    @property
    def placeholders(self) -> frozenset[str]:
        """Return the names of the values."""
        return frozenset(_PLACEHOLDER.findall(self.english))

    # masks.py
    MASK_NO_LISTS = "mask_no_lists", gettext_noop("The mask's starts and lengths are not both lists.")
    MASK_UNPAIRED = "mask_unpaired", gettext_noop("The mask has %(starts)s starts but %(lengths)s lengths.")
    MASK_TOO_MANY_RUNS = "mask_too_many_runs", gettext_noop("The mask has %(runs)s runs, more than %(limit)s.")
    MASK_UNKNOWN_VERSION = "mask_unknown_version", gettext_noop("The stored mask has an unknown version.")
    MASK_CORRUPT = "mask_corrupt", gettext_noop("The stored mask is corrupt.")
    MASK_CUT_SHORT = "mask_cut_short", gettext_noop("The stored mask is cut short or too long.")
    MASK_OVERLAPS = "mask_overlaps", gettext_noop("The stored mask's runs overlap.")
    MASK_ODD_SIDES = "mask_odd_sides", gettext_noop("The picture's sides must have between 1 and %(limit)s pixels.")
    MASK_OUTSIDE = "mask_outside", gettext_noop("The mask ends at pixel %(end)s, outside the picture's %(pixels)s.")
    MASK_START_NOT_WHOLE = (
        "mask_start_not_whole",
        gettext_noop("The mask's start %(position)s is not a whole number."),
    )
    MASK_LENGTH_NOT_WHOLE = (
        "mask_length_not_whole",
        gettext_noop("The mask's length %(position)s is not a whole number."),
    )
    MASK_START_OUT_OF_RANGE = (
        "mask_start_out_of_range",
        gettext_noop("A start of the mask is negative or beyond 64 bits."),
    )
    MASK_LENGTH_OUT_OF_RANGE = (
        "mask_length_out_of_range",
        gettext_noop("A length of the mask is negative or beyond 64 bits."),
    )
    MASK_LENGTH_ZERO = "mask_length_zero", gettext_noop("The mask's length %(position)s is zero.")
    MASK_RUN_OUTSIDE = (
        "mask_run_outside",
        gettext_noop("A run of the mask ends at pixel %(end)s, beyond the picture's %(pixels)s."),
    )
    MASK_OF_UNKNOWN_SIZE = "mask_of_unknown_size", gettext_noop("The provider did not say how large the picture is.")
    # pictures.py
    PICTURE_OF_OTHER_KIND = "picture_of_other_kind", gettext_noop("The picture is %(format)s, not PNG, JPEG or WebP.")
    PICTURE_BOMB = "picture_bomb", gettext_noop("The %(format)s picture has too many pixels to be opened.")
    PICTURE_BROKEN = "picture_broken", gettext_noop("The %(format)s file is broken or cut short.")
    FILE_EMPTY = "file_empty", gettext_noop("The file is empty.")
    FILE_OVER_LIMIT = "file_over_limit", gettext_noop("The file is larger than %(limit)s bytes.")
    PICTURE_TOO_MANY_PIXELS = (
        "picture_too_many_pixels",
        gettext_noop("The picture has %(width)s by %(height)s pixels, more than %(limit)s in all."),
    )
    FILE_OF_NO_KIND = "file_of_no_kind", gettext_noop("The file is none of %(formats)s.")
    PICTURE_WITHOUT_DECODER = (
        "picture_without_decoder",
        gettext_noop("%(format)s pictures can be shown once django-copyleaks-image[heif] is installed."),
    )
    PICTURE_NEEDS_PILLOW = (
        "picture_needs_pillow",
        gettext_noop("%(format)s pictures can be read once a Pillow is installed that knows them."),
    )
    # copies.py
    COPY_TOO_LARGE = "copy_too_large", gettext_noop("No copy of the picture has %(limit)s bytes or less.")
    # decoding/
    PICTURE_NEEDS_MEMORY = (
        "picture_needs_memory",
        gettext_noop("The picture needs more memory to be read than one picture may take."),
    )
    PICTURE_NEEDS_TIME = (
        "picture_needs_time",
        gettext_noop("The picture takes longer to be read than one picture may."),
    )
    PICTURE_KILLS_READER = "picture_kills_reader", gettext_noop("The picture makes the program that reads it fail.")
    READERS_BUSY = "readers_busy", gettext_noop("No process is free to read the picture.")
    READER_STARVED = "reader_starved", gettext_noop("The machine was too busy to read the picture.")
    READER_STOPPED = "reader_stopped", gettext_noop("The process that read the picture was stopped.")
    READER_NOT_STARTED = "reader_not_started", gettext_noop("No process could be started to read the picture.")
    READER_SILENT = "reader_silent", gettext_noop("The process that reads pictures gave no answer.")
    # scanning/: the file and where it is
    FILE_TOO_LARGE_TO_SEND = (
        "file_too_large_to_send",
        gettext_noop("The file has 32 MB or more; Copyleaks takes less than 32 MB."),
    )
    FILE_NOT_FOUND = (
        "file_not_found",
        gettext_noop("The storage has no such file: it was deleted, or cannot be seen from the worker."),
    )
    NO_FILE_ARRIVED = (
        "no_file_arrived",
        gettext_noop("No file has arrived in %(minutes)s minutes: it never came, or cannot be seen from the worker."),
    )
    FILE_STAYED_EMPTY = "file_stayed_empty", gettext_noop("The file was still empty after %(minutes)s minutes.")
    FILE_IS_NO_PICTURE = "file_is_no_picture", gettext_noop("The file does not begin like a picture.")
    FILE_CUT_OFF = "file_cut_off", gettext_noop("The file ends before its picture does.")
    STORAGE_RAISED = "storage_raised", gettext_noop("The storage raised %(error)s while the file was read.")
    STORAGE_SLOW = "storage_slow", gettext_noop("The storage took longer than %(seconds)s s to read the file.")
    STORAGE_WITHOUT_ADDRESS = "storage_without_address", gettext_noop("The storage gives its files no address.")
    STORAGE_NOT_PUBLIC = (
        "storage_not_public",
        gettext_noop("The storage serves its files at an address that is not on the public internet."),
    )
    NO_ROOM_FOR_COPY = (
        "no_room_for_copy",
        gettext_noop("There is no disk to write to, and no memory for one more file."),
    )
    FORMAT_NOT_TAKEN = "format_not_taken", gettext_noop("Copyleaks does not take %(format)s pictures.")
    SEVERAL_FRAMES = "several_frames", gettext_noop("Copyleaks does not take pictures with several frames or pages.")
    SIDES_TOO_SMALL = (
        "sides_too_small",
        gettext_noop("The picture has %(width)s × %(height)s pixels; Copyleaks needs at least 512 × 512."),
    )
    SIDES_TOO_LARGE = (
        "sides_too_large",
        gettext_noop("The picture has %(width)s × %(height)s pixels; Copyleaks takes at most 6000 × 4500."),
    )
    SIDES_TOO_UNEQUAL = (
        "sides_too_unequal",
        gettext_noop(
            "The picture has %(width)s × %(height)s pixels; Copyleaks takes none of this shape, in whatever size."
        ),
    )
    TOO_MANY_PIXELS_TO_COPY = (
        "too_many_pixels_to_copy",
        gettext_noop(
            "The picture has %(width)s × %(height)s pixels; a copy that Copyleaks takes is made of at most %(limit)s."
        ),
    )
    FILE_TOO_LARGE_TO_COPY = (
        "file_too_large_to_copy",
        gettext_noop("The file has more than %(limit)s bytes, which are too many to make a copy that Copyleaks takes."),
    )
    COPY_SPOILT = "copy_spoilt", gettext_noop("The copy that is kept to be measured is not what was drawn.")
    DATABASE_RAISED = "database_raised", gettext_noop("The database of the picture raised %(error)s.")
    CACHE_RAISED = "cache_raised", gettext_noop("The cache fails (%(error)s).")
    SOMETHING_RAISED = "something_raised", gettext_noop("An unforeseen error (%(error)s); the log has it.")
    # scanning/: the call, its answer, and what all of them have in common
    EARLIER_ANSWER_LOST = "earlier_answer_lost", gettext_noop("The answer to an earlier try was lost.")
    ANSWER_OF_OTHER_SCAN = "answer_of_other_scan", gettext_noop("The answer is no result of this scan.")
    BODY_OF_OTHER_SCAN = "body_of_other_scan", gettext_noop("The body names another scan.")
    BODY_OF_OTHER_PAYLOAD = (
        "body_of_other_payload",
        gettext_noop("The body carries the developer payload of another scan."),
    )
    NO_RESULT_OF_MANY = (
        "no_result_of_many",
        gettext_noop("Copyleaks has accepted %(count)s pictures since %(since)s UTC, and no result of any has come."),
    )
    ENDED_ALIKE = "ended_alike", gettext_noop("The last %(count)s scans ended alike: %(why)s")
    # copyleaks/bodies.py and payloads.py
    BODY_NO_GZIP = "body_no_gzip", gettext_noop("The body is not valid gzip.")
    BODY_OVER_LIMIT = (
        "body_over_limit",
        gettext_noop("The body is larger than %(limit)s bytes once it is decompressed."),
    )
    BODY_GZIP_CUT_SHORT = "body_gzip_cut_short", gettext_noop("The gzip body was cut short.")
    BODY_GZIP_PARTS = "body_gzip_parts", gettext_noop("The gzip body has too many parts.")
    BODY_NO_OBJECT = "body_no_object", gettext_noop("The body is JSON, but not an object.")
    BODY_NESTS_TOO_DEEP = "body_nests_too_deep", gettext_noop("The body nests too deep.")
    BODY_TOO_MANY_VALUES = "body_too_many_values", gettext_noop("The body holds more values than any result.")
    BODY_NOT_UTF8 = "body_not_utf8", gettext_noop("The body is not UTF-8.")
    BODY_NOT_JSON = "body_not_json", gettext_noop("The body is not JSON, or was cut short.")
    BODY_WITHOUT_VERDICT = "body_without_verdict", gettext_noop("The body holds neither a verdict nor a failure.")
    BODY_ODD_VERDICT = "body_odd_verdict", gettext_noop("%(name)s is neither true nor false.")
    BODY_NO_NUMBER = "body_no_number", gettext_noop("%(name)s is not a number.")
    BODY_NO_SHARE = "body_no_share", gettext_noop("%(name)s is not a share between 0 and 1.")
    # copyleaks/: the API
    NO_REASON_GIVEN = "no_reason_given", gettext_noop("Copyleaks gave no reason.")
    NO_CREDENTIALS = "no_credentials", gettext_noop("EMAIL and API_KEY are not set.")
    TOO_MANY_LOGINS = (
        "too_many_logins",
        gettext_noop("This site has logged in so often that Copyleaks would lock the account; the next login waits."),
    )
    LOGIN_OF_OTHERS = "login_of_others", gettext_noop("Another login takes too long.")
    EXCHANGE_TOO_LONG = "exchange_too_long", gettext_noop("The exchange took too long.")
    NETWORK_RAISED = "network_raised", gettext_noop("%(error)s at %(host)s")
    ANSWER_OVER_LIMIT = "answer_over_limit", gettext_noop("The answer is larger than %(limit)s bytes.")
    ANSWER_COMPRESSED = "answer_compressed", gettext_noop("The answer is compressed in an unknown way.")
    CREDITS_WITHOUT_AMOUNT = "credits_without_amount", gettext_noop("The credits were answered without an amount.")
    # copyleaks/heatmaps.py
    HEATMAP_OF_NO_FORM = (
        "heatmap_of_no_form",
        gettext_noop("The provider's heatmap is neither text nor an object with url, data or base64."),
    )
    HEATMAP_LONG_ADDRESS = "heatmap_long_address", gettext_noop("The address of the provider's heatmap is too long.")
    HEATMAP_ODD_ADDRESS = "heatmap_odd_address", gettext_noop("The address of the provider's heatmap is malformed.")
    HEATMAP_ODD_DATA_URI = (
        "heatmap_odd_data_uri",
        gettext_noop("The provider's heatmap is a data URI without base64."),
    )
    HEATMAP_TOO_LARGE = "heatmap_too_large", gettext_noop("The provider's heatmap is too large.")
    HEATMAP_NO_BASE64 = "heatmap_no_base64", gettext_noop("The provider's heatmap is not base64.")
    HEATMAP_NO_PICTURE = "heatmap_no_picture", gettext_noop("The provider's heatmap is no PNG, JPEG or WebP.")
    # copyleaks/fetch.py
    FETCH_RAISED = "fetch_raised", gettext_noop("The picture could not be fetched: %(error)s.")
    FETCH_REDIRECTS = "fetch_redirects", gettext_noop("There are more than %(limit)s redirects.")
    FETCH_LONG_ADDRESS = "fetch_long_address", gettext_noop("The address is too long.")
    FETCH_ODD_ADDRESS = "fetch_odd_address", gettext_noop("The address is malformed, or none of the web.")
    FETCH_CREDENTIALS = "fetch_credentials", gettext_noop("The address holds credentials.")
    FETCH_NO_HTTPS = "fetch_no_https", gettext_noop("The address is not https.")
    FETCH_ODD_PORT = "fetch_odd_port", gettext_noop("The address has another port than that of https.")
    FETCH_UNRESOLVED = "fetch_unresolved", gettext_noop("The host name does not resolve.")
    FETCH_NOT_PUBLIC = "fetch_not_public", gettext_noop("The host is not on the public internet.")
    FETCH_STATUS = "fetch_status", gettext_noop("The picture was answered with HTTP %(status)s.")
    FETCH_COMPRESSED = "fetch_compressed", gettext_noop("The picture is compressed although nobody asked for it.")
    FETCH_OVER_LIMIT = "fetch_over_limit", gettext_noop("The picture is larger than %(limit)s bytes.")
    FETCH_CUT_SHORT = "fetch_cut_short", gettext_noop("The picture was cut short.")
    FETCH_ODD_REDIRECT = "fetch_odd_redirect", gettext_noop("The address of a redirect is malformed.")


PROBLEMS: Mapping[str, Problem] = {problem.value: problem for problem in Problem}


def stored(message: object) -> dict[str, Any]:
    """Return code and values of a sentence, for a JSON column; empty for other words."""
    return message.stored if isinstance(message, Sentence) else {}


def restored(text: str, kept: Mapping[str, Any]) -> str:
    """Return a text that was stored beside its code and values, as it was."""
    return Sentence(text, kept) if kept else text


def told(kept: Mapping[str, Any]) -> Sentence:
    """Return the sentence that code and values make; raise ValueError when they make none."""
    try:
        values = {name: value for name, value in kept.items() if name != "code"}
        return PROBLEMS[kept["code"]](**values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no sentence ({type(error).__name__})") from None


def _bounded(value: object) -> object:
    """Return a value that every database stores and every page shows; some are of a child that a stranger took over."""
    if isinstance(value, Sentence | int):
        return value
    return "".join(character for character in str(value)[:VALUE_LENGTH] if character.isprintable())
