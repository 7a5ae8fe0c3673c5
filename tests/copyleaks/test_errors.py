"""Every error shape and code of the vendor becomes the exception that says what to do next."""

import json
import pickle
import time

import pytest
from django.utils.http import http_date

from django_copyleaks_image.copyleaks import errors
from django_copyleaks_image.copyleaks.errors import error_from_payload, error_from_response
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.setting_values import Secret

STRUCTURED = {
    "type": "invalid_request_error",
    "id": "missing_parameter",
    "code": 1,
    "message": "Es fehlt etwas.",
    "url": "https://docs.copyleaks.com/",
    "details": [{"param": "url", "message": "fehlt"}],
}


def of_response(status: int, document: object = None, **headers: str) -> errors.CopyleaksError:
    body = b"" if document is None else json.dumps(document).encode()
    return error_from_response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        ((5, 9, 16), errors.TransientError),
        ((13, 17), errors.PaymentError),
        ((2, 3, 4, 32, 37), errors.AuthenticationError),
        ((1, 6, 8, 10, 14, 15, 19, 24, 30, 31, 33), errors.PermanentError),
        ((7, 99, 123456), errors.UnknownError),
    ],
)
def test_code_decides__whatever_the_status_says(codes: tuple[int, ...], kind: type[errors.CopyleaksError]) -> None:
    for code in codes:
        error = of_response(400, {"error": STRUCTURED | {"code": code}})
        assert type(error) is kind, code
        assert error.code == code
        assert type(error_from_payload({"code": code})) is kind, code


def test_codes__have_slugs_of_their_own() -> None:
    slugs = [slug for _, slug in errors.CODES.values()]

    # Only 13 and 17 say the same: the credits are used up.
    assert slugs.count(Code.PAYMENT_REQUIRED) == 2
    assert len(set(slugs)) == len(slugs) - 1
    assert all(len(slug) <= 64 for slug in slugs)


def test_structured_error__is_read_completely() -> None:
    error = of_response(400, {"error": STRUCTURED}, Retry_After="7")

    assert isinstance(error, errors.PermanentError)
    assert (error.status, error.code, error.error_type) == (400, 1, "invalid_request_error")
    assert (error.slug, error.message, str(error)) == ("missing_parameter", "Es fehlt etwas.", "Es fehlt etwas.")
    assert error.retry_after == 7
    assert not error.uncertain


def test_error_keys__in_any_case() -> None:
    error = of_response(400, {"Error": {"Code": 5, "Message": "nicht erreichbar", "Type": "api_error"}})

    assert (error.slug, error.message, error.error_type) == ("download_failed", "nicht erreichbar", "api_error")


@pytest.mark.parametrize(
    ("error_type", "kind", "slug"),
    [
        ("payment_error", errors.PaymentError, "payment_required"),
        ("authentication_error", errors.AuthenticationError, "authentication_failed"),
    ],
)
def test_type_decides__where_the_code_does_not(error_type: str, kind: type[Exception], slug: str) -> None:
    without_code = of_response(503, {"error": {"type": error_type}})
    assert (type(without_code), without_code.slug) == (kind, slug)

    unlisted = of_response(400, {"error": {"type": error_type, "code": 77}})
    assert (type(unlisted), unlisted.slug) == (kind, "code_77")

    callback = error_from_payload({"type": error_type})
    assert (type(callback), callback.slug) == (kind, slug)


@pytest.mark.parametrize(
    ("status", "kind", "slug"),
    [
        (400, errors.PermanentError, "http_400"),
        (401, errors.AuthenticationError, "authentication_failed"),
        (402, errors.PaymentError, "payment_required"),
        (403, errors.AuthenticationError, "authentication_failed"),
        (404, errors.UnknownError, "http_404"),
        (409, errors.ConflictError, "already_submitted"),
        (415, errors.PermanentError, "http_415"),
        (422, errors.PermanentError, "http_422"),
        (429, errors.RateLimitError, "rate_limited"),
        (302, errors.UnknownError, "http_302"),
        (500, errors.TransientError, "http_500"),
        (503, errors.TransientError, "http_503"),
        (520, errors.TransientError, "http_520"),
    ],
)
@pytest.mark.parametrize(
    "body", [b"", b"<html>Maintenance</html>", b'{"message":"x"}', b"[1]", b"\xff\x00", b"[" * 100_000]
)
def test_status_decides__where_the_body_does_not(status: int, kind: type[Exception], slug: str, body: bytes) -> None:
    error = error_from_response(status, {}, body)

    assert (type(error), error.slug, error.status) == (kind, slug, status)
    assert "<" not in error.message
    # After a server error, the scan may have been accepted and paid all the same.
    assert error.uncertain is (status >= 500)


def test_unlisted_code__is_unknown_even_with_400_but_passes_with_503() -> None:
    assert type(of_response(400, {"error": {"code": 77}})) is errors.UnknownError
    assert type(of_response(503, {"error": {"code": 77}})) is errors.TransientError


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"message": "Invalid login credentials."}, "Invalid login credentials."),
        ({"Message": "Invalid login credentials."}, "Invalid login credentials."),
        ({"Key": ["The key field is required."]}, "Key: The key field is required."),
        ({"error": "Rate limit exceeded"}, "Rate limit exceeded"),
        ({"title": "Bad Request", "errors": {}}, "Bad Request"),
        ("words", "words"),
        ({"message": 5}, "HTTP 400"),
        ({"error": {}}, "HTTP 400"),
        (None, "HTTP 400"),
    ],
)
def test_message__from_every_known_shape(document: object, message: str) -> None:
    expected = message.replace("Key:", "key:")
    assert of_response(400, document).message == expected


def test_message__of_very_many_fields_reads_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "MAX_FIELDS", 2)
    document = {"error": {f"field{number}": ["is wrong"] for number in range(5)}}

    assert error_from_payload(document).message == "field0: is wrong; field1: is wrong"


def test_message__is_one_bounded_printable_line() -> None:
    error = of_response(400, {"message": "a\r\nb\x00\x1b[31m\u202ec\ud800" + " word" * 1000})

    assert error.message.startswith("a b[31mc word")
    assert len(error.message) <= 500
    assert error.message.isprintable()
    error.message.encode()


@pytest.mark.parametrize(
    "quoted",
    [
        "https://photos.example.org/media/short/cat.jpg",
        "http://a.example/",
        "url=https://photos.example.org/x",
        "8f14e45f-ceea-467f-9d2c-5c1e2f3a4b5c",
        "/media/eyJhbGciOiJIUzI1NiJ9:1sYx/cat.jpg",
        "opensesame",
    ],
)
def test_message__hides_what_looks_like_a_secret_or_is_one(quoted: str) -> None:
    body = json.dumps({"error": {"code": 5, "message": f"Could not fetch {quoted} at all."}}).encode()
    error = error_from_response(400, {}, body, hide=[Secret("opensesame"), Secret("")])

    assert error.message in {"Could not fetch [hidden] at all.", "Could not fetch url=[hidden] at all."}


def test_error_type__is_a_known_kind_of_word() -> None:
    assert of_response(400, {"error": {"type": "Bearer 123"}}).error_type == ""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("1.5", 1.5),
        ("99999999", 3600),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("9" * 50, None),
    ],
)
def test_retry_after__in_seconds_within_an_hour(value: str, seconds: float | None) -> None:
    assert of_response(429, None, retry_after=value).retry_after == seconds


def test_retry_after__as_a_date() -> None:
    in_a_minute = of_response(503, None, Retry_After=http_date(time.time() + 60)).retry_after
    assert in_a_minute == pytest.approx(60, abs=3)
    assert of_response(503, None, Retry_After=http_date(time.time() - 60)).retry_after == 0
    assert of_response(503, None, Retry_After=http_date(time.time() + 10**6)).retry_after == 3600


@pytest.mark.parametrize(
    "error", ["The image is gone.", {"message": "The image is gone."}, {"error": {"message": "The image is gone."}}]
)
def test_callback_error__without_a_code_is_unknown(error: object) -> None:
    found = error_from_payload(error)

    assert type(found) is errors.UnknownError
    assert (found.slug, found.message, found.status) == ("unknown_error", "The image is gone.", None)


@pytest.mark.parametrize(
    "error",
    [None, 5, True, [], {}, [{"code": 1}], {"code": "1"}, {"code": True}, {"code": 10**400}, {"code": float("nan")}],
)
def test_callback_error__of_any_type_is_survived(error: object) -> None:
    found = error_from_payload(error)

    assert (type(found), found.code, found.message) == (errors.UnknownError, None, Problem.NO_REASON_GIVEN())


def test_errors__survive_a_trip_to_another_process() -> None:
    error = of_response(503, {"error": {"code": 9, "message": "later"}}, Retry_After="3")
    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is errors.TransientError
    assert vars(copy) == vars(error)


@pytest.mark.parametrize(
    ("status", "document", "is_outage"),
    [
        (503, None, True),
        (500, {"error": {"message": "later"}}, True),
        (503, {"error": {"code": 9, "message": "later"}}, False),
        (429, None, False),
        (404, None, False),
    ],
)
def test_outage__is_what_the_api_itself_did_not_say(status: int, document: object, is_outage: bool) -> None:
    assert of_response(status, document).is_outage is is_outage


def test_errors__say_by_attributes_what_follows_from_them() -> None:
    follows = {
        kind: (kind().pauses_account, kind().passes, kind().is_final, kind().wants_new_token, kind().is_of_the_request)
        for kind in errors.CopyleaksError.__subclasses__()
    }
    assert follows == {
        errors.AuthenticationError: (True, False, False, False, False),
        errors.PaymentError: (True, False, False, False, False),
        errors.TokenError: (False, False, False, True, False),
        errors.RateLimitError: (False, True, False, False, False),
        errors.TransientError: (False, True, False, False, False),
        errors.PermanentError: (False, False, True, False, True),
        errors.ConflictError: (False, False, False, False, True),
        errors.UnknownError: (False, False, False, False, True),
    }
