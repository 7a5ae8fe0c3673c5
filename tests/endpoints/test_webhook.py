"""Who is let in at the webhook endpoint, what is stored, and how it is answered."""

import gzip
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIRequest
from django.core.signing import Signer
from django.db import DatabaseError, connection
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse
from django.utils import timezone
from rest_framework.permissions import AllowAny
from rest_framework.views import exception_handler

from django_copyleaks_image.copyleaks.client import Submission
from django_copyleaks_image.copyleaks.errors import TransientError
from django_copyleaks_image.endpoints.webhook import WebhookView
from django_copyleaks_image.models import DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.redaction import MARK
from django_copyleaks_image.scanning import addresses, attempts, calls, receive, sweep
from django_copyleaks_image.signals import scan_completed
from tests.gallery.models import Photo
from tests.samples import as_json, clean, detection, judge, only_scan, photo, submitted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scan() -> ImageScan:
    photo()
    return submitted(only_scan())


def endpoint(scan_id: str, token: str | None = None) -> str:
    return reverse("copyleaks_image:webhook", args=(scan_id, token or addresses.webhook_token(scan_id)))


def call(scan: ImageScan, body: bytes, **headers: Any) -> HttpResponse:
    return Client(raise_request_exception=False).post(  # type: ignore[return-value]
        endpoint(scan.scan_id), body, content_type="application/json", headers=headers or None
    )


def post(scan: ImageScan, body: bytes, **headers: Any) -> HttpResponse:
    """Call, and let the worker judge what was stored."""
    response = call(scan, body, **headers)
    judge()
    return response


def test_result__is_stored_and_applied(scan: ImageScan) -> None:
    body = as_json(detection(scan))

    response = post(scan, body)

    assert response.status_code == 200
    scan.refresh_from_db()
    assert (scan.status, scan.verdict, scan.image.standing) == ("completed", "partly_ai", "flagged")
    receipt = WebhookReceipt.objects.get()
    assert (receipt.payload(), receipt.outcome, receipt.byte_size) == (body, Outcome.APPLIED, len(body))
    result = DetectionResult.objects.get()
    assert (result.ai_ratio, result.mask_runs, result.read_mask().area) == (0.02, 2, 100)
    assert (result.receipt, scan.result) == (receipt, result)


def let_leases_end() -> None:
    WebhookReceipt.objects.update(judging_due_at=timezone.now())


def test_clean_picture__needs_no_review(scan: ImageScan) -> None:
    post(scan, as_json(clean(scan)))

    scan.refresh_from_db()
    assert (scan.verdict, scan.image.standing) == ("no_ai", "clean")


def test_stranger__gets_the_same_404_and_leaves_nothing(scan: ImageScan) -> None:
    other_scan = "00000000-0000-4000-8000-000000000000"
    tokens = {
        endpoint(scan.scan_id, "wrong"),
        endpoint(scan.scan_id, addresses.webhook_token(other_scan)),
        endpoint(scan.scan_id, addresses.media_token(scan.scan_id)),
        endpoint(scan.scan_id, addresses.media_token(scan.scan_id).split(":")[1]),
        endpoint(other_scan, addresses.webhook_token(scan.scan_id)),
        endpoint("no-such-scan", "wrong"),
        endpoint(other_scan),
        endpoint(scan.scan_id, MARK + Signer(key="an older key", salt=addresses.WEBHOOK_SALT).signature(scan.scan_id)),
        endpoint(scan.scan_id, addresses.webhook_token(scan.scan_id).removeprefix(MARK)),
    }
    client = Client()

    answers = {
        (response.status_code, response.content)
        for response in (client.post(url, as_json(detection(scan)), content_type="application/json") for url in tokens)
    }

    assert len(answers) == 1
    assert {status for status, _ in answers} == {404}
    assert not WebhookReceipt.objects.exists()


def test_other_methods__look_like_any_stranger(scan: ImageScan) -> None:
    methods = ("GET", "PUT", "DELETE", "OPTIONS", "HEAD")

    assert {Client().generic(method, endpoint(scan.scan_id)).status_code for method in methods} == {404}


def test_rotated_secret_key__fallback_is_accepted(scan: ImageScan, settings: Any) -> None:
    url = endpoint(scan.scan_id)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the new key"

    assert Client().post(url, as_json(clean(scan)), content_type="application/json").status_code == 200


def test_configured_headers__must_come_with_the_callback(scan: ImageScan, configure: Callable[..., None]) -> None:
    configure(WEBHOOK_HEADERS=[["X-Endpoint", "hush"], ["X-Site", "photos"]])
    body = as_json(clean(scan))

    assert post(scan, body).status_code == 404
    assert post(scan, body, **{"X-Endpoint": "hush"}).status_code == 404
    assert post(scan, body, **{"X-Endpoint": "hush", "X-Site": "Photos"}).status_code == 404
    assert not WebhookReceipt.objects.exists()
    assert post(scan, body, **{"X-Endpoint": "hush", "X-Site": "photos"}).status_code == 200


def test_no_json_object__is_kept_and_refused(scan: ImageScan) -> None:
    for body in (b"[]", b'{"model": "ai', b"\xff\xfe", b"null"):
        assert post(scan, body).status_code == 400

    scan.refresh_from_db()
    assert scan.status == Status.SUBMITTED
    assert set(WebhookReceipt.objects.values_list("outcome", flat=True)) == {Outcome.MALFORMED}
    assert WebhookReceipt.objects.count() == 4


def test_empty_body__is_never_accepted(scan: ImageScan) -> None:
    assert post(scan, b"").status_code == 400
    assert post(scan, gzip.compress(b""), **{"Content-Encoding": "gzip"}).status_code == 400
    assert not WebhookReceipt.objects.exists()


def test_authentic_but_not_understood__is_kept_and_fails_the_scan(scan: ImageScan) -> None:
    assert post(scan, b'{"surprise": true}').status_code == 200

    scan.refresh_from_db()
    assert (scan.status, scan.error_code) == (Status.FAILED, "unreadable_result")
    assert WebhookReceipt.objects.get().outcome == Outcome.UNREADABLE

    assert post(scan, as_json(detection(scan))).status_code == 200
    scan.refresh_from_db()
    assert scan.status == Status.COMPLETED


def test_body_that_names_another_scan__is_stored_and_not_applied(scan: ImageScan) -> None:
    other = detection(scan)
    other["scannedDocument"] = other["scannedDocument"] | {"scanId": "11111111-1111-4111-8111-111111111111"}

    assert post(scan, as_json(other)).status_code == 200
    assert post(scan, as_json(detection(scan, developerPayload="another"))).status_code == 200

    scan.refresh_from_db()
    assert scan.status == Status.SUBMITTED
    assert set(WebhookReceipt.objects.values_list("outcome", flat=True)) == {Outcome.CONTRADICTS}


def test_gzip_body__is_unpacked_within_the_limit(scan: ImageScan, configure: Callable[..., None]) -> None:
    configure(WEBHOOK_MAX_BYTES=10_000)

    bomb = gzip.compress(b" " * 1_000_000)
    assert len(bomb) < 10_000
    assert post(scan, bomb, **{"Content-Encoding": "gzip"}).status_code == 413
    assert not WebhookReceipt.objects.exists()
    cut_short = gzip.compress(as_json(clean(scan)))[:-9]
    assert post(scan, cut_short, **{"Content-Encoding": "gzip"}).status_code == 400
    assert WebhookReceipt.objects.get().payload() == cut_short
    WebhookReceipt.objects.all().delete()

    body = as_json(clean(scan))
    assert post(scan, gzip.compress(body), **{"Content-Encoding": "gzip"}).status_code == 200
    assert WebhookReceipt.objects.get().payload() == body


def test_oversized__with_a_length(scan: ImageScan, configure: Callable[..., None]) -> None:
    configure(WEBHOOK_MAX_BYTES=100)

    assert post(scan, b" " * 101).status_code == 413
    assert not WebhookReceipt.objects.exists()


def chunked(scan: ImageScan, body: bytes, *, terminated: bool) -> HttpResponse:
    environ = {
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": terminated,
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    return Client().generic("POST", endpoint(scan.scan_id), content_type="application/json", **environ)  # type: ignore[return-value, arg-type]


def test_chunked__under_wsgi(scan: ImageScan, configure: Callable[..., None]) -> None:
    configure(WEBHOOK_MAX_BYTES=2000)

    assert chunked(scan, b" " * 2001, terminated=True).status_code == 413
    assert chunked(scan, as_json(clean(scan)), terminated=False).status_code == 411
    assert chunked(scan, as_json(clean(scan)), terminated=True).status_code == 200


def test_under_asgi(scan: ImageScan) -> None:
    from asgiref.sync import async_to_sync

    url = endpoint(scan.scan_id)
    response = async_to_sync(AsyncClient().post)(url, as_json(clean(scan)), content_type="application/json")

    assert response.status_code == 200
    judge()
    scan.refresh_from_db()
    assert scan.status == Status.COMPLETED


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_under_asgi__without_a_length(version: str, scan: ImageScan) -> None:
    scope = {"type": "http", "http_version": version, "method": "POST", "path": endpoint(scan.scan_id), "headers": []}
    found = resolve(endpoint(scan.scan_id))

    response = found.func(ASGIRequest(scope, BytesIO(as_json(clean(scan)))), *found.args, **found.kwargs)

    assert response.status_code == 200
    assert WebhookReceipt.objects.get().payload() == as_json(clean(scan))


def test_identical_deliveries__are_counted_on_one_receipt(scan: ImageScan) -> None:
    body = as_json(detection(scan))

    assert [post(scan, body).status_code for _ in range(3)] == [200, 200, 200]

    assert WebhookReceipt.objects.get().deliveries == 3
    assert DetectionResult.objects.count() == 1


def test_second_result__changes_nothing(scan: ImageScan) -> None:
    post(scan, as_json(detection(scan)))
    assert post(scan, as_json(clean(scan))).status_code == 200

    scan.refresh_from_db()
    assert scan.verdict == "partly_ai"
    assert DetectionResult.objects.count() == 1
    assert list(WebhookReceipt.objects.order_by("pk").values_list("outcome", flat=True)) == [
        "applied",
        "repeated",
    ]


def test_same_body_judged_twice_at_once__keeps_the_outcome_of_the_first(scan: ImageScan) -> None:
    receipt = receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)
    other_delivery = WebhookReceipt.objects.get(pk=receipt.pk)
    assert receive.apply(receipt) == Outcome.APPLIED

    assert receive.apply(other_delivery) == Outcome.REPEATED

    receipt.refresh_from_db()
    assert receipt.outcome == Outcome.APPLIED


def test_receipts_per_scan__are_capped(scan: ImageScan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "RECEIPTS_PER_SCAN", 2)

    statuses = [post(scan, as_json({"n": n})).status_code for n in range(3)]

    assert statuses == [200, 200, 429]
    assert WebhookReceipt.objects.count() == 2


def test_nothing_can_be_stored__asks_to_be_called_again(
    scan: ImageScan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(receive, "store", broken)

    assert post(scan, as_json(detection(scan))).status_code == 503
    assert addresses.webhook_token(scan.scan_id) not in caplog.text


def test_stored_but_not_applied__is_answered_2xx_and_applied_later(
    scan: ImageScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django_copyleaks_image.scanning import finishing

    def broken(*args: object) -> bool:
        raise DatabaseError("deadlock")

    with monkeypatch.context() as patch:
        patch.setattr(finishing, "complete", broken)
        assert post(scan, as_json(detection(scan))).status_code == 200
    assert WebhookReceipt.objects.get().outcome == Outcome.RECEIVED
    assert judge() == 0  # The process that failed may still be at it.

    let_leases_end()
    judge()

    scan.refresh_from_db()
    assert scan.status == Status.COMPLETED


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """Return the ids of the scans whose result the project has heard of."""
    ids: list[str] = []

    def hear(*, scan: ImageScan, **kwargs: Any) -> None:
        ids.append(scan.scan_id)

    scan_completed.connect(hear, sender=Photo)
    yield ids
    scan_completed.disconnect(hear, sender=Photo)


def test_callback__is_answered_before_the_worker_judges_it(scan: ImageScan, heard: list[str]) -> None:
    assert call(scan, as_json(detection(scan))).status_code == 200

    scan.refresh_from_db()
    assert (scan.status, WebhookReceipt.objects.get().outcome) == (Status.SUBMITTED, Outcome.RECEIVED)
    assert heard == []
    assert judge() == 1
    scan.refresh_from_db()
    assert (scan.status, WebhookReceipt.objects.get().outcome) == (Status.COMPLETED, Outcome.APPLIED)
    assert heard == [scan.scan_id]


def ignore(scan_id: str) -> None:
    """Stand in for a project's own dispatcher."""


@pytest.mark.parametrize(
    "dispatcher", ["django_copyleaks_image.dispatch.inline", "tests.endpoints.test_webhook.ignore"]
)
def test_callback__is_judged_at_once_where_no_worker_may_poll(
    dispatcher: str, scan: ImageScan, heard: list[str], configure: Callable[..., None]
) -> None:
    configure(DISPATCHER=dispatcher)

    assert [call(scan, as_json(detection(scan))).status_code for _ in range(2)] == [200, 200]
    assert call(scan, b"[]").status_code == 400

    scan.refresh_from_db()
    assert scan.status == Status.COMPLETED
    assert heard == [scan.scan_id]
    assert judge() == 0


def test_broken_dispatcher__leaves_the_callback_to_the_worker(scan: ImageScan, configure: Callable[..., None]) -> None:
    configure(DISPATCHER="no.such.path")

    assert post(scan, as_json(detection(scan))).status_code == 200

    assert WebhookReceipt.objects.get().outcome == Outcome.APPLIED


def test_callback__costs_two_statements(scan: ImageScan) -> None:
    with CaptureQueriesContext(connection) as queries:
        call(scan, as_json(detection(scan)))

    statements = [query["sql"].split()[0] for query in queries]
    assert [verb for verb in statements if verb not in ("BEGIN", "COMMIT")] == ["SELECT", "INSERT"]


def test_body_that_nests_too_deep__is_kept_and_fails_the_scan(scan: ImageScan) -> None:
    assert post(scan, b'{"model": ' + b"[" * 100_000 + b"]" * 100_000 + b"}").status_code == 200

    scan.refresh_from_db()
    assert (scan.status, scan.error_code) == (Status.FAILED, "unreadable_result")


@pytest.mark.parametrize("nothing", [{"WEBHOOK_HEADERS": 7}, {"FETCH_HEADERS": "no.such.path"}])
def test_broken_setting__condemns_no_payload(
    nothing: dict[str, object], scan: ImageScan, configure: Callable[..., None]
) -> None:
    call(scan, as_json({"error": {"code": 14, "message": "Invalid file."}}))
    configure(**nothing)

    judge()

    scan.refresh_from_db()
    assert (scan.status, scan.error_code, scan.error_message) == (Status.FAILED, "invalid_file", "Invalid file.")


def fetch_headers(scan: ImageScan) -> list[list[str]]:
    """Return what a project would compute for a scan."""
    return [["X-Fetch", f"hush {scan.file_name}"]]


@pytest.mark.parametrize(
    "headers", ["tests.endpoints.test_webhook.fetch_headers", "tests.endpoints.test_webhook.missing"]
)
def test_header_value_of_a_callable__is_hidden_in_a_message(
    headers: str, scan: ImageScan, configure: Callable[..., None]
) -> None:
    configure(FETCH_HEADERS=headers)

    post(scan, as_json({"error": {"code": 14, "message": f"Refused: hush {scan.file_name} was sent."}}))

    scan.refresh_from_db()
    assert scan.error_code == "invalid_file"
    assert (scan.error_message == "Refused: [hidden] was sent.") == headers.endswith("fetch_headers")


def test_failure_that_is_none_of_the_bodys__fails_no_scan(scan: ImageScan, monkeypatch: pytest.MonkeyPatch) -> None:
    from django_copyleaks_image.scanning import finishing

    def broken(*args: object) -> bool:
        raise ImproperlyConfigured("a setting")

    with monkeypatch.context() as patch:
        patch.setattr(finishing, "complete", broken)
        post(scan, as_json(detection(scan)))
    scan.refresh_from_db()
    assert (scan.status, WebhookReceipt.objects.get().outcome) == (Status.SUBMITTED, Outcome.RECEIVED)

    let_leases_end()
    judge()

    scan.refresh_from_db()
    assert scan.status == Status.COMPLETED


def test_unreadable_result__its_end_is_repeated_when_somebody_decided_meanwhile(
    scan: ImageScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django_copyleaks_image.reviewing.placing import Interrupted
    from django_copyleaks_image.scanning import finishing

    fail_once = iter([True])
    fail = finishing.fail

    def interrupted(*args: Any, **named: Any) -> bool:
        if next(fail_once, False):
            raise Interrupted
        return fail(*args, **named)

    monkeypatch.setattr(finishing, "fail", interrupted)

    post(scan, b'{"surprise": true}')

    scan.refresh_from_db()
    assert (scan.status, WebhookReceipt.objects.get().outcome) == (Status.FAILED, Outcome.UNREADABLE)


@pytest.mark.parametrize("body", [b"[]", b"", b" " * 200, None])
def test_refusals__keep_the_token_out_of_the_log(
    scan: ImageScan, body: bytes | None, caplog: pytest.LogCaptureFixture, configure: Callable[..., None]
) -> None:
    configure(WEBHOOK_MAX_BYTES=100)
    caplog.set_level(logging.DEBUG)

    response = post(scan, body) if body is not None else Client().get(endpoint(scan.scan_id))

    assert response.status_code >= 400
    assert addresses.webhook_token(scan.scan_id) not in caplog.text


def test_strict_project_defaults__do_not_lock_the_vendor_out(scan: ImageScan, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    assert post(scan, as_json(clean(scan))).status_code == 200


def test_atomic_requests__does_not_wrap_the_view() -> None:
    view: Any = resolve(endpoint("a-scan")).func

    assert view._non_atomic_requests == {"default", "other"}


class CountingStream(BytesIO):
    """Remembers the largest read that was asked for."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.largest = max(self.largest, size or 0)
        return super().read(size)


def test_chunked__is_asked_for_no_more_than_the_limit(scan: ImageScan, configure: Callable[..., None]) -> None:
    configure(WEBHOOK_MAX_BYTES=2000)
    stream = CountingStream(b" " * 50_000)
    environ: Any = {"wsgi.input": stream, "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}

    response = Client().generic("POST", endpoint(scan.scan_id), content_type="application/json", **environ)

    assert response.status_code == 413
    assert stream.largest == 2001


def test_oversized__is_not_even_read_when_it_says_so(scan: ImageScan, configure: Callable[..., None]) -> None:
    configure(WEBHOOK_MAX_BYTES=100)
    stream = CountingStream(b" " * 101)
    environ: Any = {"wsgi.input": stream, "CONTENT_LENGTH": "101"}

    assert (
        Client().generic("POST", endpoint(scan.scan_id), content_type="application/json", **environ).status_code == 413
    )
    assert stream.largest == 0


def test_whatever_a_project_presets__is_overruled_where_the_class_is_made() -> None:
    """DRF binds a project's defaults when a view's class is made, so they must not be inherited."""
    inherited = {
        "authentication_classes",
        "permission_classes",
        "throttle_classes",
        "parser_classes",
        "renderer_classes",
        "content_negotiation_class",
        "versioning_class",
    }

    assert inherited <= set(vars(WebhookView))
    assert (WebhookView.authentication_classes, WebhookView.throttle_classes) == ((), ())
    assert WebhookView.permission_classes == (AllowAny,)
    assert WebhookView().get_exception_handler() is exception_handler


@pytest.mark.parametrize("accept", ["text/plain", "image/png", "application/json; version=9"])
def test_whatever_the_caller_accepts__it_is_answered(scan: ImageScan, accept: str) -> None:
    assert post(scan, as_json(clean(scan)), Accept=accept).status_code == 200


@pytest.mark.parametrize(("length", "status"), [("9" * 5000, 413), ("-1", 400), ("many", 400), ("1e3", 400)])
def test_length_that_no_body_has__is_refused_and_leaves_no_mark(scan: ImageScan, length: str, status: int) -> None:
    environ: Any = {"CONTENT_LENGTH": length}

    answer = Client().generic("POST", endpoint(scan.scan_id), content_type="application/json", **environ)

    assert answer.status_code == status
    assert only_scan().error_code == ""
    assert not WebhookReceipt.objects.exists()


def test_oversized_result_that_is_faster_than_the_201__is_not_paid_for_again(
    scan: ImageScan, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(WEBHOOK_MAX_BYTES=100)
    ImageScan.objects.update(status=Status.QUEUED, submitted_at=None, next_attempt_at=timezone.now())

    class Accepting:
        def submit(self, submission: object) -> None:
            assert call(scan, b" " * 101).status_code == 413

    submission = Submission(scan_id="", url="", file_name="", model="", webhook_url="", sandbox=False)
    calls._submit(scan, Accepting(), submission)  # type: ignore[arg-type]
    assert only_scan().status == Status.SUBMITTED
    ImageScan.objects.update(submitted_at=timezone.now() - timedelta(hours=2))
    sweep.sweep()

    assert (only_scan().status, only_scan().error_code) == (Status.FAILED, "result_lost")


def test_oversized_result_of_a_try_whose_answer_was_lost__is_not_paid_for_again(
    scan: ImageScan, configure: Callable[..., None]
) -> None:
    configure(WEBHOOK_MAX_BYTES=100, MAX_ATTEMPTS={"transient": 1})
    now = timezone.now()
    ImageScan.objects.update(status=Status.QUEUED, submitted_at=None, next_attempt_at=now, lease_owner="us")
    assert post(scan, b" " * 101).status_code == 413

    attempts.refused(only_scan(), TransientError(code=16, uncertain=True))
    ImageScan.objects.update(lease_owner="us", attempts=1)
    attempts.refused(only_scan(), TransientError(code=16, uncertain=True))

    assert only_scan().status == Status.FAILED


def test_oversized_result__is_not_paid_for_again(scan: ImageScan, configure: Callable[..., None]) -> None:
    configure(WEBHOOK_MAX_BYTES=100)
    assert post(scan, b" " * 101).status_code == 413
    ImageScan.objects.update(submitted_at=timezone.now() - timedelta(hours=2))

    sweep.sweep()

    assert (only_scan().status, only_scan().error_code) == (Status.FAILED, "result_lost")


class BrokenStream(BytesIO):
    """Raises what servers raise for chunks that are malformed, or when the caller hangs up."""

    def __init__(self, error: Exception) -> None:
        super().__init__(b"{}")
        self.error = error

    def read(self, size: int | None = -1, /) -> bytes:
        raise self.error


class ServersOwn(Exception):
    """No server shares its errors with another."""


@pytest.mark.parametrize("error", [OSError("Invalid chunk size: b'hush'"), ValueError("hush"), ServersOwn("hush")])
def test_malformed_chunks__are_a_bad_request(
    error: Exception, scan: ImageScan, caplog: pytest.LogCaptureFixture
) -> None:
    environ: Any = {
        "wsgi.input": BrokenStream(error),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
    }

    response = Client().generic("POST", endpoint(scan.scan_id), content_type="application/json", **environ)

    assert response.status_code == 400
    assert not WebhookReceipt.objects.exists()
    assert only_scan().error_code == ""
    assert "hush" not in caplog.text


def test_twenty_bodies_that_were_cut_short__do_not_lock_out_the_result(scan: ImageScan) -> None:
    body = as_json(detection(scan))
    assert {post(scan, body[:length]).status_code for length in range(20, 45)} == {400}

    assert post(scan, body).status_code == 200

    assert only_scan().status == Status.COMPLETED


def test_body_that_would_take_too_much_memory__is_stored_and_fails_the_scan(scan: ImageScan) -> None:
    bomb = gzip.compress(b'{"a": [' + b"{}," * 4_000_000 + b"{}]}")
    assert len(bomb) < 24_000

    assert post(scan, bomb, **{"Content-Encoding": "gzip"}).status_code == 200

    assert (only_scan().error_code, WebhookReceipt.objects.get().outcome) == ("unreadable_result", Outcome.UNREADABLE)
